//! Hints for OAuth error responses of providers.
//!
//! Pure. An entry of the catalogue matches by the error code and by a phrase of the description, in lower case and without quotes,
//! because the wording of a description changes between releases. The phrases are Okta's. Only hints for Okta name its console.

mod catalogue;
mod grant_type;

use catalogue::{CATALOGUE, Entry};
pub(crate) use grant_type::GrantType;

/// An OAuth error response (RFC 6749 4.1.2.1 and 5.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorResponse<'a> {
    /// The parameter `error`.
    pub(crate) error: &'a str,
    /// The parameter `error_description`, or an empty text.
    pub(crate) description: &'a str,
    pub(crate) is_okta: bool,
    /// The grant of the request that failed.
    pub(crate) grant: GrantType,
}

/// Returns what to do about an OAuth error response.
pub(crate) fn hint(response: ErrorResponse<'_>) -> String {
    let description = normalized(response.description);
    CATALOGUE
        .iter()
        .find(|entry| entry.error_codes.contains(&response.error) && description.contains(entry.phrase))
        .map_or_else(|| fallback_hint(response), |entry| entry.fix(response.is_okta))
        .replace(
            catalogue::GRANT_PLACEHOLDER,
            response.grant.name(response.is_okta),
        )
}

impl Entry {
    fn fix(&self, is_okta: bool) -> &'static str {
        if is_okta { self.okta_fix } else { self.generic_fix }
    }
}

/// Returns a text in lower case and without quotes, for comparisons with phrases.
fn normalized(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace("can't", "cannot");
    text.chars()
        .filter(|c| !matches!(c, '\'' | '"' | '`' | '\u{2018}' | '\u{2019}'))
        .collect()
}

/// Returns the hint for an error code if no entry matches.
fn fallback_hint(response: ErrorResponse<'_>) -> &'static str {
    let ErrorResponse {
        error,
        is_okta,
        grant,
        ..
    } = response;
    match error {
        "access_denied" if is_okta => {
            "check that you are assigned to the app (Applications > the app), and the app's sign-on policy"
        }
        "access_denied" => {
            "check that you may use the app, and what the provider asks of a sign-in to it; or you have cancelled"
        }
        "invalid_client" | "unauthorized_client" => {
            "compare --oidc-client-id and the secret with the app's client authentication setting"
        }
        "invalid_scope" => "compare --oidc-extra-scope with the scopes that the provider allows for this app",
        "invalid_grant" => grant.invalid_grant_hint(),
        "temporarily_unavailable" | "server_error" => "the provider's own fault: try again later",
        "login_required" | "consent_required" | "interaction_required" if !grant.uses_browser() => {
            "the provider wants to ask the person something, which this grant cannot do: use --grant-type=authcode"
        }
        "login_required" | "consent_required" | "interaction_required" => {
            "run the command again and answer what the browser asks"
        }
        "slow_down" => "try again in a minute",
        _ if is_okta => "Okta's log says more (Reports > System Log)",
        _ => "the provider's log says more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_response<'a>(error: &'a str, description: &'a str, is_okta: bool) -> ErrorResponse<'a> {
        ErrorResponse {
            error,
            description,
            is_okta,
            grant: GrantType::AuthorizationCode,
        }
    }

    #[test]
    fn a_phrase_matches_whatever_the_quotes_and_the_case() {
        let description = "User is NOT assigned to the `client application`.";
        let hint = hint(error_response("access_denied", description, true));
        assert!(hint.contains("assign"), "{hint}");
    }

    #[test]
    fn an_unknown_description_gets_the_hint_of_its_error_code() {
        let hint = |error, is_okta| hint(error_response(error, "something new", is_okta));
        assert!(hint("invalid_scope", false).contains("--oidc-extra-scope"));
        assert!(hint("brand_new", true).contains("System Log"));
        assert!(hint("brand_new", false).contains("the provider's log"));
    }

    #[test]
    fn each_entry_is_the_first_match_of_its_own_phrase() {
        for entry in CATALOGUE {
            for error in entry.error_codes {
                for is_okta in [true, false] {
                    let hint = hint(error_response(error, entry.phrase, is_okta));
                    let name = GrantType::AuthorizationCode.name(is_okta);
                    let fix = entry.fix(is_okta).replace(catalogue::GRANT_PLACEHOLDER, name);
                    assert_eq!(hint, fix, "{error}: {}", entry.phrase);
                }
            }
        }
    }

    #[test]
    fn a_hint_depends_on_the_grant() {
        use GrantType::{AuthorizationCode, ClientCredentials, DeviceCode, Password, RefreshToken};
        let table = [
            ("invalid_grant", Password, "check the user name and the password"),
            (
                "invalid_grant",
                AuthorizationCode,
                "run the command again to sign in anew",
            ),
            (
                "invalid_grant",
                DeviceCode,
                "run the command again to sign in anew",
            ),
            (
                "invalid_grant",
                RefreshToken,
                "run the command again to sign in anew",
            ),
            ("invalid_grant", ClientCredentials, "compare --oidc-client-id"),
            (
                "unsupported_grant_type",
                Password,
                "enable the grant type password on",
            ),
            (
                "unsupported_grant_type",
                DeviceCode,
                "enable the grant type device code on",
            ),
            ("interaction_required", Password, "use --grant-type=authcode"),
            (
                "interaction_required",
                AuthorizationCode,
                "answer what the browser asks",
            ),
        ];
        for (error, grant, expected) in table {
            let response = ErrorResponse {
                error,
                description: "",
                is_okta: false,
                grant,
            };
            let hint = hint(response);
            assert!(
                hint.starts_with(expected) || hint.ends_with(expected),
                "{error} {grant:?}: {hint}"
            );
        }
    }

    #[test]
    fn hints_for_other_providers_do_not_name_okta_s_console() {
        let codes = [
            "access_denied",
            "invalid_client",
            "invalid_scope",
            "brand_new",
            "server_error",
        ];
        let fallbacks = codes.map(|code| hint(error_response(code, "", false)));
        let entries = CATALOGUE.iter().map(|entry| entry.generic_fix.to_owned());
        for hint in entries.chain(fallbacks) {
            let theirs = [
                "Okta",
                "okta",
                "Security >",
                "Applications >",
                "System Log",
                "General",
            ];
            assert!(!theirs.iter().any(|words| hint.contains(words)), "{hint}");
        }
    }
}
