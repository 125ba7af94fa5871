//! How the API server is told to read claims: claims and prefixes, with the defaults of its flags.

/// The API server's configuration for claims.
#[derive(Debug, Clone)]
pub(crate) struct ClaimMapping {
    pub(crate) username_claim: String,
    pub(crate) username_prefix: String,
    pub(crate) groups_claim: String,
    pub(crate) groups_prefix: String,
}

/// Returns the prefix that the API server's flag `--oidc-username-prefix` sets. Without the flag it is `ISSUER#`, but empty for the
/// claim `email`. The value `-` means no prefix.
pub(crate) fn username_prefix(flag: Option<&str>, username_claim: &str, issuer: &str) -> String {
    match flag {
        None | Some("") if username_claim == "email" => String::new(),
        None | Some("") => format!("{issuer}#"),
        Some("-") => String::new(),
        Some(prefix) => prefix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_defaults_as_in_the_api_server() {
        for (flag, claim, expected) in [
            (None, "sub", "https://i#"),
            (Some(""), "sub", "https://i#"),
            (None, "email", ""),
            (Some("-"), "sub", ""),
            (Some("okta:"), "email", "okta:"),
        ] {
            assert_eq!(
                username_prefix(flag, claim, "https://i"),
                expected,
                "{flag:?} {claim}"
            );
        }
    }
}
