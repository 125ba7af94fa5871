//! Whether rights include others, and the API server's check that nobody grants rights that they do not have.
//!
//! As upstream: `component-helpers/auth/rbac/validation`, `pkg/registry/rbac/validation`, `pkg/registry/rbac/escalation_check.go`.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::evaluate::{decide, role_errors, visit_rules};
use super::go_text::{aggregate, quoted};
use super::matching::url_covers;
use super::model::{Names, Policy, RBAC_GROUP, Rule};
use super::request::{Request, ResourceTarget, Target, User, UserSymbols};

/// A rule with its texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PlainRule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub(crate) urls: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

impl PlainRule {
    pub(crate) fn new(names: &Names, rule: &Rule) -> Self {
        let texts = |list| names.texts(list).map(str::to_owned).collect();
        Self {
            api_groups: texts(rule.groups),
            resources: texts(rule.resources),
            resource_names: texts(rule.resource_names),
            urls: texts(rule.urls),
            verbs: texts(rule.verbs),
        }
    }

    /// Returns the rule as upstream names it in the message of a refusal.
    pub(crate) fn compact(&self) -> String {
        let parts = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, texts)| !texts.is_empty())
            .map(|(field, texts)| format!("{field}:{}", quoted_list(texts)))
            .collect();
        format!("{{{}}}", parts.join(", "))
    }

    /// Returns rules with one verb and one resource or URL each, and at most one name, that allow together what this one does.
    pub(crate) fn breakdown(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let no_name = [String::new()];
        let has_names = !self.resource_names.is_empty();
        let names = if has_names {
            self.resource_names.as_slice()
        } else {
            &no_name
        };
        for group in &self.api_groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    parts.extend(names.iter().map(|name| Self {
                        api_groups: vec![group.clone()],
                        resources: vec![resource.clone()],
                        resource_names: if has_names { vec![name.clone()] } else { Vec::new() },
                        urls: Vec::new(),
                        verbs: vec![verb.clone()],
                    }));
                }
            }
        }
        for url in &self.urls {
            parts.extend(self.verbs.iter().map(|verb| Self {
                urls: vec![url.clone()],
                verbs: vec![verb.clone()],
                ..Self::default()
            }));
        }
        parts
    }

    /// Whether this rule covers one that [`Self::breakdown`] made.
    fn covers_part(&self, part: &Self) -> bool {
        let covers =
            |own: &[String], wanted: &[String]| has(own, "*") || wanted.iter().all(|text| own.contains(text));
        let has_resource = |resource: &String| {
            self.resources.contains(resource)
                || resource
                    .split_once('/')
                    .is_some_and(|(_, subresource)| has(&self.resources, &format!("*/{subresource}")))
        };
        covers(&self.verbs, &part.verbs)
            && covers(&self.api_groups, &part.api_groups)
            && (has(&self.resources, "*") || part.resources.iter().all(has_resource))
            && part
                .urls
                .iter()
                .all(|url| self.urls.iter().any(|own| url_covers(own, url)))
            // Without names it is about every object; a part without a name needs that.
            && (self.resource_names.is_empty()
                || (!part.resource_names.is_empty()
                    && part.resource_names.iter().all(|name| self.resource_names.contains(name))))
    }
}

fn has(list: &[String], text: &str) -> bool {
    list.iter().any(|item| item == text)
}

fn quoted_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(" "))
}

/// Returns the parts of the wanted rules that no rule of the owner covers.
pub(crate) fn uncovered(owner: &[PlainRule], wanted: &[PlainRule]) -> Vec<PlainRule> {
    let mut parts: Vec<PlainRule> = wanted.iter().flat_map(PlainRule::breakdown).collect();
    parts.retain(|part| !owner.iter().any(|rule| rule.covers_part(part)));
    parts
}

/// Joins rules of one resource, and of one or no name, whose verbs alone differ.
pub(crate) fn compacted(rules: &[PlainRule]) -> Vec<PlainRule> {
    let mut compacted: Vec<PlainRule> = Vec::new();
    let mut at_resource: HashMap<PlainRule, usize> = HashMap::new();
    for rule in rules {
        let is_simple = rule.resource_names.len() <= 1
            && rule.urls.is_empty()
            && rule.api_groups.len() == 1
            && rule.resources.len() == 1;
        let key = PlainRule {
            verbs: Vec::new(),
            ..rule.clone()
        };
        match at_resource.get(&key) {
            Some(at) if is_simple => compacted[*at].verbs.extend_from_slice(&rule.verbs),
            _ => {
                if is_simple {
                    at_resource.insert(key, compacted.len());
                }
                compacted.push(rule.clone());
            }
        }
    }
    compacted
}

/// Returns the rules that a user has for requests in a namespace, which is empty at the cluster scope.
pub(crate) fn rules_of(policy: &Policy, user: &User, namespace: &str) -> Vec<PlainRule> {
    let mut rules = Vec::new();
    let namespace = (!namespace.is_empty())
        .then(|| policy.names.find(namespace))
        .flatten();
    visit_rules(policy, &UserSymbols::new(policy, user), namespace, |visit| {
        rules.push(PlainRule::new(&policy.names, &visit.role.rules[visit.rule]));
    });
    rules
}

/// Returns the refusal of the API server if a user grants rights in a namespace, or at the cluster scope, that the user does not have.
pub(crate) fn escalation(
    policy: &Policy,
    user: &User,
    namespace: &str,
    granted: &[PlainRule],
) -> Option<String> {
    let missing = uncovered(&rules_of(policy, user, namespace), granted);
    if missing.is_empty() {
        return None;
    }
    let lines: BTreeSet<String> = compacted(&missing).iter().map(PlainRule::compact).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    let mut message = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(&user.name),
        quoted_list(&user.groups),
        lines.join("\n")
    );
    let namespace = (!namespace.is_empty())
        .then(|| policy.names.find(namespace))
        .flatten();
    let errors = role_errors(policy, &UserSymbols::new(policy, user), namespace);
    if !errors.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(message, "; resolution errors: [{}]", aggregate(&errors));
    }
    Some(message)
}

/// A role that somebody wants to write, or to bind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrantedRole<'a> {
    /// `roles` or `clusterroles`.
    pub(crate) resource: &'a str,
    pub(crate) name: &'a str,
    /// The namespace of the role, or of the binding. Empty at the cluster scope.
    pub(crate) namespace: &'a str,
    pub(crate) rules: &'a [PlainRule],
}

/// Returns why a user may not write a role, beyond the right to `create` or `update` it. `None` if the user may.
pub(crate) fn write_refusal(policy: &Policy, user: &User, role: GrantedRole<'_>) -> Option<String> {
    refusal(policy, user, role, "escalate")
}

/// Returns why a user may not bind a role, beyond the right to `create` the binding. `None` if the user may.
pub(crate) fn bind_refusal(policy: &Policy, user: &User, role: GrantedRole<'_>) -> Option<String> {
    refusal(policy, user, role, "bind")
}

fn refusal(policy: &Policy, user: &User, role: GrantedRole<'_>, verb: &str) -> Option<String> {
    let request = Request {
        verb: verb.to_owned(),
        target: Target::Resource(ResourceTarget {
            group: RBAC_GROUP.to_owned(),
            resource: role.resource.to_owned(),
            subresource: String::new(),
            name: role.name.to_owned(),
            namespace: role.namespace.to_owned(),
        }),
    };
    if user.is_master() || decide(policy, user, &request).is_allowed {
        return None;
    }
    escalation(policy, user, role.namespace, role.rules)
}
