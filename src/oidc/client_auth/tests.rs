//! The bytes of a request with each method, and the claims of an assertion.

use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::clock::at;
use crate::settings::{Audience, Issuer};
use crate::untrusted_text::UntrustedText;

/// Returns the form and the header of one request.
fn sent(client_id: &str, method: Method<'_>, audience: &Audience) -> Result<(String, Option<String>), Error> {
    let mut form = Form::default();
    let context = AssertionContext {
        audience,
        endpoint: &Url::parse("https://i.example/oauth2/v1/token").unwrap(),
        shown_endpoint: UntrustedText::new("https://i.example/oauth2/v1/token"),
        issuer: &Issuer::parse("https://i.example/oauth2".to_owned()).unwrap(),
        now: at(1000),
    };
    let auth = authenticate(&mut form, client_id, method, &context)?;
    let header = auth.header.map(|header| header.expose().to_owned());
    Ok((form.into_text().expose().to_owned(), header))
}

fn at_endpoint(client_id: &str, method: Method<'_>) -> (String, Option<String>) {
    sent(client_id, method, &Audience::Endpoint).unwrap()
}

#[test]
fn the_secret_is_sent_once_and_the_client_id_is_always_in_the_form() {
    let secret = Secret::new("a b&c:d");
    assert_eq!(
        at_endpoint("my/app", Method::None),
        ("client_id=my%2Fapp".to_owned(), None)
    );
    assert_eq!(
        at_endpoint("my/app", Method::SecretPost(&secret)),
        ("client_id=my%2Fapp&client_secret=a+b%26c%3Ad".to_owned(), None)
    );
    let basic = format!("Basic {}", BASE64.encode(b"my%2Fapp:a+b%26c%3Ad"));
    assert_eq!(
        at_endpoint("my/app", Method::SecretBasic(&secret)),
        ("client_id=my%2Fapp".to_owned(), Some(basic))
    );
}

/// Some providers compare the header without decoding it. Go's clients do not encode `~`, and encode `*`.
#[test]
fn the_header_is_encoded_as_go_encodes_it() {
    let sent = |secret: &str| {
        let (_, header) = at_endpoint("a*b", Method::SecretBasic(&Secret::new(secret)));
        let header = header.unwrap();
        let encoded = header.trim_start_matches("Basic ").as_bytes();
        String::from_utf8(BASE64.decode(encoded).unwrap()).unwrap()
    };
    assert_eq!(sent("abc8Q~x-y_z.w"), "a%2Ab:abc8Q~x-y_z.w");
    assert_eq!(sent("* +/=\u{e9}"), "a%2Ab:%2A+%2B%2F%3D%C3%A9");
}

/// The header, the claims, what was signed, and the signature.
fn assertion(method: Method<'_>, audience: &Audience) -> (Value, Value, String, Vec<u8>) {
    let (form, header) = sent("my/app", method, audience).unwrap();
    assert_eq!(header, None);
    let start = "client_id=my%2Fapp&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                 &client_assertion=";
    let assertion = form.strip_prefix(start).unwrap();
    let (message, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let json = |text| serde_json::from_slice(&decoded(text)).unwrap();
    (json(header), json(claims), message.to_owned(), decoded(signature))
}

#[test]
fn an_assertion_is_from_the_client_for_its_audience_and_good_for_a_minute() {
    let secret = Secret::new("s".repeat(32));
    for (audience, expected) in [
        (Audience::Endpoint, "https://i.example/oauth2/v1/token"),
        (Audience::Issuer, "https://i.example/oauth2"),
        (Audience::Fixed("urn:x".to_owned()), "urn:x"),
    ] {
        let (header, mut claims, ..) = assertion(Method::SecretJwt(&secret), &audience);
        assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
        let id = claims["jti"].take();
        assert_eq!(id.as_str().unwrap().len(), 22);
        let rest =
            json!({"iss": "my/app", "sub": "my/app", "aud": expected, "iat": 995, "exp": 1060, "jti": null});
        assert_eq!(claims, rest);
    }
}

#[test]
fn each_request_has_an_assertion_of_its_own() {
    let secret = Secret::new("s".repeat(32));
    let id = || assertion(Method::SecretJwt(&secret), &Audience::Endpoint).1["jti"].take();
    assert_ne!(id(), id());
}

#[test]
fn an_assertion_is_signed_with_the_key_and_names_it() {
    let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let key = PrivateKey::parse(&private_key::tests::pkcs8_pem(&pair), Some("key 1")).unwrap();
    let (header, _, message, signature) = assertion(Method::PrivateKeyJwt(&key), &Audience::Endpoint);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key 1"}));
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    public.verify(message.as_bytes(), &signature).unwrap();
}

/// The discovery document of one provider can name the endpoint of another one.
#[test]
fn no_assertion_is_made_for_an_endpoint_that_is_not_the_issuer_s() {
    let secret = Secret::new("s".repeat(32));
    let made = |endpoint: &str, audience: &Audience| {
        let context = AssertionContext {
            audience,
            endpoint: &Url::parse(endpoint).unwrap(),
            shown_endpoint: UntrustedText::new(endpoint),
            issuer: &Issuer::parse("https://i.example".to_owned()).unwrap(),
            now: at(1000),
        };
        authenticate(&mut Form::default(), "c", Method::SecretJwt(&secret), &context)
    };
    for other in ["https://o.example/token", "https://i.example:8443/token"] {
        let error = made(other, &Audience::Endpoint).unwrap_err();
        assert_eq!(error.flag(), Some("oidc-client-auth-audience"), "{other}");
        assert!(made(other, &Audience::Issuer).is_ok(), "{other}");
    }
    assert!(made("https://i.example:443/x/token", &Audience::Endpoint).is_ok());
}

#[test]
fn the_secret_and_the_assertion_are_named_as_secrets() {
    let secret = Secret::new("s".repeat(32));
    let audience = Audience::Issuer;
    let context = AssertionContext {
        audience: &audience,
        endpoint: &Url::parse("https://i.example/token").unwrap(),
        shown_endpoint: UntrustedText::new("https://i.example/token"),
        issuer: &Issuer::parse("https://i.example".to_owned()).unwrap(),
        now: at(1000),
    };
    let mut form = Form::default();
    let auth = authenticate(&mut form, "c", Method::SecretJwt(&secret), &context).unwrap();
    let form = form.into_text();
    let assertion = form.expose().rsplit_once('=').unwrap().1.to_owned();
    assert!(auth.secrets.contains(&secret));
    assert!(auth.secrets.contains(&Secret::new(assertion)));
    assert!(!format!("{auth:?}").contains("ey"), "{auth:?}");
}
