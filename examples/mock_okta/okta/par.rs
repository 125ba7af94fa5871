//! Pushed authorization requests (RFC 9126): the endpoint, and the requests that it keeps.
//!
//! A request is kept for a short time, for one client, and for one visit of the authorization endpoint. It is checked when it is pushed, and again
//! when it is used.

use std::collections::HashMap;

use serde_json::json;

use super::{
    authorize_request::{Refusal, check},
    behaviour::Behaviour,
    bodies,
    choices::Par,
    client_auth, dpop, errors,
    exchange::{Answer, Asked, AuthorizationServer, first},
    pages,
    provider::Provider,
    token,
};

/// The parameters of a request.
type Parameters = Vec<(String, String)>;

#[derive(Debug)]
struct PushedRequest {
    parameters: Parameters,
    client_id: &'static str,
    server: AuthorizationServer,
    /// In milliseconds of the provider's clock.
    expires: i64,
}

/// The requests that were pushed and not used yet, by their `request_uri`.
#[derive(Debug, Default)]
pub(crate) struct PushedRequests(HashMap<String, PushedRequest>);

/// Responds to a request that is pushed.
pub(crate) fn answer(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    push(provider, rules, asked).unwrap_or_else(|refusal| refusal)
}

fn push(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<Answer, Answer> {
    for name in ["state", "nonce"] {
        provider.note_secret(asked.form(name).unwrap_or_default());
    }
    if rules.par.mode == Par::Absent {
        let text = "You do not have permission to access the feature you are requesting";
        return Err(errors::okta(403, "E0000015", text));
    }
    token::check_form(asked)?;
    let app = client_auth::authenticate(provider, rules, asked)?;
    if asked.form("request_uri").is_some() {
        let text = "The 'request_uri' parameter must not be provided in a pushed authorization request.";
        return Err(errors::oauth(400, "invalid_request", text));
    }
    let proved = dpop::check(provider, rules, asked)?;
    let mut parameters = asked.form.clone();
    parameters.retain(|(name, _)| !name.starts_with("client_assertion") && name != "client_secret");
    match (asked.form("dpop_jkt"), proved) {
        (Some(named), Some(proved)) if named != proved => {
            let text = "The 'dpop_jkt' parameter does not match the key of the DPoP proof.";
            return Err(errors::oauth(400, "invalid_dpop_proof", text));
        }
        // The code is bound to the key of the proof (RFC 9449 10.1).
        (None, Some(proved)) => parameters.push(("dpop_jkt".to_owned(), proved)),
        (_, _) => {}
    }
    check(rules, asked.server, &parameters, true).map_err(|refusal| match refusal {
        Refusal::Page {
            status,
            error,
            description,
        } => errors::oauth(status, error, &description),
        Refusal::Sent {
            error, description, ..
        } => errors::oauth(400, &error, &description),
    })?;
    let request_uri = format!("urn:okta:{}", bodies::random());
    provider.note_secret(&request_uri);
    let lifetime = rules.par.lifetime_secs;
    provider.pushed_requests().0.insert(
        request_uri.clone(),
        PushedRequest {
            parameters,
            client_id: app.id(),
            server: asked.server,
            expires: rules.now_millis().saturating_add(lifetime.saturating_mul(1000)),
        },
    );
    let body = json!({ "request_uri": request_uri, "expires_in": lifetime });
    Ok(Answer::json(rules.par.status, &body).not_cached())
}

/// Returns the parameters of the pushed request that a request to the authorization endpoint refers to, and forgets them; `None` if it refers
/// to none. Stricter than RFC 9126: no other parameter may be there.
pub(crate) fn take(
    provider: &Provider,
    rules: &Behaviour,
    server: AuthorizationServer,
    parameters: &[(String, String)],
) -> Result<Option<Parameters>, Answer> {
    let Some(request_uri) = first(parameters, "request_uri") else {
        return Ok(None);
    };
    let refused = |description: &str| Err(pages::error(400, "invalid_request", description));
    if parameters.len() != 2 || first(parameters, "client_id").is_none() {
        return refused(
            "Only 'client_id' and 'request_uri' may be provided for a pushed authorization request.",
        );
    }
    let client_id = first(parameters, "client_id").unwrap_or_default();
    let pushed = provider.pushed_requests().0.remove(request_uri);
    match pushed {
        Some(pushed)
            if pushed.client_id == client_id
                && pushed.server == server
                && rules.now_millis() < pushed.expires =>
        {
            Ok(Some(pushed.parameters))
        }
        Some(_) | None => refused("The 'request_uri' is invalid or has expired."),
    }
}
