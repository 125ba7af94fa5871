//! The token endpoint: authenticates the app, then handles the grant. All texts are Okta's.

use serde_json::{Map, Value};

use super::{
    access_token,
    behaviour::Behaviour,
    client_auth::{self, App},
    device, direct, dpop, errors,
    exchange::{Answer, Asked, repeated},
    grant::{Grant, Subject},
    grants::{FamilyId, Issued},
    id_token::{self, VerificationContext},
    pkce::check_verifier,
    policy,
    provider::Provider,
    refresh,
};

const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";
const PASSWORD: &str = "password";
const APP: &str = "client_credentials";
pub(crate) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SUPPORTED: &[&str] = &[CODE, REFRESH, PASSWORD, DEVICE, APP];

/// Responds to a token request.
pub(crate) fn answer(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    exchange(provider, rules, asked).unwrap_or_else(|refusal| refusal)
}

/// Refuses a grant that the app does not have.
pub(crate) fn check_grant(rules: &Behaviour, app: App, grant_type: &str) -> Result<(), Answer> {
    let configured = configured(rules, app);
    if configured.contains(&grant_type) {
        return Ok(());
    }
    let text = format!(
        "The client is not authorized to use the provided grant type. Configured grant types: [{}].",
        configured.join(", ")
    );
    Err(errors::oauth(400, "unauthorized_client", &text))
}

/// Returns the grants of an app.
fn configured(rules: &Behaviour, app: App) -> Vec<&'static str> {
    let mut grants = vec![CODE];
    for (grant, allowed) in [
        (REFRESH, rules.offline_access_allowed),
        (PASSWORD, rules.password_grant_allowed),
        (DEVICE, may_use_device_codes(rules, app)),
        (APP, app == App::Web && rules.client_credentials_allowed),
    ] {
        if allowed {
            grants.push(grant);
        }
    }
    grants
}

fn may_use_device_codes(rules: &Behaviour, app: App) -> bool {
    match app {
        App::Native => rules.device_grant_allowed,
        App::Web => rules.web_device_grant_allowed,
    }
}

/// Refuses a request that is no valid form post.
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
    for name in ["code", "code_verifier", "refresh_token", "device_code"] {
        provider.note_secret(asked.form(name).unwrap_or_default());
    }
    check_form(asked)?;
    let app = client_auth::authenticate(provider, rules, asked)?;
    if app == App::Native && asked.header("origin").is_some() {
        let text = "Browser requests to the token endpoint must use Proof Key for Code Exchange.";
        return Err(errors::oauth(401, "invalid_client", text));
    }
    let Some(grant_type) = asked.form("grant_type") else {
        let text = "The token request must specify a 'grant_type'.";
        return Err(errors::oauth(400, "invalid_request", text));
    };
    if !SUPPORTED.contains(&grant_type) {
        let text = format!(
            "The authorization grant type is not supported by the authorization server. Configured grant types: [{}].",
            SUPPORTED.join(", ")
        );
        return Err(errors::oauth(400, "unsupported_grant_type", &text));
    }
    check_grant(rules, app, grant_type)?;
    policy::check_resources(rules, &asked.form).map_err(policy::answered)?;
    // Before the grant, so that a code survives a challenge for a nonce.
    let jkt = dpop::check(provider, rules, asked)?;
    match grant_type {
        REFRESH => refresh::refresh(provider, rules, asked, app, jkt),
        PASSWORD => direct::by_password(provider, rules, asked, app, jkt),
        DEVICE => device::poll(provider, rules, asked, app, jkt),
        APP => direct::by_app(provider, rules, asked, app, jkt),
        _ => by_code(provider, rules, asked, app, jkt),
    }
}

fn by_code(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    app: App,
    jkt: Option<String>,
) -> Result<Answer, Answer> {
    let now = rules.now_millis();
    let code = asked.form("code").unwrap_or_default();
    let mut grants = provider.grants();
    let Some(mut grant) = grants.take_code(code, now) else {
        return Err(invalid_grant("The authorization code is invalid or has expired."));
    };
    dpop::check_binding(grant.jkt.as_deref(), jkt.as_deref())?;
    grant.jkt = jkt;
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
    let family = grants.begin_by_code(code, grant, now);
    drop(grants);
    Ok(first_tokens(provider, rules, family))
}

/// Creates a family for a grant without a code, and responds with its tokens.
pub(crate) fn open(provider: &Provider, rules: &Behaviour, grant: Grant) -> Answer {
    let family = provider.grants().begin(grant, rules.now_millis());
    first_tokens(provider, rules, family)
}

fn first_tokens(provider: &Provider, rules: &Behaviour, family: FamilyId) -> Answer {
    let mut grants = provider.grants();
    let scope = grants.family(family).grant.scope.clone();
    let offline = policy::has(&scope, "offline_access");
    let refresh_token = offline.then(|| grants.mint_refresh_token(family));
    drop(grants);
    issue(
        provider,
        rules,
        family,
        VerificationContext::Login,
        &scope,
        refresh_token,
    )
}

/// Signs the tokens of a family and returns the token response.
pub(crate) fn issue(
    provider: &Provider,
    rules: &Behaviour,
    family: FamilyId,
    occasion: VerificationContext,
    scope: &[String],
    refresh_token: Option<String>,
) -> Answer {
    let grant = provider.grants().family(family).grant.clone();
    if rules.rotate_before_signing {
        provider.rotate_keys();
    }
    let access_token = access_token::mint(provider, rules, &grant, family, scope);
    let mut answer = Map::new();
    let is_bound = grant.jkt.is_some() && !rules.dpop.answers_bearer;
    let token_type = if is_bound {
        "DPoP"
    } else {
        rules.token_type.as_str()
    };
    answer.insert("token_type".to_owned(), token_type.into());
    if !rules.expires_in_absent {
        answer.insert("expires_in".to_owned(), rules.access_token_lifetime_secs.into());
    }
    if !scope.is_empty() {
        answer.insert("scope".to_owned(), scope.join(" ").into());
    }
    let about_app = grant.subject == Subject::App && rules.client_credentials_id_token;
    if policy::has(scope, "openid") || about_app {
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
    let answer = Answer::json(200, &Value::Object(answer)).not_cached();
    match &rules.dpop.next_nonce {
        Some(nonce) => answer.header("DPoP-Nonce", nonce),
        None => answer,
    }
}

/// Returns 400 `invalid_grant`.
pub(crate) fn invalid_grant(description: &str) -> Answer {
    errors::oauth(400, "invalid_grant", description)
}
