//! Reads the response of the token endpoint (RFC 6749 5.1), member by member.
//!
//! An invalid member is an error only if it is needed. An ID token is enough for a login, and an invalid `expires_in` or `token_type` must
//! not cause the loss of a rotated refresh token. The tokens are not verified here.

use serde_json::{Map, Value};

use crate::oidc::errors::token::ResponseFault;
use crate::oidc::json;
use crate::oidc::token::verification_error::MAX_TOKEN_BYTES;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// A successful response.
#[derive(Debug, Default)]
pub(crate) struct TokenResponse {
    pub(crate) id_token: Member,
    pub(crate) access_token: Member,
    pub(crate) refresh_token: Option<Secret>,
    /// The granted scopes, separated by spaces. `None` if absent, invalid or too long; then the requested scopes are assumed.
    pub(crate) granted_scope: Option<String>,
    /// The lifetime of the access token in seconds, if the provider states it.
    pub(crate) expires_in_secs: Option<i64>,
    /// The `token_type`, if it means that the access token is bound to a key. Such a token is no bearer token.
    pub(crate) bound_type: Option<UntrustedText>,
}

/// A token of the response.
#[derive(Debug, Default)]
pub(crate) enum Member {
    #[default]
    Absent,
    /// The member is not a string.
    NotText,
    Token(Secret),
}

impl Member {
    fn take(object: &mut Map<String, Value>, name: &str) -> Self {
        match object.remove(name) {
            None | Some(Value::Null) => Self::Absent,
            Some(Value::String(text)) if text.trim().is_empty() => Self::Absent,
            Some(Value::String(text)) => Self::Token(Secret::new(text)),
            Some(_) => Self::NotText,
        }
    }

    /// Removes white space from both ends. A signed token contains none, and a header value has none at its ends (RFC 9110 5.5).
    fn trimmed(self) -> Self {
        match self {
            Self::Token(token) if token.expose().trim().len() < token.expose().len() => {
                Self::Token(Secret::new(token.expose().trim()))
            }
            other => other,
        }
    }

    pub(crate) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Token(token) => Some(token),
            Self::Absent | Self::NotText => None,
        }
    }
}

impl TokenResponse {
    /// Whether the access token is bound by DPoP (RFC 9449 5). The type is compared without case.
    pub(crate) fn is_dpop(&self) -> bool {
        let bound = self.bound_type.as_ref();
        bound.is_some_and(|kind| kind.as_str().eq_ignore_ascii_case("dpop"))
    }

    /// Reads a response. The error says why the response cannot be used.
    pub(crate) fn read(mut object: Map<String, Value>) -> Result<Self, ResponseFault> {
        // The tokens are moved, not copied, because `Secret` overwrites its memory when it is dropped.
        let response = Self {
            id_token: Member::take(&mut object, "id_token").trimmed(),
            access_token: Member::take(&mut object, "access_token").trimmed(),
            refresh_token: match Member::take(&mut object, "refresh_token") {
                Member::Token(token) => Some(token),
                Member::Absent | Member::NotText => None,
            },
            granted_scope: json::texts(&object, "scope")
                .map(|scopes| scopes.join(" "))
                .filter(|scopes| !scopes.is_empty() && can_be_stored(scopes)),
            expires_in_secs: json::seconds(&object, "expires_in").filter(|seconds| *seconds > 0),
            bound_type: json::text(&object, "token_type")
                .filter(|kind| is_bound(kind))
                .map(|kind| UntrustedText::with_limit(kind, 30)),
        };
        if let Some(token) = &response.refresh_token {
            if !can_be_stored(token.expose()) {
                return Err(ResponseFault::TooLong("refresh_token"));
            }
            // It may be a rotated refresh token, which must be stored even if another token is missing.
            return Ok(response);
        }
        match (&response.id_token, &response.access_token) {
            (Member::NotText, Member::Absent | Member::NotText) => Err(ResponseFault::NotText("id_token")),
            (Member::Absent, Member::NotText) => Err(ResponseFault::NotText("access_token")),
            (Member::Absent, Member::Absent) => Err(ResponseFault::Empty),
            (Member::Token(_), _) | (_, Member::Token(_)) => Ok(response),
        }
    }
}

/// Whether the JSON-encoded text fits the limit for reading session files.
fn can_be_stored(text: &str) -> bool {
    let encoded_bytes = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(encoded_bytes).sum::<usize>() <= MAX_TOKEN_BYTES
}

/// Whether a token type means that the access token is bound to a key (RFC 9449 5, and the drafts of MAC and proof-of-possession tokens).
/// Any other type, or none, is treated as `Bearer`, which is what an API server needs.
fn is_bound(kind: &str) -> bool {
    ["dpop", "mac", "pop"]
        .iter()
        .any(|bound| kind.eq_ignore_ascii_case(bound))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<TokenResponse, String> {
        let Value::Object(object) = value else {
            panic!("not an object");
        };
        TokenResponse::read(object).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_invalid_member_beside_the_tokens_is_ignored() {
        for (name, value) in [
            ("expires_in", json!("soon")),
            ("expires_in", json!(null)),
            ("token_type", json!(null)),
            ("token_type", json!(5)),
            ("token_type", json!("bEaReR")),
            ("scope", json!(5)),
            ("refresh_token", json!(null)),
            ("refresh_token", json!(7)),
            ("error", json!(null)),
            ("access_token", json!(7)),
            ("not_before", json!("0")),
        ] {
            let response = read(json!({"id_token": "a.b.c", name: value}));
            let response = response.unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(response.id_token.token().unwrap().expose(), "a.b.c");
            assert!(response.bound_type.is_none() && response.refresh_token.is_none());
        }
    }

    #[test]
    fn numbers_may_be_strings_and_the_scope_may_be_a_list() {
        let response = read(json!({
            "access_token": "a", "expires_in": "3599", "scope": ["openid", "email"], "token_type": "DPoP",
        }));
        let response = response.unwrap();
        assert_eq!(response.expires_in_secs, Some(3599));
        assert_eq!(response.granted_scope.as_deref(), Some("openid email"));
        assert_eq!(response.bound_type.unwrap().as_str(), "DPoP");
        let float = read(json!({"access_token": "a", "expires_in": 3599.0})).unwrap();
        assert_eq!(float.expires_in_secs, Some(3599));
    }

    #[test]
    fn white_space_around_an_id_token_is_dropped() {
        let response = read(json!({"id_token": " a.b.c\r\n", "refresh_token": " r"})).unwrap();
        assert_eq!(response.id_token.token().unwrap().expose(), "a.b.c");
        assert_eq!(
            response.refresh_token.unwrap().expose(),
            " r",
            "only the provider interprets it"
        );
    }

    #[test]
    fn a_response_without_tokens_names_what_is_wrong() {
        assert!(read(json!({"refresh_token": "r", "id_token": {}})).is_ok());
        assert_eq!(read(json!({})).unwrap_err(), "it has neither tokens nor an error");
        assert_eq!(
            read(json!({"id_token": ""})).unwrap_err(),
            "it has neither tokens nor an error"
        );
        assert_eq!(
            read(json!({"id_token": {}})).unwrap_err(),
            "`id_token` is no text"
        );
        assert_eq!(
            read(json!({"access_token": 1})).unwrap_err(),
            "`access_token` is no text"
        );
    }

    /// A session that is too large for the next call to read would be one sign-in for each call.
    #[test]
    fn what_is_too_long_to_be_stored_is_refused_or_left_out() {
        let of = |text: &str, times: usize| text.repeat(times);
        let mib = 1024 * 1024;
        for (refresh_token, is_refused) in [
            (of("r", mib), false),
            (of("r", mib + 1), true),
            (of("\u{1}", mib / 6), false),
            (of("\u{1}", mib / 6 + 1), true),
            (of("\"", mib / 2 + 1), true),
        ] {
            let response = read(json!({"id_token": "a.b.c", "refresh_token": refresh_token}));
            let why = response.err();
            assert_eq!(
                why,
                is_refused.then(|| "its `refresh_token` is longer than 1 MiB".to_owned())
            );
        }
        for (scope, is_kept) in [(of("s", mib), true), (of("s", mib + 1), false)] {
            let response = read(json!({"id_token": "a.b.c", "scope": scope})).unwrap();
            assert_eq!(response.granted_scope.is_some(), is_kept);
        }
    }

    #[test]
    fn tokens_are_not_shown() {
        let response = read(json!({"id_token": "eyJ.x.y", "access_token": "opaque", "refresh_token": "rt"}));
        let shown = format!("{response:?}");
        assert!(
            !shown.contains("eyJ") && !shown.contains("opaque") && !shown.contains("rt\""),
            "{shown}"
        );
    }
}
