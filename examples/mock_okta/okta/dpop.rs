//! Checks a DPoP proof (RFC 9449) as Okta does: form, claims, time, single use, nonce and signature. All texts are Okta's.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{
    behaviour::Behaviour,
    bodies,
    choices::Dpop,
    errors,
    exchange::{Answer, Asked},
    provider::Provider,
};

/// How long after its `iat` a proof is taken.
const MAX_AGE_SECS: i64 = 300;

/// Returns the thumbprint (RFC 7638) of the key that a request proves, or `None` if its tokens are bearer tokens.
pub(crate) fn check(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<Option<String>, Answer> {
    let proofs: Vec<&str> = asked
        .headers
        .iter()
        .filter(|(name, _)| name == "dpop")
        .map(|(_, value)| value.as_str())
        .collect();
    if let ([proof], true) = (&proofs[..], rules.dpop.repeats_proof) {
        return Err(refused(&format!("the proof {proof} is over")));
    }
    match (rules.dpop.mode, &proofs[..]) {
        (Dpop::Ignored, _) | (Dpop::Supported, []) => Ok(None),
        (Dpop::Required, []) => Err(refused("The DPoP proof JWT header is missing.")),
        (Dpop::Supported | Dpop::Required, [proof]) => verified(provider, rules, asked, proof).map(Some),
        (Dpop::Supported | Dpop::Required, _) => {
            Err(refused("Multiple DPoP proof JWT headers are not allowed."))
        }
    }
}

/// Refuses a refresh with another key than that of the login.
pub(crate) fn check_binding(bound: Option<&str>, shown: Option<&str>) -> Result<(), Answer> {
    if bound.is_some() && bound != shown {
        return Err(refused("Invalid DPoP Public Key binding in refresh token"));
    }
    Ok(())
}

fn verified(provider: &Provider, rules: &Behaviour, asked: &Asked, proof: &str) -> Result<String, Answer> {
    let unreadable = || refused("The DPoP proof JWT cannot be parsed.");
    let (message, signature) = proof.rsplit_once('.').ok_or_else(unreadable)?;
    let (header, claims) = message.split_once('.').ok_or_else(unreadable)?;
    let json = |text: &str| -> Option<Value> {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    };
    let header = json(header).ok_or_else(unreadable)?;
    let claims = json(claims).ok_or_else(unreadable)?;
    let signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .map_err(|_| unreadable())?;
    if header["typ"] != "dpop+jwt" {
        return Err(refused("'typ' must be 'dpop+jwt' in the DPoP proof JWT."));
    }
    if header["alg"] != "ES256" {
        return Err(refused("The DPoP proof JWT signature algorithm is invalid."));
    }
    let key = &header["jwk"];
    let is_public = key["kty"] == "EC" && key["crv"] == "P-256" && key.get("d").is_none();
    let coordinate = |name: &str| {
        let text = key[name].as_str().unwrap_or_default();
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default()
    };
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    if !is_public || public.verify(message.as_bytes(), &signature).is_err() {
        return Err(refused("The DPoP proof JWT signature is invalid."));
    }
    check_claims(provider, rules, asked, &claims)?;
    Ok(thumbprint(key))
}

fn check_claims(provider: &Provider, rules: &Behaviour, asked: &Asked, claims: &Value) -> Result<(), Answer> {
    let now = rules.now();
    if claims["htm"] != *asked.method {
        return Err(refused("The 'htm' claim in the DPoP proof JWT is invalid."));
    }
    if claims["htu"] != format!("{}{}", provider.origin(), asked.path) {
        return Err(refused("The 'htu' claim in the DPoP proof JWT is invalid."));
    }
    let Some(issued) = claims["iat"].as_i64() else {
        return Err(refused("The 'iat' claim in the DPoP proof JWT is invalid."));
    };
    if issued > now {
        return Err(refused("The DPoP proof JWT is issued in the future."));
    }
    if issued < now - MAX_AGE_SECS {
        return Err(refused(
            "The DPoP proof JWT is issued more than five minutes in the past.",
        ));
    }
    let Some(id) = claims["jti"].as_str().filter(|id| id.len() >= 16) else {
        return Err(refused("The 'jti' claim in the DPoP proof JWT is invalid."));
    };
    if !provider.is_new_assertion(id) {
        return Err(refused("The DPoP proof JWT has already been used."));
    }
    let is_fresh = !rules.dpop.nonce_never_accepted && claims["nonce"] == *rules.dpop.nonce;
    if !rules.dpop.nonce.is_empty() && !is_fresh {
        let nonce = if rules.dpop.nonce_never_accepted {
            bodies::random()
        } else {
            rules.dpop.nonce.clone()
        };
        let text = "Authorization server requires nonce in DPoP proof.";
        return Err(errors::oauth(400, "use_dpop_nonce", text).header("DPoP-Nonce", &nonce));
    }
    Ok(())
}

fn thumbprint(key: &Value) -> String {
    let member = |name: &str| key[name].as_str().unwrap_or_default();
    let canonical = format!(
        r#"{{"crv":"{}","kty":"{}","x":"{}","y":"{}"}}"#,
        member("crv"),
        member("kty"),
        member("x"),
        member("y")
    );
    BASE64URL_NOPAD.encode(digest(&SHA256, canonical.as_bytes()).as_ref())
}

fn refused(text: &str) -> Answer {
    errors::oauth(400, "invalid_dpop_proof", text)
}
