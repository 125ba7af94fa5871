//! A rule that nearly allows a request, as a person and as a program read it: what is different, what would change it, and what else that
//! opens.

use serde_json::{Value, json};

use super::rbac_objects::{binding_text, binding_value, plain_rule, role_value, rule_text};
use super::rbac_policy::Asked;
use super::rbac_text;
use crate::rbac::explain::{Difference, Near};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::evaluate::subject_text;
use crate::rbac::policy::request::{Request, ResourceTarget, Target};

/// How many subjects of a binding are named.
const SHOWN_SUBJECTS: usize = 3;

pub(super) fn text(asked: &Asked, request: &Request, near: &Near<'_>, number: usize) -> String {
    let line = rule_text(&asked.source, near.role, near.rule);
    let mut text = String::new();
    let indent = rbac_text::push_numbered(&mut text, number, &line);
    let mut add = |line: &str| rbac_text::push_line(&mut text, line, indent, indent + 2);
    if near.binding.is_some() {
        add(&bound_text(asked, near));
    }
    for difference in &near.differences {
        add(&difference_text(asked, request, near, *difference));
    }
    if let [difference] = near.differences.as_slice() {
        add(&change_text(asked, request, near, *difference));
    }
    text
}

fn rule(asked: &Asked, near: &Near<'_>) -> PlainRule {
    plain_rule(&asked.source, near.role, near.rule)
}

/// Returns who has the role by which binding.
fn bound_text(asked: &Asked, near: &Near<'_>) -> String {
    let Some(at) = near.binding else {
        return "by no binding".to_owned();
    };
    let binding = &asked.source.policy.bindings[at];
    let more = match near.more {
        0 => String::new(),
        more => format!(", and {more} more like it"),
    };
    format!(
        "by {} to {}{more}",
        binding_text(&asked.source, binding),
        subjects_text(asked, at)
    )
}

fn subjects_text(asked: &Asked, binding: usize) -> String {
    let binding = &asked.source.policy.bindings[binding];
    let shown = binding.subjects.iter().take(SHOWN_SUBJECTS);
    let mut subjects: Vec<String> = shown
        .map(|subject| subject_text(&asked.source.policy, binding, *subject))
        .collect();
    if binding.subjects.len() > SHOWN_SUBJECTS {
        subjects.push(format!("{} more", binding.subjects.len() - SHOWN_SUBJECTS));
    }
    if subjects.is_empty() {
        "nobody".to_owned()
    } else {
        subjects.join(", ")
    }
}

fn difference_text(asked: &Asked, request: &Request, near: &Near<'_>, difference: Difference) -> String {
    let rule = rule(asked, near);
    let target = target(request);
    match difference {
        Difference::Verb => format!(
            "the verb differs: {} is not among {}",
            rbac_text::shown(&request.verb),
            rbac_text::list(&rule.verbs)
        ),
        Difference::Name if target.name.is_empty() => format!(
            "the rule is about single objects: {}; the request names none",
            rbac_text::list(&rule.resource_names)
        ),
        Difference::Name => format!(
            "the name differs: {} is not among {}",
            rbac_text::shown(&target.name),
            rbac_text::list(&rule.resource_names)
        ),
        Difference::Resource | Difference::Subresource => format!(
            "the resource differs: {} is not among {}",
            rbac_text::shown(&target.combined()),
            rbac_text::list(&rule.resources)
        ),
        Difference::Group => format!(
            "the API group differs: \"{}\" is not among {}",
            rbac_text::shown(&target.group),
            rbac_text::list(&rule.api_groups)
        ),
        Difference::Path => format!(
            "the path differs: it is not among {}",
            rbac_text::list(&rule.urls)
        ),
        Difference::Namespace if target.namespace.is_empty() => {
            "the binding is of a namespace, and the request is for the whole cluster".to_owned()
        }
        Difference::Namespace => format!(
            "the namespace differs: the binding does not reach {}",
            rbac_text::shown(&target.namespace)
        ),
        Difference::Subject => format!(
            "the subject differs: it is neither {} nor a group of that user",
            rbac_text::shown(&asked.user.name)
        ),
        Difference::Unbound => "no binding has the role".to_owned(),
    }
}

/// Returns the change that makes one rule allow the request, and what else it opens.
fn change_text(asked: &Asked, request: &Request, near: &Near<'_>, difference: Difference) -> String {
    let rule = rule(asked, near);
    let target = target(request);
    let rule_count = near.role.rules.len();
    let whole_role = format!("opens all of the role's rules ({rule_count})");
    let user = rbac_text::shown(&asked.user.name);
    match difference {
        Difference::Verb => {
            let others: Vec<String> = rule
                .resources
                .iter()
                .chain(&rule.urls)
                .filter(|resource| **resource != target.combined())
                .cloned()
                .collect();
            let opens = if others.is_empty() {
                String::new()
            } else {
                format!(", which opens it on {} too", rbac_text::list(&others))
            };
            format!(
                "change: add {} to its verbs{opens}; for all who have the role",
                rbac_text::shown(&request.verb)
            )
        }
        Difference::Name if target.name.is_empty() => {
            "change: a rule without resourceNames; that opens all objects".to_owned()
        }
        Difference::Name => format!(
            "change: add {} to its resourceNames, for {}; for all who have the role",
            rbac_text::shown(&target.name),
            rbac_text::list(&rule.verbs)
        ),
        Difference::Resource | Difference::Subresource | Difference::Group | Difference::Path => format!(
            "change: add it to the rule, which opens {} on it; for all who have the role",
            rbac_text::list(&rule.verbs)
        ),
        Difference::Namespace if target.namespace.is_empty() => {
            format!("change: a ClusterRoleBinding, which {whole_role} in all namespaces")
        }
        Difference::Namespace => format!(
            "change: a RoleBinding in {}, which {whole_role} there",
            rbac_text::shown(&target.namespace)
        ),
        Difference::Subject => format!("change: add {user} to the binding, which {whole_role} to that user"),
        Difference::Unbound => format!("change: bind the role to {user}, which {whole_role} to that user"),
    }
}

/// Returns what a request is about. That of a path has no resource.
fn target(request: &Request) -> ResourceTarget {
    match &request.target {
        Target::Resource(target) => target.clone(),
        Target::Path(path) => ResourceTarget {
            resource: path.clone(),
            ..ResourceTarget::default()
        },
    }
}

pub(super) fn value(asked: &Asked, request: &Request, near: &Near<'_>) -> Value {
    let binding = near
        .binding
        .map(|at| binding_value(&asked.source, &asked.source.policy.bindings[at]));
    let differences: Vec<Value> = near
        .differences
        .iter()
        .map(|difference| {
            json!({"what": difference_name(*difference), "text": difference_text(asked, request, near, *difference)})
        })
        .collect();
    let change = match near.differences.as_slice() {
        [difference] => json!(change_text(asked, request, near, *difference)),
        _ => Value::Null,
    };
    json!({
        "role": role_value(&asked.source, near.role),
        "rule": near.rule + 1,
        "content": rule(asked, near),
        "binding": binding,
        "differences": differences,
        "change": change,
    })
}

fn difference_name(difference: Difference) -> &'static str {
    match difference {
        Difference::Verb => "verb",
        Difference::Name => "name",
        Difference::Namespace => "namespace",
        Difference::Path => "path",
        Difference::Resource | Difference::Subresource => "resource",
        Difference::Group => "group",
        Difference::Subject => "subject",
        Difference::Unbound => "unbound",
    }
}
