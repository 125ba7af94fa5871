//! The resources of Kubernetes itself: their names and short names, groups, scopes and subresources.

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) plural: &'static str,
    pub(crate) group: &'static str,
    pub(crate) is_namespaced: bool,
    short_names: &'static [&'static str],
    subresources: &'static [&'static str],
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
const POD_SUBRESOURCES: [&str; 9] = [
    "log",
    "exec",
    "attach",
    "portforward",
    "proxy",
    "eviction",
    "ephemeralcontainers",
    "binding",
    "resize",
];
const SCALE: [&str; 1] = ["scale"];
const NONE: [&str; 0] = [];

const fn namespaced(
    plural: &'static str,
    group: &'static str,
    short_names: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Known {
    Known {
        plural,
        group,
        is_namespaced: true,
        short_names,
        subresources,
    }
}

const fn of_cluster(
    plural: &'static str,
    group: &'static str,
    short_names: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Known {
    Known {
        plural,
        group,
        is_namespaced: false,
        short_names,
        subresources,
    }
}

/// In the order in which kubectl prefers them where names are equal.
const RESOURCES: [Known; 69] = [
    namespaced("pods", "", &["po"], &POD_SUBRESOURCES),
    namespaced("services", "", &["svc"], &["proxy"]),
    namespaced("configmaps", "", &["cm"], &NONE),
    namespaced("secrets", "", &[], &NONE),
    namespaced("serviceaccounts", "", &["sa"], &["token"]),
    namespaced("persistentvolumeclaims", "", &["pvc"], &NONE),
    namespaced("events", "", &["ev"], &NONE),
    namespaced("endpoints", "", &["ep"], &NONE),
    namespaced("replicationcontrollers", "", &["rc"], &SCALE),
    namespaced("resourcequotas", "", &["quota"], &NONE),
    namespaced("limitranges", "", &["limits"], &NONE),
    namespaced("podtemplates", "", &[], &NONE),
    namespaced("bindings", "", &[], &NONE),
    of_cluster("namespaces", "", &["ns"], &["finalize"]),
    of_cluster(
        "nodes",
        "",
        &["no"],
        &["proxy", "metrics", "stats", "log", "healthz", "configz", "pods"],
    ),
    of_cluster("persistentvolumes", "", &["pv"], &NONE),
    of_cluster("componentstatuses", "", &["cs"], &NONE),
    of_cluster("users", "", &[], &NONE),
    of_cluster("groups", "", &[], &NONE),
    namespaced("deployments", "apps", &["deploy"], &SCALE),
    namespaced("replicasets", "apps", &["rs"], &SCALE),
    namespaced("statefulsets", "apps", &["sts"], &SCALE),
    namespaced("daemonsets", "apps", &["ds"], &NONE),
    namespaced("controllerrevisions", "apps", &[], &NONE),
    namespaced("jobs", "batch", &[], &NONE),
    namespaced("cronjobs", "batch", &["cj"], &NONE),
    namespaced("horizontalpodautoscalers", "autoscaling", &["hpa"], &NONE),
    namespaced("ingresses", "networking.k8s.io", &["ing"], &NONE),
    namespaced("networkpolicies", "networking.k8s.io", &["netpol"], &NONE),
    of_cluster("ingressclasses", "networking.k8s.io", &[], &NONE),
    namespaced("poddisruptionbudgets", "policy", &["pdb"], &NONE),
    namespaced("roles", RBAC, &[], &NONE),
    namespaced("rolebindings", RBAC, &[], &NONE),
    of_cluster("clusterroles", RBAC, &[], &NONE),
    of_cluster("clusterrolebindings", RBAC, &[], &NONE),
    of_cluster("storageclasses", "storage.k8s.io", &["sc"], &NONE),
    of_cluster("csidrivers", "storage.k8s.io", &[], &NONE),
    of_cluster("volumeattachments", "storage.k8s.io", &[], &NONE),
    namespaced("leases", "coordination.k8s.io", &[], &NONE),
    namespaced("endpointslices", "discovery.k8s.io", &[], &NONE),
    of_cluster(
        "customresourcedefinitions",
        "apiextensions.k8s.io",
        &["crd", "crds"],
        &NONE,
    ),
    of_cluster(
        "certificatesigningrequests",
        "certificates.k8s.io",
        &["csr"],
        &["approval"],
    ),
    of_cluster("priorityclasses", "scheduling.k8s.io", &["pc"], &NONE),
    of_cluster("validatingwebhookconfigurations", ADMISSION, &[], &NONE),
    of_cluster("mutatingwebhookconfigurations", ADMISSION, &[], &NONE),
    of_cluster("validatingadmissionpolicies", ADMISSION, &[], &NONE),
    of_cluster("validatingadmissionpolicybindings", ADMISSION, &[], &NONE),
    of_cluster("tokenreviews", "authentication.k8s.io", &[], &NONE),
    of_cluster("subjectaccessreviews", AUTHORIZATION, &[], &NONE),
    of_cluster("selfsubjectaccessreviews", AUTHORIZATION, &[], &NONE),
    of_cluster("selfsubjectrulesreviews", AUTHORIZATION, &[], &NONE),
    of_cluster("apiservices", "apiregistration.k8s.io", &[], &NONE),
    namespaced("localsubjectaccessreviews", AUTHORIZATION, &[], &NONE),
    of_cluster("selfsubjectreviews", "authentication.k8s.io", &[], &NONE),
    of_cluster("mutatingadmissionpolicies", ADMISSION, &[], &NONE),
    of_cluster("mutatingadmissionpolicybindings", ADMISSION, &[], &NONE),
    of_cluster("clustertrustbundles", "certificates.k8s.io", &[], &NONE),
    of_cluster("flowschemas", "flowcontrol.apiserver.k8s.io", &[], &NONE),
    of_cluster(
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io",
        &[],
        &NONE,
    ),
    of_cluster("ipaddresses", "networking.k8s.io", &["ip"], &NONE),
    of_cluster("servicecidrs", "networking.k8s.io", &[], &NONE),
    of_cluster("runtimeclasses", "node.k8s.io", &[], &NONE),
    of_cluster("deviceclasses", "resource.k8s.io", &[], &NONE),
    of_cluster("resourceslices", "resource.k8s.io", &[], &NONE),
    namespaced("resourceclaims", "resource.k8s.io", &[], &NONE),
    namespaced("resourceclaimtemplates", "resource.k8s.io", &[], &NONE),
    of_cluster("csinodes", "storage.k8s.io", &[], &NONE),
    namespaced("csistoragecapacities", "storage.k8s.io", &[], &NONE),
    of_cluster("volumeattributesclasses", "storage.k8s.io", &["vac"], &NONE),
];

impl Known {
    /// Finds a resource by its plural, singular or short name, in a group if one is given.
    pub(crate) fn find(name: &str, group: Option<&str>) -> Option<&'static Self> {
        let name = name.to_ascii_lowercase();
        RESOURCES.iter().find(|known| {
            let is_named = known.plural == name
                || known.short_names.contains(&name.as_str())
                || is_singular(&name, known.plural);
            is_named && group.is_none_or(|group| known.group == group)
        })
    }

    /// Whether a resource of this kind has the subresource. Each may have a status.
    pub(crate) fn has_subresource(&self, name: &str) -> bool {
        name == "status" || self.subresources.contains(&name)
    }

    /// Returns all plural names, to suggest one of them.
    pub(crate) fn plurals() -> impl Iterator<Item = &'static str> {
        RESOURCES.iter().map(|known| known.plural)
    }
}

fn is_singular(name: &str, plural: &str) -> bool {
    let is_with = |ending: &str, replaced: &str| {
        plural
            .strip_suffix(ending)
            .is_some_and(|stem| name.strip_suffix(replaced) == Some(stem))
    };
    if plural == "endpoints" {
        return false;
    }
    is_with("ies", "y") || is_with("sses", "ss") || is_with("s", "") || is_with("statuses", "status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_each_of_its_names() {
        let cases = [
            ("po", None, Some("pods")),
            ("Pod", None, Some("pods")),
            ("deploy", None, Some("deployments")),
            ("deploy", Some("apps"), Some("deployments")),
            ("deploy", Some("batch"), None),
            ("ingress", None, Some("ingresses")),
            ("networkpolicy", None, Some("networkpolicies")),
            ("storageclass", None, Some("storageclasses")),
            ("componentstatus", None, Some("componentstatuses")),
            ("widgets", None, None),
        ];
        for (name, group, expected) in cases {
            let found = Known::find(name, group).map(|known| known.plural);
            assert_eq!(found, expected, "{name} {group:?}");
        }
    }
}
