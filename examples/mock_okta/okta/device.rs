//! Device authorization (RFC 8628): issues codes, handles polls, and shows the page where a person approves.
//!
//! The responses are Okta's. PKCE, which Okta does not support here, is Keycloak's.

use serde_json::{Map, Value};

use super::{
    behaviour::Behaviour,
    client_auth::{self, App},
    device_codes::{Decision, DeviceRequest, Poll},
    errors,
    exchange::{Answer, Asked},
    grant::{Grant, Subject},
    pages,
    pkce::{check_verifier, is_sha256},
    policy,
    provider::Provider,
    step_up, token,
};

/// Responds to a device authorization request.
pub(crate) fn authorize(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    codes(provider, rules, asked).unwrap_or_else(|refusal| refusal)
}

fn codes(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<Answer, Answer> {
    token::check_form(asked)?;
    let app = client_auth::authenticate(provider, rules, asked)?;
    token::check_grant(rules, app, token::DEVICE)?;
    policy::check_resources(rules, &asked.form).map_err(policy::answered)?;
    let scope = asked.form("scope").unwrap_or_default();
    let scope = policy::check_direct_scope(rules, asked.server, scope).map_err(policy::answered)?;
    let request = DeviceRequest {
        app,
        server: asked.server,
        scope,
        challenge: challenge(rules, asked)?,
        acr: step_up::level(rules, &asked.form),
    };
    let (device_code, user_code) = provider.device_codes().mint(rules, request);
    provider.note_secret(&device_code);
    let page = format!("{}/activate", provider.origin());
    let mut answer = Map::new();
    let mut member = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
    member("device_code", device_code.into());
    if rules.device_complete_uri {
        let complete = format!("{page}?user_code={user_code}");
        member("verification_uri_complete", complete.into());
    }
    member("user_code", user_code.into());
    member("verification_uri", page.into());
    member("expires_in", rules.device_expires_in_secs.into());
    if let Some(interval) = rules.device_interval_secs {
        member("interval", interval.into());
    }
    Ok(Answer::json(200, &Value::Object(answer)).not_cached())
}

/// Responds to a poll of the token endpoint.
pub(crate) fn poll(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    app: App,
    jkt: Option<String>,
) -> Result<Answer, Answer> {
    let Some(device_code) = asked.form("device_code") else {
        let text = "The token request must specify a 'device_code'.";
        return Err(errors::oauth(400, "invalid_request", text));
    };
    let polled = provider
        .device_codes()
        .poll(rules, device_code, app, asked.server);
    let (error, description) = match polled {
        Poll::Approved { request, auth_time } => {
            check_verifier(request.challenge.as_deref(), asked.form("code_verifier"))?;
            policy::check_person(rules, request.server, &request.scope).map_err(policy::answered)?;
            let mut grant = Grant::direct(app, request.server, request.scope, Subject::Person, auth_time);
            grant.jkt = jkt;
            grant.acr = request.acr;
            return Ok(token::open(provider, rules, grant));
        }
        Poll::Unknown => ("invalid_grant", "The device code is invalid or has expired."),
        Poll::Expired => ("expired_token", "The device code has expired."),
        Poll::TooFast => ("slow_down", "The device is polling too frequently."),
        Poll::Pending => (
            "authorization_pending",
            "The device authorization is pending. Please try again later.",
        ),
        Poll::Denied => (
            "access_denied",
            "The resource owner or authorization server denied the request.",
        ),
    };
    Err(errors::oauth(400, error, description))
}

/// Serves the page at `/activate`, and handles the post of its form.
pub(crate) fn activate(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    let decision = match (asked.method.as_str(), asked.form("decision")) {
        ("GET", _) => return pages::activate(200, asked.query("user_code").unwrap_or_default(), None),
        ("POST", Some("approve")) => Decision::Approved {
            auth_time: rules.now(),
        },
        ("POST", _) => Decision::Denied,
        _ => return errors::wrong_method(),
    };
    let user_code = asked.form("user_code").unwrap_or_default();
    let known = provider
        .device_codes()
        .decide(user_code, rules.now_millis(), decision);
    if known {
        pages::activated(decision != Decision::Denied)
    } else {
        let problem = "Invalid code. Try again, or start over on your device.";
        pages::activate(400, user_code, Some(problem))
    }
}

/// Returns the challenge of a request, or Keycloak's error.
fn challenge(rules: &Behaviour, asked: &Asked) -> Result<Option<String>, Answer> {
    let refused = |text| Err(errors::oauth(400, "invalid_request", text));
    match (asked.form("code_challenge"), asked.form("code_challenge_method")) {
        (None, None) if !rules.device_requires_pkce => Ok(None),
        (_, None) => refused("Missing parameter: code_challenge_method"),
        (Some(challenge), Some("S256")) if is_sha256(challenge) => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => refused("Invalid parameter: code_challenge"),
        (None, Some("S256")) => refused("Missing parameter: code_challenge"),
        (_, Some(_)) => refused("Invalid parameter: code challenge method is not configured one"),
    }
}
