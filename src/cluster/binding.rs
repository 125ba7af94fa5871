//! Suggests a first `ClusterRoleBinding`: one group of the person, or the person, may read.

use serde_json::{Value, json};

use super::judgement::Judgement;
use super::names::RESERVED;

/// Read access to most objects, without Secrets.
const CLUSTER_ROLE: &str = "view";
/// Okta's group of all people.
const EVERYONE: &str = "Everyone";

/// A `ClusterRoleBinding` to the role `view`, for a group, or for the user if there is no group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ViewBinding {
    name: String,
    kind: &'static str,
    subject: String,
}

impl ViewBinding {
    /// Chooses a group: one that is neither reserved nor everybody's, best one whose name is about Kubernetes.
    pub(crate) fn of(judgement: &Judgement, groups_prefix: &str) -> Option<Self> {
        let bare = |group: &str| group.strip_prefix(groups_prefix).unwrap_or(group).to_owned();
        let mut groups = judgement
            .groups
            .iter()
            .filter(|group| !group.starts_with(RESERVED) && bare(group) != EVERYONE && !group.is_empty());
        let is_about_kubernetes = |group: &&String| {
            let name = group.to_ascii_lowercase();
            ["k8s", "kube", "eks"].iter().any(|word| name.contains(word))
        };
        let group = groups.clone().find(is_about_kubernetes).or_else(|| groups.next());
        let (kind, subject) = match (group, &judgement.username) {
            (Some(group), _) => ("Group", group.clone()),
            (None, Some(user)) if !user.starts_with(RESERVED) && !user.is_empty() => ("User", user.clone()),
            _ => return None,
        };
        Some(Self {
            name: format!("{}-{CLUSTER_ROLE}", object_name(&subject)),
            kind,
            subject,
        })
    }

    pub(crate) fn is_for_group(&self) -> bool {
        self.kind == "Group"
    }

    /// Returns the `kubectl` command that makes the binding.
    pub(crate) fn command(&self) -> Vec<String> {
        let flag = if self.is_for_group() { "group" } else { "user" };
        vec![
            "kubectl".to_owned(),
            "create".to_owned(),
            "clusterrolebinding".to_owned(),
            self.name.clone(),
            format!("--clusterrole={CLUSTER_ROLE}"),
            format!("--{flag}={}", self.subject),
        ]
    }

    /// Returns the object.
    pub(crate) fn manifest(&self) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": self.name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": CLUSTER_ROLE },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": self.kind, "name": self.subject }],
        })
    }
}

/// Makes a name of lower case letters, digits and dashes that says where it comes from.
fn object_name(subject: &str) -> String {
    let dashed: String = subject
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(100).collect();
    if name.is_empty() { "oidc".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(groups: &[&str], username: Option<&str>) -> Option<ViewBinding> {
        let judgement = Judgement {
            audience: "c".into(),
            username: username.map(str::to_owned),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            verdicts: Vec::new(),
        };
        ViewBinding::of(&judgement, "okta:")
    }

    #[test]
    fn the_group_that_is_bound_is_a_fitting_one() {
        for (groups, expected) in [
            (
                &["okta:Everyone", "okta:sales", "okta:k8s-dev"][..],
                "okta:k8s-dev",
            ),
            (&["okta:Everyone", "okta:sales"], "okta:sales"),
            (&["system:masters", "okta:x"], "okta:x"),
            (&["okta:Everyone"], "okta:alice"),
            (&[], "okta:alice"),
        ] {
            assert_eq!(
                binding(groups, Some("okta:alice")).unwrap().subject,
                expected,
                "{groups:?}"
            );
        }
        assert_eq!(binding(&["system:masters"], Some("system:admin")), None);
    }

    #[test]
    fn the_name_of_the_binding_is_one_that_kubernetes_accepts() {
        for (group, name) in [
            ("okta:K8s Developers", "okta-k8s-developers-view"),
            ("https://i/x#00u", "https-i-x-00u-view"),
            ("ü", "oidc-view"),
        ] {
            assert_eq!(binding(&[group], None).unwrap().name, name);
        }
        let command = binding(&["okta:k8s"], None).unwrap().command();
        assert_eq!(
            command[3..],
            ["okta-k8s-view", "--clusterrole=view", "--group=okta:k8s"]
        );
    }
}
