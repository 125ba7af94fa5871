//! The userinfo and introspection endpoints.

use serde_json::{Map, Value, json};

use super::{
    behaviour::Behaviour,
    client_auth, errors,
    exchange::{Answer, Asked},
    grant::Subject,
    grants::Issued,
    provider::Provider,
    token,
};

/// Responds with all claims of the person, even if the ID token has fewer.
pub(crate) fn userinfo(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    if asked.method != "GET" && asked.method != "POST" {
        return errors::wrong_method();
    }
    let bearer = asked
        .header("authorization")
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = bearer else {
        return challenge(
            provider,
            asked,
            400,
            "invalid_request",
            "The access token is missing.",
        );
    };
    let grants = provider.grants();
    let Some(issued) = grants.live_access_token(token, rules.now_millis()) else {
        return challenge(
            provider,
            asked,
            401,
            "invalid_token",
            "The access token is invalid.",
        );
    };
    let grant = &grants.family(issued.family).grant;
    if grant.server != asked.server || grant.subject == Subject::App {
        return challenge(
            provider,
            asked,
            401,
            "invalid_token",
            "The access token is invalid.",
        );
    }
    let asked_for = |name: &str| issued.scope.iter().any(|word| word == name);
    let user = &rules.user;
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    claim("sub", user.sub.clone().into());
    if asked_for("profile") {
        let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
        claim("name", user.name.clone().into());
        claim("given_name", given.into());
        claim("family_name", family.into());
        claim("preferred_username", user.login.clone().into());
        claim("locale", "en-US".into());
        claim("zoneinfo", "America/Los_Angeles".into());
    }
    if asked_for("email") {
        claim("email", user.login.clone().into());
        claim("email_verified", user.email_verified.into());
    }
    if asked_for("groups") {
        claim("groups", rules.groups().into());
    }
    Answer::json(200, &Value::Object(claims)).not_cached()
}

/// Responds whether a token is active. Tokens of other clients and servers count as unknown.
pub(crate) fn introspect(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    introspection(provider, rules, asked).unwrap_or_else(|refusal| refusal)
}

fn introspection(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<Answer, Answer> {
    token::check_form(asked)?;
    let app = client_auth::authenticate(provider, rules, asked)?;
    let Some(text) = asked.form("token") else {
        return Err(errors::oauth(
            400,
            "invalid_request",
            "The token parameter is missing.",
        ));
    };
    let grants = provider.grants();
    let now = rules.now_millis();
    let mut found = None;
    for (kind, issued) in [
        ("Bearer", grants.live_access_token(text, now)),
        ("N/A", grants.live_id_token(text, now)),
    ] {
        if let Some(Issued {
            family,
            expires,
            scope,
            ..
        }) = issued.cloned()
        {
            found = Some((kind, family, Some(expires / 1000), scope));
        }
    }
    if found.is_none() {
        let limits = super::refresh::limits(rules);
        found = grants.peek(text, app.id(), limits).map(|family| {
            (
                "refresh_token",
                family,
                None,
                grants.family(family).grant.scope.clone(),
            )
        });
    }
    let active = found.filter(|(_, family, ..)| {
        let grant = &grants.family(*family).grant;
        grant.client_id == app.id() && grant.server == asked.server
    });
    let Some((kind, family, expires, scope)) = active else {
        return Ok(Answer::json(200, &json!({ "active": false })).not_cached());
    };
    let mut body = json!({
        "active": true, "token_type": kind, "scope": scope.join(" "), "client_id": app.id(),
        "iss": provider.issuer(asked.server),
    });
    match grants.family(family).grant.subject {
        Subject::Person => {
            body["sub"] = rules.user.login.clone().into();
            body["username"] = rules.user.login.clone().into();
            body["uid"] = rules.user.sub.clone().into();
        }
        Subject::App => body["sub"] = app.id().into(),
    }
    if let Some(expires) = expires {
        body["exp"] = expires.into();
    }
    Ok(Answer::json(200, &body).not_cached())
}

/// Okta returns a userinfo error in `WWW-Authenticate`, without a body.
fn challenge(provider: &Provider, asked: &Asked, status: u16, error: &str, description: &str) -> Answer {
    let base = provider.base(asked.server);
    let value = format!(
        "Bearer authorization_uri=\"{base}/v1/authorize\", realm=\"{}\", scope=\"openid\", error=\"{error}\", \
         error_description=\"{description}\"",
        provider.issuer(asked.server)
    );
    Answer::empty(status)
        .header("WWW-Authenticate", &value)
        .not_cached()
}
