//! Decides which scopes a request gets, and whether the person may use the app. All texts are Okta's.
//!
//! Pure: the caller sends a refusal to the redirect URI or as a response.

use super::{
    behaviour::Behaviour,
    errors,
    exchange::{Answer, AuthorizationServer},
};

/// An `error` and its `error_description`.
pub(crate) type Sent = (String, String);

pub(crate) fn sent(error: &str, description: &str) -> Sent {
    (error.to_owned(), description.to_owned())
}

/// Returns a refusal as a response of the token or device endpoint.
pub(crate) fn answered((error, description): Sent) -> Answer {
    errors::oauth(400, &error, &description)
}

/// Refuses a service that the server does not know, and a fragment in its name (RFC 8707 2).
pub(crate) fn check_resources(rules: &Behaviour, parameters: &[(String, String)]) -> Result<(), Sent> {
    let Some(known) = &rules.resources else {
        return Ok(());
    };
    let mut asked = parameters.iter().filter(|(name, _)| name == "resource");
    if asked.all(|(_, resource)| known.contains(resource)) {
        return Ok(());
    }
    Err(sent(
        "invalid_target",
        "The requested resource is invalid, unknown, or malformed.",
    ))
}

/// Returns the granted scopes of an authorization request, which must include `openid`.
pub(crate) fn check_scope(
    rules: &Behaviour,
    server: AuthorizationServer,
    asked: &str,
) -> Result<Vec<String>, Sent> {
    let scope = known_scope(rules, server, asked)?;
    check_openid(&scope)?;
    check_offline(rules, &scope)?;
    Ok(scope)
}

/// Returns the granted scopes of a request without a browser. It may have only custom scopes.
pub(crate) fn check_direct_scope(
    rules: &Behaviour,
    server: AuthorizationServer,
    asked: &str,
) -> Result<Vec<String>, Sent> {
    let scope = known_scope(rules, server, asked)?;
    if scope.iter().any(|word| is_openid_scope(word)) {
        check_openid(&scope)?;
    }
    check_offline(rules, &scope)?;
    Ok(scope)
}

/// Returns the granted scopes of client credentials: only custom ones.
pub(crate) fn check_app_scope(
    rules: &Behaviour,
    server: AuthorizationServer,
    asked: &str,
) -> Result<Vec<String>, Sent> {
    let with_id_token = rules.client_credentials_id_token;
    if with_id_token && asked.trim().is_empty() {
        return Ok(Vec::new());
    }
    let scope = known_scope(rules, server, asked)?;
    let denied: Vec<&str> = scope
        .iter()
        .map(String::as_str)
        .filter(|word| {
            if with_id_token {
                *word == "offline_access"
            } else {
                is_openid_scope(word)
            }
        })
        .collect();
    if denied.is_empty() {
        return Ok(scope);
    }
    let text = format!(
        "The following scopes are not allowed for this request: [{}].",
        denied.join(", ")
    );
    Err(sent("invalid_scope", &text))
}

/// Refuses a person who may not use the app, or who has too many groups for a token.
pub(crate) fn check_person(
    rules: &Behaviour,
    server: AuthorizationServer,
    scope: &[String],
) -> Result<(), Sent> {
    if !rules.assigned {
        return Err(sent(
            "access_denied",
            "User is not assigned to the client application.",
        ));
    }
    let wants_groups = server == AuthorizationServer::Custom || has(scope, "groups");
    if rules.groups_in_id_token && wants_groups && rules.groups().len() > 100 && !rules.groups_limit_lifted {
        return Err(sent(
            "server_error",
            "The groups claim matched too many groups and must be configured to match fewer groups.",
        ));
    }
    Ok(())
}

/// Returns whether a scope is among others.
pub(crate) fn has(scope: &[String], word: &str) -> bool {
    scope.iter().any(|one| one == word)
}

/// Returns the requested scopes, in order and without duplicates. Refuses an empty list and unknown scopes.
fn known_scope(rules: &Behaviour, server: AuthorizationServer, asked: &str) -> Result<Vec<String>, Sent> {
    let known = match server {
        AuthorizationServer::Org => &rules.org_scopes,
        AuthorizationServer::Custom => &rules.custom_scopes,
    };
    let mut scope: Vec<String> = Vec::new();
    for word in asked.split(' ').filter(|word| !word.is_empty()) {
        if !has(&scope, word) {
            scope.push(word.to_owned());
        }
    }
    if scope.is_empty() {
        let text = match server {
            AuthorizationServer::Org => "No scopes were requested.",
            AuthorizationServer::Custom => {
                "The authorization server resource does not have any configured default scopes, 'scope' must be \
                 provided."
            }
        };
        return Err(sent("invalid_scope", text));
    }
    if scope.iter().any(|word| !known.contains(word)) {
        let text = match server {
            AuthorizationServer::Org => "Custom scopes are not allowed for this request.",
            AuthorizationServer::Custom => {
                "One or more scopes are not configured for the authorization server resource."
            }
        };
        return Err(sent("invalid_scope", text));
    }
    Ok(scope)
}

fn check_openid(scope: &[String]) -> Result<(), Sent> {
    if has(scope, "openid") {
        return Ok(());
    }
    let text = "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";
    Err(sent("invalid_scope", text))
}

fn check_offline(rules: &Behaviour, scope: &[String]) -> Result<(), Sent> {
    if rules.offline_access_allowed || !has(scope, "offline_access") {
        return Ok(());
    }
    let text = "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource \
                owner.";
    Err(sent("invalid_scope", text))
}

/// The scopes that are about a person.
fn is_openid_scope(word: &str) -> bool {
    [
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
        "device_sso",
    ]
    .contains(&word)
}
