//! Access tokens: of the custom server, a signed JWT or an opaque text; of the org server, a JWT that no client can verify.

use serde_json::{Map, Value};

use super::{
    behaviour::Behaviour,
    bodies,
    choices::AccessTokenForm,
    exchange::AuthorizationServer,
    grant::{Grant, Subject},
    grants::{FamilyId, Issued},
    id_token, policy,
    provider::Provider,
};

/// Issues an access token and records it.
pub(crate) fn mint(
    provider: &Provider,
    rules: &Behaviour,
    grant: &Grant,
    family: FamilyId,
    scope: &[String],
) -> String {
    let expires = rules.now().saturating_add(rules.access_token_lifetime_secs);
    let claims = || Value::Object(claims(provider, rules, grant, scope, expires)).to_string();
    let token = match (grant.server, rules.access_token_form) {
        (AuthorizationServer::Custom, AccessTokenForm::Jwt) => {
            id_token::signed(&provider.keys().signer(), &claims())
        }
        (AuthorizationServer::Custom, AccessTokenForm::Opaque) => bodies::random(),
        // The org server's access tokens are only for Okta: no published key verifies them.
        (AuthorizationServer::Org, _) => id_token::unverifiable(&claims()),
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

fn claims(
    provider: &Provider,
    rules: &Behaviour,
    grant: &Grant,
    scope: &[String],
    expires: i64,
) -> Map<String, Value> {
    // The suffix appears when a refresh token exists.
    let suffix = if policy::has(scope, "offline_access") {
        format!(".oar{}", &bodies::random()[..17])
    } else {
        String::new()
    };
    let issuer = provider.issuer(grant.server);
    let audience = match (grant.server, &rules.access_token_audience) {
        (AuthorizationServer::Org, _) => issuer.clone(),
        (AuthorizationServer::Custom, Some(audience)) => audience.clone(),
        (AuthorizationServer::Custom, None) => "api://default".to_owned(),
    };
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    claim("ver", 1.into());
    claim("jti", format!("AT.{}{suffix}", bodies::random()).into());
    claim("iss", issuer.into());
    claim("aud", audience.into());
    claim("iat", rules.now().into());
    claim("exp", expires.into());
    claim("cid", grant.client_id.clone().into());
    claim("scp", scope.into());
    match grant.subject {
        Subject::Person => {
            claim("uid", rules.user.sub.clone().into());
            claim("auth_time", grant.auth_time.into());
            claim("sub", rules.user.login.clone().into());
        }
        Subject::App => claim("sub", grant.client_id.clone().into()),
    }
    claims.extend(rules.access_token_claims.clone());
    claims
}
