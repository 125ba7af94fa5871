//! The catalogue: from a provider's words to their cause and what to change.
//!
//! Pure. Matching is by `error` first, then by a key phrase in lower case without quotes, since providers word
//! the same error differently from release to release.

mod catalogue;

use catalogue::{CATALOGUE, Entry};

/// Returns what to do about an OAuth error answer.
pub(crate) fn hint(error: &str, description: &str) -> String {
    let description = normal(description);
    CATALOGUE
        .iter()
        .find(|entry| entry.errors.contains(&error) && description.contains(entry.phrase))
        .map_or_else(|| fallback(error), |Entry { fix, .. }| (*fix).to_owned())
}

fn normal(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace("can't", "cannot");
    text.chars()
        .filter(|c| !matches!(c, '\'' | '"' | '`' | '\u{2018}' | '\u{2019}'))
        .collect()
}

fn fallback(error: &str) -> String {
    match error {
        "access_denied" => {
            "check that you are assigned to the app, and the app's sign-on policy (Okta: Applications > the app)"
        }
        "invalid_client" | "unauthorized_client" => {
            "compare --oidc-client-id and the secret with the app's client authentication setting"
        }
        "invalid_scope" => "compare --oidc-extra-scope with the scopes of the authorization server",
        "invalid_grant" => "run the command again to sign in anew",
        "temporarily_unavailable" | "server_error" => "the provider's own fault: try again later",
        "login_required" | "consent_required" | "interaction_required" => {
            "run the command again and answer what the browser asks"
        }
        _ => "the provider's log says more (Okta: Reports > System Log)",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_case_do_not_hide_a_phrase() {
        let hint = hint(
            "access_denied",
            "User is NOT assigned to the `client application`.",
        );
        assert!(hint.contains("assign"), "{hint}");
    }

    #[test]
    fn an_unknown_text_falls_back_to_its_error_code() {
        assert!(hint("invalid_scope", "something new").contains("--oidc-extra-scope"));
        assert!(hint("brand_new", "").contains("System Log"));
    }

    /// Every entry can be reached: no earlier one swallows it.
    #[test]
    fn no_entry_is_shadowed() {
        for entry in CATALOGUE {
            for error in entry.errors {
                assert_eq!(hint(error, entry.phrase), entry.fix, "{error}: {}", entry.phrase);
            }
        }
    }
}
