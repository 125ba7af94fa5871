//! Reads and verifies a token that another program has stored.
//!
//! Reading uses no network and verifies nothing. A token is returned to a client only after it was verified.

use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::event::Event;
use crate::oidc::json;
use crate::oidc::token::claims::{self, Claims};
use crate::oidc::token::id_token::{self, VerificationContext};
use crate::oidc::{Error, ProviderClient, TokenError};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::initial_id_token::InitialIdToken;
use crate::secret::Secret;
use crate::settings::{Provider, TokenKind};
use crate::untrusted_text::UntrustedText;

/// The unverified claims of a stored token.
#[derive(Debug)]
pub(crate) struct StoredToken {
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) initial_id_token: InitialIdToken,
}

impl StoredToken {
    /// Reads a token whose claims name this issuer, this client and, if one is configured, this account. Returns `None` for any other
    /// token.
    pub(crate) fn read(token: &Secret, provider: &Provider, account: Option<&str>) -> Option<Self> {
        if !token.fits_header() {
            return None;
        }
        let claims = id_token::unverified_claims(token.expose())?;
        let claims = match provider.token {
            TokenKind::Id => Claims::parse(claims),
            // A token without `iat` counts as old, so that it is refreshed soon.
            TokenKind::Access => Claims::parse_access(claims, Timestamp::EPOCH),
        };
        let claims = claims.ok()?;
        let is_this_client = |party: &str| party == provider.client_id;
        // The audience of an access token is the API. Another claim names the client (`cid` at Okta, `azp` at Keycloak, `client_id` in
        // RFC 9068 2.2).
        let names_this_client = || {
            ["cid", "azp", "client_id"].iter().any(|name| {
                claims
                    .all
                    .get(*name)
                    .and_then(|party| party.as_str())
                    .is_some_and(is_this_client)
            })
        };
        let is_for_this_client = claims.audience.iter().any(|party| is_this_client(party))
            || (provider.token == TokenKind::Access && names_this_client());
        // With client credentials, the client itself is the subject. Such a token is no session of a person.
        let is_program = is_this_client(&claims.subject);
        // A token without a login name may belong to another account.
        let is_account = |account| claims.is_account(account) == Some(true);
        if claims.issuer != provider.issuer.as_str()
            || !is_for_this_client
            || is_program
            || !account.is_none_or(is_account)
        {
            return None;
        }
        let (issued_at, expires_at) = claims.validity();
        // The subject of an access token may differ from that of the ID token that a refresh returns, so it is not compared.
        let initial_id_token = match provider.token {
            TokenKind::Id => claims.initial_id_token(),
            TokenKind::Access => InitialIdToken::default(),
        };
        Some(Self {
            issued_at,
            expires_at,
            initial_id_token,
        })
    }
}

/// A stored token, taken apart and not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnverifiedToken {
    /// The header's `alg`.
    pub(crate) algorithm: Option<String>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) bytes: usize,
}

impl UnverifiedToken {
    /// `None` if the token is opaque.
    pub(crate) fn read(token: &Secret) -> Option<Self> {
        let text = token.expose();
        let claims = claims_of_stored(token)?;
        let header = BASE64URL_NOPAD.decode(text.split('.').next()?.as_bytes()).ok()?;
        let header = json::object(&header)?;
        Some(Self {
            algorithm: json::text(&header, "alg").map(str::to_owned),
            claims,
            bytes: text.len(),
        })
    }

    /// Returns the name of the person, as far as the claims have one.
    pub(crate) fn account(&self) -> Option<UntrustedText> {
        person_in(&self.claims).map(|name| UntrustedText::with_limit(name, 80))
    }
}

/// Returns the unverified issuer and audience of a stored token, so that a person can compare them with the API server's settings.
pub(crate) fn issuer_and_audience(token: &Secret) -> (UntrustedText, UntrustedText) {
    let claims = id_token::unverified_claims(token.expose()).unwrap_or_default();
    let shown = |name: &str| match claims.get(name) {
        Some(Value::String(text)) => UntrustedText::with_limit(text, 120),
        Some(value) => UntrustedText::with_limit(&value.to_string(), 120),
        None => UntrustedText::new("unknown"),
    };
    (shown("iss"), shown("aud"))
}

/// Returns the unverified claims of a stored token; none of an opaque one. A token of a session was verified on arrival.
pub(crate) fn claims_of_stored(token: &Secret) -> Option<Map<String, Value>> {
    id_token::unverified_claims(token.expose())
}

/// Returns the name by which a person is known, from the claims of a token.
pub(crate) fn person_in(claims: &Map<String, Value>) -> Option<&str> {
    claims::person(claims)
}

impl ProviderClient<'_> {
    /// Verifies a token that another program has stored. Returns `false` if the token is not valid.
    ///
    /// # Errors
    /// If the provider's documents cannot be fetched, so that the token cannot be verified.
    pub(crate) async fn verify_imported(&self, token: &Secret) -> Result<bool, Error> {
        let cache = self.open_cache();
        let metadata = cache.metadata(CacheUse::Allow).await?;
        let expectation = self.token_expectation(&metadata, VerificationContext::Stored);
        let verify = |keys: &_| match self.provider.token {
            TokenKind::Id => id_token::verify(token, None, keys, &expectation),
            TokenKind::Access => id_token::verify_access(token, None, keys, &expectation),
        };
        match self
            .with_keys(&cache, &metadata, &|| (), self.provider.token, verify)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error::Token(TokenError::Unverified { source, .. })) => {
                self.interaction.report(Event::ImportRefused(source.to_string()));
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
