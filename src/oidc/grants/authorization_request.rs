//! The authorization request (RFC 6749 4.1.1): its parameters, and how it reaches the provider.
//!
//! It goes through the browser, or it is pushed to the provider first, so that the browser takes only a reference to it (RFC 9126). Owns
//! its random values and that choice. Never opens a browser.

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use openidconnect::Nonce;
use url::Url;

use crate::oidc::ProviderClient;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::dpop::DpopState;
use crate::oidc::errors::Error;
use crate::oidc::grants::pushed_request::{self, PushDemand, PushedRequest};
use crate::oidc::token::endpoint::TokenEndpoint;
use crate::secret::Secret;
use crate::settings::{Par, Pkce, Provider};
use crate::step_up::StepUp;

/// What earlier requests of the same sign-in have found out about the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::oidc) struct RequestDemands {
    /// The provider refused a request because it was not pushed.
    pub(in crate::oidc) push: bool,
    /// The provider refused a refresh or a request because the sign-in was not of this level or age (RFC 9470).
    pub(in crate::oidc) step_up: Option<StepUp>,
    /// That was an authorization request of this sign-in, so the next refusal is final.
    is_stepped_up: bool,
}

/// One authorization request, with a new random `state`, nonce and verifier.
pub(in crate::oidc) struct AuthorizationRequest {
    /// The address to open in a browser.
    pub(in crate::oidc) url: Url,
    pub(in crate::oidc) state: Secret,
    pub(in crate::oidc) nonce: Nonce,
    pub(in crate::oidc) verifier: Option<PkceCodeVerifier>,
    /// How long the provider keeps the request, in seconds. `None` if it was not pushed.
    pub(in crate::oidc) lifetime_secs: Option<u64>,
    /// What the request was made to meet.
    pub(in crate::oidc) demands: RequestDemands,
}

impl RequestDemands {
    /// Returns the demands on another request after this failure; `None` if another request would fail in the same way.
    pub(in crate::oidc) fn after(&self, error: &Error, provider: &Provider) -> Option<Self> {
        let refusal = error.oauth_error()?;
        let may_push = provider.par == Par::Auto && !self.push;
        if may_push && refusal.demands_pushed_request() {
            return Some(Self {
                push: true,
                ..self.clone()
            });
        }
        let demanded = refusal.step_up.as_deref()?;
        let is_new = !self.is_stepped_up && self.step_up.as_ref() != Some(demanded);
        is_new.then(|| Self {
            push: self.push,
            step_up: Some(demanded.clone()),
            is_stepped_up: true,
        })
    }

    /// The demands of a sign-in that begins, after a refresh was refused for want of them.
    pub(in crate::oidc) fn of_sign_in(step_up: Option<&StepUp>) -> Self {
        Self {
            step_up: step_up.cloned(),
            ..Self::default()
        }
    }

    /// Returns the parameters that a person configured, and in their place those that the provider demands: of two ages the shorter one, and
    /// no `prompt=none`, with which the provider could not ask the person.
    fn parameters(&self, provider: &Provider) -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut parameters: Vec<_> = provider.authorization_parameters().into_iter().map(own).collect();
        let Some(step_up) = &self.step_up else {
            return parameters;
        };
        let demanded = step_up.max_age_secs().map(|secs| {
            let configured = provider
                .extra_parameter("max_age")
                .and_then(|text| text.parse().ok());
            configured.map_or(secs, |configured: u32| configured.min(secs))
        });
        let demanded = [
            ("acr_values", step_up.acr_values()),
            ("max_age", demanded.map(|secs| secs.to_string())),
        ];
        parameters.retain(|(name, value)| {
            let is_replaced = |(known, value): &(&str, Option<String>)| known == name && value.is_some();
            !demanded.iter().any(is_replaced) && (name.as_str(), value.as_str()) != ("prompt", "none")
        });
        let demanded = demanded
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        parameters.extend(demanded);
        parameters
    }
}

impl ProviderClient<'_> {
    /// Creates a request, and pushes it if that is demanded. Without `redirect_uri`, the provider uses the registered one.
    pub(in crate::oidc) async fn authorization_request(
        &self,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        redirect_uri: Option<&str>,
        demands: &RequestDemands,
    ) -> Result<AuthorizationRequest, Error> {
        let provider = self.provider;
        let request = AuthorizationRequest {
            demands: demands.clone(),
            ..AuthorizationRequest::new(provider, metadata, redirect_uri, &self.dpop, demands)?
        };
        let demand = match (demands.push, cache.is_push_demanded(&provider.client_id)) {
            (true, _) => PushDemand::Now,
            (false, true) => PushDemand::Remembered,
            (false, false) => PushDemand::None,
        };
        let Some(endpoint) = pushed_request::endpoint(provider.par, demand, metadata)? else {
            return Ok(request);
        };
        // Only a demand that can be met is remembered.
        if demands.push {
            cache.record_demanded_push(&provider.client_id, true);
        }
        let pushed = self.push(cache, metadata, endpoint, &request).await;
        // The next sign-in tries a request that is not pushed, in case the provider does not demand it any more.
        if let Err(error) = &pushed
            && (error.oauth_error().is_some() || error.may_need_new_login())
        {
            cache.record_demanded_push(&provider.client_id, false);
        }
        let pushed = pushed.map_err(pushed_request::explain_error)?;
        Ok(AuthorizationRequest {
            url: pushed.url(metadata.authorization_endpoint()?, &provider.client_id),
            lifetime_secs: Some(pushed.lifetime_secs),
            ..request
        })
    }

    async fn push(
        &self,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        endpoint: &Url,
        request: &AuthorizationRequest,
    ) -> Result<PushedRequest, Error> {
        let parameters = request.parameters(metadata)?;
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let poster = TokenEndpoint::new(self, cache, metadata);
        let response = poster.push(endpoint, &parameters).await?;
        PushedRequest::read(&response, self.http.shown(endpoint))
    }
}

impl AuthorizationRequest {
    fn new(
        provider: &Provider,
        metadata: &Metadata,
        redirect_uri: Option<&str>,
        dpop: &DpopState,
        demands: &RequestDemands,
    ) -> Result<Self, Error> {
        metadata.check_keys(provider.token)?;
        let mut client = oauth2::basic::BasicClient::new(ClientId::new(provider.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint()?.clone()));
        if let Some(redirect_uri) = redirect_uri {
            let redirect = RedirectUrl::new(redirect_uri.to_owned());
            client = client.set_redirect_uri(redirect.map_err(|_| Error::Internal("redirect URI"))?);
        }
        let nonce = Nonce::new_random();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(provider.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", nonce.secret().clone());
        for (name, value) in demands.parameters(provider) {
            request = request.add_extra_param(name, value);
        }
        for resource in &provider.resources {
            request = request.add_extra_param("resource", resource.clone());
        }
        // The code is good for the owner of the key alone (RFC 9449 10). A provider that does not announce DPoP may refuse the parameter.
        let key = dpop.key().filter(|_| metadata.announces_dpop);
        if let Some(key) = key {
            request = request.add_extra_param("dpop_jkt", key.thumbprint());
        }
        // Never depends on the metadata: the method is never `plain`, and only a flag turns PKCE off (RFC 7636 7.2).
        let verifier = match provider.pkce {
            Pkce::S256 => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                request = request.set_pkce_challenge(challenge);
                Some(verifier)
            }
            Pkce::Off => None,
        };
        let (url, state) = request.url();
        Ok(Self {
            url,
            state: Secret::new(state.secret().clone()),
            nonce,
            verifier,
            lifetime_secs: None,
            demands: RequestDemands::default(),
        })
    }

    /// Returns the parameters of the request without `client_id`, which the client authentication adds, and without those of the
    /// authorization endpoint's own query.
    fn parameters(&self, metadata: &Metadata) -> Result<Vec<(String, Secret)>, Error> {
        let own = metadata.authorization_endpoint()?.query_pairs().count();
        let pairs = self.url.query_pairs().skip(own);
        Ok(pairs
            .filter(|(name, _)| name != "client_id")
            .map(|(name, value)| (name.into_owned(), Secret::new(value)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Issuer;

    #[test]
    fn what_the_provider_demands_takes_the_place_of_what_is_configured() {
        let step_up = |acr_values, max_age| StepUp::read(acr_values, max_age);
        for (configured, step_up, expected) in [
            ("", None, ""),
            (
                "acr_values=pwd max_age=60 prompt=none",
                None,
                "acr_values=pwd max_age=60 prompt=none",
            ),
            (
                "ttl=1",
                step_up(Some("phr phrh"), Some("300")),
                "ttl=1 acr_values=phr phrh max_age=300",
            ),
            (
                "acr_values=pwd max_age=60",
                step_up(Some("phr"), Some("300")),
                "acr_values=phr max_age=60",
            ),
            ("max_age=900", step_up(None, Some("300")), "max_age=300"),
            ("max_age=x", step_up(None, Some("300")), "max_age=300"),
            (
                "acr_values=pwd",
                step_up(None, Some("0")),
                "acr_values=pwd max_age=0",
            ),
            (
                "max_age=60",
                step_up(Some("phr"), None),
                "max_age=60 acr_values=phr",
            ),
            ("prompt=none", step_up(Some("phr"), None), "acr_values=phr"),
            (
                "prompt=login",
                step_up(Some("phr"), None),
                "prompt=login acr_values=phr",
            ),
        ] {
            let issuer = Issuer::parse("https://i.example".to_owned()).unwrap();
            let texts: Vec<String> = configured.split_whitespace().map(str::to_owned).collect();
            let provider = Provider::public_client(issuer, "c".to_owned())
                .with_extra_parameters(&texts)
                .unwrap();
            let sent = RequestDemands::of_sign_in(step_up.as_ref()).parameters(&provider);
            let sent: Vec<String> = sent
                .into_iter()
                .filter(|(name, _)| name != "access_type")
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            assert_eq!(sent.join(" "), expected, "{configured} {step_up:?}");
        }
    }
}
