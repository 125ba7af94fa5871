//! Entry points for the fuzzers of what a provider and a browser send. See `crate::fuzzing`.

#![expect(clippy::missing_panics_doc, reason = "a panic is a finding of the fuzzer")]

use std::sync::OnceLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use openidconnect::Nonce;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;
use url::Url;

use crate::clock::Timestamp;
use crate::fuzzing::assert_shown;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::discovery::metadata::{Metadata, discovery_url};
use crate::oidc::grants::device_response::DeviceAuthorization;
use crate::oidc::http::json_document::document_text;
use crate::oidc::http::response::read_form_response;
pub use crate::oidc::loopback::callback::fuzzing::callback;
use crate::oidc::token::algorithm::Algorithm;
use crate::oidc::token::id_token::{self, TokenExpectation, VerificationContext};
use crate::oidc::token::inspection::{InspectedToken, TokenForm};
use crate::oidc::token::key_set::KeySet;
use crate::oidc::token::response::{Member, TokenResponse};
use crate::oidc::token::sign_in_demands::SignInDemands;
use crate::oidc::token::stored::{UnverifiedToken, issuer_and_audience};
use crate::secret::Secret;
use crate::settings::Issuer;

const ISSUER: &str = "https://issuer.example";
const CLIENT_ID: &str = "client";
const NONCE: &str = "nonce-of-this-sign-in";
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
/// No key of a mutated key set made this signature.
const WRONG_SIGNATURE: [u8; 64] = [1; 64];

/// A discovery document, and the same bytes as a key set.
pub fn discovery(data: &[u8]) {
    let issuer = Issuer::parse(ISSUER.to_owned()).expect("it is an issuer");
    let url = discovery_url(&issuer).expect("an issuer has a discovery URL");
    let body = match document_text(&url, data) {
        Ok(body) => body,
        Err(error) => return assert_shown(&error.to_string()),
    };
    match Metadata::parse(&body, &issuer) {
        Ok(metadata) => check_metadata(&metadata),
        Err(error) => assert_shown(&error.to_string()),
    }
    let Ok(keys) = KeySet::parse(&body) else {
        return;
    };
    for name in ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"] {
        let algorithm = Algorithm::allowed(name, &[]).expect("it is an algorithm");
        for id in [None, Some("1")] {
            let verified = keys.verify(algorithm, id, data, &WRONG_SIGNATURE);
            verified.expect_err("nobody made this signature");
        }
    }
}

fn check_metadata(metadata: &Metadata) {
    let others = [
        metadata.authorization_endpoint(),
        metadata.jwks_uri(),
        metadata.device_authorization_endpoint(),
    ];
    let others = others.into_iter().filter_map(|endpoint| match endpoint {
        Ok(url) => Some(url),
        Err(error) => {
            assert_shown(&error.to_string());
            None
        }
    });
    for url in others.chain([&metadata.token_endpoint]) {
        assert!(url.scheme() == "https" && url.username().is_empty() && url.fragment().is_none());
    }
    assert!(metadata.has_same_keys_as(metadata));
}

/// A token. Text that begins with `{` is the header, and after a line end the payload, of a token that is signed here, so that mutations
/// of claims reach the checks behind the base64 and the signature.
pub fn jwt(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let token = if text.starts_with('{') {
        sign(&text)
    } else {
        text.into_owned()
    };
    let token = Secret::new(token);
    let inspected = InspectedToken::new(token.clone());
    let _shown = (inspected.algorithm(), inspected.time("exp"), inspected.bytes());
    let (issuer, audience) = issuer_and_audience(&token);
    assert_shown(issuer.as_str());
    assert_shown(audience.as_str());
    if let Some(account) = UnverifiedToken::read(&token).and_then(|token| token.account()) {
        assert_shown(account.as_str());
    }
    if let Some(algorithm) = id_token::header_algorithm(token.expose()) {
        let _algorithm = Algorithm::allowed(&algorithm, &[]);
    }
    verify_id_token(&token, &inspected);
    verify_access_token(&token);
}

/// Verifies as an ID token, in each context.
fn verify_id_token(token: &Secret, inspected: &InspectedToken) {
    let nonce = Nonce::new(NONCE.to_owned());
    let initial_id_token = InitialIdToken::with_subject("subject".to_owned());
    let login = is_verified(
        token,
        VerificationContext::Login {
            nonce: &nonce,
            demands: &SignInDemands::default(),
        },
    );
    let direct = is_verified(
        token,
        VerificationContext::Direct {
            demands: &SignInDemands::default(),
        },
    );
    let stored = is_verified(token, VerificationContext::Stored);
    let refresh = is_verified(
        token,
        VerificationContext::Refresh {
            initial_id_token: &initial_id_token,
            replaced: token,
        },
    );
    assert!(!login || direct, "more is accepted with a nonce");
    assert!(!refresh || direct, "more is accepted with a subject");
    assert_eq!(direct, stored);
    if !direct {
        return;
    }
    assert_eq!(
        inspected.form,
        TokenForm::Signed,
        "an accepted token cannot be read"
    );
    assert!(id_token::is_jwt(token.expose()));
    assert!(!is_verified(
        &tampered(token),
        VerificationContext::Direct {
            demands: &SignInDemands::default(),
        }
    ));
}

fn is_verified(token: &Secret, context: VerificationContext<'_>) -> bool {
    match id_token::verify(token, None, keys(), &expectation(context)) {
        Ok(verified) => {
            let claims = &verified.claims;
            assert_eq!(claims.issuer, ISSUER);
            assert!(claims.audience.iter().any(|audience| audience == CLIENT_ID));
            assert!(!claims.subject.is_empty());
            assert!(
                claims
                    .authorized_party
                    .as_ref()
                    .is_none_or(|party| party == CLIENT_ID)
            );
            true
        }
        Err(error) => {
            assert_shown(&error.to_string());
            false
        }
    }
}

fn verify_access_token(token: &Secret) {
    let initial_id_token = InitialIdToken::default();
    for context in [
        VerificationContext::Direct {
            demands: &SignInDemands::default(),
        },
        VerificationContext::Refresh {
            initial_id_token: &initial_id_token,
            replaced: token,
        },
    ] {
        if let Err(error) = id_token::verify_access(token, Some("subject"), keys(), &expectation(context)) {
            assert_shown(&error.to_string());
        }
    }
}

fn expectation(context: VerificationContext<'_>) -> TokenExpectation<'_> {
    TokenExpectation {
        issuer: ISSUER,
        client_id: CLIENT_ID,
        algorithms: &[],
        context,
        now: NOW,
        provider_now: None,
    }
}

fn signing_key() -> &'static Ed25519KeyPair {
    static KEY: OnceLock<Ed25519KeyPair> = OnceLock::new();
    KEY.get_or_init(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed is a key"))
}

fn keys() -> &'static KeySet {
    static KEYS: OnceLock<KeySet> = OnceLock::new();
    KEYS.get_or_init(|| {
        let x = BASE64URL_NOPAD.encode(signing_key().public_key().as_ref());
        let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x }] });
        KeySet::parse(set.to_string().as_bytes()).expect("it has a key")
    })
}

/// Signs the header in the first line and the payload in the others.
fn sign(text: &str) -> String {
    let (header, payload) = text.split_once('\n').unwrap_or((text, "{}"));
    let encoded = |part: &str| BASE64URL_NOPAD.encode(part.as_bytes());
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = signing_key().sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

/// Returns a token with one bit of its signature changed.
fn tampered(token: &Secret) -> Secret {
    let (message, signature) = token.expose().rsplit_once('.').expect("it has a signature");
    let mut signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .expect("it was decoded");
    signature[0] ^= 1;
    Secret::new(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// The response of the token endpoint and of the device authorization endpoint. The first line has the status and the content type, which is
/// the challenge too.
pub fn token_response(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, body) = data.split_at(end);
    let line = String::from_utf8_lossy(line);
    let (status, content_type) = line.split_once(' ').unwrap_or((&line, "application/json"));
    let status = status
        .parse()
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    let mut headers = HeaderMap::new();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.insert(WWW_AUTHENTICATE, content_type.clone());
        headers.insert(CONTENT_TYPE, content_type);
    }
    let url = Url::parse("https://issuer.example/token").expect("it is a URL");
    let object = match read_form_response(&url, status.unwrap_or(StatusCode::OK), &headers, body, NOW) {
        Ok(object) => object,
        Err(error) => {
            let demanded = error.oauth_error().and_then(|refusal| refusal.step_up.as_ref());
            assert!(demanded.is_none_or(|demanded| is_plain(&demanded.to_string())));
            return assert_shown(&error.to_string());
        }
    };
    match DeviceAuthorization::read(object.clone(), &url) {
        Ok(device) => assert!(device.wait_secs(600) <= 600),
        Err(error) => assert_shown(&error.to_string()),
    }
    match TokenResponse::read(object) {
        Ok(response) => check_token_response(&response),
        Err(fault) => assert_shown(&fault.to_string()),
    }
}

/// Whether a text can go into an address, a record and to a terminal.
fn is_plain(text: &str) -> bool {
    text.len() < 2000 && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}

fn check_token_response(response: &TokenResponse) {
    for member in [&response.id_token, &response.access_token] {
        if let Member::Token(token) = member {
            assert!(!token.expose().is_empty() && token.expose().trim() == token.expose());
        }
    }
    if let Some(kind) = &response.bound_type {
        assert_shown(kind.as_str());
    }
    assert!(response.expires_in_secs.is_none_or(|seconds| seconds > 0));
    assert!(
        response
            .granted_scope
            .as_ref()
            .is_none_or(|scope| !scope.is_empty())
    );
}
