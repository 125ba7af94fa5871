//! Requests to the token endpoint, and to the endpoints that authenticate the client in the same way.
//!
//! Owns the parameters of each grant. `token::posting` authenticates the client, `http::response` distinguishes the errors, and
//! `token::response` reads the tokens.

use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Map, Value};
use url::Url;

use crate::grant_type::GrantType;
use crate::oidc::ProviderClient;
use crate::oidc::client_auth::EndpointKind;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::errors::Error;
use crate::oidc::errors::token::TokenError;
use crate::oidc::http::ResponseContent;
use crate::oidc::token::posting::{FormPoster, Target};
use crate::oidc::token::response::TokenResponse;
use crate::secret::Secret;
use crate::settings::{Scopes, TokenKind};
use crate::step_up::StepUp;

/// How long to wait for the response to a refresh or a login, even if other requests have a shorter timeout. The provider may have
/// processed the request: then the refresh token is already rotated, and the authorization code already used.
pub(in crate::oidc) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The parameters of a request, in order.
type Parameters<'p> = Vec<(&'p str, &'p str)>;

pub(in crate::oidc) struct TokenEndpoint<'a> {
    poster: FormPoster<'a>,
}

impl<'a> TokenEndpoint<'a> {
    pub(in crate::oidc) fn new(
        client: &'a ProviderClient<'a>,
        cache: &'a ProviderCache<'a>,
        metadata: &'a Metadata,
    ) -> Self {
        let poster = FormPoster {
            client,
            cache,
            metadata,
            timeout: None,
        };
        Self { poster }
    }

    pub(in crate::oidc) fn with_timeout(self, timeout: Duration) -> Self {
        let poster = FormPoster {
            timeout: Some(timeout),
            ..self.poster
        };
        Self { poster }
    }

    /// Exchanges an authorization code. The redirect URI must be exactly that of the authorization request.
    pub(in crate::oidc) async fn exchange(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&PkceCodeVerifier>,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("code", code.expose())];
        parameters.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        parameters.extend(verifier.map(|verifier| ("code_verifier", verifier.secret().as_str())));
        self.request_tokens(GrantType::AuthorizationCode, parameters)
            .await
    }

    /// Exchanges a user's name and password for tokens (RFC 6749 4.3).
    pub(in crate::oidc) async fn password(
        &self,
        username: &str,
        password: &Secret,
        scopes: &Scopes,
    ) -> Result<TokenResponse, Error> {
        let scope = scopes.joined();
        let mut parameters = vec![("username", username), ("password", password.expose())];
        add_scope(&mut parameters, &scope);
        self.request_tokens(GrantType::Password, parameters).await
    }

    /// Requests tokens for the program itself (RFC 6749 4.4). Requests the scope `openid` like kubelogin, and omits it if the provider
    /// refuses it for this grant (Okta).
    pub(in crate::oidc) async fn client_credentials(&self) -> Result<TokenResponse, Error> {
        let provider = self.poster.client.provider;
        let all_scopes = provider.scopes.joined();
        let other_scopes: Vec<&str> = provider
            .scopes
            .iter()
            .filter(|scope| *scope != "openid")
            .collect();
        let other_scopes = other_scopes.join(" ");
        // A configured parameter `scope` is sent unchanged.
        if all_scopes == other_scopes || provider.extra_parameter("scope").is_some() {
            return self.client_credentials_with(&all_scopes).await;
        }
        // If an ID token is needed, `openid` is requested each time, because only `openid` brings one.
        if provider.token == TokenKind::Access && self.poster.cache.is_openid_refused(&provider.client_id) {
            return self.client_credentials_with(&other_scopes).await;
        }
        match self.client_credentials_with(&all_scopes).await {
            Err(Error::Token(TokenError::Refused(refusal))) if refusal.is_scope_refusal() => {
                let response = self.client_credentials_with(&other_scopes).await?;
                self.poster.cache.record_refused_openid(&provider.client_id);
                Ok(response)
            }
            result => result,
        }
    }

    async fn client_credentials_with(&self, scope: &str) -> Result<TokenResponse, Error> {
        let mut parameters = Vec::new();
        add_scope(&mut parameters, scope);
        parameters.extend(self.poster.client.provider.extra_parameters_without_scope());
        self.request_tokens(GrantType::ClientCredentials, parameters)
            .await
    }

    /// Refreshes with the granted scopes. Okta returns an ID token only for `openid` and a refresh token only for `offline_access`, and a
    /// refresh may not request more than was granted (RFC 6749 section 6).
    pub(in crate::oidc) async fn refresh(
        &self,
        refresh_token: &Secret,
        granted_scope: &str,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("refresh_token", refresh_token.expose())];
        add_scope(&mut parameters, granted_scope);
        self.request_tokens(GrantType::RefreshToken, parameters).await
    }

    /// Requests a device code (RFC 8628 3.1), with a PKCE challenge if one is given, and with what the provider demands of the sign-in: RFC
    /// 9470 4 has those parameters for authorization requests, and some providers (Keycloak) take them here too.
    pub(in crate::oidc) async fn device_code(
        &self,
        url: &Url,
        challenge: Option<&PkceCodeChallenge>,
        step_up: Option<&StepUp>,
    ) -> Result<Map<String, Value>, Error> {
        let scope = self.poster.client.provider.scopes.joined();
        let mut parameters = Vec::new();
        add_scope(&mut parameters, &scope);
        self.add_resources(&mut parameters);
        if let Some(challenge) = challenge {
            parameters.push(("code_challenge", challenge.as_str()));
            parameters.push(("code_challenge_method", "S256"));
        }
        let acr_values = step_up.and_then(StepUp::acr_values);
        let max_age = step_up
            .and_then(StepUp::max_age_secs)
            .map(|secs| secs.to_string());
        parameters.extend(acr_values.as_deref().map(|values| ("acr_values", values)));
        parameters.extend(max_age.as_deref().map(|secs| ("max_age", secs)));
        let target = Target {
            kind: EndpointKind::DeviceAuthorization,
            url,
            content: ResponseContent::Members,
        };
        self.poster
            .post_authenticated(target, &parameters)
            .await
            .map_err(|error| error.with_grant(GrantType::DeviceCode))
    }

    /// Polls once whether the person has signed in with the device code (RFC 8628 3.4).
    pub(in crate::oidc) async fn poll(
        &self,
        device_code: &Secret,
        verifier: Option<&PkceCodeVerifier>,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("device_code", device_code.expose())];
        parameters.extend(verifier.map(|verifier| ("code_verifier", verifier.secret().as_str())));
        self.request_tokens(GrantType::DeviceCode, parameters).await
    }

    /// Pushes an authorization request (RFC 9126 2.1). The endpoint takes the methods of the token endpoint.
    pub(in crate::oidc) async fn push(
        &self,
        url: &Url,
        parameters: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Error> {
        let target = Target {
            kind: EndpointKind::Token,
            url,
            content: ResponseContent::Members,
        };
        self.poster.post_authenticated(target, parameters).await
    }

    /// Revokes a refresh token (RFC 7009 2.1). Success also means that the provider does not know the token (2.2).
    pub(in crate::oidc) async fn revoke(&self, url: &Url, refresh_token: &Secret) -> Result<(), Error> {
        let target = Target {
            // The endpoint takes the methods of the token endpoint (RFC 8414 2, unless the metadata name others).
            kind: EndpointKind::Token,
            url,
            content: ResponseContent::Confirmation,
        };
        let parameters = [
            ("token", refresh_token.expose()),
            ("token_type_hint", "refresh_token"),
        ];
        self.poster
            .post_authenticated(target, &parameters)
            .await
            .map(drop)
    }

    /// Adds the services that the tokens are for. Each request of a sign-in and a refresh names them all (RFC 8707 2.1, 2.2).
    fn add_resources<'p>(&'p self, parameters: &mut Parameters<'p>) {
        let resources = &self.poster.client.provider.resources;
        parameters.extend(resources.iter().map(|resource| ("resource", resource.as_str())));
    }

    async fn request_tokens(
        &self,
        grant: GrantType,
        mut parameters: Parameters<'_>,
    ) -> Result<TokenResponse, Error> {
        parameters.insert(0, ("grant_type", grant.parameter()));
        self.add_resources(&mut parameters);
        let url = &self.poster.metadata.token_endpoint;
        let target = Target {
            kind: EndpointKind::Token,
            url,
            content: ResponseContent::Members,
        };
        let result = self.poster.post_authenticated(target, &parameters).await;
        let object = result.map_err(|error| error.with_grant(grant))?;
        TokenResponse::read(object).map_err(|fault| {
            let url = self.poster.client.http.shown(url);
            TokenError::Malformed { url, fault }.into()
        })
    }
}

fn add_scope<'p>(parameters: &mut Parameters<'p>, scope: &'p str) {
    if !scope.is_empty() {
        parameters.push(("scope", scope));
    }
}
