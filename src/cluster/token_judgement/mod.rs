//! What an API server makes of a token as a whole.
//!
//! Follows kube-apiserver's OpenID Connect authenticator: form, algorithm, signature, issuer, audience, times, then the claims
//! ([`super::judge`] has the same verdicts on these). Pure: the caller has read the token and verified its signature.

use serde_json::{Map, Value};

use super::groups_verdict::groups_verdict;
use super::judgement::{State, Verdict, is_okta_issuer, username_verdict};
use super::{ClaimMapping, names};
use crate::clock::Timestamp;
use crate::duration_words::in_words;

/// How early the API server accepts a token before its `nbf` claim (go-oidc 2).
const NOT_BEFORE_LEEWAY_SECS: i64 = 60;
/// A longer token is noted: some load balancers in front of clusters reject it.
const MAX_UNREMARKED_BYTES: usize = 16 * 1024;
/// The algorithms that an API server can be configured to accept. Without a setting it accepts the first.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
];

/// What was found out about a token.
#[derive(Debug)]
pub(crate) struct TokenFacts<'a> {
    pub(crate) form: Form<'a>,
    /// The length.
    pub(crate) bytes: usize,
    pub(crate) algorithm: &'a str,
    pub(crate) signature: Signature,
    pub(crate) claims: &'a Map<String, Value>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
}

/// What kind of text the token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    Signed,
    Encrypted,
    Opaque,
    /// A token that cannot be read, for this reason.
    Broken(&'a str),
    NoToken,
}

/// The result of verifying the signature. Each has a text that says with which keys, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    Verified(String),
    Wrong(String),
    Unchecked(String),
}

/// The settings of the API server, as far as they are known.
#[derive(Debug)]
pub(crate) struct ServerSettings<'a> {
    pub(crate) issuer: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) mapping: &'a ClaimMapping,
    pub(crate) now: Timestamp,
}

/// One rule, and what came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) state: CheckState,
    pub(crate) text: String,
}

/// What came of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    Passed,
    /// The token is accepted, and a person should know this.
    Noted,
    /// It could not be decided here.
    Undecided,
    Failed,
}

/// All rules that were applied, and the result.
#[derive(Debug)]
pub(crate) struct TokenJudgement {
    pub(crate) checks: Vec<Check>,
    pub(crate) verdict: TokenVerdict,
    /// No API server can be configured with such an issuer, so that the verdict holds for trials alone.
    pub(crate) is_issuer_http: bool,
}

/// What the API server does with the token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenVerdict {
    Accepted {
        username: String,
        groups: Vec<String>,
    },
    /// It answers `Unauthorized`, for this reason.
    Refused(String),
    /// That depends on what could not be decided here.
    Unknown(String),
}

/// Judges a token as an API server with these settings does.
pub(crate) fn judge_token(token: &TokenFacts<'_>, server: &ServerSettings<'_>) -> TokenJudgement {
    let form = form(token);
    let is_readable = form.state != CheckState::Failed;
    let mut checks = vec![form];
    let mut user = None;
    if is_readable {
        let (claims, mapping) = (token.claims, server.mapping);
        let (username, groups) = (names::username(claims, mapping), names::groups(claims, mapping));
        let at_okta = server.issuer.is_some_and(is_okta_issuer);
        checks.extend([
            algorithm(token.algorithm),
            signature(&token.signature),
            issuer(claims, server),
            audience(claims, server),
            times(token, server.now),
            Check::of("user", username_verdict(&username, mapping, at_okta)),
            Check::of("groups", groups_verdict(claims, &groups, mapping, at_okta)),
        ]);
        user = username.ok().zip(groups.ok());
    }
    let verdict = verdict(&checks, user);
    TokenJudgement {
        checks,
        verdict,
        is_issuer_http: server.issuer.is_some_and(|issuer| issuer.starts_with("http:")),
    }
}

/// Returns the first failure, else what is not decided, else the user.
fn verdict(checks: &[Check], user: Option<(String, Vec<String>)>) -> TokenVerdict {
    let first = |state| {
        checks
            .iter()
            .find(|check| check.state == state)
            .map(|check| check.text.clone())
    };
    if let Some(reason) = first(CheckState::Failed) {
        return TokenVerdict::Refused(reason);
    }
    if let Some(reason) = first(CheckState::Undecided) {
        return TokenVerdict::Unknown(reason);
    }
    match user {
        Some((username, groups)) => TokenVerdict::Accepted { username, groups },
        None => TokenVerdict::Unknown("its claims were not read".to_owned()),
    }
}

impl Check {
    fn new(name: &'static str, state: CheckState, text: impl Into<String>) -> Self {
        Self {
            name,
            state,
            text: text.into(),
        }
    }

    /// Takes over a verdict on a claim.
    fn of(name: &'static str, verdict: Verdict) -> Self {
        let state = match verdict.state {
            State::Ok => CheckState::Passed,
            State::Note | State::Warning => CheckState::Noted,
            State::Refused => CheckState::Failed,
        };
        let fix = verdict.fix.map(|fix| format!(": {fix}")).unwrap_or_default();
        Self::new(name, state, format!("{}{fix}", verdict.finding))
    }
}

fn form(token: &TokenFacts<'_>) -> Check {
    let failed = |text: &str| Check::new("form", CheckState::Failed, text);
    match token.form {
        Form::Signed if token.bytes > MAX_UNREMARKED_BYTES => Check::new(
            "form",
            CheckState::Noted,
            format!(
                "a signed token (JWT) of {} KiB, most often because of its groups: some load balancers refuse that",
                token.bytes / 1024
            ),
        ),
        Form::Signed => Check::new(
            "form",
            CheckState::Passed,
            format!("a signed token (JWT), {} bytes", token.bytes),
        ),
        Form::Encrypted => failed(
            "it is encrypted (JWE): no API server can read it; switch encryption off for this app at the provider",
        ),
        Form::Opaque => failed(
            "it is no JWT but an opaque token, which only the provider can read: an API server needs an ID token",
        ),
        Form::Broken(reason) => failed(&format!("it is no whole token: {reason}")),
        Form::NoToken => failed("it is no token: it has characters that no token has"),
    }
}

fn algorithm(name: &str) -> Check {
    let check = |state, text| Check::new("algorithm", state, text);
    match ALGORITHMS.iter().position(|known| *known == name) {
        Some(0) => check(
            CheckState::Passed,
            format!("{name}, which every API server accepts"),
        ),
        Some(_) => check(
            CheckState::Noted,
            format!(
                "{name}: the API server accepts it only with --oidc-signing-algs={name}, or by an AuthenticationConfiguration"
            ),
        ),
        None if name.eq_ignore_ascii_case("none") => {
            check(CheckState::Failed, "it is not signed (`alg` is none)".to_owned())
        }
        None if name.starts_with("HS") => check(
            CheckState::Failed,
            format!(
                "it is signed with {name}, a shared secret, which no API server accepts: set the app to RS256"
            ),
        ),
        None => check(
            CheckState::Failed,
            format!("it is signed with `{name}`, which no API server accepts: set the app to RS256 or ES256"),
        ),
    }
}

fn signature(signature: &Signature) -> Check {
    let (state, text) = match signature {
        Signature::Verified(text) => (CheckState::Passed, text),
        Signature::Wrong(text) => (CheckState::Failed, text),
        Signature::Unchecked(text) => (CheckState::Undecided, text),
    };
    Check::new("signature", state, text.as_str())
}

fn issuer(claims: &Map<String, Value>, server: &ServerSettings<'_>) -> Check {
    let check = |state, text| Check::new("issuer", state, text);
    let Some(found) = claims.get("iss").and_then(Value::as_str) else {
        return check(
            CheckState::Failed,
            "it has no `iss` claim that is a text, so no API server takes it for its own".to_owned(),
        );
    };
    let Some(wanted) = server.issuer else {
        return check(
            CheckState::Noted,
            format!("`{found}`; the API server's issuer has to be the same to the letter"),
        );
    };
    let is_google = wanted == "https://accounts.google.com" && found == "accounts.google.com";
    if found == wanted && found.starts_with("http:") {
        check(
            CheckState::Noted,
            format!("`{found}` is http, and an API server takes https only"),
        )
    } else if found == wanted || is_google {
        check(CheckState::Passed, format!("`{found}`"))
    } else if found.trim_end_matches('/') == wanted.trim_end_matches('/') {
        check(
            CheckState::Failed,
            format!(
                "its issuer `{found}` differs from `{wanted}` by a slash at the end, and has to be the same to the letter"
            ),
        )
    } else {
        check(
            CheckState::Failed,
            format!("its issuer is `{found}`, not `{wanted}`"),
        )
    }
}

fn audience(claims: &Map<String, Value>, server: &ServerSettings<'_>) -> Check {
    let check = |state, text| Check::new("audience", state, text);
    let found: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let all = found.join("`, `");
    match server.client_id {
        _ if found.is_empty() => check(CheckState::Failed, "it has no audience (`aud` claim)".to_owned()),
        None => check(
            CheckState::Noted,
            format!("`{all}`; not compared with a client id: give --oidc-client-id"),
        ),
        Some(client_id) if found.contains(&client_id) && found.len() > 1 => check(
            CheckState::Passed,
            format!("has the client id `{client_id}`, and {} more", found.len() - 1),
        ),
        Some(client_id) if found.contains(&client_id) => {
            check(CheckState::Passed, format!("is the client id `{client_id}`"))
        }
        Some(client_id) => check(
            CheckState::Failed,
            format!(
                "its audience is `{all}`, not the client id `{client_id}`{}",
                access_token_advice(claims)
            ),
        ),
    }
}

/// Recognizes an access token by the claims that name its client and its scopes (RFC 9068 2.2, Okta). `azp` occurs in ID tokens, too.
fn access_token_advice(claims: &Map<String, Value>) -> &'static str {
    let is_access_token = ["scp", "scope", "cid", "client_id"]
        .iter()
        .any(|name| claims.contains_key(*name));
    if is_access_token {
        "; it looks like an access token, and an API server needs the ID token"
    } else {
        ""
    }
}

/// Applies the rules for `exp`, which has no leeway, and `nbf`. The API server does not look at `iat`.
fn times(token: &TokenFacts<'_>, now: Timestamp) -> Check {
    let check = |state, text| Check::new("times", state, text);
    let Some(expires_at) = token.expires_at else {
        return check(
            CheckState::Failed,
            "it has no `exp` claim that is a time, so it counts as expired".to_owned(),
        );
    };
    if expires_at <= now {
        return check(
            CheckState::Failed,
            format!(
                "it expired {} ago, at {}",
                in_words(now.secs_since(expires_at)),
                expires_at.rfc3339()
            ),
        );
    }
    let early = token.not_before.map_or(0, |time| time.secs_since(now));
    if early > 0 {
        let state = if early > NOT_BEFORE_LEEWAY_SECS {
            CheckState::Failed
        } else {
            CheckState::Noted
        };
        let time = now.saturating_add(early).rfc3339();
        return check(
            state,
            format!(
                "it is not valid before {time}, in {}: look at this machine's clock",
                in_words(early)
            ),
        );
    }
    let valid = format!(
        "valid for {}, until {}",
        more(expires_at.secs_since(now)),
        expires_at.rfc3339()
    );
    match token.issued_at.filter(|issued| *issued > now) {
        Some(issued) => check(
            CheckState::Noted,
            format!(
                "{valid}; issued in {}: look at this machine's clock",
                in_words(issued.secs_since(now))
            ),
        ),
        None => check(CheckState::Passed, valid),
    }
}

/// Returns `42 more minutes`.
fn more(seconds: i64) -> String {
    in_words(seconds).replacen(' ', " more ", 1)
}

#[cfg(test)]
mod tests;
