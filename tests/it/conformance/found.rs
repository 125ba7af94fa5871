//! What a run of the program came to, and the conditions that hold in each of them.

use std::fmt;

use url::form_urlencoded::parse;

use crate::support::{Outcome, Sandbox};
use okta::{Endpoint, Recorded};

/// What a run came to, in words that are the same in each run.
pub(super) enum Found {
    /// The caller has a token. With what else was seen: warnings, notes, and what the case counted.
    SignedIn(Vec<String>),
    /// What was told.
    Refused(String),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedIn(seen) => {
                write!(f, "gets a token")?;
                seen.iter().try_for_each(|seen| write!(f, "; {seen}"))
            }
            Self::Refused(told) => write!(f, "refuses: \"{told}\""),
        }
    }
}

impl Found {
    /// The same, with something that the case has seen beside the token.
    pub(super) fn and(self, seen: String) -> Self {
        match self {
            Self::SignedIn(mut all) => {
                all.insert(0, seen);
                Self::SignedIn(all)
            }
            refused @ Self::Refused(_) => refused,
        }
    }
}

/// What a call came to that had no session before it. A refusal writes nothing, neither to standard output nor to the cache.
pub(super) fn of_sign_in(sandbox: &Sandbox, outcome: &Outcome) -> Found {
    let found = of_call(sandbox, outcome);
    if let Found::Refused(_) = found {
        assert_eq!(sandbox.cache_files(".session.json").len(), 0, "{outcome}");
    }
    found
}

/// What a call came to whose token had to be refreshed. Where the refresh was refused, a sign-in followed, and brought another token.
pub(super) fn of_refresh(sandbox: &Sandbox, outcome: &Outcome) -> Found {
    let found = of_call(sandbox, outcome);
    let told = lines(sandbox, outcome);
    let ended = told.iter().find(|line| line.starts_with("the session has ended"));
    match (found, ended) {
        (Found::SignedIn(_), Some(ended)) => {
            assert_eq!(sandbox.tabs(), 2, "{outcome}");
            Found::Refused(ended.clone())
        }
        (found, _) => {
            assert_eq!(sandbox.tabs(), 1, "{outcome}");
            found
        }
    }
}

fn of_call(sandbox: &Sandbox, outcome: &Outcome) -> Found {
    each_request_keeps_the_rules(sandbox);
    let told = lines(sandbox, outcome);
    if outcome.code == Some(0) {
        outcome.token();
        let notes = told
            .into_iter()
            .filter(|line| line.starts_with("warning: ") || line.starts_with("note: "));
        return Found::SignedIn(notes.map(|line| format!("\"{line}\"")).collect());
    }
    outcome.fails(outcome.code.expect("an exit code"), &["warning: "; 0]);
    let parts: Vec<&str> = told
        .iter()
        .filter_map(|line| {
            line.strip_prefix("error: ")
                .or_else(|| line.strip_prefix("caused by: "))
        })
        .collect();
    Found::Refused(parts.join(": "))
}

/// The lines of standard error, without what differs from run to run.
fn lines(sandbox: &Sandbox, outcome: &Outcome) -> Vec<String> {
    let told = sandbox.filtered_stderr(outcome);
    let lines = told.lines().filter_map(|line| line.strip_prefix("stderr: "));
    lines.map(steady).collect()
}

/// Puts `[N]` in the place of times, dates, processes and the size of a token, `[PORT]` in that of a port, and leaves the request's id out.
fn steady(line: &str) -> String {
    let line = line.replace(" (request id [ID])", "");
    let words: Vec<&str> = line.split(' ').collect();
    let is_number = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let steady = words.iter().enumerate().map(|(place, word)| {
        let unit = words
            .get(place + 1)
            .map_or("", |next| next.trim_end_matches([',', ')', '"']));
        let is_size = place > 0 && words[place - 1] == "has" && unit == "bytes";
        let is_date = word.starts_with("20") && word.contains('T');
        match word.split_once(':') {
            Some(("localhost", port)) if is_number(port) => "localhost:[PORT]",
            Some(("127.0.0.1", port)) if is_number(port) => "127.0.0.1:[PORT]",
            _ if place > 0 && words[place - 1] == "(process" => "[N])",
            _ if is_number(word) && (["s", "min"].contains(&unit) || is_size) => "[N]",
            _ if is_date => "[N]",
            _ => word,
        }
    });
    steady.collect::<Vec<_>>().join(" ")
}

/// A rule that the suite's modules check of each request.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) must: &'static str,
    pub(super) is_kept: fn(&Sandbox, &[Recorded], &Recorded) -> bool,
}

/// The rules of all modules.
pub(super) static RULES: [Rule; 12] = [
    Rule {
        name: "every module: scope",
        must: "ask for the scope `openid`",
        is_kept: |_, _, request| {
            request.endpoint != Endpoint::Authorize
                || value(&request.query, "scope")
                    .is_some_and(|scope| scope.split(' ').any(|word| word == "openid"))
        },
    },
    Rule {
        name: "every module: client_id",
        must: "name the registered client in the authorization request",
        is_kept: |sandbox, _, request| {
            request.endpoint != Endpoint::Authorize || is_client(sandbox, value(&request.query, "client_id"))
        },
    },
    Rule {
        name: "every module: client_id of the token request",
        must: "name the same client, if any, in the token request",
        is_kept: |sandbox, _, request| {
            let client = value(&request.form, "client_id");
            request.endpoint != Endpoint::Token || client.is_none() || is_client(sandbox, client)
        },
    },
    Rule {
        name: "every module: redirect_uri",
        must: "name a registered redirect URI, and the same one at the token endpoint",
        is_kept: |_, all, request| {
            let named = value(&request.form, "redirect_uri");
            value(&request.form, "code").is_none()
                || all.iter().any(|other| {
                    other.endpoint == Endpoint::Authorize && value(&other.query, "redirect_uri") == named
                })
        },
    },
    Rule {
        name: "every module: response_type",
        must: "ask for the configured response type, `code`",
        is_kept: |_, _, request| {
            request.endpoint != Endpoint::Authorize || value(&request.query, "response_type") == Some("code")
        },
    },
    Rule {
        name: "every module: max_age and prompt",
        must: "not send `max_age=0` together with `prompt=none`",
        is_kept: |_, _, request| {
            value(&request.query, "max_age") != Some("0") || value(&request.query, "prompt") != Some("none")
        },
    },
    Rule {
        name: "every module: state and nonce",
        must: "send a new `state` and a new `nonce` with each authorization request",
        is_kept: |_, all, request| {
            request.endpoint != Endpoint::Authorize
                || ["state", "nonce"]
                    .into_iter()
                    .all(|name| is_new(all, request, name))
        },
    },
    Rule {
        name: "every module: code_challenge",
        must: "send a challenge by S256 with each authorization request, and its verifier with the code",
        is_kept: |_, _, request| match request.endpoint {
            Endpoint::Authorize => {
                value(&request.query, "code_challenge_method") == Some("S256")
                    && value(&request.query, "code_challenge").is_some_and(|challenge| challenge.len() == 43)
            }
            _ => {
                value(&request.form, "code").is_none()
                    || value(&request.form, "code_verifier").is_some_and(|verifier| verifier.len() >= 43)
            }
        },
    },
    Rule {
        name: "every module: client authentication",
        must: "authenticate by one method alone",
        is_kept: |_, _, request| {
            let header = request
                .headers
                .iter()
                .filter(|(name, _)| name == "authorization")
                .count();
            let form = ["client_secret", "client_assertion"];
            let form = form.iter().filter(|name| value(&request.form, name).is_some());
            request.endpoint != Endpoint::Token || header + form.count() <= 1
        },
    },
    Rule {
        name: "every module: tokens in URLs",
        must: "never send a token, a code or a verifier in the query of a request",
        is_kept: |_, _, request| {
            let secrets = [
                "access_token",
                "id_token",
                "refresh_token",
                "code",
                "code_verifier",
                "client_secret",
            ];
            secrets.iter().all(|name| value(&request.query, name).is_none())
        },
    },
    Rule {
        name: "every module: scope of a refresh",
        must: "ask with a refresh for no more than was granted",
        is_kept: |_, all, request| {
            let asked = value(&request.form, "scope").unwrap_or_default();
            let granted: Vec<&str> = all
                .iter()
                .filter_map(|other| value(&other.query, "scope"))
                .flat_map(|scope| scope.split(' '))
                .collect();
            request.grant_type.as_deref() != Some("refresh_token")
                || granted.is_empty()
                || asked.split_whitespace().all(|word| granted.contains(&word))
        },
    },
    Rule {
        name: "every module: one use of a code",
        must: "send a code once",
        is_kept: |_, all, request| {
            let code = value(&request.form, "code");
            let uses = all
                .iter()
                .filter(|other| value(&other.form, "code") == code && other.status == 200);
            code.is_none() || uses.count() <= 1
        },
    },
];

fn each_request_keeps_the_rules(sandbox: &Sandbox) {
    let all = with_pushed_parameters(sandbox.okta.requests());
    for rule in &RULES {
        for request in &all {
            assert!(
                (rule.is_kept)(sandbox, &all, request),
                "{}: {request:?}",
                rule.name
            );
        }
    }
}

/// Gives each authorization request that refers to a pushed one the parameters that were pushed.
fn with_pushed_parameters(mut all: Vec<Recorded>) -> Vec<Recorded> {
    let mut pushed = Vec::new();
    for request in &mut all {
        match request.endpoint {
            Endpoint::Par if request.status < 300 => {
                pushed = request.form.clone();
                pushed.retain(|(name, _)| name != "client_secret" && name != "client_assertion");
            }
            Endpoint::Authorize if value(&request.query, "request_uri").is_some() => {
                assert_eq!(request.query.len(), 2, "{request:?}");
                request.query.clone_from(&pushed);
            }
            _ => {}
        }
    }
    all
}

fn is_client(sandbox: &Sandbox, named: Option<&str>) -> bool {
    named == Some(&sandbox.okta.client_id()) || named == Some(&sandbox.okta.web_client_id())
}

fn is_new(all: &[Recorded], request: &Recorded, name: &str) -> bool {
    let own = value(&request.query, name);
    let same = all
        .iter()
        .filter(|other| other.endpoint == Endpoint::Authorize && value(&other.query, name) == own);
    own.is_some_and(|own| own.len() >= 22) && same.count() == 1
}

/// The first value of a parameter.
pub(super) fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// The value of a parameter of a URL.
pub(super) fn of_url(url: &str, name: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.into_owned())
}
