//! Ends a session at the provider: revokes its refresh token (RFC 7009).

use std::time::Duration;

use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::token::endpoint::TokenEndpoint;
use crate::oidc::{DpopSession, ProviderClient};
use crate::secret::Secret;

/// A revocation that takes longer counts as failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What came of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// The provider has revoked the refresh token, or does not know it.
    Done,
    /// The provider has no endpoint for it.
    Unsupported,
}

impl ProviderClient<'_> {
    /// Revokes the refresh token of a session. The provider ends its access tokens too; an ID token stays valid until it expires.
    ///
    /// The endpoint comes from the network, so that a changed cache does not get the token.
    ///
    /// # Errors
    /// If the provider cannot be reached, or refuses: then the token may still be valid (RFC 7009 2.2.1).
    pub(crate) async fn revoke(
        &self,
        refresh_token: &Secret,
        dpop: Option<&DpopSession>,
    ) -> Result<Revocation, Error> {
        let cache = self.open_cache();
        let metadata = cache.metadata(CacheUse::Refetch).await?;
        let Some(url) = metadata.revocation_endpoint()? else {
            return Ok(Revocation::Unsupported);
        };
        self.resume_dpop(&metadata, dpop);
        let endpoint = TokenEndpoint::new(self, &cache, &metadata).with_timeout(TIMEOUT);
        endpoint.revoke(url, refresh_token).await?;
        Ok(Revocation::Done)
    }
}
