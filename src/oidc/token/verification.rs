//! From a token response to tokens that can be returned: which token that is, and the keys to verify it with.

use crate::oidc::discovery::documents::Documents;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::event::Event;
use crate::oidc::token::claims::{Claims, LATEST_TIME_SECS};
use crate::oidc::token::id_token::{self, TokenExpectation, VerificationContext, Verified};
use crate::oidc::token::verification_error;
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::TokenKind;
use crate::untrusted_text::UntrustedText;

use super::key_set::KeySet;
use super::response::{Member, TokenResponse};

impl ProviderClient<'_> {
    /// Verifies the response to a grant without a browser: it has no nonce, and no earlier token to compare with.
    pub(in crate::oidc) async fn verify_direct(
        &self,
        response: &TokenResponse,
        documents: &Documents<'_>,
        metadata: &Metadata,
    ) -> Result<Tokens, Error> {
        self.verify_response(response, documents, metadata, VerificationContext::Direct, &|| ())
            .await
    }

    /// Verifies what a response holds of the token that is to be returned.
    ///
    /// `before_waiting` is called before the network is asked for keys.
    pub(in crate::oidc) async fn verify_response(
        &self,
        response: &TokenResponse,
        documents: &Documents<'_>,
        metadata: &Metadata,
        context: VerificationContext<'_>,
        before_waiting: &(dyn Fn() + Sync),
    ) -> Result<Tokens, Error> {
        let expected = self.expected(metadata, context);
        // `at_hash` protects the use of the access token, and an ID token's user has none.
        let access_token = match self.provider.token {
            TokenKind::Access => response.access_token.token(),
            TokenKind::Id => None,
        };
        let id_claims = match &response.id_token {
            Member::Token(token) => {
                let verify = |keys: &KeySet| id_token::verify(token, access_token, keys, &expected);
                Some(
                    self.with_keys(documents, metadata, before_waiting, verify)
                        .await?,
                )
            }
            Member::NotText if self.provider.token == TokenKind::Id => {
                return Err(not_text(metadata, "id_token"));
            }
            Member::Absent | Member::NotText => None,
        };
        if let Some(claims) = &id_claims {
            self.check_account(claims)?;
        }
        let initial = id_claims.as_ref().map(Claims::initial_id_token);
        let kept = |token: Secret, (issued_at, expires_at), claims: Option<Claims>| Tokens {
            token,
            issued_at,
            expires_at,
            claims: claims.map(|claims| claims.all).unwrap_or_default(),
            initial_id_token: initial.unwrap_or_default(),
            refresh_token: response.refresh_token.clone(),
            granted_scope: response
                .granted_scope
                .clone()
                .unwrap_or_else(|| self.provider.scopes.joined()),
        };
        if self.provider.token == TokenKind::Id {
            let (Some(token), Some(claims)) = (response.id_token.token(), id_claims) else {
                return Err(Error::NoIdToken);
            };
            return Ok(kept(token.clone(), claims.life(), Some(claims)));
        }
        if let Some(kind) = &response.bound_type {
            return Err(Error::TokenType(kind.clone()));
        }
        let token = access_token_of(response, metadata)?;
        if id_token::is_jwt(token.expose()) {
            let subject = id_claims.as_ref().map(|claims| claims.subject.as_str());
            let verify = |keys: &KeySet| id_token::verify_access(&token, subject, keys, &expected);
            let claims = self
                .with_keys(documents, metadata, before_waiting, verify)
                .await?;
            self.check_account_of_access(&claims, id_claims.as_ref())?;
            return Ok(kept(token.clone(), claims.life(), Some(claims)));
        }
        // Opaque: only the provider can read it, and only the response tells how long it lives.
        let seconds = response.expires_in.ok_or(Error::NoLifetime)?;
        let end = expected.now.saturating_add(seconds).min(LATEST_TIME_SECS);
        let life = (expected.now, end);
        Ok(kept(token, life, None))
    }

    pub(in crate::oidc) fn expected<'e>(
        &'e self,
        metadata: &'e Metadata,
        context: VerificationContext<'e>,
    ) -> TokenExpectation<'e> {
        TokenExpectation {
            issuer: self.provider.issuer.as_str(),
            client_id: &self.provider.client_id,
            algorithms: &metadata.signing_algorithms,
            context,
            now: (self.clock)(),
            provider_now: self.http.provider_now(),
        }
    }

    pub(in crate::oidc) fn not_accepted(&self, source: verification_error::Error) -> Error {
        Error::IdToken {
            source: source.shown_by(|text| self.http.without_secrets(text)),
            clock_ahead: self.http.clock_ahead(),
            okta: self.provider.issuer.is_okta(),
        }
    }

    /// The provider may sign in whoever has a session in the browser: a `login_hint` is no more than that.
    fn check_account(&self, claims: &Claims) -> Result<(), Error> {
        match &self.provider.account {
            Some(account) if claims.is_of(account) == Some(false) => Err(self.other_account(account, claims)),
            _ => Ok(()),
        }
    }

    /// An access token may have fewer names of a person than the ID token beside it, where that one has told whose it is.
    fn check_account_of_access(&self, claims: &Claims, beside: Option<&Claims>) -> Result<(), Error> {
        let Some(account) = &self.provider.account else {
            return Ok(());
        };
        match beside.filter(|beside| beside.is_of(account) == Some(true)) {
            Some(beside) if claims.contradicts(beside) => Err(self.other_account(account, claims)),
            Some(_) => Ok(()),
            None => self.check_account(claims),
        }
    }

    fn other_account(&self, wanted: &str, claims: &Claims) -> Error {
        Error::OtherAccount {
            wanted: UntrustedText::with_limit(wanted, 80),
            got: self
                .http
                .without_secrets(&UntrustedText::with_limit(claims.name(), 80)),
        }
    }

    /// Verifies with the keys at hand, with a second look at the key set if those do not vouch for the token (OpenID Connect
    /// Core 10.1.1): after a rotation its key is unknown, or (Hydra) a new one under the name of the old.
    pub(in crate::oidc) async fn with_keys(
        &self,
        documents: &Documents<'_>,
        metadata: &Metadata,
        before_waiting: &(dyn Fn() + Sync),
        verify: impl Fn(&KeySet) -> Result<Verified, verification_error::Error> + Sync,
    ) -> Result<Claims, Error> {
        let result = match documents.kept_keys() {
            Some(keys) => verify(&keys),
            None => Err(verification_error::Error::UnknownKey),
        };
        let result = match result {
            Err(error) if error.may_be_cured_by_new_keys() => {
                before_waiting();
                verify(&documents.fetch_keys(metadata.jwks_uri()?).await?)
            }
            result => result,
        };
        let verified = result.map_err(|source| self.not_accepted(source))?;
        for remark in &verified.remarks {
            self.person.tell(Event::TokenRemark(remark));
        }
        Ok(verified.claims)
    }
}

fn access_token_of(response: &TokenResponse, metadata: &Metadata) -> Result<Secret, Error> {
    match &response.access_token {
        Member::Token(token) if token.fits_header() => Ok(token.clone()),
        Member::Token(_) => Err(Error::TokenCharacters),
        Member::NotText => Err(not_text(metadata, "access_token")),
        Member::Absent => Err(unusable(metadata, "it has no `access_token`")),
    }
}

fn unusable(metadata: &Metadata, why: &str) -> Error {
    Error::TokenAnswer {
        url: crate::oidc::http::response::shown(&metadata.token_endpoint),
        why: UntrustedText::new(why),
    }
}

fn not_text(metadata: &Metadata, name: &str) -> Error {
    unusable(metadata, &format!("`{name}` is no text"))
}
