//! What a provider says of itself, for a person who looks for a fault.
//!
//! Fetches the public documents and compares the clocks. Never signs in, sends no secret but the configured headers, and caches nothing if
//! the client has no cache.

use super::ProviderClient;
use super::discovery::metadata::Metadata;
use super::errors::Error;
use super::errors::documents::DocumentError;
use super::json;
use super::token::key_set::KeySet;
use crate::untrusted_text::UntrustedText;

/// What was found.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) metadata: Result<Announced, Error>,
    /// Whether the keys can be used. `None` if they were not fetched.
    pub(crate) keys: Option<Result<(), Error>>,
    /// How far the provider's clock is ahead of this machine's. `None` if no response named its time.
    pub(crate) clock_ahead_secs: Option<i64>,
}

/// What the discovery document announces. A list is `None` if it is absent (OpenID Connect Discovery 3).
#[derive(Debug, Clone, Default)]
pub(crate) struct Announced {
    /// Why the endpoint cannot be used.
    pub(crate) authorization_endpoint_fault: Option<String>,
    pub(crate) device_endpoint_fault: Option<String>,
    pub(crate) keys_fault: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) pkce_methods: Option<Vec<String>>,
    pub(crate) grant_types: Option<Vec<String>>,
    pub(crate) token_auth_methods: Option<Vec<String>>,
    pub(crate) signing_algorithms: Option<Vec<String>>,
}

impl Announced {
    fn new(body: &[u8], metadata: &Metadata) -> Self {
        let document = json::object(body).unwrap_or_default();
        let fault = |result: Result<&url::Url, DocumentError>| result.err().map(|error| error.to_string());
        let list = |name: &str| json::texts(&document, name);
        Self {
            authorization_endpoint_fault: fault(metadata.authorization_endpoint()),
            device_endpoint_fault: fault(metadata.device_authorization_endpoint()),
            keys_fault: fault(metadata.jwks_uri()),
            scopes: list("scopes_supported"),
            pkce_methods: list("code_challenge_methods_supported"),
            grant_types: list("grant_types_supported"),
            token_auth_methods: metadata.token_auth_methods.clone(),
            signing_algorithms: list("id_token_signing_alg_values_supported"),
        }
    }
}

impl ProviderClient<'_> {
    /// Fetches the discovery document and the keys anew.
    pub(crate) async fn survey(&self) -> Survey {
        let (metadata, keys) = match self.open_cache().fetch_metadata().await {
            Err(error) => (Err(error), None),
            Ok((document, metadata)) => {
                let announced = Announced::new(&document.body, &metadata);
                let keys = match metadata.jwks_uri() {
                    Ok(uri) => Some(self.try_keys(uri).await),
                    Err(_) => None,
                };
                (Ok(announced), keys)
            }
        };
        let now = (self.clock)();
        Survey {
            metadata,
            keys,
            clock_ahead_secs: self.http.provider_now().map(|theirs| theirs.secs_since(now)),
        }
    }

    async fn try_keys(&self, uri: &url::Url) -> Result<(), Error> {
        let document = self.http.get(uri, None).await?;
        KeySet::parse(&document.body).map_err(|why| DocumentError::KeySet {
            url: self.http.shown(uri),
            why: UntrustedText::new(why),
        })?;
        Ok(())
    }
}
