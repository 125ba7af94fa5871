//! Texts about settings, in the terms of the place in a kubeconfig that they come from. Pure.
//!
//! Without a command, issuer, client and scopes come from an `auth-provider` entry, and there are no flags for them. Where a cluster's
//! config chose them, a flag would change nothing.

/// Flags of `get-token` and the keys of the entry; a flag before those that it begins.
const KEYS: [(&str, &str); 4] = [
    ("--oidc-issuer-url", "idp-issuer-url"),
    ("--oidc-client-id", "client-id"),
    ("--oidc-client-secret", "client-secret"),
    ("--oidc-extra-scope", "extra-scopes"),
];

/// Flags of `get-token` that no key of the entry stands for.
const WITHOUT_KEY: [&str; 5] = [
    "--account",
    "--oidc-pkce-method",
    "--oidc-redirect-url=",
    "--oidc-request-header",
    "--oidc-use-access-token",
];

/// Flags whose values a cluster's config has under the same names.
const OF_CLUSTERS: [&str; 3] = ["--oidc-issuer-url", "--oidc-client-id", "--oidc-extra-scope"];

/// Names the keys of the cluster's config in the place of flags, and where they are.
pub(crate) fn hint_in_cluster_terms(hint: &str) -> String {
    let told = OF_CLUSTERS.iter().fold(hint.to_owned(), |text, flag| {
        let key = flag.trim_start_matches('-');
        let with_value = text.replace(&format!("{flag}="), &format!("{key}: "));
        with_value.replace(flag, &format!("`{key}`"))
    });
    if told == hint {
        return told;
    }
    format!(
        "{told} (in the cluster's config in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec)"
    )
}

/// Names the keys of the entry in the place of flags.
pub(crate) fn in_entry_terms(text: &str) -> String {
    KEYS.iter().fold(text.to_owned(), |text, (flag, key)| {
        // A value that follows is one in the file, too.
        let with_value = text.replace(&format!("{flag}="), &format!("{key}: "));
        with_value.replace(flag, &format!("`{key}`"))
    })
}

/// As [`in_entry_terms`], with where the keys are.
pub(crate) fn hint_in_entry_terms(hint: &str) -> String {
    let mut told = in_entry_terms(hint);
    if told != hint {
        told.push_str(" (in the `auth-provider` entry of the kubeconfig)");
    }
    if WITHOUT_KEY.iter().any(|flag| hint.contains(flag)) {
        told.push_str("; that flag is one of `exec` entries: kubesesame kubeconfig convert");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_keys_of_a_cluster_s_config() {
        let told = hint_in_cluster_terms("use --oidc-issuer-url=https://i and --oidc-client-id");
        assert!(
            told.starts_with("use oidc-issuer-url: https://i and `oidc-client-id` (in the cluster's"),
            "{told}"
        );
        assert_eq!(hint_in_cluster_terms("try again later"), "try again later");
    }

    #[test]
    fn a_hint_names_the_keys_of_the_entry() {
        const WHERE: &str = " (in the `auth-provider` entry of the kubeconfig)";
        for (hint, told, has_place) in [
            ("try again later", "try again later", false),
            (
                "check --oidc-issuer-url for a typo",
                "check `idp-issuer-url` for a typo",
                true,
            ),
            (
                "use --oidc-issuer-url=https://i here",
                "use idp-issuer-url: https://i here",
                true,
            ),
            (
                "compare --oidc-client-id and --oidc-client-secret with the app",
                "compare `client-id` and `client-secret` with the app",
                true,
            ),
            (
                "drop it from --oidc-extra-scope",
                "drop it from `extra-scopes`",
                true,
            ),
            // These are flags of this mode, too.
            (
                "name it with --certificate-authority",
                "name it with --certificate-authority",
                false,
            ),
            (
                "use --oidc-redirect-url-hostname",
                "use --oidc-redirect-url-hostname",
                false,
            ),
        ] {
            let place = if has_place { WHERE } else { "" };
            assert_eq!(hint_in_entry_terms(hint), format!("{told}{place}"));
        }
        let header = hint_in_entry_terms("it may want a header (--oidc-request-header)");
        assert!(header.ends_with("kubesesame kubeconfig convert"), "{header}");
    }
}
