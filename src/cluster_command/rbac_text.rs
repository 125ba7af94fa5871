//! Requests, rules and bindings as a person reads them. Names come from files, so each is made harmless.

use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Policy, Role, Scope};
use crate::rbac::policy::request::{Request, Target};
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::wrapped;

/// Adds a line in column `first_indent`, and indents by `indent` what does not fit.
pub(super) fn push_line(text: &mut String, line: &str, first_indent: usize, indent: usize) {
    text.push_str(&" ".repeat(first_indent));
    text.push_str(&wrapped(line, first_indent, indent));
    text.push('\n');
}

/// Adds a line with its number, and returns the column that it begins in.
pub(super) fn push_numbered(text: &mut String, number: usize, line: &str) -> usize {
    let number = format!("  {number}. ");
    let indent = number.len();
    text.push_str(&number);
    text.push_str(&wrapped(line, indent, indent));
    text.push('\n');
    indent
}

pub(super) fn shown(text: &str) -> String {
    UntrustedText::new(text).to_string()
}

/// Returns `list deployments.apps in shop`.
pub(super) fn request(request: &Request) -> String {
    let verb = shown(&request.verb);
    match &request.target {
        Target::Path(path) => format!("{verb} {}", shown(path)),
        Target::Resource(target) => {
            let name = if target.name.is_empty() {
                String::new()
            } else {
                format!(" {}", shown(&target.name))
            };
            let place = if target.namespace.is_empty() {
                "in the whole cluster".to_owned()
            } else {
                format!("in {}", shown(&target.namespace))
            };
            format!(
                "{verb} {}{name} {place}",
                resource(&target.combined(), &target.group)
            )
        }
    }
}

/// Returns `deployments.apps/scale`, and `pods/log` of the core group.
pub(super) fn resource(combined: &str, group: &str) -> String {
    let (resource, subresource) = combined
        .split_once('/')
        .map_or((combined, None), |(a, b)| (a, Some(b)));
    let mut text = shown(resource);
    if !group.is_empty() {
        text = format!("{text}.{}", shown(group));
    }
    match subresource {
        Some(subresource) => format!("{text}/{}", shown(subresource)),
        None => text,
    }
}

/// Returns `Role "a/shop"`.
pub(super) fn role(policy: &Policy, role: &Role) -> String {
    let name = shown(policy.text(role.name));
    match role.scope {
        Scope::Cluster => format!("ClusterRole \"{name}\""),
        Scope::Namespace(namespace) => format!("Role \"{name}/{}\"", shown(policy.text(namespace))),
    }
}

/// Returns `get, list: pods, services named a`.
pub(super) fn rule(rule: &PlainRule) -> String {
    let mut text = format!("{}:", list(&rule.verbs));
    let resources: Vec<String> = rule
        .api_groups
        .iter()
        .flat_map(|group| rule.resources.iter().map(|combined| resource(combined, group)))
        .collect();
    if !resources.is_empty() {
        text.push(' ');
        text += &resources.join(", ");
    }
    if !rule.resource_names.is_empty() {
        text += " named ";
        text += &list(&rule.resource_names);
    }
    if !rule.urls.is_empty() {
        text.push(' ');
        text += &list(&rule.urls);
    }
    text
}

pub(super) fn list(texts: &[String]) -> String {
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    let texts: Vec<String> = texts
        .iter()
        .map(|text| {
            if text.is_empty() {
                "\"\"".to_owned()
            } else {
                shown(text)
            }
        })
        .collect();
    texts.join(", ")
}
