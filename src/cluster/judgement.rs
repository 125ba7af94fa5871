//! One verdict for each thing that an API server looks at in a token, with the fix.
//!
//! A token that the API server rejects has a verdict [`State::Refused`]. Everything else is accepted: a warning is about what follows
//! from it, a note is worth knowing.

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::groups_verdict::groups_verdict;
use super::mapping::ClaimMapping;
use super::names::{self, RESERVED, UsernameFault};
use crate::settings::is_okta;
use crate::untrusted_text::UntrustedText;

/// Some proxies and load balancers in front of API servers take 8 KiB of headers.
const MAX_COMFORTABLE_BYTES: usize = 7 * 1024;
/// What `--oidc-signing-algs` accepts by default.
pub(super) const DEFAULT_ALGORITHM: &str = "RS256";
/// What an API server can be configured to accept.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
];

/// A token as it is presented to the API server, and the provider that the API server is configured for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    /// Empty if the token is opaque.
    pub(crate) claims: &'a Map<String, Value>,
    /// The header's `alg`.
    pub(crate) algorithm: Option<&'a str>,
    pub(crate) bytes: usize,
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
}

/// What a verdict means for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ok,
    Note,
    Warning,
    /// The API server rejects the token.
    Refused,
}

/// What the API server makes of one part of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) subject: &'static str,
    pub(crate) state: State,
    pub(crate) finding: String,
    /// Programs know it by the key of version 1 of the document.
    #[serde(rename = "cure", skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}

/// The user as `kubectl auth whoami` shows it, and the verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The audience that the API server has to accept. It is the client id, except for access tokens.
    pub(crate) audience: String,
    pub(crate) username: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Judgement {
    /// Returns the first verdict for which the API server rejects the token, if there is one.
    pub(crate) fn refusal(&self) -> Option<&Verdict> {
        self.verdicts
            .iter()
            .find(|verdict| verdict.state == State::Refused)
    }
}

impl Verdict {
    pub(super) fn new(subject: &'static str, state: State, finding: impl Into<String>) -> Self {
        Self {
            subject,
            state,
            finding: finding.into(),
            fix: None,
        }
    }

    pub(super) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Returns what the API server makes of a token.
pub(crate) fn judge(token: Presented<'_>, mapping: &ClaimMapping) -> Judgement {
    if token.claims.is_empty() {
        let opaque = Verdict::new(
            "token",
            State::Refused,
            "the token is opaque, and not a JSON Web Token",
        )
        .with_fix("leave --oidc-use-access-token out: the ID token is a JSON Web Token");
        return Judgement {
            audience: token.client_id.to_owned(),
            username: None,
            groups: Vec::new(),
            verdicts: vec![opaque],
        };
    }
    let (audience, audience_verdict) = audience(token);
    let username = names::username(token.claims, mapping);
    let groups = names::groups(token.claims, mapping);
    let at_okta = is_okta_issuer(token.issuer);
    let verdicts = [
        Some(issuer(token)),
        Some(audience_verdict),
        Some(signature(token.algorithm)),
        size(token.bytes),
        Some(username_verdict(&username, mapping, at_okta)),
        Some(groups_verdict(token.claims, &groups, mapping, at_okta)),
        prefix_verdict(mapping),
    ];
    Judgement {
        audience,
        username: username.ok(),
        groups: groups.unwrap_or_default(),
        verdicts: verdicts.into_iter().flatten().collect(),
    }
}

pub(super) fn is_okta_issuer(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| is_okta(&url))
}

/// The API server compares the issuer byte for byte, and takes https only.
fn issuer(token: Presented<'_>) -> Verdict {
    let named = token
        .claims
        .get("iss")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // kube-apiserver makes this one exception.
    let is_google = named == "accounts.google.com" && token.issuer == "https://accounts.google.com";
    if named != token.issuer && !is_google {
        let difference = difference(named, token.issuer);
        return Verdict::new(
            "issuer",
            State::Refused,
            format!(
                "the token's `iss` is `{named}`, which {difference} from `{}`",
                token.issuer
            ),
        )
        .with_fix(format!(
            "use --oidc-issuer-url={named}, here and in the API server"
        ));
    }
    if token.issuer.starts_with("http:") {
        return Verdict::new(
            "issuer",
            State::Warning,
            format!("{} is http, and an API server takes https only", token.issuer),
        )
        .with_fix("this provider is good for a trial without a cluster; use one with https for a cluster");
    }
    Verdict::new("issuer", State::Ok, token.issuer)
}

/// Names how two issuers differ.
fn difference(a: &str, b: &str) -> &'static str {
    if a.trim_end_matches('/') == b.trim_end_matches('/') {
        "differs by a slash at the end"
    } else if a.eq_ignore_ascii_case(b) {
        "differs by upper and lower case"
    } else {
        "differs"
    }
}

/// Returns the audience that the API server has to accept.
fn audience(token: Presented<'_>) -> (String, Verdict) {
    let audiences: Vec<&str> = match token.claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let client_id = token.client_id;
    let verdict = |state, finding: String| Verdict::new("audience", state, finding);
    match audiences.as_slice() {
        [] => (
            client_id.to_owned(),
            verdict(State::Refused, "the token names no audience (`aud`)".to_owned())
                .with_fix("use the ID token, whose audience is the client id"),
        ),
        [one] if *one == client_id => (client_id.to_owned(), verdict(State::Ok, client_id.to_owned())),
        all if all.contains(&client_id) => (
            client_id.to_owned(),
            verdict(
                State::Ok,
                format!("{client_id}, one of {} audiences of the token", all.len()),
            ),
        ),
        // In the place of the client id it would be more than one flag.
        [first, ..] if first.contains(|c: char| c.is_whitespace() || c.is_control()) => (
            client_id.to_owned(),
            verdict(
                State::Refused,
                format!(
                    "`{}` has white space in it, which no flag of the API server can name",
                    UntrustedText::new(first)
                ),
            )
            .with_fix("set an audience without white space at the provider, or use the ID token"),
        ),
        [first, ..] => (
            (*first).to_owned(),
            verdict(
                State::Note,
                format!("{first}, which the API server needs in place of the client id {client_id}"),
            ),
        ),
    }
}

fn signature(algorithm: Option<&str>) -> Verdict {
    let verdict = |state, finding| Verdict::new("signature", state, finding);
    match algorithm {
        Some(DEFAULT_ALGORITHM) => verdict(State::Ok, DEFAULT_ALGORITHM.to_owned()),
        Some(name) if ALGORITHMS.contains(&name) => verdict(
            State::Note,
            format!(
                "{name}: the flags accept {DEFAULT_ALGORITHM} only, unless --oidc-signing-algs={name} is set"
            ),
        ),
        Some(name) => verdict(
            State::Refused,
            format!("the token is signed with {name}, which no API server accepts"),
        )
        .with_fix("set the app at the provider to RS256 or ES256"),
        None => verdict(State::Refused, "the token's header names no algorithm".to_owned())
            .with_fix("use the ID token"),
    }
}

fn size(bytes: usize) -> Option<Verdict> {
    (bytes > MAX_COMFORTABLE_BYTES).then(|| {
        Verdict::new(
            "size",
            State::Warning,
            format!(
                "the token has {} KiB: proxies and load balancers before the API server may take 8 KiB of headers",
                bytes / 1024
            ),
        )
        .with_fix("let the groups claim match only the groups that Kubernetes needs")
    })
}

pub(super) fn username_verdict(
    username: &Result<String, UsernameFault>,
    mapping: &ClaimMapping,
    at_okta: bool,
) -> Verdict {
    let claim = &mapping.username_claim;
    let verdict = |state, finding| Verdict::new("username", state, finding);
    match username {
        Ok(name) if name.is_empty() => verdict(State::Warning, format!("the claim `{claim}` is empty, and so is the name"))
            .with_fix("take the name from another claim with --username-claim"),
        Ok(name) if name.starts_with(RESERVED) => verdict(
            State::Warning,
            format!("{name} begins with `{RESERVED}`, which means users of Kubernetes itself"),
        )
        .with_fix("set a prefix with --username-prefix=oidc:"),
        Ok(name) => verdict(State::Ok, name.clone()),
        Err(UsernameFault::Missing) => {
            verdict(State::Refused, format!("the token has no `{claim}` claim")).with_fix(missing_claim_fix(claim))
        }
        Err(UsernameFault::NotText) => verdict(State::Refused, format!("the claim `{claim}` is not a string"))
            .with_fix("take the name from another claim with --username-claim, such as `sub`"),
        Err(UsernameFault::EmailNotVerified(is)) => verdict(
            State::Refused,
            format!("the claim `email_verified` is not true: it is {is}"),
        )
        .with_fix(if at_okta {
            "have the address verified (Okta > Directory > People > the person), or use --username-claim=sub"
        } else {
            "have the address verified at the provider, which has to send the boolean true, or use --username-claim=sub"
        }),
    }
}

/// Returns which scope requests a claim (OpenID Connect Core 5.4).
fn missing_claim_fix(claim: &str) -> String {
    let scope = match claim {
        "email" => "email",
        "name" | "preferred_username" | "nickname" | "given_name" | "family_name" => "profile",
        _ => {
            return format!(
                "add `{claim}` to the ID token at the provider, or use --username-claim=sub, which every ID token has"
            );
        }
    };
    format!("ask for it with --oidc-extra-scope={scope}, or use --username-claim=sub")
}

/// Without a groups prefix the provider's administrators can make anybody an administrator of the cluster.
fn prefix_verdict(mapping: &ClaimMapping) -> Option<Verdict> {
    mapping.groups_prefix.is_empty().then(|| {
        Verdict::new(
            "prefixes",
            State::Warning,
            "groups have no prefix, so a group that is called `system:masters` at the provider has all rights",
        )
        .with_fix("set one, such as --groups-prefix=oidc: (and --username-prefix=oidc:)")
    })
}

#[cfg(test)]
#[path = "judgement_tests.rs"]
mod tests;
