//! The grants that need only one request: password and client credentials.

use super::{
    behaviour::Behaviour,
    client_auth::App,
    errors,
    exchange::{Answer, Asked, AuthorizationServer},
    grant::{Grant, Subject},
    policy,
    provider::Provider,
    token,
};

/// Shorter passwords are not recorded as secrets: they occur in ordinary words.
const NOTED: usize = 8;

/// Handles the password grant.
pub(crate) fn by_password(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    app: App,
    jkt: Option<String>,
) -> Result<Answer, Answer> {
    let (Some(username), Some(password)) = (asked.form("username"), asked.form("password")) else {
        let text = "The token request must specify a 'username' and a 'password'.";
        return Err(errors::oauth(400, "invalid_request", text));
    };
    if password.len() >= NOTED {
        provider.note_secret(password);
    }
    let scope = asked.form("scope").unwrap_or_default();
    let scope = policy::check_direct_scope(rules, asked.server, scope).map_err(policy::answered)?;
    if username != rules.user.login || password != rules.user.password {
        return Err(token::invalid_grant("The credentials provided were invalid."));
    }
    policy::check_person(rules, asked.server, &scope).map_err(policy::answered)?;
    let mut grant = Grant::direct(app, asked.server, scope, Subject::Person, rules.now());
    grant.jkt = jkt;
    Ok(token::open(provider, rules, grant))
}

/// Handles the client credentials grant.
pub(crate) fn by_app(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    app: App,
    jkt: Option<String>,
) -> Result<Answer, Answer> {
    // Okta's org server issues such tokens only for its own API, and only to clients with key pairs.
    if asked.server == AuthorizationServer::Org && !rules.client_credentials_id_token {
        let text = "Client Credentials requests to the Org Authorization Server must use the private_key_jwt \
                    token_endpoint_auth_method.";
        return Err(errors::oauth(401, "invalid_client", text));
    }
    let scope = asked.form("scope").unwrap_or_default();
    let scope = policy::check_app_scope(rules, asked.server, scope).map_err(policy::answered)?;
    let mut grant = Grant::direct(app, asked.server, scope, Subject::App, rules.now());
    grant.jkt = jkt;
    Ok(token::open(provider, rules, grant))
}
