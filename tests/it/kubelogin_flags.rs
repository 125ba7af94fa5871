//! The flags of `kubectl oidc-login` v1.36.3, each with a value that it takes.
//!
//! Shared: here they are tried with this program, and among the real parts the list is compared with kubelogin's own help.

/// Flags that some commands have in common; the command without a name is kubelogin's standalone mode.
pub(crate) struct Group {
    pub(crate) commands: &'static [&'static str],
    pub(crate) flags: &'static [(&'static str, &'static str)],
}

/// Not in kubelogin's help.
pub(crate) const HIDDEN: &str = "oidc-use-pkce";

/// What its help names, and `HIDDEN`.
pub(crate) const GROUPS: [Group; 6] = [
    Group {
        commands: &["get-token", "setup"],
        flags: &[
            ("oidc-issuer-url", "https://i"),
            ("oidc-client-id", "c"),
            ("oidc-client-secret", "s"),
            ("oidc-redirect-url", "http://localhost:8000"),
            ("oidc-extra-scope", "email,groups"),
            ("oidc-use-access-token", "true"),
            ("oidc-request-header", "Origin=x"),
            ("oidc-pkce-method", "S256"),
            (HIDDEN, "true"),
        ],
    },
    Group {
        commands: &["get-token"],
        flags: &[("force-refresh", "true"), ("token-cache-storage", "none")],
    },
    Group {
        commands: &["get-token", "clean"],
        flags: &[("token-cache-dir", "~/cache")],
    },
    Group {
        commands: &["get-token", "setup", ""],
        flags: &[
            ("certificate-authority", "ca.pem"),
            ("certificate-authority-data", "aGVsbG8="),
            ("insecure-skip-tls-verify", "true"),
            ("tls-renegotiation-once", "true"),
            ("tls-renegotiation-freely", "true"),
            ("grant-type", "authcode"),
            ("listen-address", "127.0.0.1:8000,127.0.0.1:18000"),
            ("skip-open-browser", "true"),
            ("browser-command", "firefox"),
            ("authentication-timeout-sec", "60"),
            ("local-server-cert", "cert.pem"),
            ("local-server-key", "key.pem"),
            ("open-url-after-authentication", "https://x"),
            ("oidc-auth-request-extra-params", "ttl=1"),
            ("username", "me"),
            ("password", "p"),
        ],
    },
    Group {
        commands: &[""],
        flags: &[("kubeconfig", "config"), ("context", "c"), ("user", "u")],
    },
    Group {
        commands: &["get-token", "setup", "clean", ""],
        flags: &[
            ("v", "1"),
            ("vmodule", "x=1"),
            ("logtostderr", "true"),
            ("alsologtostderr", "true"),
            ("alsologtostderrthreshold", "2"),
            ("stderrthreshold", "2"),
            ("log_dir", "."),
            ("log_file", "f"),
            ("log_file_max_size", "1"),
            ("log_backtrace_at", ":0"),
            ("add_dir_header", "true"),
            ("skip_headers", "true"),
            ("skip_log_headers", "true"),
            ("one_output", "true"),
            ("legacy_stderr_threshold_behavior", "true"),
        ],
    },
];
