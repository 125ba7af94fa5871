//! A client for one provider, which all grants share.

use crate::clock::Clock;
use crate::files;
use crate::oidc::discovery::documents::{DocumentCache, Documents};
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::{Event, LogEvent, Person, Warning};
use crate::oidc::http::Http;
use crate::secret::Secret;
use crate::settings::{Provider, SecretSource, TlsTrust};

/// A client for one provider.
pub(crate) struct ProviderClient<'a> {
    pub(super) provider: &'a Provider,
    pub(super) client_secret: Option<Secret>,
    pub(super) http: Http<'a>,
    pub(super) trust: &'a TlsTrust,
    documents: &'a dyn DocumentCache,
    pub(super) person: Person<'a>,
    pub(super) clock: Clock,
}

impl<'a> ProviderClient<'a> {
    /// Creates a client. `documents` caches the provider's documents between calls.
    pub(crate) fn new(
        provider: &'a Provider,
        trust: &'a TlsTrust,
        documents: &'a dyn DocumentCache,
        person: Person<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        if trust.insecure {
            person.warn(Warning::CertificatesUnchecked);
        }
        if let Some(SecretSource::File { path, .. }) = &provider.client_secret {
            person.log(LogEvent::FileRead(path));
        }
        Ok(Self {
            client_secret: provider.client_secret.as_ref().map(read_secret).transpose()?,
            http: Http::new(provider, trust, person, clock)?,
            provider,
            trust,
            documents,
            person,
            clock,
        })
    }

    /// Fetches the metadata anew: logins are rare, and it may name a new endpoint.
    pub(super) async fn discover(&self, documents: &Documents<'_>) -> Result<Metadata, Error> {
        let metadata = documents.metadata(true).await?;
        self.person.report(Event::Discovered);
        Ok(metadata)
    }

    pub(super) fn documents(&self) -> Documents<'_> {
        Documents::new(
            &self.http,
            &self.provider.issuer,
            self.trust,
            self.documents,
            (self.clock)(),
        )
    }
}

/// Reads a secret from its source. Line ends after it do not belong to it.
pub(super) fn read_secret(source: &SecretSource) -> Result<Secret, SetupError> {
    let (path, flag) = match source {
        SecretSource::Inline(secret) => return Ok(secret.clone()),
        SecretSource::File { path, flag } => (path, *flag),
    };
    let bytes = files::read_secret(path).map_err(|source| SetupError::FlagFile { flag, source })?;
    let text = String::from_utf8(bytes).map_err(|_| SetupError::SecretNotText(flag))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(SetupError::SecretNotText(flag)),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Refresh;
    use crate::settings::Login;

    /// A server that serves several requests needs futures that can move between threads.
    #[test]
    fn futures_of_the_client_are_send() {
        fn is_send<T: Send>(_: impl FnOnce() -> T) {}
        fn check(client: &ProviderClient<'_>, login: &Login, refresh: &Refresh<'_>, token: &Secret) {
            is_send(|| client.login(login));
            is_send(|| client.refresh(refresh));
            is_send(|| client.verify_imported(token));
        }
        std::hint::black_box(check);
    }
}
