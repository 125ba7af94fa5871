//! Roles, and bindings of a description's groups.
//!
//! Each role says what it allows and nothing of what it denies: RBAC only adds. Roles and bindings have labels by which they are found and
//! removed. A binding is made for each role, or each role and namespace, so that a group that is removed from the description is gone after
//! the next apply.

mod bindings;
mod roles;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::cluster::authn::{GeneratedFile, Header};
use crate::cluster::description::{Description, Role};
use crate::kubeconfig;
use crate::rbac::policy::model::IGNORE_PREFIX;

/// The label of everything that is made here.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubesesame");
const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "cluster-access");

/// The commands that remove all of it.
pub(crate) const BACK: &[&str] = &[
    "kubectl delete clusterrolebindings,clusterroles -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access",
    "kubectl delete rolebindings -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access",
    "kubectl patch serviceaccount default -n NAMESPACE -p '{\"automountServiceAccountToken\": null}'",
];

/// Says whom an apply takes something from.
pub(crate) fn consequences() -> Vec<String> {
    vec![
        "roles only add rights: nobody is stopped by what is added, and nothing is deleted".to_owned(),
        "a group that is no longer in the description loses the roles of these bindings; a role that no group has any more stays with its bindings until it is removed".to_owned(),
    ]
}

/// Returns the manifest, or `None` if the description has no groups.
pub(crate) fn generate(description: &Description) -> Option<GeneratedFile> {
    if description.groups.is_empty() {
        return None;
    }
    let used = |role: &Role| description.groups.iter().any(|group| group.role == *role);
    let roles = Role::ALL.into_iter().filter(used).filter_map(roles::cluster_role);
    let documents: Vec<String> = roles
        .chain(bindings::all(description))
        .chain(bindings::service_accounts(description))
        .map(|object| kubeconfig::yaml(&object))
        .collect();
    let notes = notes(description);
    let header = Header {
        title: "Roles, and the groups that have them",
        apply: &[
            "see what changes:  kubectl diff -f rbac.yaml",
            "apply it:          kubectl apply --server-side -f rbac.yaml",
        ],
        back: BACK,
    };
    Some(GeneratedFile {
        name: "rbac.yaml",
        content: header.write(&notes) + &documents.join("---\n"),
    })
}

/// Returns the metadata of a role or a binding.
fn metadata(name: &str, namespace: Option<&str>) -> Value {
    let mut metadata =
        json!({ "name": name, "labels": { MANAGED_BY.0: MANAGED_BY.1, PART_OF.0: PART_OF.1 } });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata
}

/// Adds why a finding of `rbac lint` is accepted.
fn accept(object: &mut Value, accepted: &[(&str, &str)]) {
    for (check, reason) in accepted {
        object["metadata"]["annotations"][format!("{IGNORE_PREFIX}{check}")] = (*reason).into();
    }
}

fn notes(description: &Description) -> Vec<String> {
    let has = |role: Role| description.groups.iter().any(|group| group.role == role);
    let known = [
        (
            has(Role::Developer),
            "a developer may create deployments, and so can run pods with any Secret and any service account of the namespace; reading Secrets \
             directly, and deleting deployments, is not allowed",
        ),
        (
            has(Role::NamespaceAdmin),
            "a namespace admin has the role `admin` of Kubernetes in the namespace: quotas, limits and the namespace itself stay as they are, and \
             no right can be given that the admin does not have",
        ),
        (
            has(Role::BreakGlass),
            "break-glass is cluster-admin: nobody should be in the group day by day, and it does not help when the provider is down",
        ),
        (
            description
                .groups
                .iter()
                .any(|group| !group.namespaces.is_empty()),
            "pods of the account `default` get no token of it in these namespaces; one that calls the API server needs an account of its own, or \
             `automountServiceAccountToken: true` in its spec. The accounts have no label, so that no clean-up deletes them",
        ),
    ];
    let said = known.into_iter().filter(|(applies, _)| *applies);
    said.map(|(_, note)| note.to_owned()).collect()
}
