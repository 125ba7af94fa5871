//! Who is in no group that the description knows changes nothing.
//!
//! Admission sees no reading. Roles are what refuses that, and `cluster authn` has rules that refuse the token.

use super::super::identities::Person;
use super::super::policy::{self, EVERYTHING, Match, Message, Policy};
use super::super::request::Operation::{Connect, Create, Delete, Update};
use super::{cel_is_member, is_member, named};

const MATCHES: &[Match] = &[Match {
    group: "*",
    versions: "*",
    resources: &[EVERYTHING],
    operations: &[Create, Update, Delete, Connect],
}];

pub(in super::super) struct Judge {
    members: Vec<String>,
    message: String,
}

pub(in super::super) fn policy(members: &[String]) -> Policy {
    let message = format!("whoever changes this cluster has to be in {}", named(members));
    Policy {
        name: "kubesesame-required-groups",
        matches: MATCHES,
        condition: None,
        variables: Vec::new(),
        validation: cel_is_member(members),
        message: Message::Text(message.clone()),
        judge: policy::Judge::RequiredGroups(Judge {
            members: members.to_vec(),
            message,
        }),
    }
}

impl Judge {
    pub(in super::super) fn refusal(&self, person: &Person) -> Option<String> {
        (!is_member(&self.members, person)).then(|| self.message.clone())
    }
}
