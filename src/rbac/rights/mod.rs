//! What one user may do: the bindings that apply, the rules by them, and these as a table of resources and verbs.
//!
//! Pure. The rules are those that a `SelfSubjectRulesReview` lists. Never judges a request.

mod table;

#[cfg(test)]
mod tests;

pub(crate) use table::{Row, Table, VERBS, table};

use serde_json::{Value, json};

use super::policy::covers::PlainRule;
use super::policy::evaluate::{role_errors, visit_bindings};
use super::policy::go_text::aggregate;
use super::policy::model::{Binding, Policy, Role, Scope, Subject};
use super::policy::request::{User, UserSymbols};

/// A binding that applies to a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied<'a> {
    pub(crate) binding: &'a Binding,
    /// The first subject of it that the user is.
    pub(crate) subject: Subject,
    /// `None` if there is no such role.
    pub(crate) role: Option<&'a Role>,
}

/// Where rights are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Bindings of the cluster alone.
    Everywhere,
    /// What counts in a namespace: its own bindings, and those of the cluster.
    Namespace(&'a str),
    /// The bindings of a namespace alone.
    Added(&'a str),
}

/// Returns the bindings that apply to a user, those of the cluster first.
pub(crate) fn applied<'a>(policy: &'a Policy, user: &User, place: Place<'_>) -> Vec<Applied<'a>> {
    let (namespace, has_cluster) = match place {
        Place::Everywhere => (None, true),
        Place::Namespace(namespace) => (policy.names.find(namespace), true),
        Place::Added(namespace) => (policy.names.find(namespace), false),
    };
    let mut found = Vec::new();
    visit_bindings(
        policy,
        &UserSymbols::new(policy, user),
        namespace,
        |binding, subject, role| {
            if has_cluster || binding.scope != Scope::Cluster {
                found.push(Applied {
                    binding,
                    subject,
                    role,
                });
            }
        },
    );
    found
}

/// Returns the namespaces that have a binding of a user, sorted.
pub(crate) fn namespaces<'a>(policy: &'a Policy, user: &User) -> Vec<&'a str> {
    let symbols = UserSymbols::new(policy, user);
    let mut namespaces: Vec<&str> = Vec::new();
    for (at, binding) in policy.bindings.iter().enumerate() {
        if let Scope::Namespace(namespace) = binding.scope
            && symbols.is_subject_of(policy, at)
        {
            namespaces.push(policy.text(namespace));
        }
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    namespaces
}

/// Returns the rules that bindings bring, as many times as they do.
pub(crate) fn rules(policy: &Policy, applied: &[Applied<'_>]) -> Vec<PlainRule> {
    let rules = applied
        .iter()
        .filter_map(|applied| applied.role)
        .flat_map(|role| &role.rules);
    rules.map(|rule| PlainRule::new(&policy.names, rule)).collect()
}

/// Returns the status of a `SelfSubjectRulesReview`.
pub(crate) fn review(policy: &Policy, user: &User, applied: &[Applied<'_>], place: Place<'_>) -> Value {
    let rules = rules(policy, applied);
    let resource_rules = rules
        .iter()
        .filter(|rule| !rule.resources.is_empty())
        .map(|rule| {
            let mut value =
                json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
            if !rule.resource_names.is_empty() {
                value["resourceNames"] = json!(rule.resource_names);
            }
            value
        });
    let url_rules = rules.iter().filter(|rule| !rule.urls.is_empty());
    let url_rules = url_rules.map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.urls}));
    let mut status = json!({
        "resourceRules": resource_rules.collect::<Vec<_>>(),
        "nonResourceRules": url_rules.collect::<Vec<_>>(),
        "incomplete": false,
    });
    let namespace = match place {
        Place::Everywhere => None,
        Place::Namespace(namespace) | Place::Added(namespace) => policy.names.find(namespace),
    };
    let errors = role_errors(policy, &UserSymbols::new(policy, user), namespace);
    if !errors.is_empty() {
        status["evaluationError"] = json!(aggregate(&errors));
    }
    status
}
