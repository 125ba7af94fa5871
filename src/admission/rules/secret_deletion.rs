//! Secrets, and namespaces with all that is in them, are deleted by some groups only.
//!
//! The Secrets in which Helm keeps its history are deleted at each upgrade, so they are left out; the type of a Secret cannot be changed.

use super::super::identities::Person;
use super::super::policy::{self, Match, Message, Policy};
use super::super::request::{Operation::Delete, Request};
use super::{cel_is_member, is_member, named};
use crate::cluster::authn::cel_text;

const HELM_HISTORY: &str = "helm.sh/release.v1";
const NOT_HELM: &str = "oldObject.?type.orValue('') != 'helm.sh/release.v1'";

const fn deletion(resources: &'static [&'static str]) -> Match {
    Match {
        group: "",
        versions: "v1",
        resources,
        operations: &[Delete],
    }
}

const SECRETS: &[Match] = &[deletion(&["secrets"])];
const NAMESPACES: &[Match] = &[deletion(&["namespaces"])];

pub(in super::super) struct Judge {
    groups: Vec<String>,
    what: &'static str,
}

pub(in super::super) fn policies(groups: &[String]) -> [Policy; 2] {
    let policy = |name, matches, what: &'static str| Policy {
        name,
        matches,
        condition: None,
        variables: Vec::new(),
        validation: cel_is_member(groups),
        message: Message::Expression(format!(
            "{} + oldObject.metadata.name + {}",
            cel_text(&before_name(what)),
            cel_text(&after_name(groups))
        )),
        judge: policy::Judge::SecretDeletion(Judge {
            groups: groups.to_vec(),
            what,
        }),
    };
    [
        Policy {
            condition: Some(("not-helm-history", NOT_HELM)),
            ..policy("kubesesame-secret-deletion", SECRETS, "Secret")
        },
        policy("kubesesame-namespace-deletion", NAMESPACES, "namespace"),
    ]
}

fn before_name(what: &str) -> String {
    format!("deleting the {what} ")
}

fn after_name(groups: &[String]) -> String {
    format!(" needs {}", named(groups))
}

impl Judge {
    pub(in super::super) fn refusal(&self, request: &Request, person: &Person) -> Option<String> {
        let is_helm_history =
            request.resource == "secrets" && request.old_object["type"].as_str() == Some(HELM_HISTORY);
        if is_helm_history || is_member(&self.groups, person) {
            return None;
        }
        Some(before_name(self.what) + &request.name + &after_name(&self.groups))
    }
}
