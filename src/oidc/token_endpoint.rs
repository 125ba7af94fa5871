//! Requests to the token endpoint: a code or a refresh token for an ID token.
//!
//! Owns client authentication, one method and never a second try with another (each failure counts as an attack
//! at the provider), and what an answer has to hold (RFC 6749 5.1). Failures are told apart in `http`.

use std::borrow::Cow;

use chrono::DateTime;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, DeviceAuthorizationUrl,
    DeviceCodeErrorResponse, DeviceCodeErrorResponseType, EndpointNotSet, EndpointSet, ErrorResponse,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    ResourceOwnerPassword, ResourceOwnerUsername, Scope, StandardDeviceAuthorizationResponse,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::ProviderClient;
use super::answer::shown;
use super::error::{Error, OAuthError};
use super::http::{Http, Polling};
use super::metadata::Metadata;
use crate::clock::Clock;
use crate::foreign_text::ForeignText;
use crate::secret::Secret;
use crate::settings::{Provider, Scopes};

type Response = StandardTokenResponse<IdTokenField, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Response,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The ID token as text: `openidconnect`'s own type would fail the whole answer, and so lose a rotated refresh
/// token, over one bad claim. (`http` takes out what `oauth2` would stumble over.)
#[derive(Debug, Clone, Serialize, Deserialize)]
struct IdTokenField {
    #[serde(default)]
    id_token: Option<Secret>,
}

impl ExtraTokenFields for IdTokenField {}

/// An answer of the token endpoint; nothing in it is verified yet.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) id_token: Option<Secret>,
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<Secret>,
    /// `None` when the provider granted what was asked for.
    pub(super) granted_scope: Option<String>,
    /// Life of the access token in seconds, if the provider says.
    pub(super) expires_in: Option<i64>,
}

pub(super) struct TokenEndpoint<'a> {
    client: Client,
    url: &'a Url,
    http: &'a Http<'a>,
}

impl<'a> TokenEndpoint<'a> {
    pub(super) fn new(provider_client: &'a ProviderClient<'_>, metadata: &'a Metadata) -> Self {
        let mut client = oauth2::Client::new(ClientId::new(provider_client.provider.client_id.clone()))
            .set_auth_type(auth_type(metadata.token_auth_methods.as_deref()))
            .set_token_uri(TokenUrl::from_url(metadata.token_endpoint.clone()));
        if let Some(secret) = &provider_client.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        Self {
            client,
            url: &metadata.token_endpoint,
            http: &provider_client.http,
        }
    }

    /// Exchanges an authorization code; the redirect URI is the one of the authorization request, to the letter.
    pub(super) async fn exchange(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<PkceCodeVerifier>,
    ) -> Result<Answer, Error> {
        let mut request = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if let Some(redirect_uri) = redirect_uri {
            let redirect =
                RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| Error::Internal("redirect URI"))?;
            request = request.set_redirect_uri(Cow::Owned(redirect));
        }
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(verifier);
        }
        self.answer(request.request_async(self.http).await)
    }

    /// Trades a user's name and password (RFC 6749 4.3).
    pub(super) async fn password(
        &self,
        username: &str,
        password: &Secret,
        scopes: &Scopes,
    ) -> Result<Answer, Error> {
        let username = ResourceOwnerUsername::new(username.to_owned());
        let password = ResourceOwnerPassword::new(password.expose().to_owned());
        let request = self
            .client
            .exchange_password(&username, &password)
            .add_scopes(requested(scopes));
        self.answer(request.request_async(self.http).await)
    }

    /// Signs in as the program itself (RFC 6749 4.4).
    pub(super) async fn client_credentials(&self, provider: &Provider) -> Result<Answer, Error> {
        let scopes = provider.scopes.typed().map(|scope| Scope::new(scope.to_owned()));
        let mut request = self.client.exchange_client_credentials().add_scopes(scopes);
        for (name, value) in provider.given_parameters() {
            request = request.add_extra_param(name.to_owned(), value.to_owned());
        }
        self.answer(request.request_async(self.http).await)
    }

    /// Asks for a device code (RFC 8628 3.1), with a PKCE challenge where the provider wants one.
    pub(super) async fn device_code(
        &self,
        endpoint: &Url,
        scopes: &Scopes,
        challenge: Option<&PkceCodeChallenge>,
    ) -> Result<StandardDeviceAuthorizationResponse, Error> {
        let url = DeviceAuthorizationUrl::from_url(endpoint.clone());
        let client = self.client.clone().set_device_authorization_url(url);
        let mut request = client.exchange_device_code().add_scopes(requested(scopes));
        if let Some(challenge) = challenge {
            request = request
                .add_extra_param("code_challenge", challenge.as_str().to_owned())
                .add_extra_param("code_challenge_method", "S256");
        }
        request
            .request_async(self.http)
            .await
            .map_err(|error| self.border(error))
    }

    /// Polls until the person has decided or the device code has ended. `oauth2` keeps the interval, slows down when it
    /// is told to, and survives a network that fails for a while (RFC 8628 3.5).
    pub(super) async fn poll(
        &self,
        device: &StandardDeviceAuthorizationResponse,
        verifier: Option<PkceCodeVerifier>,
        clock: Clock,
    ) -> Result<Answer, Error> {
        let mut request = self
            .client
            .exchange_device_access_token(device)
            .set_time_fn(move || DateTime::from_timestamp(clock(), 0).unwrap_or_default());
        if let Some(verifier) = verifier {
            request = request.add_extra_param("code_verifier", verifier.secret().clone());
        }
        let polling = Polling(self.http);
        match request.request_async(&polling, tokio::time::sleep, None).await {
            Ok(response) => self.answer(Ok(response)),
            Err(RequestTokenError::ServerResponse(refusal)) => Err(device_refusal(&refusal)),
            Err(error) => Err(self.border(error)),
        }
    }

    /// Refreshes with the scopes that were granted: Okta sends an ID token only for `openid` and a refresh token
    /// only for `offline_access`, and nobody may ask for more than before (RFC 6749 section 6).
    pub(super) async fn refresh(&self, refresh_token: &Secret, granted_scope: &str) -> Result<Answer, Error> {
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let scopes = granted_scope
            .split_whitespace()
            .map(|scope| Scope::new(scope.to_owned()));
        let request = self.client.exchange_refresh_token(&token).add_scopes(scopes);
        self.answer(request.request_async(self.http).await)
    }

    fn answer(
        &self,
        result: Result<Response, RequestTokenError<Error, BasicErrorResponse>>,
    ) -> Result<Answer, Error> {
        let response = result.map_err(|error| self.border(error))?;
        match response.token_type() {
            BasicTokenType::Bearer => {}
            BasicTokenType::Mac => return Err(Error::TokenType(ForeignText::new("mac"))),
            BasicTokenType::Extension(other) => {
                return Err(Error::TokenType(ForeignText::with_limit(other, 30)));
            }
        }
        let scopes = response
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
        Ok(Answer {
            id_token: response
                .extra_fields()
                .id_token
                .clone()
                .filter(|token| !token.expose().is_empty()),
            access_token: response.access_token().clone(),
            refresh_token: response
                .refresh_token()
                .map(|token| Secret::new(token.secret().clone())),
            expires_in: response
                .expires_in()
                .and_then(|life| i64::try_from(life.as_secs()).ok()),
            granted_scope: scopes
                .map(|scopes| scopes.join(" "))
                .filter(|scopes| !scopes.is_empty()),
        })
    }

    /// The library's errors hold the answer's body, so nothing of them but the place of the fault goes on.
    fn border<T: ErrorResponse>(&self, error: RequestTokenError<Error, T>) -> Error {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::Parse(error, _) => {
                let path = error.path().to_string();
                let inner = error.into_inner();
                let why = match inner.classify() {
                    serde_json::error::Category::Data if path != "." => format!("`{path}` has a wrong type"),
                    serde_json::error::Category::Data => "a field is missing or of a wrong type".to_owned(),
                    _ => "it is broken JSON".to_owned(),
                };
                Error::TokenAnswer {
                    url: shown(self.url),
                    why: ForeignText::new(&why),
                }
            }
            RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => Error::TokenAnswer {
                url: shown(self.url),
                why: ForeignText::new("it is neither tokens nor an error"),
            },
        }
    }
}

fn requested(scopes: &Scopes) -> impl Iterator<Item = Scope> {
    scopes.iter().map(|scope| Scope::new(scope.to_owned()))
}

fn device_refusal(refusal: &DeviceCodeErrorResponse) -> Error {
    match refusal.error() {
        DeviceCodeErrorResponseType::ExpiredToken => Error::DeviceExpired,
        error => Error::SignInRefused(OAuthError {
            status: 0,
            error: ForeignText::with_limit(error.as_ref(), 60),
            description: refusal.error_description().map(|text| ForeignText::new(text)),
            request_id: None,
        }),
    }
}

/// Basic unless the provider lists only the body (OpenID Connect Core 9; Discovery 3 gives the default).
fn auth_type(methods: Option<&[String]>) -> AuthType {
    let lists = |name: &str| methods.is_some_and(|methods| methods.iter().any(|method| method == name));
    if lists("client_secret_post") && !lists("client_secret_basic") {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_used_only_where_basic_is_not_listed() {
        let chosen = |methods: Option<&[&str]>| {
            let methods = methods.map(|methods| {
                methods
                    .iter()
                    .map(|&method| method.to_owned())
                    .collect::<Vec<_>>()
            });
            matches!(auth_type(methods.as_deref()), AuthType::BasicAuth)
        };
        assert!(chosen(None));
        assert!(chosen(Some(&["client_secret_post", "client_secret_basic"])));
        assert!(chosen(Some(&["none"])));
        assert!(!chosen(Some(&["client_secret_post"])));
    }
}
