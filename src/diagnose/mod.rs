//! The catalogue: from a provider's error answer to its cause and what to change.
//!
//! Pure. Matching is by `error` first, then by a key phrase in lower case without quotes, since providers word
//! the same error differently from release to release. The phrases are Okta's; its console is named to Okta's users alone.

mod catalogue;
mod grant_type;

use catalogue::{CATALOGUE, Entry};
pub(crate) use grant_type::GrantType;

/// An OAuth error answer (RFC 6749 4.1.2.1 and 5.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) error: &'a str,
    pub(crate) description: &'a str,
    pub(crate) is_okta: bool,
    pub(crate) grant: GrantType,
}

/// Returns what to do about an OAuth error answer.
pub(crate) fn hint(refusal: Refusal<'_>) -> String {
    let description = normal(refusal.description);
    CATALOGUE
        .iter()
        .find(|entry| entry.errors.contains(&refusal.error) && description.contains(entry.phrase))
        .map_or_else(|| fallback(refusal), |entry| entry.fix(refusal.is_okta))
        .replace(catalogue::GRANT, refusal.grant.name(refusal.is_okta))
}

impl Entry {
    fn fix(&self, is_okta: bool) -> &'static str {
        if is_okta { self.at_okta } else { self.elsewhere }
    }
}

fn normal(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace("can't", "cannot");
    text.chars()
        .filter(|c| !matches!(c, '\'' | '"' | '`' | '\u{2018}' | '\u{2019}'))
        .collect()
}

fn fallback(refusal: Refusal<'_>) -> &'static str {
    let Refusal {
        error,
        is_okta,
        grant,
        ..
    } = refusal;
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
        "invalid_grant" => grant.refused_hint(),
        "temporarily_unavailable" | "server_error" => "the provider's own fault: try again later",
        "login_required" | "consent_required" | "interaction_required" if !grant.has_browser() => {
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

    fn of_code<'a>(error: &'a str, description: &'a str, is_okta: bool) -> Refusal<'a> {
        Refusal {
            error,
            description,
            is_okta,
            grant: GrantType::AuthorizationCode,
        }
    }

    #[test]
    fn quotes_and_case_do_not_hide_a_phrase() {
        let description = "User is NOT assigned to the `client application`.";
        let hint = hint(of_code("access_denied", description, true));
        assert!(hint.contains("assign"), "{hint}");
    }

    #[test]
    fn an_unknown_text_falls_back_to_its_error_code() {
        let hint = |error, is_okta| hint(of_code(error, "something new", is_okta));
        assert!(hint("invalid_scope", false).contains("--oidc-extra-scope"));
        assert!(hint("brand_new", true).contains("System Log"));
        assert!(hint("brand_new", false).contains("the provider's log"));
    }

    /// Every entry can be reached: no earlier one swallows it.
    #[test]
    fn no_entry_is_shadowed() {
        for entry in CATALOGUE {
            for error in entry.errors {
                for is_okta in [true, false] {
                    let hint = hint(of_code(error, entry.phrase, is_okta));
                    let name = GrantType::AuthorizationCode.name(is_okta);
                    let fix = entry.fix(is_okta).replace(catalogue::GRANT, name);
                    assert_eq!(hint, fix, "{error}: {}", entry.phrase);
                }
            }
        }
    }

    #[test]
    fn the_hint_fits_the_grant_that_was_refused() {
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
            let refusal = Refusal {
                error,
                description: "",
                is_okta: false,
                grant,
            };
            let hint = hint(refusal);
            assert!(
                hint.starts_with(expected) || hint.ends_with(expected),
                "{error} {grant:?}: {hint}"
            );
        }
    }

    #[test]
    fn other_providers_hear_nothing_of_okta_s_console() {
        let codes = [
            "access_denied",
            "invalid_client",
            "invalid_scope",
            "brand_new",
            "server_error",
        ];
        let fallbacks = codes.map(|code| hint(of_code(code, "", false)));
        let entries = CATALOGUE.iter().map(|entry| entry.elsewhere.to_owned());
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
