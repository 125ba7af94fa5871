//! An error response of the provider. It is read leniently, because providers differ in how they write it.

use crate::catalogue;
use crate::grant_type::GrantType;
use crate::oidc::dpop;
use crate::oidc::token::verification_error;
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

/// Codes with a defined meaning (RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 6750 3.1, RFC 9470 3, OpenID Connect Core 3.1.2.6).
const KNOWN_CODES: [&str; 24] = [
    "access_denied",
    "account_selection_required",
    "authorization_pending",
    "consent_required",
    "expired_token",
    "insufficient_authentication_context",
    "insufficient_scope",
    "insufficient_user_authentication",
    "interaction_required",
    "invalid_client",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "login_required",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "token_inactive",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "use_dpop_nonce",
];

/// The code of an error response that has none.
pub(in crate::oidc) const NO_CODE: &str = "error";

/// Codes for a temporary fault of the server, in lower case and without separators. The texts of HTTP statuses count, too.
const SERVER_WORDS: [&str; 23] = [
    "deadlineexceeded",
    "internal",
    "internalerror",
    "internalserver",
    "limitexceeded",
    "overloaded",
    "quotaexceeded",
    "ratelimit",
    "ratelimited",
    "ratelimitexceeded",
    "ratelimitreached",
    "requesttimeout",
    "resourceexhausted",
    "servererror",
    "serviceoverloaded",
    "temporarilyunavailable",
    "temporarilyunavailableerror",
    "throttled",
    "throttling",
    "timeout",
    "toomanyrequestserror",
    "unavailable",
    "unavailableerror",
];

/// Whether a text is one of the codes, in any spelling.
pub(in crate::oidc) fn is_known_code(text: &str) -> bool {
    KNOWN_CODES.contains(&in_rfc_spelling(text).as_str())
}

fn in_rfc_spelling(code: &str) -> String {
    code.to_ascii_lowercase().replace(['-', ' '], "_")
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// An error response of the provider (RFC 6749 4.1.2.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    /// The HTTP status. `None` if it came through the browser.
    pub(crate) status: Option<u16>,
    pub(crate) error: UntrustedText,
    pub(crate) description: Option<UntrustedText>,
    pub(crate) request_id: Option<Box<UntrustedText>>,
    /// The issuer is at one of Okta's domains, so that hints may speak of Okta's console.
    pub(crate) is_okta: bool,
    /// The grant of the request. It is the authorization code until another one is recorded.
    pub(crate) grant: GrantType,
    /// How far the provider's clock is ahead of ours, in minutes, so that an error stays small. 0 if it is not known.
    pub(crate) clock_ahead_mins: i16,
    /// What the provider demands of the next sign-in, if its code says that it does.
    pub(crate) step_up: Option<Box<StepUp>>,
}

impl OAuthError {
    /// The code in the spelling of RFC 6749: `INVALID-GRANT` is the same error as `invalid_grant`.
    pub(crate) fn code(&self) -> String {
        in_rfc_spelling(self.error.as_str())
    }

    /// Whether the provider does not accept the grant: a code, a password or a refresh token.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        self.code() == "invalid_grant"
    }

    /// Whether a gateway sent the body, not the provider: it repeats the text of the HTTP status, as `Not Found` for 404. With an
    /// `error_description` the provider may have sent it: Cloud Foundry's UAA refuses a password as `unauthorized`.
    pub(crate) fn is_from_gateway(&self) -> bool {
        let Some(status) = self.status else {
            return false;
        };
        let known = reqwest::StatusCode::from_u16(status).ok();
        let words = known.and_then(|known| known.canonical_reason());
        words.is_some_and(|words| words.replace(' ', "_").eq_ignore_ascii_case(&self.code()))
            || self.error.as_str() == status.to_string()
    }

    /// Whether the fault may be gone at the next request.
    pub(crate) fn is_transient(&self) -> bool {
        self.is_server_fault() || self.has_no_code()
    }

    /// Whether the code is a temporary fault of the server, whatever the status of the response: the text or the number of HTTP 429 or of a
    /// status from 500 on, or a code of OAuth, gRPC or Amazon Cognito.
    pub(crate) fn is_server_fault(&self) -> bool {
        let code = letters(self.error.as_str());
        let code = code.strip_suffix("exception").unwrap_or(&code);
        let mut statuses = std::iter::once(429)
            .chain(500..600)
            .filter_map(|status| reqwest::StatusCode::from_u16(status).ok());
        SERVER_WORDS.contains(&code)
            || statuses.any(|status| {
                let words = status.canonical_reason();
                code == status.as_str() || words.is_some_and(|words| code == letters(words))
            })
    }

    /// Whether there is a text in place of a code, or nothing. No defined code has a space in it.
    fn has_no_code(&self) -> bool {
        let text = self.error.as_str();
        text == NO_CODE || (text.contains(' ') && !is_known_code(text))
    }

    /// Whether the provider does not allow the network of this machine (Okta's network zones), but may allow another one.
    pub(crate) fn is_network_restriction(&self) -> bool {
        let description = self.description.as_ref().map_or("", UntrustedText::as_str);
        let words = description.to_ascii_lowercase();
        let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
        self.code() == "access_denied"
            && words.any(|word| ["network", "networks", "ip", "vpn"].contains(&word))
    }

    /// Whether the provider does not allow one of the requested scopes. Okta sends `invalid_scope` if the app may not request it, and
    /// `access_denied` if the access policy forbids it or if a refresh asks for more than was granted.
    pub(crate) fn is_scope_refusal(&self) -> bool {
        let names_a_scope = || {
            let text = self.description.as_ref();
            text.is_some_and(|text| text.as_str().contains("scope"))
        };
        match self.code().as_str() {
            "invalid_scope" => true,
            "access_denied" => names_a_scope(),
            _ => false,
        }
    }

    /// Whether the provider requires PKCE, as Keycloak does for device codes. There is no code for it, so the description tells.
    pub(in crate::oidc) fn requires_pkce(&self) -> bool {
        let texts = [Some(&self.error), self.description.as_ref()];
        let names_challenge = |text: &UntrustedText| text.as_str().contains("code_challenge");
        texts.into_iter().flatten().any(names_challenge)
    }

    /// Whether the provider takes an authorization request only if it was pushed. RFC 9126 4 has no code for it but `invalid_request`, so
    /// the description tells.
    pub(in crate::oidc) fn demands_pushed_request(&self) -> bool {
        let description = self.description.as_ref().map_or("", UntrustedText::as_str);
        let words = |text: &'_ str, wanted: &[&str]| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| wanted.contains(&word))
        };
        let lower = description.to_ascii_lowercase();
        let wants_request_uri = words(&lower, &["request_uri"])
            && words(
                &lower,
                &[
                    "required",
                    "require",
                    "requires",
                    "missing",
                    "must",
                    "only",
                    "mandatory",
                ],
            );
        // In lower case, `par` is a word of other languages.
        self.code() == "invalid_request"
            && (words(&lower, &["pushed"]) || words(description, &["PAR"]) || wants_request_uri)
    }

    pub(super) fn hint(&self) -> String {
        if self.is_clock_fault() && self.clock_ahead_mins != 0 {
            return verification_error::clock_hint(i64::from(self.clock_ahead_mins) * 60);
        }
        catalogue::hint(self.response())
    }

    /// Returns the id of its entry in the catalogue.
    pub(super) fn id(&self) -> catalogue::Id {
        catalogue::id(self.response())
    }

    /// Whether the provider refuses a client assertion for its time, so that a clock is wrong.
    pub(super) fn is_clock_fault(&self) -> bool {
        catalogue::blames_clock(self.response())
    }

    /// Whether the session is bound to another key than the one that was proved, so that it cannot be refreshed any more.
    pub(crate) fn is_other_dpop_key(&self) -> bool {
        catalogue::is_other_dpop_key(self.response())
    }

    /// Returns what the refusal says of DPoP.
    pub(in crate::oidc) fn dpop_refusal(&self) -> dpop::Refusal {
        match self.code().as_str() {
            "use_dpop_nonce" => dpop::Refusal::NonceRequired,
            "invalid_dpop_proof" => dpop::Refusal::ProofRefused,
            _ => dpop::Refusal::Other,
        }
    }

    /// Returns which of Okta's policies refused, if one did.
    pub(crate) fn access_layer(&self) -> Option<catalogue::AccessLayer> {
        catalogue::access_layer(self.response())
    }

    fn response(&self) -> catalogue::ErrorResponse<'_> {
        catalogue::ErrorResponse {
            error: self.error.as_str(),
            description: self.description.as_ref().map_or("", UntrustedText::as_str),
            is_okta: self.is_okta,
            grant: self.grant,
        }
    }

    pub(crate) fn shown(&self) -> UntrustedText {
        UntrustedText::new(&self.to_string())
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.error)?;
        // Nothing may be left of it, or the provider sent it empty.
        let description = self.description.as_ref();
        if let Some(description) = description.filter(|text| !text.as_str().is_empty()) {
            write!(f, ": {description}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OAuthError {}
