//! Validates an authorization request, with the exact error texts of Okta.
//!
//! Until the client and the redirect URI are verified, an error is a page in the browser, and the client gets no response
//! (RFC 6749 4.1.2.1). After that, errors are sent to the redirect URI. Pure.

use super::{
    behaviour::Behaviour,
    callback::{self, ResponseMode, Return},
    choices::{Dpop, Par},
    client_auth::App,
    exchange::{AuthorizationServer, first, repeated},
    pkce::is_sha256,
    policy::{Sent, check_resources, check_scope, sent},
    step_up,
};

/// A valid authorization request.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizeRequest {
    pub(crate) app: App,
    pub(crate) server: AuthorizationServer,
    pub(crate) back: Return,
    pub(crate) scope: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
    /// `dpop_jkt` (RFC 9449 10).
    pub(crate) jkt: Option<String>,
    pub(crate) login_hint: Option<String>,
    /// The level that the sign-in reaches.
    pub(crate) acr: Option<String>,
}

/// Why a request was not accepted.
pub(crate) enum Refusal {
    /// Shown in the browser.
    Page {
        status: u16,
        error: &'static str,
        description: String,
    },
    /// Sent to the redirect URI.
    Sent {
        back: Return,
        error: String,
        description: String,
    },
}

/// Validates a request, in the order of Okta's checks.
pub(crate) fn check(
    rules: &Behaviour,
    server: AuthorizationServer,
    parameters: &[(String, String)],
    is_pushed: bool,
) -> Result<AuthorizeRequest, Refusal> {
    let get = |name| first(parameters, name);
    if let Some(name) = repeated(parameters) {
        let description = format!("The request includes the parameter '{name}' more than once.");
        return Err(Refusal::Page {
            status: 400,
            error: "invalid_request",
            description,
        });
    }
    let Some(app) = get("client_id").and_then(App::by_id) else {
        let description = "Invalid value for 'client_id' parameter.".to_owned();
        return Err(Refusal::Page {
            status: 400,
            error: "invalid_client",
            description,
        });
    };
    let redirect_uri = get("redirect_uri").unwrap_or_default();
    if !is_registered(rules, redirect_uri) {
        let description =
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."
                .to_owned();
        return Err(Refusal::Page {
            status: 400,
            error: "invalid_request",
            description,
        });
    }
    let mode = response_mode(get("response_mode"));
    let mut back = Return {
        redirect_uri: redirect_uri.to_owned(),
        mode: mode.as_ref().copied().unwrap_or(ResponseMode::Query),
        state: get("state").map(str::to_owned),
    };
    let checked = check_protocol(&mut back, app, mode, parameters)
        .and_then(|()| check_pushed(rules, is_pushed))
        .and_then(|()| check_resources(rules, parameters))
        .and_then(|()| check_forced(rules))
        .and_then(|()| check_scope(rules, server, get("scope").unwrap_or_default()));
    match checked {
        Ok(scope) => Ok(AuthorizeRequest {
            app,
            server,
            back,
            scope,
            nonce: get("nonce").map(str::to_owned),
            challenge: get("code_challenge").map(str::to_owned),
            jkt: get("dpop_jkt")
                .filter(|_| rules.dpop.mode != Dpop::Ignored)
                .map(str::to_owned),
            login_hint: get("login_hint").map(str::to_owned),
            acr: step_up::level(rules, parameters),
        }),
        Err((error, description)) => Err(Refusal::Sent {
            back,
            error,
            description,
        }),
    }
}

fn check_protocol(
    back: &mut Return,
    app: App,
    mode: Result<ResponseMode, Sent>,
    parameters: &[(String, String)],
) -> Result<(), Sent> {
    let get = |name| first(parameters, name);
    // The characters that Okta allows in `state`. Those of standard base64 are not among them.
    let is_plain = |state: &str| {
        state
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ",._-".contains(c))
    };
    if !back
        .state
        .as_deref()
        .is_some_and(|state| !state.is_empty() && is_plain(state))
    {
        back.state = None;
        return Err(sent(
            "invalid_request",
            "The authentication request has an invalid 'state' parameter.",
        ));
    }
    if get("response_type") != Some("code") {
        let text = "The response type is not supported by the authorization server. Configured response types: [code].";
        return Err(sent("unsupported_response_type", text));
    }
    mode?;
    match (get("code_challenge"), get("code_challenge_method")) {
        (None, None) if app == App::Web => {}
        (None, _) => {
            return Err(sent(
                "invalid_request",
                "PKCE code challenge is required by the application.",
            ));
        }
        (Some(challenge), Some("S256")) if is_sha256(challenge) => {}
        (Some(_), Some("S256")) => {
            return Err(sent("invalid_request", "The PKCE code challenge is invalid."));
        }
        (Some(_), _) => {
            let text = "PKCE code challenge method is not supported. Valid values: [S256]";
            return Err(sent("invalid_request", text));
        }
    }
    if get("prompt") == Some("none") && get("max_age") == Some("0") {
        return Err(sent(
            "invalid_request",
            "The 'prompt' value 'none' cannot be used with a 'max_age' of 0.",
        ));
    }
    if get("max_age").is_some_and(|age| age.parse::<i32>().map_or(true, i32::is_negative)) {
        return Err(sent("invalid_request", "The 'max_age' parameter is invalid."));
    }
    Ok(())
}

/// Returns the mode; `okta_post_message` does not go with the code flow.
fn response_mode(asked: Option<&str>) -> Result<ResponseMode, Sent> {
    let text = "The response mode is not supported by the authorization server. Valid response modes: [query, \
                fragment, form_post, okta_post_message].";
    match asked {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("fragment") => Ok(ResponseMode::Fragment),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(_) => Err(sent("unsupported_response_mode", text)),
    }
}

/// Refuses a request that came through the browser alone where each has to be pushed (RFC 9126 4).
fn check_pushed(rules: &Behaviour, is_pushed: bool) -> Result<(), Sent> {
    match rules.par.mode {
        Par::Absent | Par::Supported => Ok(()),
        Par::Required | Par::RequiredUnannounced if is_pushed => Ok(()),
        Par::Required | Par::RequiredUnannounced => Err(sent(
            "invalid_request",
            "Pushed authorization requests are required by the client.",
        )),
    }
}

fn check_forced(rules: &Behaviour) -> Result<(), Sent> {
    match &rules.authorize_error {
        Some(forced) => Err((forced.error.clone(), forced.description.clone())),
        None => Ok(()),
    }
}

fn is_registered(rules: &Behaviour, redirect_uri: &str) -> bool {
    let equal = rules
        .redirect_uris
        .iter()
        .any(|registered| registered == redirect_uri);
    let equal_but_for_port = || {
        callback::without_loopback_port(redirect_uri).is_some_and(|asked| {
            rules
                .redirect_uris
                .iter()
                .any(|one| callback::without_loopback_port(one).as_ref() == Some(&asked))
        })
    };
    equal || (rules.any_loopback_port && equal_but_for_port())
}
