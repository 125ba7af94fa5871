//! The policy that is measured: 1,000 cluster roles, 1,000 roles, 5,000 bindings of each kind with three subjects, five rules in a role,
//! 200 namespaces, 900 users. Equal in each run.

use std::fmt::Write as _;

use serde_json::{Value, json};

pub(crate) const NAMESPACES: usize = 200;
pub(crate) const USERS: usize = 900;
const ROLES: usize = 1_000;
const BINDINGS: usize = 5_000;
const VERSION: &str = "rbac.authorization.k8s.io/v1";
const RESOURCES: [&str; 10] = [
    "pods",
    "services",
    "configmaps",
    "secrets",
    "pods/log",
    "endpoints",
    "events",
    "persistentvolumeclaims",
    "serviceaccounts",
    "replicationcontrollers",
];

fn rules(seed: usize) -> Value {
    (0..5)
        .map(|at| {
            let resource = |offset: usize| RESOURCES[(seed * 3 + at * 7 + offset) % RESOURCES.len()];
            let verbs = ["get", "list", "watch", "create", "update"];
            json!({"apiGroups": ["", "apps"], "resources": [resource(0), resource(1)], "verbs": verbs[..2 + (seed + at) % 3],
                "resourceNames": if (seed + at).is_multiple_of(11) { json!([format!("object-{seed}")]) } else { json!([]) }})
        })
        .collect()
}

fn subjects(at: usize) -> Value {
    json!([
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": format!("okta:user-{}@example.com", at % USERS)},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": format!("okta:group-{}", at % 300)},
        {"kind": "ServiceAccount", "name": format!("account-{}", at % 50), "namespace": format!("namespace-{}", at % NAMESPACES)},
    ])
}

/// Returns the objects as `kubectl get -o json` has them, without its managed fields.
pub(crate) fn objects() -> Vec<Value> {
    let mut objects = Vec::new();
    let meta = |name: String, at: usize| json!({"name": name, "uid": format!("00000000-0000-4000-8000-{at:012}"), "resourceVersion": at.to_string()});
    for at in 0..ROLES {
        objects.push(json!({"apiVersion": VERSION, "kind": "ClusterRole", "metadata": meta(format!("cluster-role-{at}"), at), "rules": rules(at)}));
        let mut role = json!({"apiVersion": VERSION, "kind": "Role", "metadata": meta(format!("role-{at}"), at), "rules": rules(at + 1)});
        role["metadata"]["namespace"] = json!(format!("namespace-{}", at % NAMESPACES));
        objects.push(role);
    }
    for at in 0..BINDINGS {
        objects.push(json!({"apiVersion": VERSION, "kind": "ClusterRoleBinding", "metadata": meta(format!("cluster-binding-{at}"), at),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("cluster-role-{}", at % ROLES)}, "subjects": subjects(at)}));
        let mut binding = json!({"apiVersion": VERSION, "kind": "RoleBinding", "metadata": meta(format!("binding-{at}"), at),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": format!("role-{}", at % ROLES)}, "subjects": subjects(at + 7)});
        binding["metadata"]["namespace"] = json!(format!("namespace-{}", at % NAMESPACES));
        objects.push(binding);
    }
    objects
}

pub(crate) fn json_list(objects: &[Value]) -> String {
    let items: Vec<String> = objects.iter().map(ToString::to_string).collect();
    format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{}\n]}}\n",
        items.join(",\n")
    )
}

/// Returns the objects as kubectl writes YAML, as a list.
pub(crate) fn yaml_list(objects: &[Value]) -> String {
    let mut text = "apiVersion: v1\nitems:\n".to_owned();
    for object in objects {
        text += "- ";
        write_yaml(object, 1, &mut text);
    }
    text + "kind: List\n"
}

/// Writes a value where the line has begun already.
fn write_yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (number, (key, value)) in fields.iter().enumerate() {
                let lead = if number == 0 { "" } else { indent.as_str() };
                // Writing to a string cannot fail.
                let _ = write!(text, "{lead}{key}:");
                match value {
                    Value::Array(items) if !items.is_empty() => {
                        text.push('\n');
                        for item in items {
                            text.push_str(&indent);
                            text.push_str("- ");
                            write_yaml(item, depth + 1, text);
                        }
                    }
                    Value::Object(_) => {
                        text.push('\n');
                        text.push_str(&"  ".repeat(depth + 1));
                        write_yaml(value, depth + 1, text);
                    }
                    value => {
                        text.push(' ');
                        write_yaml(value, depth, text);
                    }
                }
            }
        }
        value => {
            let _ = writeln!(text, "{value}");
        }
    }
}
