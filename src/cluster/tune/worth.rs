//! What is worth setting.

use crate::cluster::description::KubernetesVersion;

pub(crate) struct Advice {
    pub(crate) setting: &'static str,
    pub(crate) when: &'static str,
    from: u16,
    /// The first version that does not need it.
    until: u16,
}

const fn always(setting: &'static str, when: &'static str) -> Advice {
    Advice {
        setting,
        when,
        from: 0,
        until: u16::MAX,
    }
}

const ADVICE: [Advice; 6] = [
    Advice {
        from: 30,
        ..always(
            "--authentication-config=FILE",
            "in place of --oidc-*: a change needs no restart, and several issuers are possible (kubesesame cluster authn)",
        )
    },
    always(
        "--audit-policy-file=FILE --audit-log-path=FILE",
        "or nobody can say who did what. Metadata of requests is enough for that; the policy decides what it costs",
    ),
    Advice {
        until: 36,
        ..always(
            "--audit-log-maxage=30 --audit-log-maxbackup=10",
            "with an audit log: before 1.36 old files stay for ever, until the disk is full",
        )
    },
    always(
        "--audit-log-compress=true",
        "with an audit log: old files take a tenth of the space",
    ),
    always(
        "--goaway-chance=0.001",
        "with several API servers behind a load balancer only: clients spread over them again after a restart",
    ),
    always(
        "--max-requests-inflight --max-mutating-requests-inflight",
        "while requests are rejected (apiserver_flowcontrol_rejected_requests_total) and processor and memory are not used up",
    ),
];

/// Returns what is worth setting for an API server of this version.
pub(crate) fn advice(version: KubernetesVersion) -> Vec<&'static Advice> {
    let needed = |advice: &&Advice| advice.from <= version.minor && version.minor < advice.until;
    ADVICE.iter().filter(needed).collect()
}

pub(crate) const CLIENT_WORTH: [Advice; 3] = [
    always(
        "command: kubesesame",
        "one process, and one sign-in for all of them; kubesesame kubeconfig convert changes entries of kubelogin",
    ),
    always(
        "--oidc-extra-scope=offline_access",
        "the list has it: with a refresh token nobody signs in again each hour, and kubesesame refreshes in the background before the end",
    ),
    always(
        "disable-compression: true",
        "in the entry of the cluster: long lists come faster in a fast network, and take more of it",
    ),
];
