//! The flags of kube-apiserver that are about tokens of a provider: what the API server refuses, and what does not do what was meant.
//!
//! The API server makes one `jwt` entry of its flags, so the values are validated as such.

use std::collections::BTreeSet;

use super::model::{ClaimRule, Configuration, Issuer, Jwt, Mapping};
use super::report::{Finding, Severity};
use super::validate::validate;

/// A flag as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flag {
    /// Without dashes.
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

const KNOWN: [&str; 9] = [
    "oidc-issuer-url",
    "oidc-client-id",
    "oidc-ca-file",
    "oidc-username-claim",
    "oidc-username-prefix",
    "oidc-groups-claim",
    "oidc-groups-prefix",
    "oidc-signing-algs",
    "oidc-required-claim",
];

const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
];

/// Returns the last flag of this name, unless it is empty.
pub(super) fn value_of<'a>(flags: &'a [Flag], name: &str) -> Option<&'a str> {
    Set(flags).value(name)
}

/// Makes what the API server makes of its flags. Without an issuer there are no entries.
pub(super) fn entries(flags: &[Flag]) -> Configuration {
    let set = Set(flags);
    if set.get("oidc-issuer-url").is_none() {
        return Configuration::default();
    }
    configuration(&set)
}

/// Checks the flags of one API server.
pub(super) fn check(flags: &[Flag]) -> Vec<Finding> {
    let mut findings = unknown(flags);
    let set = Set(flags);
    findings.extend(without_effect(&set));
    let Some(first) = flags.iter().find(|flag| KNOWN.contains(&flag.name.as_str())) else {
        return findings;
    };
    let (issuer, client) = (set.get("oidc-issuer-url"), set.get("oidc-client-id"));
    if let Some(file) = set.get("authentication-config") {
        let text = "authentication-config file and oidc-* flags are mutually exclusive";
        findings.push(error(file, text.to_owned()));
        return findings;
    }
    let (Some(issuer), Some(_)) = (issuer, client) else {
        let text =
            "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set";
        findings.push(error(first, text.to_owned()));
        return findings;
    };
    findings.extend(values(flags));
    let disallowed: BTreeSet<String> = set
        .all("service-account-issuer")
        .map(|flag| flag.value.clone())
        .collect();
    for fault in validate(&configuration(&set), &disallowed).errors {
        let flag = flag_of(&fault.field)
            .and_then(|name| set.get(name))
            .unwrap_or(issuer);
        findings.push(error(
            flag,
            format!("invalid authentication configuration: {fault}"),
        ));
    }
    findings.extend(advice(&set, issuer));
    findings
}

struct Set<'a>(&'a [Flag]);

impl<'a> Set<'a> {
    /// Returns the last flag of this name, as the API server does, unless it is empty.
    fn get(&self, name: &str) -> Option<&'a Flag> {
        self.0
            .iter()
            .rev()
            .find(|flag| flag.name == name)
            .filter(|flag| !flag.value.is_empty())
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.get(name).map(|flag| flag.value.as_str())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a Flag> {
        let name = name.to_owned();
        self.0.iter().filter(move |flag| flag.name == name)
    }
}

fn error(flag: &Flag, text: String) -> Finding {
    finding(flag, Severity::Error, text)
}

fn warning(flag: &Flag, text: impl Into<String>) -> Finding {
    finding(flag, Severity::Warning, text.into())
}

fn finding(flag: &Flag, severity: Severity, text: String) -> Finding {
    Finding {
        severity,
        line: Some(flag.line),
        field: format!("--{}", flag.name),
        text,
    }
}

fn unknown(flags: &[Flag]) -> Vec<Finding> {
    let unknown = |flag: &&Flag| flag.name.starts_with("oidc") && !KNOWN.contains(&flag.name.as_str());
    flags
        .iter()
        .filter(unknown)
        .map(|flag| error(flag, format!("unknown flag: --{}", flag.name)))
        .collect()
}

/// Flags that people set for the provider's tokens, and that are about something else.
fn without_effect(set: &Set<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let webhook = set.get("authentication-token-webhook-config-file");
    for name in [
        "authentication-token-webhook-cache-ttl",
        "authentication-token-webhook-version",
    ] {
        if let (Some(flag), None) = (set.get(name), webhook) {
            let text = "it is about a webhook, and none is configured: it changes nothing for tokens of a provider, which are cached for 10 seconds";
            findings.push(warning(flag, text));
        }
    }
    findings
}

fn values(flags: &[Flag]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for flag in flags {
        match flag.name.as_str() {
            "oidc-required-claim" if !flag.value.contains('=') => {
                let text = format!(
                    "invalid argument \"{}\" for \"--oidc-required-claim\" flag: malformed pair, expect string=string",
                    flag.value
                );
                findings.push(error(flag, text));
            }
            "oidc-required-claim" => {
                if flag.value.starts_with("aud=") {
                    let text = "the API server checks the audience by itself, and this refuses each token whose `aud` is a list: leave it out";
                    findings.push(warning(flag, text));
                } else if flag.value.starts_with("email_verified=") {
                    let text = "a claim is compared as a text, and `email_verified` is a boolean, so each token is refused";
                    findings.push(warning(flag, text));
                }
            }
            "oidc-signing-algs" => {
                for algorithm in flag.value.split(',').filter(|name| !ALGORITHMS.contains(name)) {
                    findings.push(error(flag, format!("oidc: unsupported signing alg: {algorithm}")));
                }
            }
            "oidc-username-prefix" | "oidc-groups-prefix" if flag.value.starts_with("system:") => {
                findings.push(warning(
                    flag,
                    "names with `system:` belong to Kubernetes: use another prefix",
                ));
            }
            _ => {}
        }
    }
    findings
}

/// Makes what the API server makes of its flags.
fn configuration(set: &Set<'_>) -> Configuration {
    let text = |name| set.value(name).unwrap_or_default().to_owned();
    let claim = set.value("oidc-username-claim").unwrap_or("sub");
    let prefix = match set.value("oidc-username-prefix") {
        None if claim != "email" => format!("{}#", text("oidc-issuer-url")),
        None | Some("-") => String::new(),
        Some(prefix) => prefix.to_owned(),
    };
    let pairs = set
        .all("oidc-required-claim")
        .filter_map(|flag| flag.value.split_once('='));
    Configuration {
        jwt: vec![Jwt {
            issuer: Issuer {
                url: text("oidc-issuer-url"),
                audiences: vec![text("oidc-client-id")],
                ..Issuer::default()
            },
            claim_rules: pairs
                .map(|(claim, value)| ClaimRule {
                    claim: claim.to_owned(),
                    required_value: value.to_owned(),
                    ..ClaimRule::default()
                })
                .collect(),
            username: Mapping {
                claim: claim.to_owned(),
                prefix: Some(prefix),
                ..Mapping::default()
            },
            groups: set
                .value("oidc-groups-claim")
                .map(|claim| Mapping {
                    claim: claim.to_owned(),
                    prefix: Some(text("oidc-groups-prefix")),
                    ..Mapping::default()
                })
                .unwrap_or_default(),
            ..Jwt::default()
        }],
        anonymous: None,
    }
}

fn flag_of(field: &str) -> Option<&'static str> {
    [
        (".issuer.url", "oidc-issuer-url"),
        (".issuer.audiences", "oidc-client-id"),
        (".claimValidationRules", "oidc-required-claim"),
        (".username", "oidc-username-claim"),
    ]
    .into_iter()
    .find(|(part, _)| field.contains(part))
    .map(|(_, flag)| flag)
}

fn advice(set: &Set<'_>, issuer: &Flag) -> Vec<Finding> {
    let mut findings = Vec::new();
    let claim = set.value("oidc-username-claim").unwrap_or("sub");
    let prefix = set.get("oidc-username-prefix");
    match (prefix, claim) {
        (None, "email") => {
            let text = "a token without `email_verified` is accepted, and user names have no prefix: give --oidc-username-prefix";
            findings.extend(set.get("oidc-username-claim").map(|flag| warning(flag, text)));
        }
        (None, _) => {
            let text = format!(
                "user names begin with `{}#`, as there is no --oidc-username-prefix",
                issuer.value
            );
            findings.push(warning(issuer, text));
        }
        (Some(flag), _) if flag.value == "-" => {
            findings.push(warning(flag, "user names have no prefix, so a name such as `system:admin` of the provider is taken as it is"));
        }
        (Some(_), _) => {}
    }
    if let (Some(flag), None) = (set.get("oidc-groups-claim"), set.get("oidc-groups-prefix")) {
        let text = "groups have no prefix, so a group `system:masters` of the provider may do everything: give --oidc-groups-prefix";
        findings.push(warning(flag, text));
    }
    findings
}
