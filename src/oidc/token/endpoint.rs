//! Requests to the token endpoint and the device authorization endpoint.
//!
//! Owns the parameters of each grant, and the choice of the client authentication method. `http::response` distinguishes the errors, and
//! `token::response` reads the tokens.

use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Map, Value};
use url::Url;

use crate::grant_type::GrantType;
use crate::oidc::ProviderClient;
use crate::oidc::client_auth::{self, EndpointKind, Form, Method, MethodChoice, MethodOrder, MethodResult};
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::dpop::{self, Reaction, Refused};
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::LogEvent;
use crate::oidc::http::ResponseContent;
use crate::oidc::token::response::TokenResponse;
use crate::secret::Secret;
use crate::settings::{Scopes, TokenKind};

/// How long to wait for the response to a refresh or a login, even if other requests have a shorter timeout. The provider may have
/// processed the request: then the refresh token is already rotated, and the authorization code already used.
pub(in crate::oidc) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Parameters that must not be shown if a response quotes them.
const SECRET_PARAMETERS: [&str; 6] = [
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
    "token",
];

/// The parameters of a request, in order.
type Parameters<'p> = Vec<(&'p str, &'p str)>;

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
struct Target<'a> {
    kind: EndpointKind,
    url: &'a Url,
    content: ResponseContent,
}

pub(in crate::oidc) struct TokenEndpoint<'a> {
    client: &'a ProviderClient<'a>,
    cache: &'a ProviderCache<'a>,
    metadata: &'a Metadata,
    /// The timeout of a request, if it differs from the general one.
    timeout: Option<Duration>,
}

impl<'a> TokenEndpoint<'a> {
    pub(in crate::oidc) fn new(
        client: &'a ProviderClient<'a>,
        cache: &'a ProviderCache<'a>,
        metadata: &'a Metadata,
    ) -> Self {
        Self {
            client,
            cache,
            metadata,
            timeout: None,
        }
    }

    pub(in crate::oidc) fn with_timeout(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
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
        let provider = self.client.provider;
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
        if provider.token == TokenKind::Access && self.cache.is_openid_refused(&provider.client_id) {
            return self.client_credentials_with(&other_scopes).await;
        }
        match self.client_credentials_with(&all_scopes).await {
            Err(Error::Token(TokenError::Refused(refusal))) if refusal.is_scope_refusal() => {
                let response = self.client_credentials_with(&other_scopes).await?;
                self.cache.record_refused_openid(&provider.client_id);
                Ok(response)
            }
            result => result,
        }
    }

    async fn client_credentials_with(&self, scope: &str) -> Result<TokenResponse, Error> {
        let mut parameters = Vec::new();
        add_scope(&mut parameters, scope);
        parameters.extend(self.client.provider.extra_parameters_without_scope());
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

    /// Requests a device code (RFC 8628 3.1), with a PKCE challenge if one is given.
    pub(in crate::oidc) async fn device_code(
        &self,
        url: &Url,
        challenge: Option<&PkceCodeChallenge>,
    ) -> Result<Map<String, Value>, Error> {
        let scope = self.client.provider.scopes.joined();
        let mut parameters = Vec::new();
        add_scope(&mut parameters, &scope);
        if let Some(challenge) = challenge {
            parameters.push(("code_challenge", challenge.as_str()));
            parameters.push(("code_challenge_method", "S256"));
        }
        let target = Target {
            kind: EndpointKind::DeviceAuthorization,
            url,
            content: ResponseContent::Members,
        };
        self.post_authenticated(target, &parameters)
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

    /// Revokes a refresh token (RFC 7009 2.1). Success also means that the provider does not know the token (2.2).
    pub(in crate::oidc) async fn revoke(&self, url: &Url, refresh_token: &Secret) -> Result<(), Error> {
        let target = Target {
            // The endpoint takes the methods of the token endpoint (RFC 8414 2, unless the metadata name others).
            kind: EndpointKind::Token,
            url,
            content: ResponseContent::Ignored,
        };
        let parameters = [
            ("token", refresh_token.expose()),
            ("token_type_hint", "refresh_token"),
        ];
        self.post_authenticated(target, &parameters).await.map(drop)
    }

    async fn request_tokens(
        &self,
        grant: GrantType,
        mut parameters: Parameters<'_>,
    ) -> Result<TokenResponse, Error> {
        parameters.insert(0, ("grant_type", grant.parameter()));
        let url = &self.metadata.token_endpoint;
        let target = Target {
            kind: EndpointKind::Token,
            url,
            content: ResponseContent::Members,
        };
        let result = self.post_authenticated(target, &parameters).await;
        let object = result.map_err(|error| error.with_grant(grant))?;
        TokenResponse::read(object).map_err(|fault| {
            let url = self.client.http.shown(url);
            TokenError::Malformed { url, fault }.into()
        })
    }

    /// Posts a form. If the provider refuses the client authentication, posts it again with the other authentication method.
    async fn post_authenticated(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Error> {
        let kind = target.kind;
        let secret = match self.client.credentials.method() {
            MethodChoice::Fixed(method) => return self.post(target, parameters, method).await,
            MethodChoice::BasicOrPost(secret) => secret,
        };
        let post = |placement| self.post(target, parameters, Method::of_secret(secret, placement));
        let result = |accepted| MethodResult::new(kind, &self.client.provider.client_id, secret, accepted);
        let history = self.cache.auth_history(&result(None));
        let order = MethodOrder::new(kind, self.metadata.token_auth_methods.as_deref(), history);
        let first = post(order.first).await;
        let (Err(refusal), Some(second_method)) = (&first, order.second) else {
            return first;
        };
        let was_accepted = history.is_some_and(|history| history.accepted == Some(order.first));
        // Some providers refuse a password with a bare 401. Each password that is sent may count towards the lockout of the account.
        let has_password = parameters.iter().any(|(name, _)| *name == "password");
        let may_be_due_to_method = |error: &Error, was_accepted| {
            may_be_due_to_method(error, was_accepted) && (!has_password || is_explicit(error))
        };
        if !may_be_due_to_method(refusal, was_accepted) {
            return first;
        }
        let second = post(second_method).await;
        match &second {
            Err(error) if may_be_due_to_method(error, false) => {
                // A gateway may have responded instead of the provider, so it is not known whether the provider accepts the secret.
                let (is_first_explicit, is_second_explicit) = (is_explicit(refusal), is_explicit(error));
                if is_first_explicit && !is_second_explicit {
                    return second;
                }
                if is_first_explicit {
                    self.cache.record_auth_result(result(None));
                }
                first
            }
            // Unlike `invalid_grant`, `invalid_request` does not show that the client was accepted.
            Err(Error::Token(TokenError::Refused(error)))
                if is_unauthorized_client(refusal) && error.code() == "invalid_request" =>
            {
                self.cache.record_auth_result(result(None));
                first
            }
            Ok(_) => {
                self.cache.record_auth_result(result(Some(second_method)));
                second
            }
            Err(Error::Token(TokenError::Refused(error))) if proves_authentication(error) => {
                self.cache.record_auth_result(result(Some(second_method)));
                second
            }
            // Some providers refuse a method that the client is not registered for with other codes, such as `access_denied`. The first
            // error says that it is about the client, and does not end a session.
            Err(Error::Token(TokenError::Refused(error))) if !is_retried(error) => first,
            Err(_) => second,
        }
    }

    /// Posts a form. If the provider wants a DPoP proof or another nonce in it, posts it again (RFC 9449 8).
    async fn post(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
        method: Method<'_>,
    ) -> Result<Map<String, Value>, Error> {
        let url = target.url;
        let mut was_challenged = false;
        loop {
            let key = self.client.dpop.key();
            let nonce = self.client.http.dpop_nonces.of(url);
            let proof = key
                .as_ref()
                .map(|key| key.proof(url, nonce.as_deref(), (self.client.clock)()));
            let had_proof = proof.is_some();
            let result = self
                .post_once(target, parameters, method, proof.transpose()?)
                .await;
            let Err(Error::Token(TokenError::Refused(refusal))) = &result else {
                return result;
            };
            let refused = Refused {
                refusal: refusal.dpop_refusal(),
                had_proof,
                has_new_nonce: self.client.http.dpop_nonces.of(url) != nonce,
                was_challenged,
            };
            match dpop::react(self.client.provider.dpop, refused) {
                Reaction::Fail => return result,
                Reaction::RepeatWithNonce => was_challenged = true,
                Reaction::RepeatWithProof => self.client.dpop.comply()?,
            }
            self.client.interaction.log(LogEvent::DpopWanted);
        }
    }

    async fn post_once(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
        method: Method<'_>,
        proof: Option<String>,
    ) -> Result<Map<String, Value>, Error> {
        let mut form = Form::new(parameters);
        let provider = self.client.provider;
        let assertion_context = self.client.assertion_context(target.url);
        let mut auth = client_auth::authenticate(&mut form, &provider.client_id, method, &assertion_context)?;
        auth.dpop_proof = proof.map(Secret::new);
        let values = parameters
            .iter()
            .filter(|(name, _)| SECRET_PARAMETERS.contains(name));
        let mut secrets: Vec<&str> = values.map(|(_, value)| *value).collect();
        let sent = auth.secrets.clone();
        secrets.extend(sent.iter().map(Secret::expose));
        self.client
            .http
            .post(target.url, form, &secrets, auth, self.timeout, target.content)
            .await
    }
}

/// Whether the provider may accept the client with the other authentication method.
///
/// `unauthorized_client` means that the client may not use the grant (RFC 6749 5.2), but some providers also return it for an
/// authentication method that is not registered for the client. If the method was accepted before, it is not the reason.
fn may_be_due_to_method(error: &Error, was_accepted: bool) -> bool {
    error.is_invalid_client() || (!was_accepted && is_unauthorized_client(error))
}

/// Whether the provider returns this error only to a client that it has authenticated (RFC 6749 5.2, RFC 8628 3.5).
fn proves_authentication(error: &OAuthError) -> bool {
    let codes = [
        "authorization_pending",
        "expired_token",
        "invalid_grant",
        "invalid_scope",
    ];
    codes.contains(&error.code().as_str())
}

/// Whether the same request may succeed later.
fn is_retried(error: &OAuthError) -> bool {
    error.is_transient() || error.is_from_gateway() || error.code() == "slow_down"
}

/// Whether it is an OAuth error that refuses the client, and so the provider's own.
fn is_explicit(error: &Error) -> bool {
    is_unauthorized_client(error)
        || matches!(error, Error::Token(TokenError::Refused(error)) if error.code() == "invalid_client")
}

fn is_unauthorized_client(error: &Error) -> bool {
    matches!(error, Error::Token(TokenError::Refused(error)) if error.code() == "unauthorized_client")
}

fn add_scope<'p>(parameters: &mut Parameters<'p>, scope: &'p str) {
    if !scope.is_empty() {
        parameters.push(("scope", scope));
    }
}
