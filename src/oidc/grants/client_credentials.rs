//! The client credentials grant (RFC 6749 4.4): a program logs in as itself, without a person.

use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::event::Event;
use crate::oidc::grants::login::LoginFailure;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::token::sign_in_demands::SignInDemands;
use crate::oidc::{ProviderClient, Tokens};

impl ProviderClient<'_> {
    /// Logs in with the client credentials. This grant has no refresh token, so the same request is also the refresh, and it uses the
    /// cached metadata.
    pub(in crate::oidc) async fn login_by_client_credentials(&self) -> Result<Tokens, LoginFailure> {
        self.client_credentials()
            .await
            .map_err(LoginFailure::before_prompt)
    }

    async fn client_credentials(&self) -> Result<Tokens, Error> {
        let cache = self.open_cache();
        let metadata = cache.metadata(CacheUse::Allow).await?;
        self.begin_dpop(&metadata)?;
        self.interaction.report(Event::Discovered);
        let endpoint = TokenEndpoint::new(self, &cache, &metadata).with_timeout(RESPONSE_TIMEOUT);
        let response = match endpoint.client_credentials().await {
            Err(error) => {
                if error.may_mean_stale_metadata() {
                    cache.invalidate();
                }
                return Err(error);
            }
            Ok(response) => response,
        };
        self.verify_without_nonce(&response, &cache, &metadata, &SignInDemands::default())
            .await
    }
}
