//! Rights with which more can be reached than they say: the table, and which of them a rule has.
//!
//! Pure. Most are those of "Role Based Access Control Good Practices" of the documentation of Kubernetes. Knows neither who has a right nor
//! whether that is intended.

mod table;

use super::policy::covers::PlainRule;
use table::DANGERS;

/// A right that reaches further than it says.
#[derive(Debug)]
pub(crate) struct Danger {
    /// It never changes.
    pub(crate) id: &'static str,
    /// What it allows, after "it".
    pub(crate) what: &'static str,
    pub(crate) verbs: &'static [&'static str],
    /// API groups and resources.
    pub(crate) resources: &'static [(&'static str, &'static str)],
    /// Whether the resources belong to the cluster, so that a `RoleBinding` gives nothing of them.
    pub(crate) is_of_cluster: bool,
}

/// A rule with `*` as verb, API group and resource.
pub(crate) const EVERYTHING: Danger = Danger {
    id: "everything",
    what: "allows everything",
    verbs: &["*"],
    resources: &[("*", "*")],
    is_of_cluster: false,
};

/// A rule with `*` at one of the three.
pub(crate) const WILDCARD: Danger = Danger {
    id: "wildcard",
    what: "has `*`: it allows also what does not exist yet",
    verbs: &[],
    resources: &[],
    is_of_cluster: false,
};

fn has(list: &[String], text: &str) -> bool {
    list.iter().any(|item| item == text)
}

fn has_or_star(list: &[String], text: &str) -> bool {
    list.iter().any(|item| item == "*" || item == text)
}

/// Whether a rule's resources have this one: `pods/exec` is in `pods/exec`, `*/exec` and `*`.
fn has_resource(list: &[String], wanted: &str) -> bool {
    let any = wanted.split_once('/').map(|(_, subresource)| subresource);
    list.iter().any(|item| {
        item == "*"
            || item == wanted
            || any.is_some_and(|any| {
                item.strip_prefix("*/")
                    .is_some_and(|subresource| subresource == any)
            })
    })
}

impl Danger {
    /// Whether a rule allows a request of this kind, at the cluster scope or in a namespace.
    pub(crate) fn is_in(&self, rule: &PlainRule, is_in_namespace: bool) -> bool {
        !(self.is_of_cluster && is_in_namespace)
            && self.verbs.iter().any(|verb| has_or_star(&rule.verbs, verb))
            && self.resources.iter().any(|(group, resource)| {
                has_or_star(&rule.api_groups, group) && has_resource(&rule.resources, resource)
            })
    }
}

/// Whether a rule allows everything: every verb on every resource of every API group, whatever its name.
pub(crate) fn is_everything(rule: &PlainRule) -> bool {
    has(&rule.verbs, "*")
        && has(&rule.api_groups, "*")
        && has(&rule.resources, "*")
        && rule.resource_names.is_empty()
}

/// Whether a rule has `*` as a verb, a resource, an API group, or a URL.
pub(crate) fn has_wildcard(rule: &PlainRule) -> bool {
    [&rule.verbs, &rule.api_groups, &rule.resources, &rule.urls]
        .into_iter()
        .any(|list| has(list, "*"))
}

/// Returns what a rule allows that reaches further, the worst first. Of a rule that allows everything, that alone is said.
pub(crate) fn dangers_of(rule: &PlainRule, is_in_namespace: bool) -> Vec<&'static Danger> {
    if is_everything(rule) {
        return vec![&EVERYTHING];
    }
    let found = DANGERS
        .iter()
        .filter(|danger| danger.is_in(rule, is_in_namespace));
    found.chain(has_wildcard(rule).then_some(&WILDCARD)).collect()
}

/// Returns the place of a danger among all, the worst first.
pub(crate) fn rank(danger: &Danger) -> usize {
    if danger.id == EVERYTHING.id {
        return 0;
    }
    let at = DANGERS.iter().position(|other| other.id == danger.id);
    at.map_or(DANGERS.len() + 1, |at| at + 1)
}

/// Returns the ids of all.
#[cfg(test)]
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    let all = [&EVERYTHING, &WILDCARD].into_iter().chain(DANGERS);
    all.map(|danger| danger.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &str, groups: &str, resources: &str) -> PlainRule {
        let list = |text: &str| text.split(' ').map(|item| item.replace("core", "")).collect();
        PlainRule {
            verbs: list(verbs),
            api_groups: list(groups),
            resources: list(resources),
            ..PlainRule::default()
        }
    }

    #[test]
    fn a_rule_has_the_dangers_of_what_it_allows() {
        let rbac = "rbac.authorization.k8s.io";
        let cases: &[(PlainRule, bool, &[&str])] = &[
            (rule("get list", "core", "pods"), true, &[]),
            (rule("get", "core", "secrets"), true, &["reads-secrets"]),
            (rule("get", "apps", "secrets"), true, &[]),
            (rule("delete", "core", "secrets"), true, &[]),
            (rule("escalate", rbac, "roles"), true, &["escalate"]),
            (rule("bind", rbac, "clusterroles"), true, &["bind"]),
            (rule("impersonate", "core", "users"), false, &["impersonate"]),
            (
                rule("impersonate", "core", "serviceaccounts"),
                true,
                &["impersonate"],
            ),
            (rule("create", "core", "pods/exec"), true, &["enters-pods"]),
            (rule("create", "core", "*/exec"), true, &["enters-pods"]),
            (rule("get", "core", "nodes/proxy"), false, &["node-proxy"]),
            // Nodes belong to the cluster.
            (rule("get", "core", "nodes/proxy"), true, &[]),
            (
                rule("get", "core", "*"),
                true,
                &["reads-secrets", "enters-pods", "wildcard"],
            ),
            (rule("*", "*", "*"), false, &["everything"]),
            (rule("create", "apps", "deployments"), true, &["runs-pods"]),
        ];
        for (rule, is_in_namespace, expected) in cases {
            let ids: Vec<&str> = dangers_of(rule, *is_in_namespace)
                .iter()
                .map(|danger| danger.id)
                .collect();
            assert_eq!(ids, *expected, "{rule:?}");
        }
    }

    #[test]
    fn the_worst_has_the_lowest_rank() {
        let order = [&EVERYTHING, &DANGERS[0], &DANGERS[DANGERS.len() - 1], &WILDCARD];
        assert!(order.map(rank).is_sorted());
    }
}
