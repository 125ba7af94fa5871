//! Requests to the token endpoint and the device authorization endpoint: one form each, and what comes back.
//!
//! Owns which parameters a grant has and where the client's secret is put. Failures are told apart in `answer`, responses are read in `token::response`.

use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Map, Value};
use url::Url;

use crate::diagnose::GrantType;
use crate::oidc::ProviderClient;
use crate::oidc::client_auth::{self, EndpointKind, Form, Lesson, Plan, SecretPlace};
use crate::oidc::discovery::documents::Documents;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::http::response::shown;
use crate::oidc::token::response::TokenResponse;
use crate::secret::Secret;
use crate::settings::{Scopes, TokenKind};
use crate::untrusted_text::UntrustedText;

/// How long an answer to a refresh or a sign-in is waited for, at a terminal too: to give up a refresh sooner may cost the session, if
/// the provider has rotated the refresh token, and a code is taken once.
pub(in crate::oidc) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Parameters that no answer may show.
const SECRETS: [&str; 5] = [
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
];

/// The parameters of a request, in order.
type Parameters<'p> = Vec<(&'p str, &'p str)>;

pub(in crate::oidc) struct TokenEndpoint<'a> {
    client: &'a ProviderClient<'a>,
    documents: &'a Documents<'a>,
    metadata: &'a Metadata,
    /// How long an answer is waited for, if not as long as for other requests.
    limit: Option<Duration>,
}

impl<'a> TokenEndpoint<'a> {
    pub(in crate::oidc) fn new(
        client: &'a ProviderClient<'a>,
        documents: &'a Documents<'a>,
        metadata: &'a Metadata,
    ) -> Self {
        Self {
            client,
            documents,
            metadata,
            limit: None,
        }
    }

    pub(in crate::oidc) fn with_limit(self, limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Exchanges an authorization code; the redirect URI is the one of the authorization request, to the letter.
    pub(in crate::oidc) async fn exchange(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&PkceCodeVerifier>,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("code", code.expose())];
        parameters.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        parameters.extend(verifier.map(|verifier| ("code_verifier", verifier.secret().as_str())));
        self.tokens(GrantType::AuthorizationCode, parameters).await
    }

    /// Trades a user's name and password (RFC 6749 4.3).
    pub(in crate::oidc) async fn password(
        &self,
        username: &str,
        password: &Secret,
        scopes: &Scopes,
    ) -> Result<TokenResponse, Error> {
        let scope = scopes.joined();
        let mut parameters = vec![("username", username), ("password", password.expose())];
        add_scope(&mut parameters, &scope);
        self.tokens(GrantType::Password, parameters).await
    }

    /// Signs in as the program itself (RFC 6749 4.4), with `openid` as kubelogin does, and without it where the provider
    /// refuses that for a program (Okta).
    pub(in crate::oidc) async fn client_credentials(&self) -> Result<TokenResponse, Error> {
        let provider = self.client.provider;
        let all = provider.scopes.joined();
        let without: Vec<&str> = provider
            .scopes
            .iter()
            .filter(|scope| *scope != "openid")
            .collect();
        let without = without.join(" ");
        // A parameter `scope` is sent to the letter.
        if all == without || provider.extra_parameter("scope").is_some() {
            return self.as_program(&all).await;
        }
        // An ID token is issued for `openid` alone, so it is asked for each time where one is needed.
        if provider.token == TokenKind::Access && self.documents.openid_is_refused(&provider.client_id) {
            return self.as_program(&without).await;
        }
        match self.as_program(&all).await {
            Err(Error::OAuth(refusal)) if refusal.refuses_a_scope() => {
                let response = self.as_program(&without).await?;
                self.documents.remember_refused_openid(&provider.client_id);
                Ok(response)
            }
            result => result,
        }
    }

    async fn as_program(&self, scope: &str) -> Result<TokenResponse, Error> {
        let mut parameters = Vec::new();
        let given = self.client.provider.extra_parameters_without_scope();
        add_scope(&mut parameters, scope);
        parameters.extend(given);
        self.tokens(GrantType::ClientCredentials, parameters).await
    }

    /// Refreshes with the scopes that were granted: Okta sends an ID token only for `openid` and a refresh token
    /// only for `offline_access`, and nobody may ask for more than before (RFC 6749 section 6).
    pub(in crate::oidc) async fn refresh(
        &self,
        refresh_token: &Secret,
        granted_scope: &str,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("refresh_token", refresh_token.expose())];
        add_scope(&mut parameters, granted_scope);
        self.tokens(GrantType::RefreshToken, parameters).await
    }

    /// Asks for a device code (RFC 8628 3.1), with a PKCE challenge where the provider wants one.
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
        let answer = self.ask(EndpointKind::DeviceAuthorization, url, &parameters);
        answer
            .await
            .map_err(|error| error.of_grant(GrantType::DeviceCode))
    }

    /// Asks once whether the person has signed in with the device code (RFC 8628 3.4).
    pub(in crate::oidc) async fn poll(
        &self,
        device_code: &Secret,
        verifier: Option<&PkceCodeVerifier>,
    ) -> Result<TokenResponse, Error> {
        let mut parameters = vec![("device_code", device_code.expose())];
        parameters.extend(verifier.map(|verifier| ("code_verifier", verifier.secret().as_str())));
        self.tokens(GrantType::DeviceCode, parameters).await
    }

    async fn tokens(&self, grant: GrantType, mut parameters: Parameters<'_>) -> Result<TokenResponse, Error> {
        parameters.insert(0, ("grant_type", grant.parameter()));
        let url = &self.metadata.token_endpoint;
        let answer = self.ask(EndpointKind::Token, url, &parameters).await;
        let object = answer.map_err(|error| error.of_grant(grant))?;
        TokenResponse::read(object).map_err(|why| Error::TokenAnswer {
            url: shown(url),
            why: UntrustedText::new(why),
        })
    }

    /// Posts a form, and once more with the secret in the other place where the provider does not know the client by the first.
    async fn ask(
        &self,
        kind: EndpointKind,
        url: &Url,
        parameters: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Error> {
        let Some(secret) = &self.client.client_secret else {
            return self.post(url, parameters, SecretPlace::Post).await;
        };
        let lesson = |accepted| Lesson::new(kind, &self.client.provider.client_id, secret, accepted);
        let known = self.documents.lesson(&lesson(None));
        let plan = Plan::new(kind, self.metadata.token_auth_methods.as_deref(), known);
        let first = self.post(url, parameters, plan.first).await;
        let (Err(refusal), Some(place)) = (&first, plan.second) else {
            return first;
        };
        let is_accepted = known.is_some_and(|known| known.accepted == Some(plan.first));
        if !may_be_of_the_method(refusal, is_accepted) {
            return first;
        }
        let second = self.post(url, parameters, place).await;
        match &second {
            Err(error) if may_be_of_the_method(error, false) => {
                self.documents.learn(lesson(None));
                first
            }
            // No sign that the client is accepted now, unlike `invalid_grant`.
            Err(Error::OAuth(error))
                if is_unauthorized_client(refusal) && error.code() == "invalid_request" =>
            {
                self.documents.learn(lesson(None));
                first
            }
            Ok(_) | Err(Error::OAuth(_)) => {
                self.documents.learn(lesson(Some(place)));
                second
            }
            Err(_) => second,
        }
    }

    async fn post(
        &self,
        url: &Url,
        parameters: &[(&str, &str)],
        place: SecretPlace,
    ) -> Result<Map<String, Value>, Error> {
        let mut form = Form::of(parameters);
        let secret = self.client.client_secret.as_ref();
        let header = client_auth::authenticate(&mut form, &self.client.provider.client_id, secret, place);
        let values = parameters.iter().filter(|(name, _)| SECRETS.contains(name));
        let mut secrets: Vec<&str> = values.map(|(_, value)| *value).collect();
        secrets.extend(secret.map(Secret::expose));
        let sent = header.clone();
        let basic = sent
            .as_ref()
            .and_then(|header| header.expose().strip_prefix("Basic "));
        secrets.extend(basic);
        self.client
            .http
            .post(url, form, &secrets, header, self.limit)
            .await
    }
}

/// Whether the provider may accept the client with its secret in the other place. `unauthorized_client` is about the grant
/// (RFC 6749 5.2), and some providers answer it to a method that the client is not registered for; it says nothing of a
/// method that was accepted before.
fn may_be_of_the_method(error: &Error, was_accepted: bool) -> bool {
    error.is_of_the_client() || (!was_accepted && is_unauthorized_client(error))
}

fn is_unauthorized_client(error: &Error) -> bool {
    matches!(error, Error::OAuth(error) if error.code() == "unauthorized_client")
}

fn add_scope<'p>(parameters: &mut Parameters<'p>, scope: &'p str) {
    if !scope.is_empty() {
        parameters.push(("scope", scope));
    }
}
