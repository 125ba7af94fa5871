//! The session as it is stored.
//!
//! Owns the format, its version and what binds a record to its issuer and client. Pure: no files, no clock.
//! For every change ask three things: does the old program read the new record, the new program the old one,
//! and what does the old program do to a new record when it writes? (It puts a newer one aside.)

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Order;
use crate::initial_id_token::InitialIdToken;
use crate::secret::Secret;

/// Whether it is the record of tokens that wait to be written into a kubeconfig, whosever they are.
pub(super) fn is_waiting(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Waiting {
        replaces: Option<String>,
    }
    serde_json::from_slice::<Waiting>(bytes).is_ok_and(|record| record.replaces.is_some())
}

/// Version of the format that is written.
const VERSION: u32 = 1;

/// A token is refreshed this many seconds before its end, or at half its life if that is less: the API server
/// gives `exp` no leeway, client-go has no margin of its own, and a request takes a moment to arrive.
const REFRESH_MARGIN_SECS: i64 = 10;

/// A token is refreshed in the background in the last quarter of its life, or these seconds before its end if that is longer: a call a minute
/// has to come by in time. Never in the first half.
const BACKGROUND_REFRESH_SECS: i64 = 120;

/// Whose session it is: the record has to say the same as the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The account that was named, if one was. A record from before it was noted counts as anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
}

/// One person's session: the token that is returned, and what refreshes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) identity: Identity,
    /// What is returned, an ID token or an access token; verified when it arrived.
    pub(crate) token: Secret,
    /// When the token was issued, in seconds since the epoch.
    pub(crate) issued_at: i64,
    /// When it ends, in seconds since the epoch.
    pub(crate) expires_at: i64,
    pub(crate) refresh_token: Option<Secret>,
    /// The scopes that the provider granted, for the refresh request (RFC 6749 section 6).
    pub(crate) granted_scope: String,
    /// What a refreshed token is compared with (OpenID Connect Core 12.2).
    pub(crate) initial_id_token: InitialIdToken,
    /// Which record of its session it is.
    pub(crate) order: Order,
    /// Of tokens that wait to be written into an entry of a kubeconfig: which ones they are to replace there, as a hash.
    pub(crate) replaces: Option<String>,
}

/// The record as it is written. Its fields stand side by side: nesting them by serde's `flatten` would read each of them twice.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    version: u32,
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, str>>,
    token: Secret,
    issued_at: i64,
    expires_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    granted_scope: String,
    #[serde(rename = "origin")]
    initial_id_token: InitialIdToken,
    #[serde(default, skip_serializing_if = "is_default")]
    signed_in_at: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    generation: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    replaces: Option<Cow<'a, str>>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Record {
    pub(crate) fn new(
        identity: Identity,
        token: Secret,
        issued_at: i64,
        expires_at: i64,
        refresh_token: Option<Secret>,
        granted_scope: String,
        initial_id_token: InitialIdToken,
    ) -> Self {
        Self {
            identity,
            token,
            issued_at,
            expires_at,
            refresh_token,
            granted_scope,
            initial_id_token,
            order: Order::default(),
            replaces: None,
        }
    }

    /// Whether it is the later one of two of its session, or as late.
    pub(crate) fn is_as_late_as(&self, other: &Self) -> bool {
        (self.order, self.issued_at) >= (other.order, other.issued_at)
    }

    /// Reads a record, or says why it cannot be one of this session.
    pub(crate) fn parse(bytes: &[u8], identity: &Identity) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }

        if bytes.is_empty() {
            return Err("it is empty");
        }
        match serde_json::from_slice::<Wire<'_>>(bytes) {
            Ok(wire) if wire.version == VERSION => wire.record(identity),
            _ => match serde_json::from_slice::<Version>(bytes) {
                Ok(Version { version }) if version > VERSION => Err("a newer kubesesame wrote it"),
                _ => Err("it is broken"),
            },
        }
    }

    /// The record as it is written.
    ///
    /// # Errors
    /// None that is known: every field has a JSON form. An empty file in its place would end the session.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let wire = Wire {
            version: VERSION,
            issuer: Cow::Borrowed(&self.identity.issuer),
            client_id: Cow::Borrowed(&self.identity.client_id),
            account: self.identity.account.as_deref().map(Cow::Borrowed),
            token: self.token.clone(),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            refresh_token: self.refresh_token.clone(),
            granted_scope: self.granted_scope.clone(),
            initial_id_token: self.initial_id_token.clone(),
            signed_in_at: self.order.signed_in_at,
            generation: self.order.generation,
            replaces: self.replaces.as_deref().map(Cow::Borrowed),
        };
        serde_json::to_vec(&wire)
    }

    /// Of two records of one session, the one that was stored last. Where that was not counted, it is the one whose token was issued last, and
    /// within one second the second, which is of a place that is only used after the first.
    pub(crate) fn latest(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) if second.is_as_late_as(&first) => Some(second),
            (Some(first), _) => Some(first),
            (None, second) => second,
        }
    }

    /// Until when the token is returned, in seconds since the epoch; also what kubectl is told.
    pub(crate) fn usable_until(&self) -> i64 {
        let life = self.expires_at.saturating_sub(self.issued_at).max(0);
        self.expires_at.saturating_sub(REFRESH_MARGIN_SECS.min(life / 2))
    }

    pub(crate) fn is_usable(&self, now: i64) -> bool {
        now < self.usable_until()
    }

    /// Whether the token is near enough to its end to be refreshed in the background.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        let life = self.expires_at.saturating_sub(self.issued_at).max(0);
        let last_part = (life / 4).max(BACKGROUND_REFRESH_SECS).min(life / 2);
        now >= self.expires_at.saturating_sub(last_part)
    }
}

impl Wire<'_> {
    /// The record, if it is of the session that was looked for.
    fn record(self, identity: &Identity) -> Result<Record, &'static str> {
        if self.issuer != identity.issuer || self.client_id != identity.client_id {
            return Err("it belongs to another issuer or client");
        }
        if self.account.is_some() && self.account.as_deref() != identity.account.as_deref() {
            return Err("it belongs to another account");
        }
        // What no client can send is of no use, however long it lives: it is refreshed as one that has ended.
        let expires_at = if self.token.fits_header() {
            self.expires_at
        } else {
            0
        };
        Ok(Record {
            identity: identity.clone(),
            token: self.token,
            issued_at: self.issued_at,
            expires_at,
            refresh_token: self.refresh_token,
            granted_scope: self.granted_scope,
            initial_id_token: self.initial_id_token,
            order: Order {
                signed_in_at: self.signed_in_at,
                generation: self.generation,
            },
            replaces: self.replaces.map(Cow::into_owned),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn record(issued_at: i64, expires_at: i64) -> Record {
        Record::new(
            Identity {
                issuer: "https://i".into(),
                client_id: "c".into(),
                account: None,
            },
            Secret::new("h.p.s"),
            issued_at,
            expires_at,
            Some(Secret::new("refresh")),
            "openid".into(),
            InitialIdToken {
                subject: "00u1".into(),
            },
        )
    }

    #[test]
    fn a_token_is_kept_back_ten_seconds_or_half_its_life() {
        let hour = record(0, 3600);
        assert!(hour.is_usable(3589) && !hour.is_usable(3590));
        let short = record(0, 6);
        assert!(short.is_usable(2) && !short.is_usable(3));
        assert!(!record(0, 0).is_usable(0));
    }

    #[test]
    fn a_token_is_due_in_its_last_quarter_or_two_minutes_and_never_in_its_first_half() {
        let hour = record(0, 3600);
        assert!(!hour.is_due(2699) && hour.is_due(2700));
        let five_minutes = record(0, 300);
        assert!(!five_minutes.is_due(179) && five_minutes.is_due(180));
        let minute = record(0, 60);
        assert!(!minute.is_due(29) && minute.is_due(30));
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let record = record(5, 50);
        assert_eq!(
            Record::parse(&record.to_json().unwrap(), &record.identity),
            Ok(record)
        );
    }

    #[test]
    fn what_is_not_a_record_of_this_session_says_why() {
        let record = record(5, 50);
        let json = record.to_json().unwrap();
        let other = Identity {
            issuer: "https://other".into(),
            client_id: "c".into(),
            account: None,
        };
        let reason = |bytes: &[u8], identity| Record::parse(bytes, identity).unwrap_err();
        assert_eq!(reason(&json, &other), "it belongs to another issuer or client");
        assert_eq!(reason(b"", &record.identity), "it is empty");
        assert_eq!(reason(&json[..json.len() / 2], &record.identity), "it is broken");
        assert_eq!(reason(b"\xff\x00\x9f", &record.identity), "it is broken");
        assert_eq!(
            reason(br#"{"version":2,"new":[]}"#, &record.identity),
            "a newer kubesesame wrote it"
        );
    }

    #[test]
    fn a_record_that_names_an_account_is_of_no_other() {
        let of = |account: Option<&str>| {
            let mut record = record(5, 50);
            record.identity.account = account.map(str::to_owned);
            record
        };
        for (written, wanted, accepted) in [
            (Some("alice"), Some("alice"), true),
            (Some("alice"), Some("bob"), false),
            (Some("alice"), None, false),
            // Written before accounts were noted.
            (None, Some("alice"), true),
            (None, None, true),
        ] {
            let json = of(written).to_json().unwrap();
            let result = Record::parse(&json, &of(wanted).identity);
            assert_eq!(result.is_ok(), accepted, "{written:?} {wanted:?}");
        }
    }

    /// What a power loss may leave of a file that was not yet synced.
    #[test]
    fn no_part_of_a_record_is_taken_for_one() {
        let record = record(5, 50);
        let json = record.to_json().unwrap();
        for length in 0..json.len() {
            let mut zeros = json[..length].to_vec();
            assert!(Record::parse(&zeros, &record.identity).is_err(), "{length}");
            zeros.resize(json.len(), 0);
            assert!(
                Record::parse(&zeros, &record.identity).is_err(),
                "{length} and zeros"
            );
        }
    }

    /// The fields are those of the first version, whose files are on people's disks.
    #[test]
    fn golden() {
        let json = String::from_utf8(record(5, 50).to_json().unwrap()).unwrap();
        assert_eq!(
            json,
            r#"{"version":1,"issuer":"https://i","client_id":"c","token":"h.p.s","issued_at":5,"expires_at":50,"refresh_token":"refresh","granted_scope":"openid","origin":{"subject":"00u1"}}"#
        );
    }

    #[test]
    fn the_order_of_records_is_that_of_their_storing_and_where_none_was_noted_that_of_their_tokens() {
        let of = |(signed_in_at, generation, issued_at)| Record {
            order: Order {
                signed_in_at,
                generation,
            },
            ..record(issued_at, 50)
        };
        for (first, second, latest) in [
            ((0, 0, 5), (0, 0, 4), (0, 0, 5)),
            ((0, 0, 4), (0, 0, 5), (0, 0, 5)),
            // The clock of the provider's second machine is behind.
            ((9, 1, 5), (9, 2, 4), (9, 2, 4)),
            ((9, 2, 4), (9, 1, 5), (9, 2, 4)),
            ((0, 0, 5), (0, 1, 4), (0, 1, 4)),
            ((9, 3, 4), (9, 3, 5), (9, 3, 5)),
            // However often an earlier session was refreshed.
            ((9, 0, 5), (7, 6, 5), (9, 0, 5)),
            ((0, 6, 5), (9, 0, 5), (9, 0, 5)),
        ] {
            let found = Record::latest(Some(of(first)), Some(of(second))).unwrap();
            assert_eq!(found, of(latest));
        }
        let [mut home, mut elsewhere] = [record(5, 50), record(5, 50)];
        (home.granted_scope, elsewhere.granted_scope) = ("home".into(), "elsewhere".into());
        let tie = Record::latest(Some(home), Some(elsewhere)).unwrap();
        assert_eq!(tie.granted_scope, "elsewhere");
    }

    #[test]
    fn a_record_keeps_its_order_and_what_it_replaces() {
        let order = Order::default().signed_in(7).next();
        assert!(!is_waiting(&record(5, 50).to_json().unwrap()));
        let record = Record {
            order,
            replaces: Some("hash".to_owned()),
            ..record(5, 50)
        };
        assert_eq!(
            Record::parse(&record.to_json().unwrap(), &record.identity),
            Ok(record.clone())
        );
        assert!(is_waiting(&record.to_json().unwrap()));
    }

    #[test]
    fn fields_of_a_later_program_are_ignored() {
        let record = record(5, 50);
        let mut value: serde_json::Value = serde_json::from_slice(&record.to_json().unwrap()).unwrap();
        value["later"] = 1.into();
        assert_eq!(
            Record::parse(value.to_string().as_bytes(), &record.identity),
            Ok(record)
        );
    }
}
