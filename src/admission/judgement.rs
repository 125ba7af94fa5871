//! What the policies say of a request of a person.

use super::identities::Person;
use super::policy::{Judge, Policy, Rules};
use super::request::Request;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Why no policy looks at the person.
    pub(crate) exemption: Option<String>,
    /// Empty if the request is allowed. An API server stops at one and tells that.
    pub(crate) denials: Vec<Denial>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) policy: &'static str,
    pub(crate) message: String,
}

/// Judges a request as an API server with the policies of these rules does.
pub(crate) fn judge(rules: &Rules, request: &Request, person: &Person) -> Judgement {
    let exemption = rules.scope.exemption(person);
    let denials = match exemption {
        Some(_) => Vec::new(),
        None => denials(rules, request, person),
    };
    Judgement { exemption, denials }
}

fn denials(rules: &Rules, request: &Request, person: &Person) -> Vec<Denial> {
    let policies = rules.policies().into_iter();
    policies
        .filter(|policy| policy.matches.iter().any(|one| one.is_for(request)))
        .filter_map(|policy| {
            let message = refusal(&policy, request, person)?;
            Some(Denial {
                policy: policy.name,
                message,
            })
        })
        .collect()
}

fn refusal(policy: &Policy, request: &Request, person: &Person) -> Option<String> {
    match &policy.judge {
        Judge::RequiredGroups(rule) => rule.refusal(person),
        Judge::SecretDeletion(rule) => rule.refusal(request, person),
        Judge::RootPods(rule) => rule.refusal(request, person),
    }
}
