//! Rewrites texts that name flags, for settings that come from a kubeconfig. Pure.
//!
//! In standalone mode, issuer, client and scopes come from an `auth-provider` entry, and there are no flags for them. If a cluster's
//! config sets them, a flag would have no effect. The texts then name the keys of the entry or config.

/// Flags of `get-token` with the keys of the entry.
const KEYS: [(&str, &str); 4] = [
    ("--oidc-issuer-url", "idp-issuer-url"),
    ("--oidc-client-id", "client-id"),
    ("--oidc-client-secret", "client-secret"),
    ("--oidc-extra-scope", "extra-scopes"),
];

/// Flags of `get-token` for which the entry has no key. A hint that names one adds that an `exec` entry has it.
const WITHOUT_KEY: [&str; 5] = [
    "--account",
    "--oidc-pkce-method",
    "--oidc-redirect-url=",
    "--oidc-request-header",
    "--oidc-use-access-token",
];

/// Flags that are also keys of a cluster's config.
const CLUSTER_CONFIG_FLAGS: [&str; 3] = ["--oidc-issuer-url", "--oidc-client-id", "--oidc-extra-scope"];

/// Replaces flags by the keys of the cluster's config, and adds where these keys are.
pub(crate) fn hint_in_cluster_terms(hint: &str) -> String {
    let rewritten = CLUSTER_CONFIG_FLAGS.iter().fold(hint.to_owned(), |text, flag| {
        let key = flag.trim_start_matches('-');
        let with_value = text.replace(&format!("{flag}="), &format!("{key}: "));
        with_value.replace(flag, &format!("`{key}`"))
    });
    if rewritten == hint {
        return rewritten;
    }
    format!(
        "{rewritten} (in the cluster's config in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec)"
    )
}

/// Replaces flags by the keys of the `auth-provider` entry.
pub(crate) fn in_entry_terms(text: &str) -> String {
    KEYS.iter().fold(text.to_owned(), |text, (flag, key)| {
        // `--flag=value` becomes `key: value`, as in the file.
        let with_value = text.replace(&format!("{flag}="), &format!("{key}: "));
        with_value.replace(flag, &format!("`{key}`"))
    })
}

/// What helps a user of DPoP who has turned it off. An `auth-provider` entry has no place for a key, so there it is always off.
const WITHOUT_DPOP: &str = "leave out --oidc-dpop=never; or ";
const USE_EXEC_ENTRY: &str = "an `auth-provider` entry has no place for a key, so use an `exec` entry: kubesesame kubeconfig convert; or ";

/// Like [`in_entry_terms`]; also adds where the keys are.
pub(crate) fn hint_in_entry_terms(hint: &str) -> String {
    let hint = hint.replace(WITHOUT_DPOP, USE_EXEC_ENTRY);
    let mut rewritten = in_entry_terms(&hint);
    if rewritten != hint {
        rewritten.push_str(" (in the `auth-provider` entry of the kubeconfig)");
    }
    if WITHOUT_KEY.iter().any(|flag| hint.contains(flag)) {
        rewritten.push_str("; that flag is one of `exec` entries: kubesesame kubeconfig convert");
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_keys_of_a_cluster_s_config() {
        let rewritten = hint_in_cluster_terms("use --oidc-issuer-url=https://i and --oidc-client-id");
        assert!(
            rewritten.starts_with("use oidc-issuer-url: https://i and `oidc-client-id` (in the cluster's"),
            "{rewritten}"
        );
        assert_eq!(hint_in_cluster_terms("try again later"), "try again later");
    }

    #[test]
    fn a_hint_names_the_keys_of_the_entry() {
        const WHERE: &str = " (in the `auth-provider` entry of the kubeconfig)";
        for (hint, rewritten, has_place) in [
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
            // Standalone mode has these flags too.
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
            assert_eq!(hint_in_entry_terms(hint), format!("{rewritten}{place}"));
        }
        let header = hint_in_entry_terms("it may want a header (--oidc-request-header)");
        assert!(header.ends_with("kubesesame kubeconfig convert"), "{header}");
    }
}
