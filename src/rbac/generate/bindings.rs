//! Who has a role, and where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{accept, metadata, roles};
use crate::cluster::description::{Description, Role};

const API_GROUP: &str = "rbac.authorization.k8s.io";

/// Returns the bindings: one for each role and the place where it is given.
pub(super) fn all(description: &Description) -> impl Iterator<Item = Value> {
    // A role of the whole cluster has no namespace.
    let mut places: BTreeMap<(Role, Option<&str>), BTreeSet<String>> = BTreeMap::new();
    for group in &description.groups {
        let namespaces = group.namespaces.iter().map(|name| Some(name.as_str()));
        let whole_cluster = group.namespaces.is_empty().then_some(None);
        for place in namespaces.chain(whole_cluster) {
            let subjects = places.entry((group.role, place)).or_default();
            // Each issuer makes its own name of the group.
            let prefixes = description
                .issuers
                .iter()
                .map(|issuer| &issuer.mapping.groups_prefix);
            subjects.extend(prefixes.map(|prefix| format!("{prefix}{}", group.name)));
        }
    }
    places
        .into_iter()
        .map(|((role, namespace), subjects)| binding(role, namespace, &subjects))
}

fn binding(role: Role, namespace: Option<&str>, groups: &BTreeSet<String>) -> Value {
    let subjects: Vec<Value> = groups
        .iter()
        .map(|group| json!({ "apiGroup": API_GROUP, "kind": "Group", "name": group }))
        .collect();
    let kind = match namespace {
        Some(_) => "RoleBinding",
        None => "ClusterRoleBinding",
    };
    let mut object = json!({
        "apiVersion": format!("{API_GROUP}/v1"),
        "kind": kind,
        "metadata": metadata(&format!("kubesesame-{}", role.name()), namespace),
        "roleRef": { "apiGroup": API_GROUP, "kind": "ClusterRole", "name": roles::name(role) },
        "subjects": subjects,
    });
    if role == Role::BreakGlass {
        accept(&mut object, &[("cluster-admin", "for emergencies")]);
    }
    object
}

/// Returns the default service accounts of the namespaces, whose pods get no token unasked.
pub(super) fn service_accounts(description: &Description) -> impl Iterator<Item = Value> {
    let groups = description.groups.iter();
    let namespaces: BTreeSet<&String> = groups.flat_map(|group| &group.namespaces).collect();
    namespaces.into_iter().map(|namespace| {
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": { "name": "default", "namespace": namespace },
            "automountServiceAccountToken": false,
        })
    })
}
