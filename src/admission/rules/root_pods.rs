//! Pods that may run as root are for some groups only.
//!
//! What "may" means is that of the Pod Security Standard `restricted` (`runAsNonRoot` and `runAsUser`): pod and containers, also init and ephemeral
//! ones; `runAsNonRoot` is true for each container, of its own or by the pod, and `runAsUser` is never 0. Without `runAsNonRoot` the image
//! decides, which nobody sees here, so that counts as root. A pod in a user namespace of its own (`hostUsers: false`) is root
//! nowhere else; it counts from 1.35 on, as in the standard.
//!
//! Controllers create the pods of workloads, so that their templates are judged when a person writes them. A change that leaves the
//! specification of the pods as it was is not judged: labels, replicas and finalizers of what runs stay changeable.

use serde_json::Value;

use super::super::identities::Person;
use super::super::policy::{self, Match, Message, Policy};
use super::super::request::Operation::{Create, Update};
use super::super::request::Request;
use super::super::resources::pod_spec_path;
use super::{cel_is_member, is_member, named};
use crate::cluster::authn::cel_text;

const PODS: &[Match] = &[Match {
    group: "",
    versions: "v1",
    resources: &["pods", "pods/ephemeralcontainers"],
    operations: &[Create, Update],
}];

const fn workloads(group: &'static str, resources: &'static [&'static str]) -> Match {
    Match {
        group,
        versions: "v1",
        resources,
        operations: &[Create, Update],
    }
}

const WORKLOADS: &[Match] = &[
    workloads("", &["replicationcontrollers"]),
    workloads(
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    workloads("batch", &["jobs"]),
];
const CRON_JOBS: &[Match] = &[workloads("batch", &["cronjobs"])];

/// In the order in which a message names them.
const CONTAINER_FIELDS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

pub(in super::super) struct Judge {
    groups: Vec<String>,
    user_namespaces: bool,
}

pub(in super::super) fn policies(groups: &[String], user_namespaces: bool) -> [Policy; 3] {
    // Objects with different paths have policies of their own, so that the API server can check the types.
    let policy = |name, matches: &'static [Match], resource| Policy {
        name,
        matches,
        condition: None,
        variables: variables(
            &pod_spec_path(matches[0].group, resource),
            groups,
            user_namespaces,
        ),
        validation: "variables.mayRunRoot || variables.unchanged || variables.faults.size() == 0".to_owned(),
        message: Message::Expression(format!(
            "{} + variables.faults.join(', ') + {}",
            cel_text(BEFORE_FAULTS),
            cel_text(&after_faults(groups))
        )),
        judge: policy::Judge::RootPods(Judge {
            groups: groups.to_vec(),
            user_namespaces,
        }),
    };
    [
        policy("kubesesame-root-pods", PODS, "pods"),
        policy("kubesesame-root-workloads", WORKLOADS, "replicationcontrollers"),
        policy("kubesesame-root-cronjobs", CRON_JOBS, "cronjobs"),
    ]
}

fn variables(path: &str, groups: &[String], user_namespaces: bool) -> Vec<(&'static str, String)> {
    // The three lists have types of their own.
    let containers = CONTAINER_FIELDS.map(|field| format!("dyn(variables.spec.?{field}.orValue([]))"));
    let faults = "\
        (variables.spec.?securityContext.?runAsNonRoot.orValue(true) && \
        variables.spec.?securityContext.?runAsUser.orValue(1) != 0 ? [] : ['the pod']) + \
        variables.containers.filter(c, \
        !c.?securityContext.?runAsNonRoot.orValue(variables.podNonRoot) || \
        c.?securityContext.?runAsUser.orValue(1) == 0).map(c, 'container ' + c.name)";
    let faults = if user_namespaces {
        format!("!variables.spec.?hostUsers.orValue(true) ? [] : {faults}")
    } else {
        faults.to_owned()
    };
    vec![
        ("mayRunRoot", cel_is_member(groups)),
        ("spec", format!("object.{path}")),
        (
            "unchanged",
            format!("request.operation == 'UPDATE' && oldObject.{path} == object.{path}"),
        ),
        ("containers", containers.join(" + ")),
        (
            "podNonRoot",
            "variables.spec.?securityContext.?runAsNonRoot.orValue(false)".to_owned(),
        ),
        ("faults", faults),
    ]
}

const BEFORE_FAULTS: &str = "may run as root: ";

fn after_faults(groups: &[String]) -> String {
    format!(
        "; set runAsNonRoot to true and no runAsUser to 0, or be in {}",
        named(groups)
    )
}

impl Judge {
    pub(in super::super) fn refusal(&self, request: &Request, person: &Person) -> Option<String> {
        let spec = request.pod_spec().unwrap_or(&Value::Null);
        let is_unchanged = request.operation == Update && request.old_pod_spec() == Some(spec);
        if is_unchanged || is_member(&self.groups, person) {
            return None;
        }
        let faults = self.faults(spec);
        (!faults.is_empty()).then(|| {
            let faults = faults.join(", ");
            BEFORE_FAULTS.to_owned() + &faults + &after_faults(&self.groups)
        })
    }

    fn faults(&self, spec: &Value) -> Vec<String> {
        if self.user_namespaces && spec["hostUsers"].as_bool() == Some(false) {
            return Vec::new();
        }
        let non_root = |value: &Value| value["securityContext"]["runAsNonRoot"].as_bool();
        let is_user_root = |value: &Value| value["securityContext"]["runAsUser"].as_i64() == Some(0);
        let pod = non_root(spec);
        let mut faults = Vec::new();
        if pod == Some(false) || is_user_root(spec) {
            faults.push("the pod".to_owned());
        }
        let containers = CONTAINER_FIELDS
            .iter()
            .filter_map(|field| spec[field].as_array())
            .flatten();
        let at_fault = containers
            .filter(|container| !non_root(container).or(pod).unwrap_or(false) || is_user_root(container));
        faults.extend(at_fault.map(|container| {
            let name = container["name"].as_str().unwrap_or_default();
            format!("container {name}")
        }));
        faults
    }
}
