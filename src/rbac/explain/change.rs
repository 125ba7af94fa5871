//! The smallest change that allows requests: a role with nothing else, bound to the user alone, and roles that are there already.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::rbac::policy::covers::{PlainRule, uncovered};
use crate::rbac::policy::matching;
use crate::rbac::policy::model::{Policy, RBAC_GROUP, Role, Scope};
use crate::rbac::policy::request::{Request, RequestSymbols, Target, User};

/// A change of the policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The objects to apply.
    pub(crate) objects: Vec<Value>,
    pub(crate) existing: Option<ExistingRole>,
}

/// A role that is there already and allows the first of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingRole {
    /// With its kind.
    pub(crate) name: String,
    /// How many other rights it has, each of one verb and one resource or URL. `None` if a `*` stands for some of them.
    pub(crate) more_rights: Option<usize>,
}

/// Returns the smallest change that allows a user to do what is refused.
pub(crate) fn change(policy: &Policy, user: &User, refused: &[Request]) -> Change {
    let mut of_namespace: BTreeMap<&str, Vec<PlainRule>> = BTreeMap::new();
    for request in without_implied(refused) {
        let rules = of_namespace.entry(request.namespace()).or_default();
        add_verb(rules, request);
    }
    let objects = of_namespace
        .into_iter()
        .flat_map(|(namespace, rules)| objects(policy, user, namespace, &rules))
        .collect();
    Change {
        objects,
        existing: refused
            .first()
            .and_then(|request| smallest_existing(policy, request)),
    }
}

/// Returns the requests without those that the change for another one allows too: without a name it is about every object, and at the cluster
/// scope about every namespace.
fn without_implied(requests: &[Request]) -> Vec<&Request> {
    let implies = |one: &Request, other: &Request| {
        (one.namespace().is_empty() || one.namespace() == other.namespace())
            && uncovered(&[smallest_rule(one)], &[smallest_rule(other)]).is_empty()
    };
    let is_needed = |(at, request): &(usize, &Request)| {
        let mut others = requests.iter().enumerate();
        // Of two that imply each other, the first is kept.
        !others.any(|(other_at, other)| {
            other_at != *at && implies(other, request) && (other_at < *at || !implies(request, other))
        })
    };
    let needed = requests.iter().enumerate().filter(is_needed);
    needed.map(|(_, request)| request).collect()
}

fn smallest_rule(request: &Request) -> PlainRule {
    let verbs = vec![request.verb.clone()];
    match &request.target {
        Target::Path(path) => PlainRule {
            urls: vec![path.clone()],
            verbs,
            ..PlainRule::default()
        },
        Target::Resource(target) => PlainRule {
            api_groups: vec![target.group.clone()],
            resources: vec![target.combined()],
            resource_names: Some(target.name.clone())
                .filter(|name| !name.is_empty())
                .into_iter()
                .collect(),
            urls: Vec::new(),
            verbs,
        },
    }
}

/// Adds a request to a rule that differs by the verb alone, or as a new rule.
fn add_verb(rules: &mut Vec<PlainRule>, request: &Request) {
    let rule = smallest_rule(request);
    let same = rules.iter_mut().find(|other| {
        other.api_groups == rule.api_groups
            && other.resources == rule.resources
            && other.resource_names == rule.resource_names
            && other.urls == rule.urls
    });
    match same {
        Some(same) if same.verbs.contains(&request.verb) => {}
        Some(same) => same.verbs.extend(rule.verbs),
        None => rules.push(rule),
    }
}

fn objects(policy: &Policy, user: &User, namespace: &str, rules: &[PlainRule]) -> [Value; 2] {
    let is_cluster = namespace.is_empty();
    let (role_kind, binding_kind) = if is_cluster {
        ("ClusterRole", "ClusterRoleBinding")
    } else {
        ("Role", "RoleBinding")
    };
    let name = free_name(policy, namespace, &base_name(&user.name, &rules[0]));
    let mut metadata = json!({"name": name});
    if !is_cluster {
        metadata["namespace"] = json!(namespace);
    }
    let version = format!("{RBAC_GROUP}/v1");
    [
        json!({"apiVersion": version, "kind": role_kind, "metadata": metadata, "rules": rules}),
        json!({"apiVersion": version, "kind": binding_kind, "metadata": metadata,
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": role_kind, "name": name}, "subjects": [subject(&user.name)]}),
    ]
}

/// Returns the user as a subject: a service account as such.
fn subject(user: &str) -> Value {
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
        _ => json!({"apiGroup": RBAC_GROUP, "kind": "User", "name": user}),
    }
}

/// Returns a name such as `sarah-list-pods`: what a DNS label allows of user, verb and resource, if it allows anything.
fn base_name(user: &str, rule: &PlainRule) -> String {
    let target = rule.resources.first().or_else(|| rule.urls.first());
    let words = [
        Some(user),
        rule.verbs.first().map(String::as_str),
        target.map(String::as_str),
    ];
    let text = words.into_iter().flatten().collect::<Vec<_>>().join("-");
    let mut name = String::new();
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() {
            c
        } else {
            '-'
        };
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    name.truncate(63);
    match name.trim_end_matches('-') {
        "" => "allowed".to_owned(),
        name => name.to_owned(),
    }
}

/// Returns the name with a number if a role has it already.
fn free_name(policy: &Policy, namespace: &str, name: &str) -> String {
    let is_taken = |name: &str| {
        let Some(symbol) = policy.names.find(name) else {
            return false;
        };
        let scope = match policy.names.find(namespace) {
            Some(namespace_symbol) if !namespace.is_empty() => Scope::Namespace(namespace_symbol),
            _ => Scope::Cluster,
        };
        policy.role(scope, symbol).is_some()
            || policy
                .bindings
                .iter()
                .any(|binding| binding.scope == scope && binding.name == symbol)
    };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = [name.to_owned()].into_iter().chain(numbered);
    names
        .find(|name| !is_taken(name))
        .unwrap_or_else(|| name.to_owned())
}

/// Returns the role that allows a request and least besides.
fn smallest_existing(policy: &Policy, request: &Request) -> Option<ExistingRole> {
    let symbols = RequestSymbols::new(policy, request);
    let scope = request.scope(policy);
    let is_usable = |role: &&Role| role.scope == Scope::Cluster || Some(role.scope) == scope;
    let allowing = policy.roles.iter().filter(is_usable).filter(|role| {
        let mut rules = role.rules.iter();
        rules.any(|rule| matching::allows(&policy.names, rule, &symbols))
    });
    let role = allowing.min_by_key(|role| {
        let rights = rights(policy, role);
        (rights.is_none(), rights)
    })?;
    let name = format!("{} {}", role.kind(), policy.text(role.name));
    Some(ExistingRole {
        name,
        more_rights: rights(policy, role).map(|rights| rights.saturating_sub(1)),
    })
}

/// Returns how many rights of one verb and one resource or URL a role has. `None` if a `*` stands for some of them.
fn rights(policy: &Policy, role: &Role) -> Option<usize> {
    let rules = role.rules.iter().map(|rule| PlainRule::new(&policy.names, rule));
    let counts = rules.map(|rule| {
        let lists = [&rule.verbs, &rule.api_groups, &rule.resources, &rule.urls];
        let has_star = lists.into_iter().flatten().any(|text| text.contains('*'));
        (!has_star).then(|| rule.breakdown().len())
    });
    counts.sum()
}
