//! A token that another program has stored: what it says of itself, and whether that is true.
//!
//! Reading asks nobody and believes nothing; a token is returned only once it was verified as one that the provider sent.

use crate::oidc::event::Event;
use crate::oidc::token::claims::Claims;
use crate::oidc::token::id_token::{self, VerificationContext};
use crate::oidc::token::verification_error;
use crate::oidc::{Error, ProviderClient};
use serde_json::Value;

use crate::initial_id_token::InitialIdToken;
use crate::secret::Secret;
use crate::settings::{Provider, TokenKind};
use crate::untrusted_text::UntrustedText;

/// What a stored token says of itself.
#[derive(Debug)]
pub(crate) struct StoredToken {
    /// In seconds since the epoch, as all times here.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) initial_id_token: InitialIdToken,
}

impl StoredToken {
    /// Reads a token that says it is of this issuer, for this client and, where there is one, of this account; `None` for
    /// all others.
    pub(crate) fn read(token: &Secret, provider: &Provider, account: Option<&str>) -> Option<Self> {
        if !token.fits_header() {
            return None;
        }
        let payload = id_token::payload(token.expose())?;
        let claims = match provider.token {
            TokenKind::Id => Claims::parse(payload),
            // A token that does not tell its age counts as old, so that it is soon refreshed.
            TokenKind::Access => Claims::parse_access(payload, 0),
        };
        let claims = claims.ok()?;
        let is_us = |party: &str| party == provider.client_id;
        // Whom an access token is for is the API's name; whom it was given to has a claim of its own (`cid` at Okta, `azp` at
        // Keycloak, RFC 9068 2.2).
        let given_to_us = || {
            ["cid", "azp", "client_id"].iter().any(|name| {
                claims
                    .all
                    .get(*name)
                    .and_then(|party| party.as_str())
                    .is_some_and(is_us)
            })
        };
        let for_us = claims.audience.iter().any(|party| is_us(party))
            || (provider.token == TokenKind::Access && given_to_us());
        // A program that signed in for itself is its own subject, and nobody's session.
        let is_program = is_us(&claims.subject);
        // A token that tells no name may be anybody's.
        let is_account = |account| claims.is_of(account) == Some(true);
        if claims.issuer != provider.issuer.as_str()
            || !for_us
            || is_program
            || !account.is_none_or(is_account)
        {
            return None;
        }
        let (issued_at, expires_at) = claims.life();
        // An access token names its person in another way than the ID token that comes when it is refreshed.
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

/// What a stored token says of its issuer and audience, to be compared with an API server's settings.
pub(crate) fn issuer_and_audience(token: &Secret) -> (UntrustedText, UntrustedText) {
    let claims = id_token::payload(token.expose()).unwrap_or_default();
    let shown = |name: &str| match claims.get(name) {
        Some(Value::String(text)) => UntrustedText::with_limit(text, 120),
        Some(value) => UntrustedText::with_limit(&value.to_string(), 120),
        None => UntrustedText::new("unknown"),
    };
    (shown("iss"), shown("aud"))
}

impl ProviderClient<'_> {
    /// Verifies a token that another program has stored. Returns `false` if it cannot be trusted.
    ///
    /// # Errors
    /// When the provider's documents cannot be had, so that nothing is known of the token.
    pub(crate) async fn verify_imported(&self, token: &Secret) -> Result<bool, Error> {
        let documents = self.documents();
        let metadata = documents.metadata(false).await?;
        let expected = self.expected(&metadata, VerificationContext::Stored);
        let verify = |keys: &_| match self.provider.token {
            TokenKind::Id => id_token::verify(token, None, keys, &expected),
            TokenKind::Access => id_token::verify_access(token, None, keys, &expected),
        };
        match self.with_keys(&documents, &metadata, &|| (), verify).await {
            Ok(_) => Ok(true),
            Err(Error::IdToken { source, .. }) => {
                self.distrusted(&source);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn distrusted(&self, why: &verification_error::Error) {
        self.person.tell(Event::ImportRefused(why.to_string()));
    }
}
