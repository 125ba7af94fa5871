//! Verifies the tokens of a token response, with the provider's current keys.

use serde_json::Value;

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::errors::Error;
use crate::oidc::errors::token::{ResponseFault, TokenError};
use crate::oidc::event::{Event, LogEvent};
use crate::oidc::token::claims::{Claims, LATEST_TIME};
use crate::oidc::token::id_token::{self, Remark, TokenExpectation, VerificationContext, Verified};
use crate::oidc::token::sign_in_demands::SignInDemands;
use crate::oidc::token::verification_error::{self, MAX_TOKEN_BYTES};
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::TokenKind;
use crate::untrusted_text::UntrustedText;

use super::key_set::KeySet;
use super::response::{Member, TokenResponse};

/// The claims that are logged. Others may be personal (an address, a telephone number) or secrets (`nonce`, `sid`).
const LOGGED_CLAIMS: [&str; 9] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "cid",
    "preferred_username",
    "email",
    "email_verified",
    "scp",
];

impl ProviderClient<'_> {
    /// Verifies the response to a grant without an authorization request. There is no nonce, and no earlier token to compare with.
    pub(in crate::oidc) async fn verify_without_nonce(
        &self,
        response: &TokenResponse,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        demands: &SignInDemands,
    ) -> Result<Tokens, Error> {
        let context = VerificationContext::Direct { demands };
        self.verify_response(response, cache, metadata, context, &|| ())
            .await
    }

    /// Verifies the tokens of a response, and returns the token that the settings choose.
    ///
    /// `before_fetch` is called before keys are fetched from the network.
    pub(in crate::oidc) async fn verify_response(
        &self,
        response: &TokenResponse,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        context: VerificationContext<'_>,
        before_fetch: &(dyn Fn() + Sync),
    ) -> Result<Tokens, Error> {
        self.dpop.check(response)?;
        let expected = self.token_expectation(metadata, context);
        let id_claims = self.verify_id_token(response, cache, metadata, &expected, before_fetch);
        let id_claims = id_claims.await?;
        let endpoint = || self.http.shown(&metadata.token_endpoint);
        let initial = id_claims.as_ref().map(Claims::initial_id_token);
        let tokens = |token: Secret, (issued_at, expires_at), claims: Option<Claims>| Tokens {
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
            token_endpoint: metadata.token_endpoint.to_string(),
            dpop: self
                .dpop
                .session(response, self.http.dpop_nonces.of(&metadata.token_endpoint)),
        };
        if self.provider.token == TokenKind::Id {
            let (Some(token), Some(claims)) = (response.id_token.token(), id_claims) else {
                return Err(TokenError::NoIdToken.into());
            };
            return Ok(tokens(token.clone(), claims.validity(), Some(claims)));
        }
        if let Some(kind) = &response.bound_type {
            return Err(TokenError::BoundToken(kind.clone()).into());
        }
        let token = header_safe_access_token(response, &endpoint())?;
        if id_token::is_jwt(token.expose()) {
            let subject = id_claims.as_ref().map(|claims| claims.subject.as_str());
            let verify = |keys: &KeySet| id_token::verify_access(&token, subject, keys, &expected);
            let claims = self
                .with_keys(cache, metadata, before_fetch, TokenKind::Access, verify)
                .await?;
            self.check_access_token_account(&claims, id_claims.as_ref())?;
            return Ok(tokens(token.clone(), claims.validity(), Some(claims)));
        }
        // Only the provider can read an opaque token, so its lifetime comes from the response.
        let lifetime_secs = response.expires_in_secs.ok_or(TokenError::NoLifetime)?;
        let expires_at = expected.now.saturating_add(lifetime_secs).min(LATEST_TIME);
        Ok(tokens(token, (expected.now, expires_at), None))
    }

    /// Verifies the ID token of a response, if it has one, and that it is of the account that the settings name.
    async fn verify_id_token(
        &self,
        response: &TokenResponse,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        expected: &TokenExpectation<'_>,
        before_fetch: &(dyn Fn() + Sync),
    ) -> Result<Option<Claims>, Error> {
        // `at_hash` protects the access token, so it is checked only if the access token is used.
        let access_token = match self.provider.token {
            TokenKind::Access => response.access_token.token(),
            TokenKind::Id => None,
        };
        let token = match &response.id_token {
            Member::Token(token) => token,
            Member::NotText if self.provider.token == TokenKind::Id => {
                let endpoint = self.http.shown(&metadata.token_endpoint);
                return Err(malformed(&endpoint, ResponseFault::NotText("id_token")).into());
            }
            Member::Absent | Member::NotText => return Ok(None),
        };
        let verify = |keys: &KeySet| id_token::verify(token, access_token, keys, expected);
        let claims = self
            .with_keys(cache, metadata, before_fetch, TokenKind::Id, verify)
            .await?;
        self.check_account(&claims)?;
        Ok(Some(claims))
    }

    pub(in crate::oidc) fn token_expectation<'e>(
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

    pub(in crate::oidc) fn unverified(
        &self,
        token: TokenKind,
        source: verification_error::Error,
    ) -> TokenError {
        TokenError::Unverified {
            token,
            source: source.map_quoted(|text| self.http.redact(text)),
            clock_ahead_secs: self.http.clock_ahead_secs(),
            is_okta: self.provider.issuer.is_okta(),
        }
    }

    /// Checks that the token belongs to the configured account. The provider may sign in any person who has a session in the browser: the
    /// parameter `login_hint` does not enforce an account.
    fn check_account(&self, claims: &Claims) -> Result<(), TokenError> {
        match &self.provider.account {
            Some(account) if claims.is_account(account) == Some(false) => {
                Err(self.other_account(account, claims))
            }
            _ => Ok(()),
        }
    }

    /// Checks that an access token belongs to the configured account. If the ID token of the same response has shown that, the access token
    /// only must not contradict it: it may have fewer claims that name the person.
    fn check_access_token_account(
        &self,
        claims: &Claims,
        id_claims: Option<&Claims>,
    ) -> Result<(), TokenError> {
        let Some(account) = &self.provider.account else {
            return Ok(());
        };
        match id_claims.filter(|id_claims| id_claims.is_account(account) == Some(true)) {
            Some(id_claims) if claims.contradicts(id_claims) => Err(self.other_account(account, claims)),
            Some(_) => Ok(()),
            None => self.check_account(claims),
        }
    }

    fn other_account(&self, wanted: &str, claims: &Claims) -> TokenError {
        TokenError::OtherAccount {
            wanted: UntrustedText::with_limit(wanted, 80),
            got: self.http.redact(&UntrustedText::with_limit(claims.name(), 80)),
        }
    }

    /// Logs the claims that say whose a token is and for what. A claim may repeat what was sent, so secrets are removed.
    fn log_claims(&self, token: TokenKind, claims: &Claims) {
        let logged = LOGGED_CLAIMS.into_iter().filter_map(|name| {
            let text = match claims.all.get(name)? {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            Some((name, self.http.redact(&UntrustedText::with_limit(&text, 120))))
        });
        self.interaction.log(LogEvent::TokenVerified {
            token,
            claims: logged.collect(),
            groups: claims.all.get("groups").and_then(Value::as_array).map(Vec::len),
            expires_at: claims.expires_at,
        });
    }

    /// Verifies with the cached keys. If that fails because of the keys, fetches the key set and verifies again (OpenID Connect Core
    /// 10.1.1): after a key rotation the token's key is unknown, or (Hydra) it is a new key with the `kid` of the previous one.
    pub(in crate::oidc) async fn with_keys(
        &self,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        before_fetch: &(dyn Fn() + Sync),
        token: TokenKind,
        verify: impl Fn(&KeySet) -> Result<Verified, verification_error::Error> + Sync,
    ) -> Result<Claims, Error> {
        let jwks_uri = metadata.jwks_uri()?;
        let result = match cache.cached_keys(jwks_uri) {
            Some(keys) => verify(&keys),
            None => Err(verification_error::Error::UnknownKey),
        };
        let result = match result {
            Err(error) if error.may_be_outdated_keys() => {
                before_fetch();
                verify(&cache.fetch_and_cache_keys(jwks_uri).await?)
            }
            result => result,
        };
        let verified = result.map_err(|source| self.unverified(token, source))?;
        self.log_claims(token, &verified.claims);
        for remark in verified.remarks {
            // The claim may repeat what was sent.
            let remark = match remark {
                Remark::StepUpUnmet {
                    demanded,
                    found,
                    is_level_met,
                } => Remark::StepUpUnmet {
                    demanded,
                    found: self.http.redact(&found),
                    is_level_met,
                },
                remark @ (Remark::Clock { .. } | Remark::Long(_) | Remark::Algorithm(_)) => remark,
            };
            self.interaction.report(Event::TokenRemark(&remark));
        }
        Ok(verified.claims)
    }
}

fn header_safe_access_token(
    response: &TokenResponse,
    endpoint: &UntrustedText,
) -> Result<Secret, TokenError> {
    match &response.access_token {
        Member::Token(token) if token.expose().len() > MAX_TOKEN_BYTES => {
            Err(malformed(endpoint, ResponseFault::TooLong("access_token")))
        }
        Member::Token(token) if token.fits_header() => Ok(token.clone()),
        Member::Token(_) => Err(TokenError::TokenCharacters),
        Member::NotText => Err(malformed(endpoint, ResponseFault::NotText("access_token"))),
        Member::Absent => Err(malformed(endpoint, ResponseFault::Missing("access_token"))),
    }
}

fn malformed(endpoint: &UntrustedText, fault: ResponseFault) -> TokenError {
    let url = endpoint.clone();
    TokenError::Malformed { url, fault }
}
