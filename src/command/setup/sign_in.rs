//! The sign-in of `setup`, with a line for each step. Tries the scope `offline_access`.

use crate::catalogue::AccessLayer;
use crate::clock;
use crate::command::person;
use crate::error::Error;
use crate::oidc::{self, Event, NoDocumentCache, ProviderClient, ReturnTo, Tokens};
use crate::runtime::LazyRuntime;
use crate::settings::{Login, Provider, SignIn};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

const OFFLINE_ACCESS: &str = "offline_access";

/// The tokens, and whether the entry in the kubeconfig needs the scope `offline_access`.
pub(super) struct SignedIn {
    pub(super) tokens: Tokens,
    pub(super) adds_offline_access: bool,
}

/// Logs in with the scope `offline_access`, and without it if the provider refuses it.
pub(super) fn sign_in(with: &SignIn, ui: Ui) -> Result<SignedIn, Error> {
    let (provider, login) = (&with.provider, &with.login);
    if let Some(notice) = login.password_notice(provider) {
        ui.note(&notice);
    }
    let runtime = LazyRuntime::default();
    if !login.grant.is_interactive() {
        // A program logs in again instead of refreshing, so it needs no refresh token.
        let tokens = attempt(with, provider, &runtime, ui)?.map_err(explained)?;
        ui.note("signed in; the token is verified");
        return Ok(SignedIn {
            tokens,
            adds_offline_access: false,
        });
    }
    let offline = provider.with_scope(OFFLINE_ACCESS);
    let is_requested = provider.scopes == offline.scopes;
    let failure = match attempt(with, &offline, &runtime, ui)? {
        Ok(tokens) => {
            let has_refresh_token = tokens.refresh_token.is_some();
            ui.note(if has_refresh_token {
                "signed in; the token is verified, and it can be refreshed"
            } else {
                "signed in; the token is verified\n\
                 the provider sent no refresh token: you will sign in again each time a token ends"
            });
            return Ok(SignedIn {
                adds_offline_access: has_refresh_token && !is_requested,
                tokens,
            });
        }
        Err(error) if refuses_a_scope(&error) => {
            let unannounced = unannounced_scopes(with, &runtime, ui)?;
            if !unannounced.is_empty() {
                return Err(blamed_on(&unannounced, error));
            }
            if is_requested {
                return Err(explained(error));
            }
            error
        }
        Err(error) => return Err(explained(error)),
    };
    ui.note(&format!(
        "trying again without the scope `{OFFLINE_ACCESS}`, since {failure}"
    ));
    let tokens = attempt(with, provider, &runtime, ui)?.map_err(explained)?;
    ui.note("signed in; the token is verified");
    let solution = if provider.issuer.is_okta() {
        "enable the grant type Refresh Token on the app in Okta's admin console, and allow the scope in the access policy"
    } else {
        "ask whoever runs the provider to allow it for this app"
    };
    ui.note(&format!(
        "the provider refuses the scope `{OFFLINE_ACCESS}`, so you will sign in again each time a token ends; to change that, {solution}"
    ));
    Ok(SignedIn {
        tokens,
        adds_offline_access: false,
    })
}

/// Returns the scopes of the person's own that the provider does not announce. None if it announces no scopes.
fn unannounced_scopes(with: &SignIn, runtime: &LazyRuntime, ui: Ui) -> Result<Vec<String>, Error> {
    let own = with.provider.scopes.iter();
    let own: Vec<_> = own
        .filter(|scope| *scope != OFFLINE_ACCESS && *scope != "openid")
        .collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let report = |_: Event<'_>| {};
    let person = person::new(ui, &report, ReturnTo::Command);
    let client = ProviderClient::new(&with.provider, &with.trust, &NoDocumentCache, person, clock::now)?;
    let survey = runtime.block_on(client.survey()).map_err(Error::Runtime)?;
    let announced = survey.metadata.ok().and_then(|announced| announced.scopes);
    let is_unannounced = |scope: &&str| {
        let announced = announced.as_ref();
        announced.is_some_and(|announced| announced.iter().all(|known| known != scope))
    };
    Ok(own
        .into_iter()
        .filter(is_unannounced)
        .map(str::to_owned)
        .collect())
}

/// Names the scopes that are the likely cause.
fn blamed_on(scopes: &[String], error: oidc::Error) -> Error {
    let scopes = scopes
        .iter()
        .map(|scope| format!("`{}`", UntrustedText::with_limit(scope, 60)));
    let scopes = scopes.collect::<Vec<_>>().join(", ");
    explained(error).map_hint(|hint| {
        format!(
            "remove {scopes} from --oidc-extra-scope, which the provider does not announce; or else: {hint}"
        )
    })
}

/// Makes one sign-in. The inner error is that of the sign-in.
fn attempt(
    with: &SignIn,
    provider: &Provider,
    runtime: &LazyRuntime,
    ui: Ui,
) -> Result<Result<Tokens, oidc::Error>, Error> {
    let report = |event: Event<'_>| report(ui, provider, &with.login, event);
    let person = person::new(ui, &report, ReturnTo::Command);
    let client = ProviderClient::new(provider, &with.trust, &NoDocumentCache, person, clock::now)?;
    let login = runtime
        .block_on(client.login(&with.login, None))
        .map_err(Error::Runtime)?;
    Ok(login.map_err(|failure| failure.error))
}

/// Shows the steps that only `setup` shows, and every other event as all commands do.
fn report(ui: Ui, provider: &Provider, login: &Login, event: Event<'_>) {
    match event {
        Event::Discovered => {
            ui.note(&format!("discovery document of {}: ok", provider.issuer.shown()));
            if let Some(custom) = provider.issuer.custom_server_of_org() {
                ui.note(&format!(
                    "this is the org authorization server of Okta; claims of your own need another one, such as {custom}"
                ));
            }
            if login.grant.is_interactive() {
                ui.note(&format!(
                    "scopes: {}",
                    UntrustedText::new(&provider.scopes.joined())
                ));
            }
        }
        Event::ListenerReady { redirect_uri } => {
            ui.note(&format!(
                "redirect URI, to be registered at the provider: {}",
                UntrustedText::new(redirect_uri)
            ));
        }
        event => person::show(ui, event),
    }
}

/// Adds to an error which of Okta's three access checks failed.
fn explained(error: oidc::Error) -> Error {
    let layer = error.oauth_error().and_then(oidc::OAuthError::access_layer);
    let error = Error::from(error);
    match layer {
        Some(layer) => error.map_hint(|hint| format!("{}; {hint}", layer_text(layer))),
        None => error,
    }
}

/// Three checks have to allow a sign-in at an authorization server of Okta.
fn layer_text(layer: AccessLayer) -> String {
    let name = match layer {
        AccessLayer::AppAssignment => "the first, the assignment of the app,",
        AccessLayer::AuthenticationPolicy => "the second, the app's authentication policy,",
        AccessLayer::AccessPolicy => "the third, the access policy of the authorization server,",
    };
    format!("of the three policy layers of Okta, {name} refused")
}

fn refuses_a_scope(error: &oidc::Error) -> bool {
    error
        .oauth_error()
        .is_some_and(oidc::OAuthError::is_scope_refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant_type::GrantType;

    fn refuses(error: &str, description: &str) -> bool {
        refuses_a_scope(&oidc::Error::from(oidc::AuthorizationError::Refused(
            oidc::OAuthError {
                status: None,
                error: UntrustedText::new(error),
                description: Some(UntrustedText::new(description)),
                request_id: None,
                is_okta: false,
                grant: GrantType::AuthorizationCode,
                clock_ahead_mins: 0,
                step_up: None,
            },
        )))
    }

    #[test]
    fn the_app_and_the_access_policy_refuse_a_scope_with_different_errors() {
        assert!(refuses(
            "invalid_scope",
            "The requested scope is invalid, unknown, or malformed"
        ));
        assert!(refuses(
            "access_denied",
            "Some of the requested scopes were denied by the policy."
        ));
        assert!(!refuses(
            "access_denied",
            "User is not assigned to the client application."
        ));
    }
}
