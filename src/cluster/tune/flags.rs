//! The twelve flags: what each does with the value that is recommended for it.

use crate::cluster::description::KubernetesVersion;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    Changes,
}

impl Effect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Changes => "changes",
        }
    }
}

pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) value: &'static str,
    default: DefaultValue,
    pub(crate) effect: Effect,
    /// Why it has this effect.
    pub(crate) reason: &'static str,
    /// What it takes for the aim, or what to do in its place.
    pub(crate) instead: &'static str,
}

enum DefaultValue {
    Always(&'static str),
    /// The minor version that brought the later default.
    Since {
        minor: u16,
        earlier: &'static str,
        later: &'static str,
    },
}

impl Flag {
    pub(crate) fn default(&self, version: KubernetesVersion) -> &'static str {
        match self.default {
            DefaultValue::Always(value) => value,
            DefaultValue::Since {
                minor,
                earlier,
                later,
            } => {
                if version.minor < minor {
                    earlier
                } else {
                    later
                }
            }
        }
    }
}

const IN_FLIGHT: &str = "added to the other one of the two: under priority and fairness (always on since 1.29) the sum is what all priority levels \
                         share. 600 by default, 1500 with both";
const IN_FLIGHT_INSTEAD: &str = "raise it only while apiserver_flowcontrol_rejected_requests_total grows and memory is left; a client that asks too much is \
                                 limited by a FlowSchema";
const NO_WEBHOOK_FOR_TOKENS: &str = "is for a webhook that checks tokens; there is none, and tokens of a provider are checked by the API server itself";
const NO_WEBHOOK_FOR_RIGHTS: &str =
    "is for a webhook that authorizes; there is none, and RBAC is answered from memory";
const NO_AUDIT: &str = "without --audit-log-path nothing is logged, so there is nothing to keep";
const AUDIT_INSTEAD: &str = "set --audit-policy-file and --audit-log-path first";

pub(crate) const FLAGS: [Flag; 12] = [
    Flag {
        name: "max-requests-inflight",
        value: "1000",
        default: DefaultValue::Always("400"),
        effect: Effect::Changes,
        reason: IN_FLIGHT,
        instead: IN_FLIGHT_INSTEAD,
    },
    Flag {
        name: "max-mutating-requests-inflight",
        value: "500",
        default: DefaultValue::Always("200"),
        effect: Effect::Changes,
        reason: IN_FLIGHT,
        instead: IN_FLIGHT_INSTEAD,
    },
    Flag {
        name: "authentication-token-webhook-cache-ttl",
        value: "10m",
        default: DefaultValue::Always("2m0s"),
        effect: Effect::Nothing,
        reason: NO_WEBHOOK_FOR_TOKENS,
        instead: "nothing to set: a token that was checked counts for 10 s without a new check, and no flag changes that",
    },
    Flag {
        name: "authorization-webhook-cache-authorized-ttl",
        value: "10m",
        default: DefaultValue::Always("5m0s"),
        effect: Effect::Nothing,
        reason: NO_WEBHOOK_FOR_RIGHTS,
        instead: "nothing to set",
    },
    Flag {
        name: "authorization-webhook-cache-unauthorized-ttl",
        value: "30s",
        default: DefaultValue::Always("30s"),
        effect: Effect::Nothing,
        reason: NO_WEBHOOK_FOR_RIGHTS,
        instead: "nothing to set: it is the default besides",
    },
    Flag {
        name: "audit-log-maxage",
        value: "30",
        default: DefaultValue::Since {
            minor: 36,
            earlier: "0 (for ever)",
            later: "366",
        },
        effect: Effect::Nothing,
        reason: NO_AUDIT,
        instead: AUDIT_INSTEAD,
    },
    Flag {
        name: "audit-log-maxbackup",
        value: "10",
        default: DefaultValue::Since {
            minor: 36,
            earlier: "0 (all)",
            later: "100",
        },
        effect: Effect::Nothing,
        reason: NO_AUDIT,
        instead: AUDIT_INSTEAD,
    },
    Flag {
        name: "audit-log-maxsize",
        value: "100",
        default: DefaultValue::Always("100"),
        effect: Effect::Nothing,
        reason: NO_AUDIT,
        instead: "set --audit-policy-file and --audit-log-path first; it is the default besides",
    },
    Flag {
        name: "audit-log-compress",
        value: "true",
        default: DefaultValue::Always("false"),
        effect: Effect::Nothing,
        reason: NO_AUDIT,
        instead: AUDIT_INSTEAD,
    },
    Flag {
        name: "request-timeout",
        value: "60s",
        default: DefaultValue::Always("1m0s"),
        effect: Effect::Nothing,
        reason: "is the default",
        instead: "nothing to set: watches have --min-request-timeout",
    },
    Flag {
        name: "tls-cipher-suites",
        value: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        default: DefaultValue::Always("Go's"),
        effect: Effect::Changes,
        reason: "limits clients with TLS 1.2; the suites of TLS 1.3, which kubectl takes, cannot be chosen. It saves no time",
        instead: "leave it out; if a rule asks for it, --tls-min-version=VersionTLS13 says more, once all clients can",
    },
    Flag {
        name: "tls-min-version",
        value: "VersionTLS12",
        default: DefaultValue::Always("VersionTLS12"),
        effect: Effect::Nothing,
        reason: "is the default",
        instead: "nothing to set",
    },
];
