//! Reads any token as far as it can be read, so that a person sees what is wrong with it.
//!
//! Accepts nothing: `id_token` decides which token is used. What is read here is not verified, except by
//! [`InspectedToken::verify_signature`]. Pure.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::oidc::discovery::signing_keys::SigningKeys;
use crate::oidc::json;
use crate::oidc::token::claims::{self, MembersError};
use crate::oidc::token::id_token;
use crate::secret::Secret;

/// A token, taken apart.
#[derive(Debug)]
pub(crate) struct InspectedToken {
    token: Secret,
    pub(crate) form: TokenForm,
    /// Empty if there is none, or it cannot be read.
    pub(crate) header: Map<String, Value>,
    /// Empty if there are none, or they cannot be read.
    pub(crate) claims: Map<String, Value>,
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenForm {
    /// A signed JWT (RFC 7515): header and claims can be read.
    Signed,
    /// An encrypted JWT (RFC 7516). Only its recipient can read the claims.
    Encrypted,
    /// Only the provider knows what it means.
    Opaque,
    /// It begins like a JWT and cannot be read as one, for this reason.
    Broken(String),
    /// It has characters that no token has.
    NoToken,
}

impl InspectedToken {
    /// Takes a token apart.
    pub(crate) fn new(token: Secret) -> Self {
        let text = token.expose();
        let parts: Vec<&str> = text.split('.').collect();
        let header = decode(parts.first().copied().unwrap_or_default());
        let header = header.and_then(|bytes| json::object(&bytes)).unwrap_or_default();
        let mut claims = Map::new();
        let form = match parts.len() {
            _ if !text.bytes().all(is_token_byte) => TokenForm::NoToken,
            _ if header.is_empty() => TokenForm::Opaque,
            5 => TokenForm::Encrypted,
            3 => match read_claims(parts[0], parts[1], parts[2]) {
                (read, None) => {
                    claims = read;
                    TokenForm::Signed
                }
                (read, Some(fault)) => {
                    claims = read;
                    TokenForm::Broken(fault)
                }
            },
            count => {
                claims = parts
                    .get(1)
                    .and_then(|part| decode(part))
                    .and_then(|bytes| json::object(&bytes))
                    .unwrap_or_default();
                TokenForm::Broken(format!(
                    "it has {count} parts where a signed token has 3: a part of it may be missing"
                ))
            }
        };
        Self {
            token,
            form,
            header,
            claims,
        }
    }

    /// Returns the length in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.token.expose().len()
    }

    /// Returns the header's `alg`; `none` if there is none.
    pub(crate) fn algorithm(&self) -> &str {
        json::text(&self.header, "alg").unwrap_or("none")
    }

    /// Returns a claim that is a time.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        json::seconds(&self.claims, name).map(Timestamp::from_secs)
    }

    /// Verifies the signature, and nothing else.
    ///
    /// # Errors
    /// A text that says why the signature is not one of these keys.
    pub(crate) fn verify_signature(&self, keys: &SigningKeys) -> Result<(), String> {
        id_token::verify_signature(self.token.expose(), &keys.keys, &keys.algorithms)
            .map_err(|error| error.to_string())
    }
}

/// Whether a byte can be in a bearer token (RFC 6750 2.1) or in a JWT.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.trim_end_matches('=').as_bytes()).ok()
}

/// Reads the claims, and says what is wrong with the parts of the token, if anything is.
fn read_claims(header: &str, payload: &str, signature: &str) -> (Map<String, Value>, Option<String>) {
    let repeated = |error: MembersError, part: &str| match error {
        MembersError::Repeated(name) => format!("its {part} has the member `{name}` twice"),
        MembersError::NotAnObject => format!("its {part} is no JSON object"),
    };
    let Some(bytes) = decode(payload) else {
        return (
            Map::new(),
            Some("its second part, the claims, is not base64url".to_owned()),
        );
    };
    let claims = json::object(&bytes).unwrap_or_default();
    let header_fault = decode(header)
        .and_then(|bytes| claims::parse_header(&bytes).err())
        .map(|error| repeated(error, "header"));
    let claims_fault = claims::parse_payload(&bytes)
        .err()
        .map(|error| repeated(error, "payload"));
    let signature_fault = || {
        (decode(signature).is_none()).then(|| "its third part, the signature, is not base64url".to_owned())
    };
    let padding_fault = || {
        [header, payload, signature]
            .iter()
            .any(|part| part.ends_with('='))
            .then(|| "its parts are padded with `=`, which a JWT must not have".to_owned())
    };
    (
        claims,
        header_fault
            .or(claims_fault)
            .or_else(signature_fault)
            .or_else(padding_fault),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    #[test]
    fn a_text_is_told_apart_by_its_parts() {
        let header = encoded(r#"{"alg":"RS256"}"#);
        let claims = encoded(r#"{"sub":"s"}"#);
        let broken = |text: &str| TokenForm::Broken(text.to_owned());
        for (text, form, readable) in [
            (format!("{header}.{claims}.AAAA"), TokenForm::Signed, true),
            (format!("{header}.{claims}."), TokenForm::Signed, true),
            (format!("{header}.a.b.c.d"), TokenForm::Encrypted, false),
            ("0123456789abcdef".to_owned(), TokenForm::Opaque, false),
            ("a.b.c".to_owned(), TokenForm::Opaque, false),
            ("v2.local~x+/=".to_owned(), TokenForm::Opaque, false),
            ("no token".to_owned(), TokenForm::NoToken, false),
            (format!("{header}.{claims}.AA\nAA"), TokenForm::NoToken, false),
            ("\u{1b}[2J".to_owned(), TokenForm::NoToken, false),
            (
                format!("{header}.{claims}"),
                broken("it has 2 parts where a signed token has 3: a part of it may be missing"),
                true,
            ),
            (
                format!("{header}.*.AAAA").replace('*', "A"),
                broken("its second part, the claims, is not base64url"),
                false,
            ),
            (
                format!("{header}.{}.AAAA", encoded("[]")),
                broken("its payload is no JSON object"),
                false,
            ),
            (
                format!("{header}.{}.AAAA", encoded(r#"{"sub":"s","iss":"a","iss":"b"}"#)),
                broken("its payload has the member `iss` twice"),
                true,
            ),
            (
                format!("{header}.{claims}.A"),
                broken("its third part, the signature, is not base64url"),
                true,
            ),
            (
                format!("{header}.{claims}=.AAAA"),
                broken("its parts are padded with `=`, which a JWT must not have"),
                true,
            ),
        ] {
            let token = InspectedToken::new(Secret::new(text.as_str()));
            assert_eq!(token.form, form, "{text:?}");
            assert_eq!(json::text(&token.claims, "sub").is_some(), readable, "{text:?}");
        }
    }

    #[test]
    fn a_token_without_an_algorithm_has_none() {
        let token = InspectedToken::new(Secret::new(format!(
            "{}.{}.",
            encoded(r#"{"kid":"k"}"#),
            encoded("{}")
        )));
        assert_eq!((token.algorithm(), token.time("exp")), ("none", None));
    }
}
