//! The proof of one request (RFC 9449 4.2).

use serde_json::{Map, json};
use url::Url;

use super::key::DpopKey;
use crate::clock::Timestamp;
use crate::oidc::errors::Error;
use crate::oidc::jws;

/// `iat` is so much before the time of this machine. A provider takes proofs that are minutes old, and none from its future (Okta).
pub(super) const BACKDATE_SECS: i64 = 5;

impl DpopKey {
    /// Returns the value of the header `DPoP` for a POST to `url`. Each request needs a new one, a repeated request too.
    pub(in crate::oidc) fn proof(
        &self,
        url: &Url,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Error> {
        let header = Map::from_iter([
            ("typ".to_owned(), "dpop+jwt".into()),
            ("alg".to_owned(), "ES256".into()),
            ("jwk".to_owned(), self.public_jwk()),
        ]);
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = json!({
            "jti": jws::random_id()?,
            "htm": "POST",
            "htu": target.as_str(),
            "iat": now.saturating_sub(BACKDATE_SECS),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        jws::compact(header, &claims, |message| self.sign(message))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::Value;

    use super::*;
    use crate::clock::at;

    fn decoded(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_proof_names_the_request_and_shows_no_private_key() {
        let key = DpopKey::generate().unwrap();
        let url = Url::parse("https://okta.example/oauth2/v1/token?a=b#c").unwrap();
        let proof = key.proof(&url, Some("n1"), at(1_000)).unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
        let claims: Value = serde_json::from_slice(&decoded(parts[1])).unwrap();
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&"dpop+jwt".into(), &"ES256".into())
        );
        let members: Vec<&String> = header["jwk"].as_object().unwrap().keys().collect();
        assert_eq!(members, ["crv", "kty", "x", "y"]);
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], "https://okta.example/oauth2/v1/token");
        assert_eq!(claims["iat"], 995);
        assert_eq!(claims["nonce"], "n1");
        let jwk = |name: &str| decoded(header["jwk"][name].as_str().unwrap());
        let point = [vec![4], jwk("x"), jwk("y")].concat();
        let message = format!("{}.{}", parts[0], parts[1]);
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        public.verify(message.as_bytes(), &decoded(parts[2])).unwrap();
    }

    #[test]
    fn each_proof_has_another_id_and_no_nonce_that_is_not_known() {
        let key = DpopKey::generate().unwrap();
        let url = Url::parse("https://i/token").unwrap();
        let claims = || {
            let proof = key.proof(&url, None, at(0)).unwrap();
            let claims: Value = serde_json::from_slice(&decoded(proof.split('.').nth(1).unwrap())).unwrap();
            claims
        };
        let (first, second) = (claims(), claims());
        assert_ne!(first["jti"], second["jti"]);
        assert!(first.get("nonce").is_none());
    }
}
