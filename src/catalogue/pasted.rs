//! What a pasted text is about, by phrases: errors of kubesesame, what kubectl prints, and lines of the API server's log.
//!
//! Pure. The errors of providers are matched by their entries. The phrases are those of the tables in `symptoms.md` and of our own errors.

use super::normalized;
use super::own::OwnEntry;

/// kubectl's line about a plugin that failed. No error of ours has this id, so no list shows it.
pub(super) const PLUGIN_FAILED: OwnEntry = OwnEntry {
    id: "plugin-failed",
    summary: "kubectl got no token, and does not say why",
    causes: &["kubesesame failed. Its own error is in the lines above that of kubectl."],
    fixes: &[
        "Read the lines above, which begin with `error:`. A program with a window of its own may hide them.",
        "Sign in without kubectl, which shows the error alone: kubesesame login",
        "`kubesesame doctor` looks at the whole way from the kubeconfig to the API server.",
    ],
};
/// The heading in the documentation that has it.
pub(super) const PLUGIN_FAILED_PAGE: &str = "docs/troubleshooting.md#at-kubectl";

/// Phrases in lower case and without quotes, all of which a text has to contain, and the ids of what it is about. An id may be the name of a
/// check of `doctor`.
type Row = (&'static [&'static str], &'static [&'static str]);

/// The first row that matches counts.
const ROWS: &[Row] = &[
    // The log of the API server.
    (&["oidc: email not verified"], &["token-unfit"]),
    (&["oidc: parse username claims"], &["token-unfit"]),
    (&["oidc: parse groups claim"], &["groups"]),
    (&["oidc: required claim"], &["token-rejected"]),
    (&["oidc: authenticator not initialized"], &["token-rejected"]),
    (
        &["oidc: verify token", "expected audience"],
        &["audience-mismatch"],
    ),
    (&["oidc: verify token", "expired"], &["clock"]),
    (&["oidc: verify token", "signature"], &["signature-not-verified"]),
    (&["invalid bearer token"], &["token-rejected"]),
    (&["unable to authenticate the request"], &["token-rejected"]),
    // kubectl.
    (&["must be logged in to the server"], &["token-rejected"]),
    (
        &["asked for the client to provide credentials"],
        &["token-rejected"],
    ),
    (&["api server says unauthorized"], &["token-rejected"]),
    (&["exec: executable", "not found"], &["command"]),
    (&["executable kubesesame not found"], &["command"]),
    (
        &["getting credentials: exec", "failed with exit code"],
        &["plugin-failed"],
    ),
    (&["executable", "failed with exit code"], &["plugin-failed"]),
    (&["forbidden: user", "cannot"], &["cluster-user"]),
    (
        &["certificate signed by unknown authority"],
        &["api-server", "tls-unknown-authority"],
    ),
    (&["did you specify the right host or port"], &["api-server"]),
    (&["unable to connect to the server"], &["api-server"]),
    (&["connection refused"], &["provider-unreachable", "api-server"]),
    (&["no such host"], &["host-unknown", "api-server"]),
    // Settings.
    (&["oidc-issuer-url", "missing"], &["issuer-missing"]),
    (&["oidc-client-id is missing"], &["client-id-missing"]),
    (&["oidc-issuer-url", "is not a url"], &["issuer-invalid"]),
    (&["oidc-issuer-url", "is not https"], &["issuer-invalid"]),
    (&["still has the placeholder"], &["issuer-invalid"]),
    // Network and TLS.
    (&["cannot find the host of"], &["host-unknown"]),
    (&["cannot find the proxy"], &["proxy"]),
    (&["cannot reach http"], &["provider-unreachable"]),
    (&["asks to slow down"], &["rate-limited"]),
    (
        &["/.well-known/", "answered with http 404"],
        &["discovery-not-found"],
    ),
    (&["not with json"], &["not-a-provider"]),
    (
        &["did not answer within"],
        &["provider-unavailable", "provider-unreachable"],
    ),
    (&["the certificate of", "expired"], &["tls-expired"]),
    (&["the certificate of", "not valid yet"], &["tls-expired"]),
    (&["the certificate of", "not for this name"], &["tls-name"]),
    (
        &["the certificate of", "is not trusted"],
        &["tls-unknown-authority"],
    ),
    (&["no tls connection with"], &["tls-handshake"]),
    (&["cannot read a certificate authority"], &["authority-unusable"]),
    // The provider and its tokens.
    (&["the discovery document is of issuer"], &["issuer-mismatch"]),
    (&["its issuer is", "not"], &["issuer-mismatch"]),
    (&["not the client"], &["audience-mismatch"]),
    (&["by this machines clock"], &["clock"]),
    (&["the provider sent no id token"], &["id-token-missing"]),
    (
        &["no device authorization endpoint"],
        &["device-code-unsupported"],
    ),
    (&["signed in as", "not as"], &["other-account"]),
    // The sign-in.
    (&["no address is free to wait on"], &["port-in-use"]),
    (
        &["neither a browser nor a terminal here"],
        &["sign-in-impossible-here"],
    ),
    (&["nobody signed in"], &["sign-in-timeout"]),
    (&["what was pasted is no answer"], &["pasted-text-refused"]),
    (
        &["for the sign-in of another kubesesame"],
        &["sign-in-in-progress"],
    ),
    // Sessions and files.
    (&["the session has ended"], &["session-ended"]),
    (&["there is no session"], &["not-signed-in"]),
    (&["has to sign in before"], &["not-signed-in"]),
    (&["is open to other users"], &["storage-not-private"]),
    (&["there is no kubeconfig"], &["kubeconfig-missing"]),
    (&["is no kubeconfig"], &["kubeconfig-broken"]),
    (&["no context is named"], &["kubeconfig-name-unknown"]),
    (&["there is no context"], &["kubeconfig-name-unknown"]),
    (&["there is no user"], &["kubeconfig-name-unknown"]),
    (&["which kubesesame does not speak"], &["api-version-unsupported"]),
    (&["the api server will refuse this token"], &["token-unfit"]),
    (&["the api server refused the token"], &["token-rejected"]),
    (&["there is no kubectl on the path"], &["kubectl-unusable"]),
];

/// Returns the ids of what a pasted text is about; none if nothing is known of it.
pub(crate) fn ids_of_pasted(text: &str) -> &'static [&'static str] {
    let text = normalized(text);
    let matches = |(phrases, _): &&Row| phrases.iter().all(|phrase| text.contains(phrase));
    ROWS.iter().find(matches).map_or(&[], |(_, ids)| *ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_line_leads_to_what_it_is_about() {
        for (text, ids) in [
            (
                "error: You must be logged in to the server (Unauthorized)",
                &["token-rejected"][..],
            ),
            (
                "Unable to connect to the server: getting credentials: exec: executable kubesesame failed with exit code 1",
                &["plugin-failed"],
            ),
            ("exec: executable kubesesame not found", &["command"]),
            ("E1127 oidc: email not verified", &["token-unfit"]),
            (
                "error: the discovery document is of issuer `https://a`, not of `https://b`",
                &["issuer-mismatch"],
            ),
            (
                "caused by: its `nonce` is new, and it expired 5 s ago by this machine's clock",
                &["clock"],
            ),
            ("something else", &[]),
        ] {
            assert_eq!(ids_of_pasted(text), ids, "{text}");
        }
    }

    #[test]
    fn phrases_are_written_as_texts_are_compared() {
        for (phrases, ids) in ROWS {
            assert!(!ids.is_empty());
            for phrase in *phrases {
                assert_eq!(normalized(phrase), *phrase);
            }
        }
    }
}
