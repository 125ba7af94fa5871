//! Roles and bindings of a policy, with the places where they were read, for a person and for a program.

use serde_json::{Value, json};

use super::rbac_policy::Source;
use super::rbac_text;
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Binding, Role, Scope};

/// Returns `RoleBinding "a/shop" (file:7)`.
pub(super) fn binding_text(source: &Source, binding: &Binding) -> String {
    let name = rbac_text::shown(source.policy.text(binding.name));
    let name = match binding.scope {
        Scope::Cluster => name,
        Scope::Namespace(namespace) => {
            format!("{name}/{}", rbac_text::shown(source.policy.text(namespace)))
        }
    };
    format!("{} \"{name}\"{}", binding.kind(), source.at(binding.place))
}

/// Returns `Role "a/shop" (file:7)`.
pub(super) fn role_text(source: &Source, role: &Role) -> String {
    format!(
        "{}{}",
        rbac_text::role(&source.policy, role),
        source.at(role.place)
    )
}

/// Returns `Role "a/shop", rule 1 (file:7): get: pods`.
pub(super) fn rule_text(source: &Source, role: &Role, number: usize) -> String {
    format!(
        "{}, rule {}{}: {}",
        rbac_text::role(&source.policy, role),
        number + 1,
        source.at(role.place),
        rbac_text::rule(&plain_rule(source, role, number))
    )
}

pub(super) fn plain_rule(source: &Source, role: &Role, number: usize) -> PlainRule {
    PlainRule::new(&source.policy.names, &role.rules[number])
}

pub(super) fn binding_value(source: &Source, binding: &Binding) -> Value {
    json!({
        "kind": binding.kind(),
        "name": source.policy.text(binding.name),
        "namespace": namespace_value(source, binding.scope),
        "place": source.place(binding.place),
    })
}

pub(super) fn role_value(source: &Source, role: &Role) -> Value {
    json!({"kind": role.kind(), "name": source.policy.text(role.name), "place": source.place(role.place)})
}

fn namespace_value(source: &Source, scope: Scope) -> Value {
    match scope {
        Scope::Cluster => Value::Null,
        Scope::Namespace(namespace) => json!(source.policy.text(namespace)),
    }
}
