//! Ends a session at the provider: revokes its refresh token (RFC 7009).

use std::time::Duration;

use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::errors::token::TokenError;
use crate::oidc::grants::refresh::is_final_refusal;
use crate::oidc::token::endpoint::TokenEndpoint;
use crate::oidc::{DpopSession, ProviderClient};
use crate::secret::Secret;

/// A revocation that takes longer counts as failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What came of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// The provider has revoked the refresh token, or does not know it.
    Done,
    /// The provider has no endpoint for it.
    Unsupported,
    /// The provider refuses it, and would refuse the same request again. The text says why.
    Refused(String),
}

impl ProviderClient<'_> {
    /// Revokes the refresh token of a session. The provider ends its access tokens too; an ID token stays valid until it expires.
    ///
    /// The endpoint comes from the network, so that a changed cache does not get the token.
    ///
    /// # Errors
    /// If the provider cannot be reached, or does not accept the client: then a later request may succeed.
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
        match endpoint.revoke(url, refresh_token).await {
            Ok(()) => Ok(Revocation::Done),
            // Such as `unsupported_token_type` (RFC 7009 2.2.1). The same rules as for a refresh say what is final.
            Err(Error::Token(TokenError::Refused(refusal))) if is_final_refusal(&refusal) => {
                Ok(Revocation::Refused(refusal.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}
