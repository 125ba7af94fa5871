//! Whose session it is, and until when: what a person recognizes in the claims of a token, and times in words.
//!
//! Pure. Texts of claims come from outside and are made harmless.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::oidc::{claims_of_stored, person_in};
use crate::secret::Secret;
use crate::session::Record;
use crate::untrusted_text::UntrustedText;

/// The longest name that is shown.
const MAX_NAME_CHARS: usize = 120;
/// So many groups are shown by name.
const MAX_GROUPS: usize = 10;

/// Whom a token is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// `None` for a token that cannot be read, or names nobody.
    pub(super) name: Option<UntrustedText>,
    pub(super) subject: Option<UntrustedText>,
    /// `None` if the token has no claim `groups`.
    pub(super) groups: Option<Groups>,
}

/// The groups of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) count: usize,
    /// The names of the first of them.
    pub(super) names: Vec<UntrustedText>,
}

impl Groups {
    fn of(names: &[&str], count: usize) -> Self {
        let shown = |name: &&str| UntrustedText::with_limit(name, MAX_NAME_CHARS);
        Self {
            count,
            names: names.iter().take(MAX_GROUPS).map(shown).collect(),
        }
    }

    /// Returns how many there are, and the names of the first.
    pub(super) fn listed(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(UntrustedText::as_str).collect();
        match self.count.saturating_sub(names.len()) {
            0 if names.is_empty() => "none".to_owned(),
            0 => names.join(", "),
            _ if names.is_empty() => self.count.to_string(),
            more => format!("{} and {more} more ({} in all)", names.join(", "), self.count),
        }
    }
}

impl Account {
    /// Whether it has this name or subject.
    pub(super) fn is_named(&self, wanted: &str) -> bool {
        let names = [&self.name, &self.subject];
        names.into_iter().flatten().any(|name| name.as_str() == wanted)
    }

    /// Reads a token. It is not verified here: a session's token was verified on arrival.
    pub(super) fn of_token(token: &Secret) -> Self {
        claims_of_stored(token).map_or_else(Self::default, |claims| Self::of_claims(&claims))
    }

    pub(super) fn of_claims(claims: &Map<String, Value>) -> Self {
        let shown = |text: &str| {
            let shown = UntrustedText::with_limit(text, MAX_NAME_CHARS);
            Some(shown).filter(|shown| !shown.as_str().is_empty())
        };
        let subject = claims.get("sub").and_then(Value::as_str);
        Self {
            name: person_in(claims).and_then(shown),
            subject: subject.and_then(shown),
            groups: match claims.get("groups") {
                Some(Value::Array(groups)) => {
                    let names: Vec<&str> = groups.iter().filter_map(Value::as_str).collect();
                    Some(Groups::of(&names, groups.len()))
                }
                // The API server takes one text for a list of one.
                Some(Value::String(group)) => Some(Groups::of(&[group], 1)),
                _ => None,
            },
        }
    }

    /// The number of groups in words.
    pub(super) fn groups_in_words(&self) -> Option<String> {
        Some(match self.groups.as_ref()?.count {
            0 => "no groups".to_owned(),
            1 => "1 group".to_owned(),
            many => format!("{many} groups"),
        })
    }
}

/// The line after a sign-in.
pub(super) fn signed_in(session: &Record, now: Timestamp) -> String {
    let account = Account::of_token(&session.token);
    let name = account.name.as_ref().map(|name| format!(" as {name}"));
    let groups = account.groups_in_words().map(|groups| format!(" ({groups})"));
    format!(
        "signed in{} for {}, until {}{}",
        name.unwrap_or_default(),
        duration_in_words(session.expires_at.secs_since(now)),
        time_in_words(session.expires_at, now),
        groups.unwrap_or_default()
    )
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns a duration in the largest unit that has at least two of it, rounded.
pub(super) fn duration_in_words(secs: i64) -> String {
    let secs = secs.max(0);
    let (unit, name) = match secs {
        0..120 => (1, "second"),
        120..7170 => (MINUTE, "minute"),
        7170..171_000 => (HOUR, "hour"),
        _ => (DAY, "day"),
    };
    let count = (secs.saturating_add(unit / 2)) / unit;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

/// Returns a time in UTC, without the date if it is less than 12 hours away.
pub(super) fn time_in_words(time: Timestamp, now: Timestamp) -> String {
    let text = time.rfc3339();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    let clock = clock.get(..5).unwrap_or_default();
    if time.secs_since(now).saturating_abs() < DAY / 2 {
        format!("{clock} UTC")
    } else {
        format!("{date} {clock} UTC")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::at;

    fn account(claims: Value) -> (Option<String>, Option<String>) {
        let Value::Object(claims) = claims else {
            panic!("no object")
        };
        let account = Account::of_claims(&claims);
        (
            account.name.as_ref().map(ToString::to_string),
            account.groups_in_words(),
        )
    }

    #[test]
    fn the_most_telling_claim_names_the_person() {
        for (claims, name, groups) in [
            (
                json!({"sub": "1", "name": "Alice", "preferred_username": "al", "email": "a@x"}),
                Some("al"),
                None,
            ),
            (
                json!({"sub": "1", "name": "Alice", "preferred_username": "al", "groups": []}),
                Some("al"),
                Some("no groups"),
            ),
            (
                json!({"sub": "1", "name": "Alice", "groups": "one"}),
                Some("Alice"),
                Some("1 group"),
            ),
            (
                json!({"sub": "1", "email": 7, "groups": ["a", "b", "c"]}),
                Some("1"),
                Some("3 groups"),
            ),
            (
                json!({"email": "a\u{1b}[2Jb\u{202e}", "groups": {"a": 1}}),
                Some("a[2Jb"),
                None,
            ),
            (json!({}), None, None),
        ] {
            let expected = (name.map(str::to_owned), groups.map(str::to_owned));
            assert_eq!(account(claims.clone()), expected, "{claims}");
        }
    }

    #[test]
    fn the_first_groups_are_listed_by_name() {
        let many: Vec<String> = (1..=12).map(|number| format!("g{number}")).collect();
        for (claim, listed) in [
            (json!([]), "none"),
            (json!("one"), "one"),
            (json!(["a", "b\u{1b}[2J"]), "a, b[2J"),
            (json!([1, 2]), "2"),
            (
                json!(many),
                "g1, g2, g3, g4, g5, g6, g7, g8, g9, g10 and 2 more (12 in all)",
            ),
        ] {
            let claims = json!({ "groups": claim });
            let account = Account::of_claims(claims.as_object().unwrap());
            assert_eq!(account.groups.unwrap().listed(), listed);
        }
    }

    #[test]
    fn durations_and_times_are_told_in_words() {
        for (secs, words) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (3599, "60 minutes"),
            (7169, "119 minutes"),
            (7200, "2 hours"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
            (i64::MAX, "106751991167300 days"),
        ] {
            assert_eq!(duration_in_words(secs), words, "{secs}");
        }
        let now = at(1_700_000_000);
        assert_eq!(time_in_words(now.saturating_add(3600), now), "23:13 UTC");
        assert_eq!(time_in_words(now.saturating_sub(3600), now), "21:13 UTC");
        assert_eq!(
            time_in_words(now.saturating_add(DAY), now),
            "2023-11-15 22:13 UTC"
        );
    }
}
