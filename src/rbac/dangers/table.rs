//! The dangerous rights, the worst first.

use super::Danger;
use crate::rbac::policy::model::RBAC_GROUP;

const CHANGE: &[&str] = &["create", "update", "patch"];
const READ: &[&str] = &["get", "list", "watch"];
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

const fn danger(
    id: &'static str,
    what: &'static str,
    verbs: &'static [&'static str],
    resources: &'static [(&'static str, &'static str)],
) -> Danger {
    Danger {
        id,
        what,
        verbs,
        resources,
        is_of_cluster: false,
    }
}

const fn of_cluster(danger: &Danger) -> Danger {
    Danger {
        is_of_cluster: true,
        ..*danger
    }
}

pub(super) const DANGERS: &[Danger] = &[
    danger(
        "escalate",
        "may write roles with rights that the writer does not have",
        &["escalate"],
        &[(RBAC_GROUP, "roles"), (RBAC_GROUP, "clusterroles")],
    ),
    danger(
        "bind",
        "may bind roles with rights that the binder does not have",
        &["bind"],
        &[(RBAC_GROUP, "roles"), (RBAC_GROUP, "clusterroles")],
    ),
    danger(
        "impersonate",
        "may act as others",
        &[
            "impersonate",
            "impersonate:user-info",
            "impersonate:serviceaccount",
            "impersonate:arbitrary-node",
            "impersonate:associated-node",
        ],
        &[
            ("", "users"),
            ("", "groups"),
            ("", "serviceaccounts"),
            (AUTHENTICATION, "users"),
            (AUTHENTICATION, "groups"),
            (AUTHENTICATION, "serviceaccounts"),
            (AUTHENTICATION, "nodes"),
            (AUTHENTICATION, "uids"),
        ],
    ),
    danger(
        "reads-secrets",
        "may read Secrets, with `list` and `watch` as with `get`",
        READ,
        &[("", "secrets")],
    ),
    danger(
        "account-tokens",
        "may make tokens of service accounts",
        &["create"],
        &[("", "serviceaccounts/token")],
    ),
    of_cluster(&danger(
        "node-proxy",
        "may ask kubelets directly, which run commands in each pod of the node, past admission and audit",
        &["get", "create", "update", "patch", "delete", "*"],
        &[("", "nodes/proxy")],
    )),
    of_cluster(&danger(
        "approves-certificates",
        "may approve certificates, also of other users",
        &["update", "patch"],
        &[(CERTIFICATES, "certificatesigningrequests/approval")],
    )),
    of_cluster(&danger(
        "changes-admission",
        "may change webhooks and policies of admission, which see each object, and refuse or change it",
        CHANGE,
        &[
            (ADMISSION, "mutatingwebhookconfigurations"),
            (ADMISSION, "validatingwebhookconfigurations"),
            (ADMISSION, "mutatingadmissionpolicies"),
            (ADMISSION, "mutatingadmissionpolicybindings"),
            (ADMISSION, "validatingadmissionpolicies"),
            (ADMISSION, "validatingadmissionpolicybindings"),
        ],
    )),
    danger(
        "runs-pods",
        "may run pods, with any service account and any Secret of the namespace",
        CHANGE,
        &[
            ("", "pods"),
            ("", "replicationcontrollers"),
            ("apps", "daemonsets"),
            ("apps", "deployments"),
            ("apps", "replicasets"),
            ("apps", "statefulsets"),
            ("batch", "cronjobs"),
            ("batch", "jobs"),
        ],
    ),
    danger(
        "enters-pods",
        "may run commands in pods, with what their service accounts may do",
        &["get", "create"],
        &[("", "pods/exec"), ("", "pods/attach")],
    ),
    danger(
        "debugs-pods",
        "may add containers to running pods",
        &["update", "patch"],
        &[("", "pods/ephemeralcontainers")],
    ),
    danger(
        "grants-rights",
        "may give its own rights to others",
        CHANGE,
        &[(RBAC_GROUP, "rolebindings"), (RBAC_GROUP, "clusterrolebindings")],
    ),
    of_cluster(&danger(
        "mounts-hosts",
        "may make volumes of directories of nodes",
        CHANGE,
        &[("", "persistentvolumes")],
    )),
    danger(
        "labels-namespaces",
        "may change the labels of namespaces, on which Pod Security and network policies depend",
        &["update", "patch"],
        &[("", "namespaces")],
    ),
];
