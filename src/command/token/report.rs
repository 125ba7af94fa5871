//! The report about a token, for people and for programs. Pure.

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::cluster::{Check, CheckState, TokenJudgement, TokenVerdict};
use crate::command::claim_mapping::UsernameSettings;
use crate::duration_words::relative;
use crate::oidc::{InspectedToken, TokenForm};
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::{WIDTH, lines_of_width};

/// The longest name of a claim that is shown to people.
const MAX_NAME_CHARS: usize = 24;
/// The longest value that is shown to people.
const MAX_VALUE_CHARS: usize = 1200;
/// The most claims that are shown to people.
const MAX_ROWS: usize = 100;
/// The claims that are times (RFC 7519 4.1, OpenID Connect Core 2 and 5.1).
const TIME_CLAIMS: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];

/// Everything that the report shows.
pub(super) struct Inspection<'a> {
    pub(super) token: &'a InspectedToken,
    /// Where the token is from.
    pub(super) source: &'a str,
    pub(super) judgement: &'a TokenJudgement,
    pub(super) keys: KeysFrom,
    /// How the API server is said to make the user name.
    pub(super) username_settings: &'a UsernameSettings,
    pub(super) now: Timestamp,
}

/// Where the keys were from that the signature was verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeysFrom {
    Provider,
    /// When they were fetched.
    Cache(Timestamp),
    Nowhere,
}

impl Inspection<'_> {
    /// Returns the report for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let token = self.token;
        row(&mut text, "Token", 0, 8, &UntrustedText::new(self.source));
        for (title, members) in [("Header", &token.header), ("Claims", &token.claims)] {
            if !members.is_empty() {
                text.extend(["\n", title, "\n"]);
                self.members(&mut text, members);
            }
        }
        text += "\nWhat the API server makes of it\n";
        for check in &self.judgement.checks {
            let name = format!("{:<8} {}", state_word(check.state), check.name);
            row(&mut text, &name, 2, 18, &shown(&check.text));
        }
        text.push('\n');
        let (word, reason) = self.verdict_line();
        let trial = if self.is_good_for_trial() {
            " for a trial"
        } else {
            ""
        };
        row(
            &mut text,
            "verdict:",
            0,
            8,
            &shown(&format!("{word}{trial}: {reason}")),
        );
        text
    }

    fn members(&self, text: &mut String, members: &Map<String, Value>) {
        let name = |name: &str| UntrustedText::with_limit(name, MAX_NAME_CHARS).to_string();
        let shown_members = || members.iter().take(MAX_ROWS);
        let width = shown_members()
            .map(|(found, _)| name(found).chars().count())
            .max();
        let width = width.unwrap_or_default();
        for (found, value) in shown_members() {
            row(text, &name(found), 2, width, &shown(&self.value(found, value)));
        }
        if members.len() > MAX_ROWS {
            let more = (members.len() - MAX_ROWS).to_string();
            text.extend([
                "  … and ",
                &more,
                " more (--output=json has all)
",
            ]);
        }
    }

    fn value(&self, name: &str, value: &Value) -> String {
        let is_text = |values: &&Vec<Value>| !values.is_empty() && values.iter().all(Value::is_string);
        match value {
            Value::String(text) => text.clone(),
            Value::Array(values) if is_text(&values) => {
                let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
                texts.join(", ")
            }
            value => match self.token.time(name).filter(|_| TIME_CLAIMS.contains(&name)) {
                Some(time) => format!("{} ({})", time.rfc3339(), relative(time, self.now)),
                None => value.to_string(),
            },
        }
    }

    fn is_good_for_trial(&self) -> bool {
        let is_accepted = matches!(self.judgement.verdict, TokenVerdict::Accepted { .. });
        is_accepted && self.judgement.is_issuer_http
    }

    fn verdict_line(&self) -> (&'static str, String) {
        match &self.judgement.verdict {
            TokenVerdict::Accepted { username, groups } => {
                let groups = match groups.len() {
                    0 => "in no group".to_owned(),
                    1 => "in 1 group".to_owned(),
                    count => format!("in {count} groups"),
                };
                let user = format!("`{username}`, {groups}");
                let UsernameSettings { flags, is_given } = self.username_settings;
                let text = if self.judgement.is_issuer_http {
                    format!(
                        "an API server takes no issuer of http; with {flags} it would take you for {user}"
                    )
                } else {
                    format!("an API server with {flags} takes you for {user}")
                };
                let advice = if *is_given {
                    ""
                } else {
                    "; where it has others, give them to this command"
                };
                let text = text + advice;
                ("good", text)
            }
            TokenVerdict::Refused(reason) => ("refused", reason.clone()),
            TokenVerdict::Unknown(reason) => ("unknown", reason.clone()),
        }
    }

    /// Returns the report for programs. Omits the signature, so that nothing in it can be used as the token.
    pub(super) fn value_for_programs(&self) -> Value {
        let token = self.token;
        let time = |name| token.time(name).map(Timestamp::rfc3339);
        let (keys, fetched) = match self.keys {
            KeysFrom::Provider => (Some("provider"), None),
            KeysFrom::Cache(fetched) => (Some("cache"), Some(fetched.rfc3339())),
            KeysFrom::Nowhere => (None, None),
        };
        let checks: Vec<Value> = self.judgement.checks.iter().map(check_value).collect();
        let (verdict, text) = self.verdict_line();
        let user = match &self.judgement.verdict {
            TokenVerdict::Accepted { username, groups } => json!({ "username": username, "groups": groups }),
            TokenVerdict::Refused(_) | TokenVerdict::Unknown(_) => Value::Null,
        };
        json!({
            "source": self.source,
            "form": form_word(&token.form),
            "bytes": token.bytes(),
            "header": token.header,
            "claims": token.claims,
            "issuedAt": time("iat"),
            "notBefore": time("nbf"),
            "expiresAt": time("exp"),
            "keys": { "from": keys, "fetchedAt": fetched },
            "checks": checks,
            "verdict": { "result": verdict, "text": text },
            "user": user,
        })
    }
}

fn check_value(check: &Check) -> Value {
    json!({ "name": check.name, "state": state_word(check.state), "text": check.text })
}

fn state_word(state: CheckState) -> &'static str {
    match state {
        CheckState::Passed => "ok",
        CheckState::Noted => "note",
        CheckState::Undecided => "unknown",
        CheckState::Failed => "failed",
    }
}

fn form_word(form: &TokenForm) -> &'static str {
    match form {
        TokenForm::Signed => "signed",
        TokenForm::Encrypted => "encrypted",
        TokenForm::Opaque => "opaque",
        TokenForm::Broken(_) => "broken",
        TokenForm::NoToken => "no-token",
    }
}

fn shown(text: &str) -> UntrustedText {
    UntrustedText::with_limit(text, MAX_VALUE_CHARS)
}

/// Adds a row: the name, padded to a width, and the value, whose further lines begin below its first.
fn row(text: &mut String, name: &str, indent: usize, width: usize, value: &UntrustedText) {
    let start = indent + width + 2;
    let (indent, padding) = (" ".repeat(indent), width.saturating_sub(name.chars().count()) + 2);
    let lines = lines_of_width(value.as_str(), WIDTH.saturating_sub(start).max(20));
    let next_line = format!(
        "
{}",
        " ".repeat(start)
    );
    text.extend([
        &*indent,
        name,
        &" ".repeat(padding),
        &lines.join(&next_line),
        "
",
    ]);
}
