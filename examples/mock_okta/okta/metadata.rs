//! The published documents: discovery, RFC 8414 metadata and the key set, with the same members as Okta's.
//!
//! Like Okta's, they have no `authorization_response_iss_parameter_supported`, no `dpop_signing_alg_values_supported`, and no `groups`
//! among the custom server's scopes or any server's claims.

use serde_json::{Map, Value, json};

use super::{
    behaviour::Behaviour,
    choices::{Dpop, Par},
    errors,
    exchange::{Answer, Asked, AuthorizationServer},
    jose_defects,
    provider::Provider,
};

/// Responds with the OIDC discovery document.
pub(crate) fn discovery(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    if asked.method != "GET" {
        return errors::wrong_method();
    }
    let mut document = document(provider, rules, asked.server);
    for (name, value) in &rules.discovery {
        if value.is_null() {
            document.remove(name);
        } else {
            document.insert(name.clone(), value.clone());
        }
    }
    cached(&Value::Object(document), rules.discovery_cache_control.as_deref())
}

/// Responds with the OAuth metadata: without the members about ID tokens, with the grants that need no person.
pub(crate) fn oauth_metadata(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    if asked.method != "GET" {
        return errors::wrong_method();
    }
    let mut document = document(provider, rules, asked.server);
    for (member, more) in [
        ("response_types_supported", "token"),
        ("grant_types_supported", "client_credentials"),
    ] {
        if let Some(Value::Array(values)) = document.get_mut(member) {
            values.push(more.into());
        }
    }
    for member in [
        "userinfo_endpoint",
        "id_token_signing_alg_values_supported",
        "id_token_encryption_alg_values_supported",
        "id_token_encryption_enc_values_supported",
    ] {
        document.remove(member);
    }
    cached(&Value::Object(document), rules.discovery_cache_control.as_deref())
}

/// Responds with the key set.
pub(crate) fn keys(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Answer {
    if asked.method != "GET" {
        return errors::wrong_method();
    }
    let ring = provider.keys();
    // An app may have its own key. The org server publishes it only for a request with the app's `client_id`.
    let hide_signer = rules.key_pinned_to_app
        && asked.server == AuthorizationServer::Org
        && asked.query("client_id").is_none();
    let mut keys = if hide_signer {
        vec![ring.bystander().jwk()]
    } else {
        vec![ring.signer().jwk(), ring.bystander().jwk()]
    };
    for defect in [rules.id_token_defect, rules.refresh_defect] {
        jose_defects::damage_key_set(defect, &mut keys);
    }
    keys.extend(rules.extra_keys.iter().cloned());
    cached(&json!({ "keys": keys }), rules.keys_cache_control.as_deref())
}

fn cached(document: &Value, cache_control: Option<&str>) -> Answer {
    let answer = Answer::json(200, document);
    match cache_control {
        Some(value) => answer.header("Cache-Control", value),
        None => answer,
    }
}

fn document(provider: &Provider, rules: &Behaviour, server: AuthorizationServer) -> Map<String, Value> {
    let mut document = Map::new();
    endpoints(provider, server, &mut document);
    capabilities(rules, server, &mut document);
    if rules.pkce_methods_advertised {
        document.insert("code_challenge_methods_supported".to_owned(), json!(["S256"]));
    }
    if rules.dpop.mode == Dpop::Supported {
        document.insert(
            "dpop_signing_alg_values_supported".to_owned(),
            json!(["RS256", "ES256"]),
        );
    }
    if rules.par.mode == Par::Required {
        document.insert("require_pushed_authorization_requests".to_owned(), true.into());
    }
    if rules.advertise_iss {
        document.insert(
            "authorization_response_iss_parameter_supported".to_owned(),
            true.into(),
        );
    }
    document
}

fn endpoints(provider: &Provider, server: AuthorizationServer, document: &mut Map<String, Value>) {
    let base = provider.base(server);
    document.insert("issuer".to_owned(), provider.issuer(server).into());
    // There is one registration endpoint for the whole org.
    document.insert(
        "registration_endpoint".to_owned(),
        format!("{}/oauth2/v1/clients", provider.origin()).into(),
    );
    for (member, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "keys"),
        ("introspection_endpoint", "introspect"),
        ("revocation_endpoint", "revoke"),
        ("end_session_endpoint", "logout"),
        ("device_authorization_endpoint", "device/authorize"),
        ("pushed_authorization_request_endpoint", "par"),
    ] {
        document.insert(member.to_owned(), format!("{base}/v1/{path}").into());
    }
}

fn capabilities(rules: &Behaviour, server: AuthorizationServer, document: &mut Map<String, Value>) {
    let scopes = match server {
        AuthorizationServer::Org => rules.org_scopes.clone(),
        AuthorizationServer::Custom => public_custom_scopes(),
    };
    let fixed = json!({
        "response_types_supported":
            ["code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": [
            "authorization_code", "implicit", "refresh_token", "password",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": rules.token_auth,
        "introspection_endpoint_auth_methods_supported": rules.token_auth,
        "revocation_endpoint_auth_methods_supported": rules.token_auth,
        "claims_supported": CLAIMS,
        "request_parameter_supported": true,
        "request_object_signing_alg_values_supported":
            ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
    });
    if let Value::Object(members) = fixed {
        document.extend(members);
    }
    if server == AuthorizationServer::Custom {
        document.insert(
            "id_token_encryption_alg_values_supported".to_owned(),
            json!(["RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"]),
        );
        document.insert(
            "id_token_encryption_enc_values_supported".to_owned(),
            json!(["A256GCM"]),
        );
    }
}

/// Returns the scopes that a custom server lists: the reserved ones, but not those that the org created.
fn public_custom_scopes() -> Vec<String> {
    let mut scopes = Behaviour::default().custom_scopes;
    scopes.extend(["read", "manage"].map(|right| format!("okta.myAccount.profile.{right}")));
    scopes
}

const CLAIMS: &[&str] = &[
    "iss",
    "ver",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "auth_time",
    "amr",
    "idp",
    "nonce",
    "name",
    "nickname",
    "preferred_username",
    "given_name",
    "middle_name",
    "family_name",
    "email",
    "email_verified",
    "profile",
    "zoneinfo",
    "locale",
    "address",
    "phone_number",
    "picture",
    "website",
    "gender",
    "birthdate",
    "updated_at",
    "at_hash",
    "c_hash",
];
