//! The catalogue: from a provider's error answer to its cause and what to change.
//!
//! Pure. Matching is by `error` first, then by a key phrase in lower case without quotes, since providers word
//! the same error differently from release to release. The phrases are Okta's; its console is named to Okta's users alone.

mod catalogue;

use catalogue::{CATALOGUE, Entry};

/// Returns what to do about an OAuth error answer.
pub(crate) fn hint(error: &str, description: &str, is_okta: bool) -> String {
    let description = normal(description);
    CATALOGUE
        .iter()
        .find(|entry| entry.errors.contains(&error) && description.contains(entry.phrase))
        .map_or_else(|| fallback(error, is_okta), |entry| entry.fix(is_okta))
        .to_owned()
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

fn fallback(error: &str, is_okta: bool) -> &'static str {
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
        "invalid_grant" => "run the command again to sign in anew",
        "temporarily_unavailable" | "server_error" => "the provider's own fault: try again later",
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

    #[test]
    fn quotes_and_case_do_not_hide_a_phrase() {
        let hint = hint(
            "access_denied",
            "User is NOT assigned to the `client application`.",
            true,
        );
        assert!(hint.contains("assign"), "{hint}");
    }

    #[test]
    fn an_unknown_text_falls_back_to_its_error_code() {
        assert!(hint("invalid_scope", "something new", false).contains("--oidc-extra-scope"));
        assert!(hint("brand_new", "", true).contains("System Log"));
        assert!(hint("brand_new", "", false).contains("the provider's log"));
    }

    /// Every entry can be reached: no earlier one swallows it.
    #[test]
    fn no_entry_is_shadowed() {
        for entry in CATALOGUE {
            for error in entry.errors {
                for is_okta in [true, false] {
                    let hint = hint(error, entry.phrase, is_okta);
                    assert_eq!(hint, entry.fix(is_okta), "{error}: {}", entry.phrase);
                }
            }
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
        let fallbacks = codes.map(|code| hint(code, "", false));
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
