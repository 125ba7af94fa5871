//! The token endpoint: authenticates the app, then exchanges a code or refreshes. Every text is Okta's.

use serde_json::{Map, Value, json};

use super::{
    behaviour::Behaviour,
    bodies,
    client_auth::{self, App},
    errors,
    exchange::{Answer, Asked, AuthorizationServer, repeated},
    grants::{FamilyId, Issued},
    id_token::{self, Occasion},
    provider::Provider,
    refresh,
};

const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";

/// Answers a token request.
pub(crate) fn answer(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    exchange(provider, rules, asked).unwrap_or_else(|refusal| refusal)
}

/// Returns the refusal of a grant that the app does not have.
pub(crate) fn grant_not_enabled(rules: &Behaviour) -> Answer {
    let grants = if rules.offline_access_allowed {
        "authorization_code, refresh_token"
    } else {
        CODE
    };
    let text = format!(
        "The client is not authorized to use the provided grant type. Configured grant types: [{grants}]."
    );
    errors::oauth(400, "unauthorized_client", &text)
}

/// Refuses what no form post to an OAuth endpoint may look like.
pub(crate) fn check_form(asked: &Asked) -> Result<(), Answer> {
    if asked.method != "POST" {
        return Err(errors::wrong_method());
    }
    if !asked
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    {
        return Err(errors::okta(
            415,
            "E0000021",
            "Bad request. Accept and/or Content-Type headers likely do not match \
                                                  supported values.",
        ));
    }
    if let Some(name) = repeated(&asked.form) {
        let text = format!("The request includes the parameter '{name}' more than once.");
        return Err(errors::oauth(400, "invalid_request", &text));
    }
    Ok(())
}

fn exchange(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<Answer, Answer> {
    for name in ["code", "code_verifier", "refresh_token"] {
        provider.note_secret(asked.form(name).unwrap_or_default());
    }
    check_form(asked)?;
    let app = client_auth::authenticate(provider, rules, asked)?;
    if app == App::Native && asked.header("origin").is_some() {
        let text = "Browser requests to the token endpoint must use Proof Key for Code Exchange.";
        return Err(errors::oauth(401, "invalid_client", text));
    }
    match asked.form("grant_type") {
        Some(CODE) => by_code(provider, rules, asked, app),
        Some(REFRESH) if rules.offline_access_allowed => refresh::refresh(provider, rules, asked, app),
        Some(
            REFRESH | "password" | "client_credentials" | "urn:ietf:params:oauth:grant-type:device_code",
        ) => Err(grant_not_enabled(rules)),
        Some(_) => {
            let text = "The authorization grant type is not supported by the authorization server. Configured grant \
                        types: [authorization_code, refresh_token].";
            Err(errors::oauth(400, "unsupported_grant_type", text))
        }
        None => Err(errors::oauth(
            400,
            "invalid_request",
            "The token request must specify a 'grant_type'.",
        )),
    }
}

fn by_code(provider: &Provider, rules: &Behaviour, asked: &Asked, app: App) -> Result<Answer, Answer> {
    let now = rules.now_millis();
    let code = asked.form("code").unwrap_or_default();
    let mut grants = provider.grants();
    let Some(grant) = grants.take_code(code, now) else {
        return Err(invalid_grant("The authorization code is invalid or has expired."));
    };
    if grant.client_id != app.id() {
        return Err(invalid_grant("The grant was issued to another client."));
    }
    if grant.server != asked.server {
        let text = "The grant was issued for another authorization server.";
        return Err(errors::oauth(400, "invalid_request", text));
    }
    if asked.form("redirect_uri") != Some(grant.redirect_uri.as_str()) {
        let text = "The 'redirect_uri' does not match the redirection URI used in the authorization request.";
        return Err(invalid_grant(text));
    }
    check_verifier(grant.challenge.as_deref(), asked.form("code_verifier"))?;
    let scope = grant.scope.clone();
    let family = grants.begin(code, grant, now);
    let offline = scope.iter().any(|word| word == "offline_access");
    let refresh_token = offline.then(|| grants.mint_refresh_token(family));
    drop(grants);
    Ok(issue(
        provider,
        rules,
        family,
        Occasion::Login,
        &scope,
        refresh_token,
    ))
}

fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Answer> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        // RFC 9700 2.1.1: a verifier without a challenge is a downgrade.
        (None, Some(_)) => Err(invalid_grant("PKCE verification failed.")),
        (Some(_), None) => Err(errors::oauth(
            400,
            "invalid_request",
            "PKCE code verifier is required by the application.",
        )),
        (Some(challenge), Some(verifier)) => {
            let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            let well_formed = (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved);
            if well_formed && bodies::sha256_base64url(verifier) == challenge {
                Ok(())
            } else {
                Err(invalid_grant("PKCE verification failed."))
            }
        }
    }
}

/// Signs the tokens of a family and returns the token answer.
pub(crate) fn issue(
    provider: &Provider,
    rules: &Behaviour,
    family: FamilyId,
    occasion: Occasion,
    scope: &[String],
    refresh_token: Option<String>,
) -> Answer {
    let grant = provider.grants().family(family).grant.clone();
    let access_token = access_token(provider, rules, family, scope);
    let mut answer = Map::new();
    answer.insert("token_type".to_owned(), rules.token_type.clone().into());
    if !rules.expires_in_absent {
        answer.insert("expires_in".to_owned(), rules.access_token_lifetime_secs.into());
    }
    answer.insert("scope".to_owned(), scope.join(" ").into());
    if scope.iter().any(|word| word == "openid") {
        let token = id_token::mint(provider, rules, &grant, occasion, scope, &access_token);
        provider.note_secret(&token);
        let expires = rules
            .now()
            .saturating_add(rules.id_token_lifetime_secs)
            .saturating_mul(1000);
        let issued = Issued {
            family,
            expires,
            revoked: false,
            scope: scope.to_vec(),
        };
        provider.grants().keep_id_token(&token, issued);
        answer.insert("id_token".to_owned(), token.into());
    }
    answer.insert("access_token".to_owned(), access_token.into());
    if let Some(token) = refresh_token {
        provider.note_secret(&token);
        answer.insert("refresh_token".to_owned(), token.into());
    }
    Answer::json(200, &Value::Object(answer)).not_cached()
}

fn access_token(provider: &Provider, rules: &Behaviour, family: FamilyId, scope: &[String]) -> String {
    let grant = provider.grants().family(family).grant.clone();
    let now = rules.now();
    let expires = now.saturating_add(rules.access_token_lifetime_secs);
    // The suffix appears when a refresh token exists.
    let suffix = if scope.iter().any(|word| word == "offline_access") {
        format!(".oar{}", &bodies::random()[..17])
    } else {
        String::new()
    };
    let jti = format!("AT.{}{suffix}", bodies::random());
    let issuer = provider.issuer(grant.server);
    let audience = match grant.server {
        AuthorizationServer::Org => issuer.clone(),
        AuthorizationServer::Custom => "api://default".to_owned(),
    };
    let claims = json!({
        "ver": 1, "jti": jti, "iss": issuer, "aud": audience, "iat": now, "exp": expires, "cid": grant.client_id,
        "uid": rules.user.sub, "scp": scope, "auth_time": grant.auth_time, "sub": rules.user.login,
    });
    let token = match grant.server {
        AuthorizationServer::Custom => id_token::signed(&provider.keys().signer(), &claims.to_string()),
        // The org server's access tokens are for Okta alone: no published key verifies them.
        AuthorizationServer::Org => id_token::unverifiable(&claims.to_string()),
    };
    provider.note_secret(&token);
    let kept = Issued {
        family,
        expires: expires.saturating_mul(1000),
        revoked: false,
        scope: scope.to_vec(),
    };
    provider.grants().keep_access_token(&token, kept);
    token
}

/// Returns 400 `invalid_grant`.
pub(crate) fn invalid_grant(description: &str) -> Answer {
    errors::oauth(400, "invalid_grant", description)
}
