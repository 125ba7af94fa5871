//! ID tokens: Okta's claims, with the configured defect.
//!
//! The header has only `alg` and `kid`, like Okta's. A refreshed token has the login's `auth_time` and no `nonce`.
//! A token of an app has no claims about a person.

use serde_json::{Map, Value, json};

use super::{
    behaviour::Behaviour,
    bodies,
    defects::{self, Defect, Truth},
    exchange::AuthorizationServer,
    grant::{Grant, Subject},
    jose_defects,
    keys::SigningKey,
    provider::Provider,
};

/// Why a token is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerificationContext {
    Login,
    Refresh,
}

/// Issues an ID token.
pub(crate) fn mint(
    provider: &Provider,
    rules: &Behaviour,
    grant: &Grant,
    occasion: VerificationContext,
    scope: &[String],
    access_token: &str,
) -> String {
    let mut claims = honest_claims(provider, rules, grant, scope);
    claims.insert("at_hash".to_owned(), bodies::half_hash(access_token).into());
    let defect = match occasion {
        VerificationContext::Login => {
            if let Some(nonce) = &grant.nonce {
                claims.insert("nonce".to_owned(), nonce.clone().into());
            }
            rules.id_token_defect
        }
        VerificationContext::Refresh => {
            if !rules.groups_after_refresh {
                claims.remove("groups");
            }
            if rules.keycloak_refresh {
                claims.insert("auth_time".to_owned(), (grant.auth_time + 1).into());
                claims.insert("nonce".to_owned(), bodies::random().into());
                claims.insert("azp".to_owned(), grant.client_id.clone().into());
            }
            rules.refresh_defect
        }
    };
    let truth = Truth {
        now: rules.now(),
        client_id: &grant.client_id,
        access_token,
    };
    defects::damage_claims(defect, &mut claims, &truth);
    seal(provider, defect, &claims)
}

fn seal(provider: &Provider, defect: Defect, claims: &Map<String, Value>) -> String {
    let payload = defects::payload(defect, claims);
    jose_defects::seal(defect, provider.keys(), &payload)
}

fn honest_claims(
    provider: &Provider,
    rules: &Behaviour,
    grant: &Grant,
    scope: &[String],
) -> Map<String, Value> {
    let asked_for = |name: &str| scope.iter().any(|word| word == name);
    let now = rules.now();
    let user = &rules.user;
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    claim("ver", 1.into());
    claim("jti", format!("ID.{}", bodies::random()).into());
    claim("iss", provider.issuer(grant.server).into());
    claim("aud", grant.client_id.clone().into());
    claim("iat", now.into());
    claim("exp", now.saturating_add(rules.id_token_lifetime_secs).into());
    if grant.subject == Subject::App {
        claim("sub", grant.client_id.clone().into());
        return claims;
    }
    claim("sub", user.sub.clone().into());
    claim("auth_time", grant.auth_time.into());
    if let Some(acr) = &grant.acr {
        claim("acr", acr.clone().into());
    }
    claim("amr", json!(["pwd"]));
    claim("idp", "00omockokta".into());
    if asked_for("email") {
        claim("email", user.login.clone().into());
        // The org server's thin token has only the e-mail address.
        if grant.server == AuthorizationServer::Custom {
            claim("email_verified", user.email_verified.into());
        }
    }
    if asked_for("profile") {
        claim("name", user.name.clone().into());
        claim("preferred_username", user.login.clone().into());
    }
    // The org server ties groups to the scope; on a custom server the claim is set to "Any scope", "Always".
    let groups_apply = grant.server == AuthorizationServer::Custom || asked_for("groups");
    if rules.groups_in_id_token && groups_apply {
        claim("groups", rules.groups().into());
    }
    claims
}

/// Returns a JWT with this payload, signed like Okta's.
pub(crate) fn signed(key: &SigningKey, payload: &str) -> String {
    let header = json!({ "alg": "RS256", "kid": key.kid }).to_string();
    let message = format!(
        "{}.{}",
        bodies::base64url(header.as_bytes()),
        bodies::base64url(payload.as_bytes())
    );
    let signature = bodies::base64url(&key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Returns a JWT that no published key verifies.
pub(crate) fn unverifiable(payload: &str) -> String {
    let header = json!({ "alg": "RS256", "kid": bodies::random() }).to_string();
    // As long as one of a 2048-bit key.
    let signature = bodies::random_of::<256>();
    format!(
        "{}.{}.{signature}",
        bodies::base64url(header.as_bytes()),
        bodies::base64url(payload.as_bytes()),
    )
}
