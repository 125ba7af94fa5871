//! Client credentials (RFC 6749 4.4): a program signs in for itself, and nobody is asked.

use crate::oidc::errors::Error;
use crate::oidc::grants::login::{LoginFailure, not_asked};
use crate::oidc::token::endpoint::{ANSWER_WAIT, TokenEndpoint};
use crate::oidc::{ProviderClient, Tokens};

impl ProviderClient<'_> {
    /// There is no refresh token to refresh with, so this is the refresh too, and the documents at hand will do.
    pub(in crate::oidc) async fn login_by_client_credentials(&self) -> Result<Tokens, LoginFailure> {
        self.client_credentials().await.map_err(not_asked)
    }

    async fn client_credentials(&self) -> Result<Tokens, Error> {
        let documents = self.documents();
        let metadata = documents.metadata(false).await?;
        let endpoint = TokenEndpoint::new(self, &documents, &metadata).with_limit(ANSWER_WAIT);
        let answer = match endpoint.client_credentials().await {
            Err(error) => {
                if error.may_mean_a_move() {
                    documents.forget();
                }
                return Err(error);
            }
            Ok(answer) => answer,
        };
        self.verify_direct(&answer, &documents, &metadata).await
    }
}
