//! The resources that the rules name, and where their pods are described.

use serde_json::Value;

/// A kind of object with the resource that it is at an API server.
pub(super) struct Resource {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// The fields that lead to the specification of pods.
    pub(super) pod_spec: &'static [&'static str],
}

const POD: &[&str] = &["spec"];
const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const CRON_JOB: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

const fn resource(
    group: &'static str,
    kind: &'static str,
    name: &'static str,
    pod_spec: &'static [&'static str],
) -> Resource {
    Resource {
        group,
        kind,
        name,
        pod_spec,
    }
}

const RESOURCES: [Resource; 10] = [
    resource("", "Namespace", "namespaces", &[]),
    resource("", "Pod", "pods", POD),
    resource("", "ReplicationController", "replicationcontrollers", TEMPLATE),
    resource("", "Secret", "secrets", &[]),
    resource("apps", "DaemonSet", "daemonsets", TEMPLATE),
    resource("apps", "Deployment", "deployments", TEMPLATE),
    resource("apps", "ReplicaSet", "replicasets", TEMPLATE),
    resource("apps", "StatefulSet", "statefulsets", TEMPLATE),
    resource("batch", "CronJob", "cronjobs", CRON_JOB),
    resource("batch", "Job", "jobs", TEMPLATE),
];

/// Returns the resource of a kind, if a rule names it.
pub(super) fn of_kind(group: &str, kind: &str) -> Option<&'static Resource> {
    let mut resources = RESOURCES.iter();
    resources.find(|resource| resource.group == group && resource.kind == kind)
}

/// Returns the specification of the pods that an object describes.
pub(super) fn pod_spec<'v>(object: &'v Value, group: &str, resource: &str) -> Option<&'v Value> {
    let known = RESOURCES
        .iter()
        .find(|known| known.group == group && known.name == resource)?;
    let path = known.pod_spec;
    if path.is_empty() {
        return None;
    }
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// Returns the path of the fields in an expression.
pub(super) fn pod_spec_path(group: &str, resource: &str) -> String {
    let mut known = RESOURCES.iter();
    let known = known.find(|known| known.group == group && known.name == resource);
    known.map_or_else(String::new, |known| known.pod_spec.join("."))
}
