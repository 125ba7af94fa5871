//! What is told of a sign-in that brought no refresh token.

use super::acquire::Settings;

impl Settings<'_> {
    pub(super) fn no_refresh_token(&self) -> &'static str {
        let mut scopes = self.provider.scopes.iter();
        if scopes.any(|scope| scope == "offline_access") {
            NO_CONSENT
        } else {
            NO_REFRESH_TOKEN
        }
    }
}

const NO_REFRESH_TOKEN: &str = "\
the provider sent no refresh token, so you sign in again when this token ends; to change that, add \
--oidc-extra-scope=offline_access (at Okta the app also needs the grant type Refresh Token)";

/// OpenID Connect Core 11: a provider may want the person's consent each time.
const NO_CONSENT: &str = "\
the provider sent no refresh token, though it was asked for offline_access, so you sign in again when this token ends; at \
Okta the app needs the grant type Refresh Token, at others add --oidc-auth-request-extra-params=prompt=consent";
