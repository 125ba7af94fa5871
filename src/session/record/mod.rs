//! The session as it is stored.
//!
//! Owns the format, its version, and the check that a record belongs to the issuer and client. Pure: no files, no clock.
//! Before a change of the format, answer three questions: does the old program read the new record, does the new program read the old
//! record, and what does the old program do with a new record when it writes? (It quarantines a newer one.)

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Order;
use super::versioned::Version;
use crate::clock::Timestamp;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::DpopSession;
use crate::secret::Secret;
use crate::step_up::StepUp;

/// Whether a file is a record of pending tokens, which are to be written into a kubeconfig. Their user does not matter.
pub(super) fn is_pending(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Waiting {
        replaces: Option<String>,
    }
    serde_json::from_slice::<Waiting>(bytes).is_ok_and(|record| record.replaces.is_some())
}

/// Version of the format that is written.
const VERSION: u32 = 1;

/// A token is refreshed this many seconds before its expiry, or at half its lifetime if that is less. The API server has no leeway for
/// `exp`, client-go has no margin, and a request needs time to arrive.
const REFRESH_MARGIN_SECS: i64 = 10;

/// A token is refreshed in the background in the last quarter of its lifetime, or this many seconds before its expiry if that is longer, so
/// that a client that calls once a minute triggers it in time. It is never refreshed so in the first half.
const BACKGROUND_REFRESH_SECS: i64 = 120;

/// A token that was issued longer before its arrival, in seconds, has an `iat` that says nothing of its life here: some providers send 0, or
/// the time of the sign-in.
const MAX_SECS_TO_ARRIVAL: i64 = 60;

/// Whose session it is. A record is used only if its identity matches the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The account that the settings name, if they do. A record without one, which older versions wrote, matches every account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
}

/// One person's session: the token that is returned, and what refreshes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) identity: Identity,
    /// The token to return, an ID token or an access token. It was verified on arrival. Empty if there is none: see [`Self::token`].
    pub(crate) token: Secret,
    /// When the token was issued.
    pub(crate) issued_at: Timestamp,
    /// When the token expires. Whether it can be used also depends on its characters: see [`Self::is_usable`].
    pub(crate) expires_at: Timestamp,
    /// When the token arrived. `None` if that is not known, or soon after it was issued.
    pub(crate) received_at: Option<Timestamp>,
    pub(crate) refresh_token: Option<Secret>,
    /// The scopes that the provider granted, for the refresh request (RFC 6749 section 6).
    pub(crate) granted_scope: String,
    /// The claims that each refreshed ID token must repeat (OpenID Connect Core 12.2).
    pub(crate) initial_id_token: InitialIdToken,
    /// The position of this record among those of its session.
    pub(crate) order: Order,
    /// Of tokens that wait to be written into an entry of a kubeconfig: which ones they are to replace there, as a hash.
    pub(crate) replaces: Option<String>,
    /// The key that the refresh token is bound to, if it is (RFC 9449).
    pub(crate) dpop: Option<DpopSession>,
    /// Where the refresh token is sent, if that is known. Only the provider's documents from the network can change it.
    pub(crate) token_endpoint: Option<String>,
    /// What the provider demands of the next sign-in, since it refused to refresh this session (RFC 9470).
    pub(crate) step_up: Option<StepUp>,
    /// The HMAC by which this record continues another one ([`super::ContinuationKey`]).
    pub(crate) continuation_mac: Option<String>,
}

/// The record as JSON. It has one level of fields, because serde's `flatten` would parse each nested field twice.
#[derive(Serialize, Deserialize)]
struct StoredRecord<'a> {
    version: u32,
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, str>>,
    token: Secret,
    issued_at: Timestamp,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    granted_scope: String,
    #[serde(rename = "origin")]
    initial_id_token: InitialIdToken,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_in_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    generation: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    replaces: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Secret>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    dpop_nonce: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step_up: Option<StepUp>,
    #[serde(
        borrow,
        default,
        rename = "continuation_proof",
        skip_serializing_if = "Option::is_none"
    )]
    continuation_mac: Option<Cow<'a, str>>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A stored time of zero means the same as none.
fn known(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| *at != Timestamp::EPOCH)
}

impl Record {
    pub(crate) fn new(
        identity: Identity,
        token: Secret,
        issued_at: Timestamp,
        expires_at: Timestamp,
        refresh_token: Option<Secret>,
        granted_scope: String,
        initial_id_token: InitialIdToken,
    ) -> Self {
        Self {
            identity,
            token,
            issued_at,
            expires_at,
            received_at: None,
            refresh_token,
            granted_scope,
            initial_id_token,
            order: Order::default(),
            replaces: None,
            dpop: None,
            token_endpoint: None,
            step_up: None,
            continuation_mac: None,
        }
    }

    /// A session that has only a refresh token so far. The refresh brings a token.
    pub(crate) fn without_token(identity: Identity, refresh_token: Secret, granted_scope: String) -> Self {
        Self::new(
            identity,
            Secret::new(""),
            Timestamp::EPOCH,
            Timestamp::EPOCH,
            Some(refresh_token),
            granted_scope,
            InitialIdToken::default(),
        )
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Option<&Secret> {
        Some(&self.token).filter(|token| !token.expose().is_empty())
    }

    /// Removes the token, so that it is never stored or returned.
    pub(crate) fn remove_token(&mut self) {
        self.token = Secret::new("");
        self.expires_at = Timestamp::EPOCH;
    }

    /// The same, whose token has just arrived.
    pub(crate) fn received(mut self, now: Timestamp) -> Self {
        let is_late = now.secs_since(self.issued_at) > MAX_SECS_TO_ARRIVAL;
        self.received_at = is_late.then_some(now);
        self
    }

    /// From when on the token can have been used here.
    pub(crate) fn begins_at(&self) -> Timestamp {
        self.received_at
            .map_or(self.issued_at, |received_at| received_at.max(self.issued_at))
    }

    fn life_secs(&self) -> i64 {
        self.expires_at.secs_since(self.begins_at()).max(0)
    }

    /// Whether this record is as late as another one of its session, or later.
    pub(crate) fn is_as_late_as(&self, other: &Self) -> bool {
        (self.order, self.issued_at) >= (other.order, other.issued_at)
    }

    /// Parses a record.
    ///
    /// # Errors
    /// A text that says why the bytes are no record of this session.
    pub(crate) fn parse(bytes: &[u8], identity: &Identity) -> Result<Self, &'static str> {
        if bytes.is_empty() {
            return Err("it is empty");
        }
        match serde_json::from_slice::<StoredRecord<'_>>(bytes) {
            Ok(stored) if stored.version == VERSION => stored.record(identity),
            _ => match serde_json::from_slice::<Version>(bytes) {
                Ok(Version { version }) if version > VERSION => Err("a newer kubesesame wrote it"),
                _ => Err("it is broken"),
            },
        }
    }

    /// Parses a record of whatever session, to show it. To use a token, use [`Self::parse`].
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub(crate) fn parse_any(bytes: &[u8]) -> Result<Self, &'static str> {
        let stored = serde_json::from_slice::<StoredRecord<'_>>(bytes);
        let text = |field: Option<&Cow<'_, str>>| field.map(ToString::to_string);
        let stored = stored.as_ref().ok();
        let identity = Identity {
            issuer: text(stored.map(|stored| &stored.issuer)).unwrap_or_default(),
            client_id: text(stored.map(|stored| &stored.client_id)).unwrap_or_default(),
            account: text(stored.and_then(|stored| stored.account.as_ref())),
        };
        Self::parse(bytes, &identity)
    }

    /// Serializes the record.
    ///
    /// # Errors
    /// Never in practice, since every field has a JSON form. It is an error and not an empty text, because an empty file would end the
    /// session.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let stored = StoredRecord {
            version: VERSION,
            issuer: Cow::Borrowed(&self.identity.issuer),
            client_id: Cow::Borrowed(&self.identity.client_id),
            account: self.identity.account.as_deref().map(Cow::Borrowed),
            token: self.token.clone(),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            received_at: self.received_at,
            refresh_token: self.refresh_token.clone(),
            granted_scope: self.granted_scope.clone(),
            initial_id_token: self.initial_id_token.clone(),
            signed_in_at: self.order.signed_in_at,
            generation: self.order.generation,
            replaces: self.replaces.as_deref().map(Cow::Borrowed),
            dpop_key: self.dpop.as_ref().map(|dpop| dpop.key.clone()),
            dpop_nonce: self
                .dpop
                .as_ref()
                .and_then(|dpop| dpop.nonce.as_deref())
                .map(Cow::Borrowed),
            token_endpoint: self.token_endpoint.as_deref().map(Cow::Borrowed),
            step_up: self.step_up.clone(),
            continuation_mac: self.continuation_mac.as_deref().map(Cow::Borrowed),
        };
        serde_json::to_vec(&stored)
    }

    /// Returns the later of two records of one session. If they have no order, that is the one whose token was issued later, and for the
    /// same second it is `second`: its directory is used only when the first one cannot be written.
    pub(crate) fn latest(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) if second.is_as_late_as(&first) => Some(second),
            (Some(first), _) => Some(first),
            (None, second) => second,
        }
    }

    /// When the token is no longer returned. It is also the `expirationTimestamp` for kubectl.
    pub(crate) fn usable_until(&self) -> Timestamp {
        self.expires_at
            .saturating_sub(REFRESH_MARGIN_SECS.min(self.life_secs() / 2))
    }

    /// Whether the token can be returned, with a margin before its expiry.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        now < self.usable_until() && self.token.fits_header()
    }

    /// Whether the token has not expired. A client cannot send a token with control characters, so that one counts as expired.
    pub(crate) fn is_unexpired(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.token.fits_header()
    }

    /// Whether the token is near enough to its expiry for a background refresh.
    pub(crate) fn is_refresh_due(&self, now: Timestamp) -> bool {
        let life_secs = self.life_secs();
        let last_part_secs = (life_secs / 4).max(BACKGROUND_REFRESH_SECS).min(life_secs / 2);
        now >= self.expires_at.saturating_sub(last_part_secs)
    }
}

impl StoredRecord<'_> {
    /// Converts it to a record, if it belongs to this identity.
    fn record(self, identity: &Identity) -> Result<Record, &'static str> {
        if self.issuer != identity.issuer || self.client_id != identity.client_id {
            return Err("it belongs to another issuer or client");
        }
        if self.account.is_some() && self.account.as_deref() != identity.account.as_deref() {
            return Err("it belongs to another account");
        }
        Ok(Record {
            identity: identity.clone(),
            token: self.token,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            received_at: known(self.received_at),
            refresh_token: self.refresh_token,
            granted_scope: self.granted_scope,
            initial_id_token: self.initial_id_token,
            order: Order {
                signed_in_at: known(self.signed_in_at),
                generation: self.generation,
            },
            replaces: self.replaces.map(Cow::into_owned),
            dpop: self.dpop_key.map(|key| DpopSession {
                key,
                nonce: self.dpop_nonce.map(Cow::into_owned),
            }),
            token_endpoint: self.token_endpoint.map(Cow::into_owned),
            step_up: self.step_up,
            continuation_mac: self.continuation_mac.map(Cow::into_owned),
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
