//! Ends a session at the provider: revokes its refresh token (RFC 7009).

use std::time::Duration;

use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::token::TokenError;
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
            Err(Error::Token(TokenError::Refused(refusal))) if is_final(&refusal) => {
                Ok(Revocation::Refused(refusal.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the provider would refuse the same token again: only where the code says so of the token or of the request (RFC 7009 2.2.1, RFC
/// 6749 5.2). Any other one, and also `access_denied`, may be that of a gateway or of a policy for the network that the machine is in, and a
/// token that is given up for it would stay valid. A wait costs one request.
fn is_final(refusal: &OAuthError) -> bool {
    let is_of_token = match refusal.code().as_str() {
        "unsupported_token_type"
        | "invalid_grant"
        | "invalid_token"
        | "token_inactive"
        | "token_expired"
        | "expired_token" => matches!(refusal.status, Some(400 | 401 | 403)),
        "invalid_request" => refusal.status == Some(400),
        _ => false,
    };
    is_of_token && !refusal.is_network_restriction()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant_type::GrantType;
    use crate::untrusted_text::UntrustedText;

    #[test]
    fn only_what_the_provider_says_of_the_token_or_the_request_is_final() {
        for (status, code, expected) in [
            (400, "unsupported_token_type", true),
            (403, "Unsupported-Token-Type", true),
            (400, "invalid_grant", true),
            (401, "invalid_token", true),
            (400, "invalid_request", true),
            (403, "invalid_request", false),
            (404, "unsupported_token_type", false),
            (400, "invalid_client", false),
            (401, "unauthorized_client", false),
            (403, "access_denied", false),
            (403, "ip_blocked", false),
            (401, "unknown", false),
            (400, "bad gateway", false),
            (400, "slow_down", false),
        ] {
            let refusal = OAuthError {
                status: Some(status),
                error: UntrustedText::new(code),
                description: None,
                request_id: None,
                is_okta: false,
                grant: GrantType::AuthorizationCode,
                clock_ahead_mins: 0,
                step_up: None,
            };
            assert_eq!(is_final(&refusal), expected, "{status} {code}");
        }
    }
}
