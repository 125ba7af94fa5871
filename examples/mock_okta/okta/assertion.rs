//! Checks a client assertion (RFC 7523) as Okta does: claims, times, single use, and the signature by the app's secret or key.

use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{
    behaviour::Behaviour,
    choices::{AssertionAudience, ClientAuth},
    client_auth::{App, refused},
    errors,
    exchange::{Answer, Asked},
    provider::Provider,
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far in the future an assertion may end.
const MAX_LIFETIME_SECS: i64 = 3600;

struct Jwt<'a> {
    header: Value,
    claims: Value,
    message: &'a str,
    signature: Vec<u8>,
}

/// Returns the app that an assertion is of.
pub(crate) fn check(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    assertion: &str,
) -> Result<App, Answer> {
    if asked.form("client_assertion_type") != Some(TYPE) {
        let text = "The client_assertion_type is invalid.";
        return Err(errors::oauth(400, "invalid_request", text));
    }
    let jwt = parsed(assertion).ok_or_else(|| refused("The parsing of the client_assertion failed."))?;
    let app = app(&jwt.claims, asked)?;
    check_audience(provider, rules, asked, &jwt.claims)?;
    check_times(rules, &jwt.claims)?;
    match (app, rules.web_client_auth) {
        (App::Web, ClientAuth::SecretJwt) => check_hmac(rules, &jwt)?,
        (App::Web, ClientAuth::PrivateKeyJwt) => check_signature(rules, &jwt)?,
        (App::Native | App::Web, _) => {
            return Err(refused(
                "The client does not have a JWKSet configured, but the client_assertion requires one.",
            ));
        }
    }
    match jwt.claims["jti"].as_str() {
        Some(id) if !provider.is_new_assertion(id) => {
            Err(refused("The client_assertion token has already been used."))
        }
        _ => Ok(app),
    }
}

fn parsed(assertion: &str) -> Option<Jwt<'_>> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    Some(Jwt {
        header: serde_json::from_slice(&decoded(header)?).ok()?,
        claims: serde_json::from_slice(&decoded(claims)?).ok()?,
        message,
        signature: decoded(signature)?,
    })
}

fn app(claims: &Value, asked: &Asked) -> Result<App, Answer> {
    let named = |claim: &str| claims[claim].as_str().and_then(App::by_id);
    let app = named("iss")
        .ok_or_else(|| refused("The issuer claim for client_assertion is not a valid client_id."))?;
    let is_other_client = asked.form("client_id").is_some_and(|id| id != app.id());
    if named("sub") != Some(app) || is_other_client {
        return Err(refused(
            "The subject claim for client_assertion is not a valid client_id.",
        ));
    }
    Ok(app)
}

fn check_audience(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    claims: &Value,
) -> Result<(), Answer> {
    let expected = match rules.assertion_audience {
        AssertionAudience::Endpoint => format!("{}{}", provider.origin(), asked.path),
        AssertionAudience::Issuer => provider.issuer(asked.server),
    };
    if claims["aud"] == *expected {
        return Ok(());
    }
    Err(refused(
        "The audience claim for client_assertion must be the endpoint invoked for the request.",
    ))
}

fn check_times(rules: &Behaviour, claims: &Value) -> Result<(), Answer> {
    let now = rules.now();
    let Some(end) = claims["exp"].as_i64() else {
        return Err(refused(
            "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        ));
    };
    let text = if end <= now {
        "The client_assertion token is expired."
    } else if end > now + MAX_LIFETIME_SECS {
        "The client_assertion token has an expiration too far into the future."
    } else if claims["iat"].as_i64().is_some_and(|issued| issued > now) {
        "The client_assertion token must be issued before the current time."
    } else {
        return Ok(());
    };
    Err(refused(text))
}

fn check_hmac(rules: &Behaviour, jwt: &Jwt<'_>) -> Result<(), Answer> {
    let secret = rules.web_client_secret.as_bytes();
    if secret.len() < 32 {
        return Err(refused("The client secret is too short to verify a JWT HMAC."));
    }
    if jwt.header["alg"] != "HS256" {
        return Err(wrong_algorithm());
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, jwt.message.as_bytes(), &jwt.signature).map_err(|_| wrong_signature())
}

fn check_signature(rules: &Behaviour, jwt: &Jwt<'_>) -> Result<(), Answer> {
    let keys = &rules.web_client_keys;
    if keys.is_empty() {
        return Err(refused(
            "The client does not have a JWKSet configured, but the client_assertion requires one.",
        ));
    }
    let key = match jwt.header["kid"].as_str() {
        Some(id) => keys.iter().find(|key| key["kid"] == id),
        None => keys.first().filter(|_| keys.len() == 1),
    };
    let key = key.ok_or_else(|| refused("The client_assertion JWT kid is invalid."))?;
    let number = |name: &str| {
        let text = key[name].as_str().unwrap_or_default();
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default()
    };
    let message = jwt.message.as_bytes();
    let verified = match (jwt.header["alg"].as_str(), key["kty"].as_str()) {
        (Some("RS256"), Some("RSA")) => RsaPublicKeyComponents {
            n: number("n"),
            e: number("e"),
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, &jwt.signature),
        (Some(name), Some("EC")) => {
            let algorithm = ec_algorithm(name, key["crv"].as_str()).ok_or_else(wrong_algorithm)?;
            let point = [vec![4], number("x"), number("y")].concat();
            UnparsedPublicKey::new(algorithm, point).verify(message, &jwt.signature)
        }
        _ => return Err(wrong_algorithm()),
    };
    verified.map_err(|_| wrong_signature())
}

fn ec_algorithm(name: &str, curve: Option<&str>) -> Option<&'static EcdsaVerificationAlgorithm> {
    match (name, curve?) {
        ("ES256", "P-256") => Some(&ECDSA_P256_SHA256_FIXED),
        ("ES384", "P-384") => Some(&ECDSA_P384_SHA384_FIXED),
        ("ES512", "P-521") => Some(&ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

fn wrong_algorithm() -> Answer {
    refused("The client_assertion JWT signature algorithm is invalid.")
}

fn wrong_signature() -> Answer {
    refused("The client_assertion signature is invalid.")
}
