//! A client for one provider, which all grants share.

use url::Url;

use crate::clock::Clock;
use crate::oidc::client_auth::{AssertionContext, Credentials};
use crate::oidc::discovery::document_cache::DocumentCache;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::{CacheUse, ProviderCache};
use crate::oidc::dpop::{DpopSession, DpopState};
use crate::oidc::errors::Error;
use crate::oidc::event::{Event, Interaction, Warning};
use crate::oidc::http::HttpClient;
use crate::settings::{Provider, TlsTrust};

/// A client for one provider.
pub(crate) struct ProviderClient<'a> {
    pub(super) provider: &'a Provider,
    pub(super) credentials: Credentials,
    pub(super) http: HttpClient<'a>,
    pub(super) trust: &'a TlsTrust,
    document_cache: &'a dyn DocumentCache,
    pub(super) interaction: Interaction<'a>,
    pub(super) clock: Clock,
    pub(super) dpop: DpopState,
}

impl<'a> ProviderClient<'a> {
    /// Creates a client. `document_cache` caches the provider's documents between calls.
    ///
    /// Reads the client's secret or key from its file, and the certificate authorities, if they are configured.
    pub(crate) fn new(
        provider: &'a Provider,
        trust: &'a TlsTrust,
        document_cache: &'a dyn DocumentCache,
        interaction: Interaction<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        if trust.insecure {
            interaction.warn(Warning::CertificatesUnchecked);
        }
        Ok(Self {
            credentials: Credentials::read(&provider.client_auth.method, interaction)?,
            http: HttpClient::new(provider, trust, interaction, clock)?,
            dpop: DpopState::new(provider.dpop),
            provider,
            trust,
            document_cache,
            interaction,
            clock,
        })
    }

    /// Fetches the metadata anew: logins are rare, and it may name a new endpoint. Then reports [`Event::Discovered`].
    ///
    /// Also fails if no client assertion can be made for the token endpoint.
    pub(super) async fn discover(&self, cache: &ProviderCache<'_>) -> Result<Metadata, Error> {
        let metadata = cache.metadata(CacheUse::Refetch).await?;
        // Fail before the person signs in, not after.
        if self.credentials.uses_client_assertion() {
            self.assertion_context(&metadata.token_endpoint).aud()?;
        }
        self.begin_dpop(&metadata)?;
        self.interaction.report(Event::Discovered);
        Ok(metadata)
    }

    /// Makes the key of a new session, if it is to have one.
    pub(super) fn begin_dpop(&self, metadata: &Metadata) -> Result<(), Error> {
        self.dpop.begin(metadata.announces_dpop, self.provider.token)
    }

    /// Goes on with the key of a stored session, and with the nonce that its token endpoint sent last.
    pub(super) fn resume_dpop(&self, metadata: &Metadata, session: Option<&DpopSession>) {
        self.dpop.resume(session);
        if let Some(nonce) = session.and_then(|session| session.nonce.as_deref()) {
            self.http.dpop_nonces.keep(&metadata.token_endpoint, nonce);
        }
    }

    /// What a client assertion in a request to an endpoint depends on.
    pub(super) fn assertion_context<'e>(&'e self, endpoint: &'e Url) -> AssertionContext<'e> {
        AssertionContext {
            audience: &self.provider.client_auth.audience,
            endpoint,
            shown_endpoint: self.http.shown(endpoint),
            issuer: &self.provider.issuer,
            now: (self.clock)(),
        }
    }

    /// Reads what is cached about the provider.
    pub(super) fn open_cache(&self) -> ProviderCache<'_> {
        ProviderCache::new(
            &self.http,
            &self.provider.issuer,
            self.trust,
            self.document_cache,
            (self.clock)(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Refresh;
    use crate::secret::Secret;
    use crate::settings::Login;

    /// A server that serves several requests needs futures that can move between threads.
    #[test]
    fn futures_of_the_client_are_send() {
        fn is_send<T: Send>(_: impl FnOnce() -> T) {}
        fn check(client: &ProviderClient<'_>, login: &Login, refresh: &Refresh<'_>, token: &Secret) {
            is_send(|| client.login(login, None));
            is_send(|| client.refresh(refresh));
            is_send(|| client.verify_imported(token));
        }
        std::hint::black_box(check);
    }
}
