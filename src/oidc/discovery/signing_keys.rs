//! The keys of an issuer, for a token that is only looked at: from the provider, or from the cache at any age.

use crate::clock::Timestamp;
use crate::oidc::ProviderClient;
use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::token::key_set::KeySet;

/// The keys of an issuer, and the algorithms that it announces.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    pub(in crate::oidc) keys: KeySet,
    pub(in crate::oidc) algorithms: Vec<String>,
    /// When the cached keys were fetched. `None` if they were fetched now.
    pub(crate) cached_since: Option<Timestamp>,
}

impl ProviderClient<'_> {
    /// Fetches metadata and keys, and caches them.
    pub(crate) async fn fetch_signing_keys(&self) -> Result<SigningKeys, Error> {
        let cache = self.open_cache();
        let metadata = cache.metadata(CacheUse::Refetch).await?;
        let keys = cache.fetch_and_cache_keys(metadata.jwks_uri()?).await?;
        Ok(SigningKeys {
            keys,
            algorithms: metadata.signing_algorithms,
            cached_since: None,
        })
    }

    /// Returns the cached keys, whatever their age. Uses no network.
    pub(crate) fn cached_signing_keys(&self) -> Option<SigningKeys> {
        let (metadata, keys, fetched) = self.open_cache().cached_at_any_age()?;
        Some(SigningKeys {
            keys,
            algorithms: metadata.signing_algorithms,
            cached_since: Some(fetched),
        })
    }
}
