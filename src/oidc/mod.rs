//! The provider: login, refresh, and whether to believe what comes back.
//!
//! Owns the network, the loopback listener and the browser. Types of `openidconnect`, `oauth2` and `reqwest` stay
//! in this room: some of them print tokens in their `Debug`. Knows nothing of sessions on disk or of kubectl.

mod answer;
mod answer_rules;
mod browser;
mod callback;
mod claims;
mod client_credentials;
mod device;
mod distrust;
mod documents;
mod error;
mod event;
mod hint;
mod http;
mod id_token;
mod keyboard;
mod listener;
mod local_server;
mod login;
mod metadata;
mod page;
mod password;
mod stored;
mod token_endpoint;

pub(crate) use documents::{DocumentCache, NoDocumentCache};
pub(crate) use error::Error;
#[cfg(test)]
pub(crate) use error::OAuthError;
pub(crate) use event::{Event, Person, Question};
pub(crate) use login::LoginFailure;
pub(crate) use stored::{StoredToken, issuer_and_audience};

use claims::Claims;
use documents::Documents;
use http::Http;
use id_token::{Expected, Occasion};
use metadata::Metadata;
use token_endpoint::{Answer, TokenEndpoint};

use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::files;
use crate::foreign_text::ForeignText;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::settings::{Provider, SecretSource, TokenKind, Trust};

/// A provider that rotates refresh tokens lets the old one live for a moment (Okta: 30 s), so that who lost the answer may ask again.
/// Later than that the same question would be taken for a theft, and end the session. So this is how long the first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(12);

/// What a login or a refresh brought, verified.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// What the API server is given.
    pub(crate) token: Secret,
    /// In seconds since the epoch, as all times here.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    /// Of that token; none if it is opaque.
    pub(crate) claims: Map<String, Value>,
    /// What later tokens of this session are compared with; of an ID token alone.
    pub(crate) origin: Origin,
    pub(crate) refresh_token: Option<Secret>,
    /// Scopes that the provider granted, separated by spaces.
    pub(crate) granted_scope: String,
}

/// How a refresh ended.
#[derive(Debug)]
pub(crate) enum Renewal {
    Renewed(Box<Tokens>),
    /// The provider will not renew this session any more; the text says how it put it.
    Over(String),
    /// The provider renews access tokens only (OpenID Connect Core 12.2 allows that): a login has to follow.
    NoIdToken,
    /// Nothing is known of the session's end: it is kept, and no browser opens.
    Failed(Error),
}

/// What a refresh needs of the session.
pub(crate) struct Refresh<'a> {
    pub(crate) token: &'a Secret,
    pub(crate) granted_scope: &'a str,
    pub(crate) origin: &'a Origin,
    /// Called when the provider has replaced the refresh token and the answer cannot be finished at once: the old one
    /// may be dead, so the new one has to be safe before anything takes time or fails.
    pub(crate) keep_rotated: &'a (dyn Fn(&Secret) + Send + Sync),
}

/// A provider that can be talked to.
pub(crate) struct ProviderClient<'a> {
    provider: &'a Provider,
    client_secret: Option<Secret>,
    http: Http<'a>,
    trust: &'a Trust,
    documents: &'a dyn DocumentCache,
    person: Person<'a>,
    clock: Clock,
}

impl<'a> ProviderClient<'a> {
    /// `documents` keeps the provider's documents between calls.
    pub(crate) fn new(
        provider: &'a Provider,
        trust: &'a Trust,
        documents: &'a dyn DocumentCache,
        person: Person<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        if trust.insecure {
            person.tell(Event::CertificatesUnchecked);
        }
        Ok(Self {
            client_secret: provider.client_secret.as_ref().map(read).transpose()?,
            http: Http::new(provider, trust, person, clock)?,
            provider,
            trust,
            documents,
            person,
            clock,
        })
    }

    /// Renews the session with its refresh token: one request when the provider's documents are at hand.
    pub(crate) async fn refresh(&self, refresh: &Refresh<'_>) -> Renewal {
        let documents = self.documents();
        let metadata = match documents.metadata(false).await {
            Ok(metadata) => metadata,
            Err(error) => return Renewal::Failed(error),
        };
        let endpoint = TokenEndpoint::new(self, &metadata);
        let mut granted_scope = refresh.granted_scope;
        let mut answer = match timeout(PATIENCE, endpoint.refresh(refresh.token, granted_scope)).await {
            Ok(answer) if !matches!(&answer, Err(error) if error.may_have_arrived()) => answer,
            // A network that hangs looks like a provider that thinks; the leeway counts for both.
            _ => {
                self.person.tell(Event::ResponseLost);
                endpoint.refresh(refresh.token, granted_scope).await
            }
        };
        if matches!(&answer, Err(Error::OAuth(refusal)) if refusal.refuses_a_scope()) {
            // What was granted to a session that came from elsewhere is not known; nothing said means just that (RFC 6749 6).
            granted_scope = "";
            answer = endpoint.refresh(refresh.token, granted_scope).await;
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(Error::OAuth(answer)) if answer.ends_session() => return Renewal::Over(answer.to_string()),
            Err(error) => {
                if error.may_mean_a_move() {
                    documents.forget();
                }
                return Renewal::Failed(error);
            }
        };
        let keep_rotated = || {
            if let Some(rotated) = &answer.refresh_token {
                (refresh.keep_rotated)(rotated);
            }
        };
        let occasion = Occasion::Refresh {
            origin: refresh.origin,
        };
        match self
            .believe(&answer, &documents, &metadata, occasion, &keep_rotated)
            .await
        {
            Ok(tokens) => Renewal::Renewed(Box::new(Tokens {
                // Okta's static mode may leave it out; the old one goes on then.
                refresh_token: answer.refresh_token.or_else(|| Some(refresh.token.clone())),
                granted_scope: granted_scope.to_owned(),
                ..tokens
            })),
            Err(error) => {
                keep_rotated();
                match error {
                    Error::NoIdToken => Renewal::NoIdToken,
                    error => Renewal::Failed(error),
                }
            }
        }
    }

    fn documents(&self) -> Documents<'_> {
        Documents::new(
            &self.http,
            &self.provider.issuer,
            self.trust,
            self.documents,
            (self.clock)(),
        )
    }

    /// Verifies what an answer holds of the token that is to be handed out.
    ///
    /// `before_waiting` is called before the network is asked for keys.
    async fn believe(
        &self,
        answer: &Answer,
        documents: &Documents<'_>,
        metadata: &Metadata,
        occasion: Occasion<'_>,
        before_waiting: &(dyn Fn() + Sync),
    ) -> Result<Tokens, Error> {
        let expected = Expected {
            issuer: self.provider.issuer.as_str(),
            client_id: &self.provider.client_id,
            algorithms: &metadata.signing_algorithms,
            occasion,
            now: (self.clock)(),
        };
        let id_claims = match &answer.id_token {
            Some(token) => {
                let verify = |keys: &_| id_token::verify(token, Some(&answer.access_token), keys, &expected);
                Some(
                    self.with_keys(documents, metadata, before_waiting, verify)
                        .await?,
                )
            }
            None => None,
        };
        if let Some(claims) = &id_claims {
            self.check_account(claims)?;
        }
        let kept = |token: Secret, (issued_at, expires_at), claims: Option<Claims>, origin| Tokens {
            token,
            issued_at,
            expires_at,
            claims: claims.map(|claims| claims.all).unwrap_or_default(),
            origin,
            refresh_token: answer.refresh_token.clone(),
            granted_scope: answer
                .granted_scope
                .clone()
                .unwrap_or_else(|| self.provider.scopes.joined()),
        };
        if self.provider.token == TokenKind::Id {
            let (Some(token), Some(claims)) = (&answer.id_token, id_claims) else {
                return Err(Error::NoIdToken);
            };
            let origin = claims.origin();
            return Ok(kept(token.clone(), claims.life(), Some(claims), origin));
        }
        let origin = id_claims.as_ref().map(Claims::origin).unwrap_or_default();
        let token = Secret::new(answer.access_token.secret().clone());
        if token.expose().matches('.').count() == 2 {
            let verify = |keys: &_| id_token::verify_access(&token, keys, &expected);
            let claims = self
                .with_keys(documents, metadata, before_waiting, verify)
                .await?;
            return Ok(kept(token.clone(), claims.life(), Some(claims), origin));
        }
        // Opaque: only the provider can read it, and only the answer tells how long it lives.
        let seconds = answer.expires_in.ok_or(Error::NoLifetime)?;
        Ok(kept(
            token,
            (expected.now, expected.now.saturating_add(seconds)),
            None,
            origin,
        ))
    }

    /// The provider may sign in whoever has a session in the browser: a `login_hint` is no more than that.
    fn check_account(&self, claims: &Claims) -> Result<(), Error> {
        match &self.provider.account {
            Some(account) if claims.is_of(account) == Some(false) => Err(Error::OtherAccount {
                wanted: ForeignText::with_limit(account, 80),
                got: ForeignText::with_limit(claims.name(), 80),
            }),
            _ => Ok(()),
        }
    }

    /// Verifies with the keys at hand, with a second look at the key set if the token's is unknown (OpenID Connect Core
    /// 10.1.1).
    async fn with_keys(
        &self,
        documents: &Documents<'_>,
        metadata: &Metadata,
        before_waiting: &(dyn Fn() + Sync),
        verify: impl Fn(&CoreJsonWebKeySet) -> Result<Claims, distrust::Error> + Sync,
    ) -> Result<Claims, Error> {
        let result = match documents.kept_keys(&metadata.jwks_uri) {
            Some(keys) => verify(&keys),
            None => Err(distrust::Error::UnknownKey),
        };
        let result = match result {
            Err(distrust::Error::UnknownKey) => {
                before_waiting();
                verify(&documents.fetch_keys(&metadata.jwks_uri).await?)
            }
            result => result,
        };
        result.map_err(|source| Error::IdToken {
            source,
            clock_ahead: self.http.clock_ahead(),
        })
    }
}

/// Reads a secret where it is; a line's end after it is none of it.
fn read(source: &SecretSource) -> Result<Secret, Error> {
    let (path, flag) = match source {
        SecretSource::Given(secret) => return Ok(secret.clone()),
        SecretSource::File { path, flag } => (path, *flag),
    };
    let bytes = files::read_secret(path).map_err(|source| Error::FlagFile { flag, source })?;
    let text = String::from_utf8(bytes).map_err(|_| Error::SecretNotText(flag))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Error::SecretNotText(flag)),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Login;

    /// A server that signs in or refreshes for many needs futures that may move between threads.
    #[test]
    fn futures_of_the_client_are_send() {
        fn is_send<T: Send>(_: impl FnOnce() -> T) {}
        fn check(client: &ProviderClient<'_>, login: &Login, refresh: &Refresh<'_>, token: &Secret) {
            is_send(|| client.login(login));
            is_send(|| client.refresh(refresh));
            is_send(|| client.trusts(token));
        }
        std::hint::black_box(check);
    }
}
