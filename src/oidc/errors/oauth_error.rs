//! An error answer of the provider, read leniently: what it says of the request, the grant and the client.

use crate::diagnose::GrantType;
use crate::untrusted_text::UntrustedText;

/// Codes that have a meaning by themselves (RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 6750 3.1, OpenID Connect Core 3.1.2.6).
const KNOWN_CODES: [&str; 22] = [
    "access_denied",
    "account_selection_required",
    "authorization_pending",
    "consent_required",
    "expired_token",
    "insufficient_scope",
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

/// Stands for the code of an error that names none.
pub(in crate::oidc) const NO_CODE: &str = "error";

/// Words for a fault of the server or its load, without what separates them; those of the HTTP status count too.
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

/// Whether a text is one of the codes, in whatever spelling.
pub(in crate::oidc) fn is_known_code(text: &str) -> bool {
    KNOWN_CODES.contains(&in_its_spelling(text).as_str())
}

fn in_its_spelling(code: &str) -> String {
    code.to_ascii_lowercase().replace(['-', ' '], "_")
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// An error answer of the provider (RFC 6749 sections 4.1.2.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    /// HTTP status; 0 when it came by the browser.
    pub(crate) status: u16,
    pub(crate) error: UntrustedText,
    pub(crate) description: Option<UntrustedText>,
    pub(crate) request_id: Option<UntrustedText>,
    /// The issuer is at one of Okta's domains, so that hints may speak of Okta's console.
    pub(crate) is_okta: bool,
    /// What was presented; the authorization code as long as nothing else is known.
    pub(crate) grant: GrantType,
}

impl OAuthError {
    /// The code in the spelling of RFC 6749, so that `INVALID-GRANT` is no other error.
    pub(crate) fn code(&self) -> String {
        in_its_spelling(self.error.as_str())
    }

    /// What was presented (a code, a password, a refresh token) is not accepted.
    pub(crate) fn refuses_the_grant(&self) -> bool {
        self.code() == "invalid_grant"
    }

    /// A gateway's body in place of the provider's: it repeats the words of the HTTP status, as `Not Found` for 404. With an
    /// `error_description` it may be the provider's too: Cloud Foundry's UAA refuses a password as `unauthorized`.
    pub(crate) fn is_of_a_gateway(&self) -> bool {
        let status = reqwest::StatusCode::from_u16(self.status).ok();
        let words = status.and_then(|status| status.canonical_reason());
        words.is_some_and(|words| words.replace(' ', "_").eq_ignore_ascii_case(&self.code()))
            || self.error.as_str() == self.status.to_string()
    }

    /// The words or the number of a fault that passes, whatever the status of the answer: of HTTP 429 or any status from 500 on, of
    /// OAuth, gRPC or an exception of Amazon Cognito.
    pub(crate) fn is_of_the_server(&self) -> bool {
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

    /// Words, where a code belongs, or none: of all codes that are defined none has a space in it.
    pub(crate) fn is_no_code(&self) -> bool {
        let text = self.error.as_str();
        text == NO_CODE || (text.contains(' ') && !is_known_code(text))
    }

    /// It is the network from which was asked that is not allowed (Okta's network zones), and another one may be.
    pub(crate) fn is_of_the_network(&self) -> bool {
        let description = self.description.as_ref().map_or("", UntrustedText::as_str);
        let words = description.to_ascii_lowercase();
        let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
        self.code() == "access_denied"
            && words.any(|word| ["network", "networks", "ip", "vpn"].contains(&word))
    }

    /// More was asked for than is allowed. Okta says `invalid_scope` for the app's setting and `access_denied` for the access
    /// policy's and for a refresh that asks for more than was granted.
    pub(crate) fn refuses_a_scope(&self) -> bool {
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

    pub(crate) fn shown(&self) -> UntrustedText {
        UntrustedText::new(&self.to_string())
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(description) = &self.description {
            write!(f, ": {description}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OAuthError {}
