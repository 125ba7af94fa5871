//! Whether somebody may apply a change: the rights to create the objects, and the API server's check that nobody grants what they do not have.

use serde_json::Value;

use crate::rbac::policy::covers::{GrantedRole, PlainRule, bind_refusal, write_refusal};
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::model::{Policy, RBAC_GROUP};
use crate::rbac::policy::request::{Request, ResourceTarget, Target, User};

/// Returns why the API server would not let a user apply a change. Empty if it would.
pub(crate) fn refusals(policy: &Policy, applier: &User, objects: &[Value]) -> Vec<String> {
    let mut refusals = Vec::new();
    for pair in objects.chunks(2) {
        let [role, binding] = pair else { continue };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = text(&role["metadata"]["namespace"]);
        let name = text(&role["metadata"]["name"]);
        let rules: Vec<PlainRule> = serde_json::from_value(role["rules"].clone()).unwrap_or_default();
        let resource = plural(role);
        let granted = GrantedRole {
            resource: &resource,
            name: &name,
            namespace: &namespace,
            rules: &rules,
        };
        for object in [role, binding] {
            refusals.extend(create_refusal(policy, applier, plural(object), &namespace));
        }
        let checks = [
            write_refusal(policy, applier, granted),
            bind_refusal(policy, applier, granted),
        ];
        refusals.extend(checks.into_iter().flatten());
    }
    let mut seen = std::collections::HashSet::new();
    refusals.retain(|refusal| seen.insert(refusal.clone()));
    refusals
}

/// Returns `roles` of a `Role`.
fn plural(object: &Value) -> String {
    format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase())
}

fn create_refusal(policy: &Policy, applier: &User, resource: String, namespace: &str) -> Option<String> {
    let message = format!("cannot create {resource}.{RBAC_GROUP}");
    let request = Request {
        verb: "create".to_owned(),
        target: Target::Resource(ResourceTarget {
            group: RBAC_GROUP.to_owned(),
            resource,
            namespace: namespace.to_owned(),
            ..ResourceTarget::default()
        }),
    };
    let is_allowed = applier.is_master() || decide(policy, applier, &request).is_allowed;
    (!is_allowed).then_some(message)
}
