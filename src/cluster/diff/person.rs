//! What becomes of the owner of a token, and of the bindings that name this person.

use serde_json::{Map, Value};

use super::bindings::namespace;
use crate::cluster::check::{Login, Settings, User};
use crate::rbac::policy::model::{Place, Policy, SubjectKind};

/// The group of everybody who is signed in.
const AUTHENTICATED: &str = "system:authenticated";

/// Who somebody was, and becomes.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) before: Login,
    pub(crate) after: Login,
    /// Bindings that named the person before and do not any more.
    pub(crate) lost: Vec<Granted>,
    pub(crate) gained: Vec<Granted>,
}

/// A binding that names a person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) place: Place,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
}

impl Person {
    /// Whether the person has another name, other groups or values, or another verdict.
    pub(crate) fn changes(&self) -> bool {
        match (user(&self.before), user(&self.after)) {
            (Some(before), Some(after)) => {
                let seen = |user: &User| {
                    let mut groups = user.groups.clone();
                    groups.sort();
                    (user.name.clone(), user.uid.clone(), groups, user.extra.clone())
                };
                seen(before) != seen(after)
            }
            (None, None) => {
                let is_unknown = |login: &Login| matches!(login, Login::Unknown { .. });
                is_unknown(&self.before) != is_unknown(&self.after)
            }
            (Some(_), None) | (None, Some(_)) => true,
        }
    }
}

pub(crate) fn user(login: &Login) -> Option<&User> {
    match login {
        Login::Accepted { user, .. } => Some(user),
        Login::Refused { .. } | Login::Unknown { .. } => None,
    }
}

/// Compares what two settings make of the claims of a token.
pub(crate) fn person(
    (claims, now): (&Map<String, Value>, i64),
    old: &Settings,
    new: &Settings,
    policy: Option<&Policy>,
) -> Person {
    let (before, after) = (old.log_in(claims, now), new.log_in(claims, now));
    let mut person = Person {
        before,
        after,
        lost: Vec::new(),
        gained: Vec::new(),
    };
    let is_known = |login: &Login| !matches!(login, Login::Unknown { .. });
    let Some(policy) = policy.filter(|_| is_known(&person.before) && is_known(&person.after)) else {
        return person;
    };
    for (at, binding) in policy.bindings.iter().enumerate() {
        let granted = || Granted {
            place: binding.place,
            kind: binding.kind(),
            name: policy.text(binding.name).to_owned(),
            namespace: namespace(policy, binding),
        };
        match (
            names(policy, at, &person.before),
            names(policy, at, &person.after),
        ) {
            (true, false) => person.lost.push(granted()),
            (false, true) => person.gained.push(granted()),
            (true, true) | (false, false) => {}
        }
    }
    person
}

/// Whether a binding names the person.
fn names(policy: &Policy, binding: usize, login: &Login) -> bool {
    let Some(user) = user(login) else { return false };
    policy.bindings[binding].subjects.iter().any(|subject| {
        let name = policy.text(subject.name);
        match subject.kind {
            SubjectKind::User => name == user.name,
            SubjectKind::Group => name == AUTHENTICATED || user.groups.iter().any(|group| group == name),
            SubjectKind::ServiceAccount | SubjectKind::Other(_) => false,
        }
    })
}
