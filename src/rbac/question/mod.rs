//! What a person asks, as requests to the API server: words as for kubectl, a path or URL, a line with which a request was refused, or an audit event.
//!
//! Pure. Names of resources are those of Kubernetes itself, and those that the rules of the policy name.

mod audit;
mod command;
mod forbidden;
pub(crate) mod resources;
mod typed;
mod url;

#[cfg(test)]
mod tests;

use super::policy::model::{Policy, Symbol};
use super::policy::request::{Request, ResourceTarget, Target, User};
use resources::Known;
pub(crate) use typed::default_note;

/// What was typed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    /// The words: verb, resource and name, or what stands for them.
    pub(crate) words: &'a [String],
    /// `None`: that of the context.
    pub(crate) namespace: Option<&'a str>,
    /// `None`: the namespace `default`.
    pub(crate) context_namespace: Option<&'a str>,
    pub(crate) all_namespaces: bool,
    pub(crate) watch: bool,
    pub(crate) subresource: Option<&'a str>,
    /// The verb is the API's, not kubectl's.
    pub(crate) is_api_verb: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// All of them have to be allowed.
    pub(crate) requests: Vec<Request>,
    /// How the words were understood, where a person may have meant something else.
    pub(crate) notes: Vec<String>,
    /// The user that a refusal or an audit event names. A refusal names no groups.
    pub(crate) user: Option<User>,
}

/// Why words are no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) problem: String,
    pub(crate) hint: String,
}

/// The namespace that kubectl takes where none is set.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

/// Understands what was typed.
///
/// # Errors
/// If a part is missing, or there are too many.
pub(crate) fn understand(typed: &Typed<'_>, policy: &Policy) -> Result<Question, Fault> {
    let mut words = typed.words;
    let mut is_api_verb = typed.is_api_verb;
    if let [first, rest @ ..] = words
        && first == "kubectl"
    {
        words = rest;
    }
    if let [auth, can_i, rest @ ..] = words
        && auth == "auth"
        && can_i == "can-i"
    {
        words = rest;
        is_api_verb = true;
    }
    if let [rollout, rest @ ..] = words
        && rollout == "rollout"
    {
        words = rest;
    }
    let line = words.join(" ");
    if let Some((user, request)) = forbidden::read(&line) {
        return Ok(Question {
            requests: vec![request],
            notes: Vec::new(),
            user: Some(User {
                name: user,
                groups: Vec::new(),
            }),
        });
    }
    if is_json(&line) {
        return of_event(&line);
    }
    let (verb, rest) = match words {
        [address] if address.contains('/') => ("get", words),
        [verb, rest @ ..] if !rest.is_empty() => (verb.as_str(), rest),
        _ => {
            return Err(incomplete());
        }
    };
    if let [address] = rest
        && (address.starts_with('/') || address.contains("://"))
        && let Some((verb, target)) = url::read(verb, address)
    {
        return Ok(of_path(verb, target));
    }
    let words = typed::Words {
        verb,
        rest,
        is_api_verb,
    };
    words.understand(typed, policy)
}

/// Says that a verb or a resource is missing.
pub(crate) fn incomplete() -> Fault {
    Fault {
        problem: "a verb and a resource are needed".to_owned(),
        hint: "write them as for kubectl: get pods, delete deploy web, get /healthz".to_owned(),
    }
}

fn is_json(line: &str) -> bool {
    line.trim_start().starts_with('{')
}

/// Whether a line is a refusal or an audit event, which has quotes of its own.
pub(crate) fn is_pasted(line: &str) -> bool {
    is_json(line) || forbidden::read(line).is_some()
}

fn of_event(line: &str) -> Result<Question, Fault> {
    let Some(audit::Audited { user, request, note }) = audit::read(line) else {
        return Err(Fault {
            problem: "what was pasted is no event of an audit log, or more than one".to_owned(),
            hint: "paste one whole line of the log; for many: kubesesame rbac can --requests=audit.log"
                .to_owned(),
        });
    };
    Ok(Question {
        requests: vec![request],
        notes: note.into_iter().collect(),
        user: Some(user),
    })
}

/// Whether a resource of Kubernetes itself belongs to the cluster, and to no namespace.
pub(crate) fn belongs_to_cluster(target: &ResourceTarget) -> bool {
    Known::find(&target.resource, Some(&target.group)).is_some_and(|known| !known.is_namespaced)
}

fn of_path(verb: String, target: Target) -> Question {
    Question {
        requests: vec![Request { verb, target }],
        notes: Vec::new(),
        user: None,
    }
}

/// Returns the API groups in which rules of the policy name a resource, without `*`.
fn groups_in_rules(policy: &Policy, resource: &str) -> Vec<String> {
    let Some(symbol) = policy.names.find(resource) else {
        return Vec::new();
    };
    let mut groups = std::collections::BTreeSet::new();
    for rule in policy.roles.iter().flat_map(|role| &role.rules) {
        if policy.names.list(rule.resources).contains(&symbol) {
            let named = policy.names.list(rule.groups).iter();
            groups.extend(
                named
                    .filter(|group| **group != Symbol::STAR)
                    .map(|group| policy.text(*group)),
            );
        }
    }
    groups.into_iter().map(str::to_owned).collect()
}
