//! What a policy is made of, and which policies the rules of a description come to.

use serde_json::{Value, json};

use super::request::{Operation, Request};
use super::rules::{required_groups, root_pods, secret_deletion};
use super::scope::{Scope, unique};
use crate::cluster::description::{Description, KubernetesVersion};

/// A user namespace counts for the Pod Security Standards from this version on.
const USER_NAMESPACES: KubernetesVersion = KubernetesVersion { minor: 35 };

/// The rules, as a person chooses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    RequiredGroups,
    SecretDeletion,
    RootPods,
}

/// The rules of a description. Groups are as the API server calls them.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(super) scope: Scope,
    /// Empty if the description names no groups: there is no such rule then. The same with the others.
    members: Vec<String>,
    secret_deletion: Vec<String>,
    root_pods: Vec<String>,
    user_namespaces: bool,
}

impl Rules {
    /// Takes the rules that are chosen, all of them if none is.
    pub(crate) fn of(description: &Description, chosen: &[Rule]) -> Self {
        let settings = &description.admission;
        let is_chosen = |rule| chosen.is_empty() || chosen.contains(&rule);
        let full = |names: Vec<&String>, rule: Rule| {
            let names = names.into_iter().filter(|_| is_chosen(rule));
            unique(names.flat_map(|name| description.group_names(name)))
        };
        let known = description.groups.iter().map(|group| &group.name);
        let known = known.chain(&settings.further_groups).collect();
        Self {
            scope: Scope::of(description),
            members: full(known, Rule::RequiredGroups),
            secret_deletion: full(
                settings.secret_deletion.iter().flatten().collect(),
                Rule::SecretDeletion,
            ),
            root_pods: full(settings.root_pods.iter().flatten().collect(), Rule::RootPods),
            user_namespaces: description
                .version()
                .is_some_and(|version| version >= USER_NAMESPACES),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.policies().is_empty()
    }

    pub(super) fn has(&self, rule: Rule) -> bool {
        !match rule {
            Rule::RequiredGroups => &self.members,
            Rule::SecretDeletion => &self.secret_deletion,
            Rule::RootPods => &self.root_pods,
        }
        .is_empty()
    }

    /// Says for each rule whom it refuses.
    pub(super) fn refusals(&self) -> Vec<String> {
        let rules = [
            (
                &self.members,
                "people who are in none of these groups change nothing",
            ),
            (
                &self.secret_deletion,
                "people who are in none of these groups delete no Secrets and no namespaces",
            ),
            (
                &self.root_pods,
                "people who are in none of these groups run no pods as root",
            ),
        ];
        let rules = rules.into_iter().filter(|(groups, _)| !groups.is_empty());
        rules
            .map(|(groups, what)| format!("{what}: {}", groups.join(", ")))
            .collect()
    }

    pub(super) fn counts_user_namespaces(&self) -> bool {
        self.user_namespaces
    }

    /// Returns the policies, none of which is for another rule.
    pub(super) fn policies(&self) -> Vec<Policy> {
        let mut policies = Vec::new();
        if self.has(Rule::RequiredGroups) {
            policies.push(required_groups::policy(&self.members));
        }
        if self.has(Rule::SecretDeletion) {
            policies.extend(secret_deletion::policies(&self.secret_deletion));
        }
        if self.has(Rule::RootPods) {
            policies.extend(root_pods::policies(&self.root_pods, self.user_namespaces));
        }
        policies
    }
}

/// One policy in both forms.
pub(super) struct Policy {
    pub(super) name: &'static str,
    pub(super) matches: &'static [Match],
    /// A further `matchCondition`, as name and expression.
    pub(super) condition: Option<(&'static str, &'static str)>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) validation: String,
    pub(super) message: Message,
    pub(super) judge: Judge,
}

pub(super) enum Message {
    Text(String),
    /// In CEL.
    Expression(String),
}

/// The offline form.
pub(super) enum Judge {
    RequiredGroups(required_groups::Judge),
    SecretDeletion(secret_deletion::Judge),
    RootPods(root_pods::Judge),
}

/// Requests that a policy is for.
pub(super) struct Match {
    pub(super) group: &'static str,
    pub(super) versions: &'static str,
    /// With their subresources, such as `pods/ephemeralcontainers`.
    pub(super) resources: &'static [&'static str],
    pub(super) operations: &'static [Operation],
}

/// Everything, subresources too.
pub(super) const EVERYTHING: &str = "*/*";

impl Match {
    pub(super) fn resource_rule(&self) -> Value {
        let operations: Vec<&str> = self.operations.iter().map(|operation| operation.name()).collect();
        json!({
            "apiGroups": [self.group],
            "apiVersions": [self.versions],
            "operations": operations,
            "resources": self.resources,
        })
    }

    pub(super) fn is_for(&self, request: &Request) -> bool {
        let resource = if request.subresource.is_empty() {
            request.resource.clone()
        } else {
            format!("{}/{}", request.resource, request.subresource)
        };
        let is_named = self
            .resources
            .iter()
            .any(|named| *named == EVERYTHING || *named == resource);
        let is_group = self.group == "*" || self.group == request.group;
        is_named && is_group && self.operations.contains(&request.operation)
    }
}
