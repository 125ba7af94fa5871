//! Revoking a token, and ending the browser's session.

use super::{
    authorize::session_cookie,
    behaviour::Behaviour,
    client_auth, errors,
    exchange::{Answer, Asked, first},
    pages,
    provider::Provider,
    token,
};

/// Revokes a token; 200 for any token, known or not (RFC 7009 2.2).
pub(crate) fn revoke(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    let revoke = || {
        token::check_form(asked)?;
        let app = client_auth::authenticate(provider, rules, asked)?;
        let Some(text) = asked.form("token") else {
            return Err(errors::oauth(
                400,
                "invalid_request",
                "The token parameter is missing.",
            ));
        };
        provider.grants().revoke(text, app.id());
        Ok(Answer::empty(200).not_cached())
    };
    revoke().unwrap_or_else(|refusal| refusal)
}

/// Ends the browser's session. The ID token may be expired, but this provider must have issued it.
pub(crate) fn logout(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    let parameters = match asked.method.as_str() {
        "GET" => &asked.query,
        "POST" => &asked.form,
        _ => return errors::wrong_method(),
    };
    let hint = first(parameters, "id_token_hint").unwrap_or_default();
    if provider.grants().id_token(hint).is_none() {
        return pages::error(400, "invalid_token", "The id token is invalid.");
    }
    let target = first(parameters, "post_logout_redirect_uri");
    if target.is_some_and(|uri| !rules.post_logout_redirect_uris.iter().any(|known| known == uri)) {
        let text = "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.";
        return pages::error(400, "invalid_request", text);
    }
    if let Some(cookie) = session_cookie(asked) {
        provider.grants().browsers.end(cookie);
    }
    let answer = match (target, first(parameters, "state")) {
        (None, _) => pages::signed_out(),
        (Some(uri), None) => Answer::redirect(302, uri),
        (Some(uri), Some(state)) => {
            let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
            let joint = if uri.contains('?') { '&' } else { '?' };
            Answer::redirect(302, &format!("{uri}{joint}state={state}"))
        }
    };
    answer.header("Set-Cookie", "sid=; Path=/; HttpOnly; Max-Age=0")
}
