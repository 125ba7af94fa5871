//! The authorization endpoint: signs the person in and sends the browser back with a code.
//!
//! `authorize_request` validates the request. This file handles the person.

use super::{
    authorize_request::{AuthorizeRequest, Refusal, check},
    behaviour::Behaviour,
    callback, errors,
    exchange::{Answer, Asked, first},
    grant::{Grant, Subject},
    pages, par, policy,
    provider::Provider,
    step_up,
};

/// How the browser signs in.
struct Session {
    /// When the person signed in, if the browser's session may be used.
    auth_time: Option<i64>,
    may_ask: bool,
}

/// Responds to an authorization request.
pub(crate) fn answer(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    let parameters = match asked.method.as_str() {
        "GET" => &asked.query,
        "POST" => &asked.form,
        _ => return errors::wrong_method(),
    };
    for value in ["state", "nonce"]
        .into_iter()
        .filter_map(|name| first(parameters, name))
    {
        provider.note_secret(value);
    }
    let pushed = match par::take(provider, rules, asked.server, parameters) {
        Ok(pushed) => pushed,
        Err(refusal) => return refusal,
    };
    let is_pushed = pushed.is_some();
    let parameters = pushed.as_ref().unwrap_or(parameters);
    let request = match check(rules, asked.server, parameters, is_pushed) {
        Ok(request) => request,
        Err(Refusal::Page {
            status,
            error,
            description,
        }) => return pages::error(status, error, &description),
        Err(Refusal::Sent {
            back,
            error,
            description,
        }) => {
            return callback::failure(provider, rules, asked.server, &back, &error, &description);
        }
    };
    if let Err(refusal) = step_up::check_request(rules, parameters) {
        return callback::failure_of(provider, rules, asked.server, &request.back, refusal);
    }
    let session = session(provider, rules, asked, parameters);
    match session.auth_time {
        Some(auth_time) => approve(provider, rules, &request, auth_time),
        None if session.may_ask => {
            let hint = request.login_hint.clone().unwrap_or_default();
            let handle = provider.grants().browsers.open_page(request);
            pages::sign_in(200, &provider.base(asked.server), &handle, &hint, None)
        }
        None => callback::failure(
            provider,
            rules,
            asked.server,
            &request.back,
            "login_required",
            "The client specified not to prompt, but the user is not logged in.",
        ),
    }
}

/// Responds to the post of the sign-in form.
pub(crate) fn sign_in(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    if asked.method != "POST" {
        return errors::wrong_method();
    }
    let handle = asked.form("handle").unwrap_or_default();
    let Some(request) = provider.grants().browsers.page(handle) else {
        return pages::error(
            400,
            "invalid_request",
            "Request expired, please start over and try again.",
        );
    };
    if asked.form("cancel").is_some() {
        provider.grants().browsers.close_page(handle);
        let denied = "The resource owner or authorization server denied the request.";
        return callback::failure(
            provider,
            rules,
            request.server,
            &request.back,
            "access_denied",
            denied,
        );
    }
    let login = asked.form("username").unwrap_or_default();
    if login != rules.user.login || asked.form("password") != Some(rules.user.password.as_str()) {
        let base = provider.base(asked.server);
        return pages::sign_in(401, &base, handle, login, Some("Unable to sign in"));
    }
    let now = rules.now();
    let mut grants = provider.grants();
    grants.browsers.close_page(handle);
    let cookie = grants.browsers.begin(now);
    drop(grants);
    let secure = if provider.origin().starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    approve(provider, rules, &request, now).header(
        "Set-Cookie",
        &format!("sid={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}"),
    )
}

/// Returns the session cookie of a request.
pub(crate) fn session_cookie(asked: &Asked) -> Option<&str> {
    asked
        .header("cookie")?
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix("sid="))
}

fn session(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    parameters: &[(String, String)],
) -> Session {
    let prompt = first(parameters, "prompt").unwrap_or_default();
    let now = rules.now();
    if rules.auto_approve {
        return Session {
            auth_time: Some(now),
            may_ask: false,
        };
    }
    let auth_time = session_cookie(asked).and_then(|cookie| provider.grants().browsers.signed_in(cookie));
    let oldest = first(parameters, "max_age")
        .and_then(|age| age.parse().ok())
        .map(|age: i64| now.saturating_sub(age));
    let fresh = auth_time.filter(|signed_in| oldest.is_none_or(|oldest| *signed_in > oldest));
    Session {
        auth_time: fresh.filter(|_| !prompt.split(' ').any(|word| word == "login")),
        may_ask: prompt != "none",
    }
}

fn approve(provider: &Provider, rules: &Behaviour, request: &AuthorizeRequest, auth_time: i64) -> Answer {
    if let Err((error, description)) = policy::check_person(rules, request.server, &request.scope) {
        return callback::failure(
            provider,
            rules,
            request.server,
            &request.back,
            &error,
            &description,
        );
    }
    let grant = Grant {
        client_id: request.app.id().to_owned(),
        server: request.server,
        redirect_uri: request.back.redirect_uri.clone(),
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge.clone(),
        subject: Subject::Person,
        jkt: request.jkt.clone(),
        auth_time,
        acr: request.acr.clone(),
    };
    let expires = rules
        .now_millis()
        .saturating_add(rules.code_lifetime_secs.saturating_mul(1000));
    let code = provider.grants().mint_code(grant, expires);
    provider.note_secret(&code);
    callback::success(provider, rules, request.server, &request.back, code)
}
