//! The ids of errors: what a person looks an error up by.

/// The stable name of one kind of error. It never changes, because people search for it and links to the pages have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(super) &'static str);

impl Id {
    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Declares the ids of our own errors. One that no error has is dead code, so the compiler finds it.
macro_rules! ids {
    ($($name:ident = $id:literal,)+) => {
        impl Id {
            $(pub(crate) const $name: Self = Self($id);)+
        }

        /// All of them, for the test that each is explained.
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($id),+];
    };
}

ids! {
    // Settings.
    ISSUER_MISSING = "issuer-missing",
    ISSUER_INVALID = "issuer-invalid",
    CLIENT_ID_MISSING = "client-id-missing",
    SETTING_INVALID = "setting-invalid",
    FLAGS_CONTRADICT = "flags-contradict",
    SECRET_IN_KUBECONFIG = "secret-in-kubeconfig",
    NOT_CONFIRMED = "not-confirmed",
    CLUSTER_CONFIG_INVALID = "cluster-config-invalid",
    EXEC_INFO_INVALID = "exec-info-invalid",
    API_VERSION_UNSUPPORTED = "api-version-unsupported",
    AUTHORITY_UNUSABLE = "authority-unusable",
    SYSTEM_AUTHORITIES_MISSING = "system-authorities-missing",
    FLAG_FILE_UNUSABLE = "flag-file-unusable",
    SECRET_COMMAND_FAILED = "secret-command-failed",
    KEYRING_ITEM_UNUSABLE = "keyring-item-unusable",
    // Network and TLS.
    PROVIDER_UNREACHABLE = "provider-unreachable",
    HOST_UNKNOWN = "host-unknown",
    PROXY = "proxy",
    PROVIDER_UNAVAILABLE = "provider-unavailable",
    RATE_LIMITED = "rate-limited",
    REQUEST_REFUSED = "request-refused",
    REQUEST_TOO_LARGE = "request-too-large",
    NOT_A_PROVIDER = "not-a-provider",
    TLS_UNKNOWN_AUTHORITY = "tls-unknown-authority",
    TLS_EXPIRED = "tls-expired",
    TLS_NAME = "tls-name",
    TLS_HANDSHAKE = "tls-handshake",
    // The provider.
    DISCOVERY_NOT_FOUND = "discovery-not-found",
    ISSUER_MISMATCH = "issuer-mismatch",
    PROVIDER_ANSWER_INVALID = "provider-answer-invalid",
    DEVICE_CODE_UNSUPPORTED = "device-code-unsupported",
    PUSHED_REQUESTS_UNSUPPORTED = "pushed-requests-unsupported",
    CLIENT_REFUSED = "client-refused",
    TOKEN_BOUND_TO_KEY = "token-bound-to-key",
    TOKEN_NOT_BOUND = "token-not-bound",
    // The sign-in.
    PORT_IN_USE = "port-in-use",
    SIGN_IN_IMPOSSIBLE_HERE = "sign-in-impossible-here",
    SIGN_IN_TIMEOUT = "sign-in-timeout",
    NOTHING_TYPED = "nothing-typed",
    PASTED_TEXT_REFUSED = "pasted-text-refused",
    PASTED_CODE_FORBIDDEN = "pasted-code-forbidden",
    ANSWER_MIXED_UP = "answer-mixed-up",
    SIGN_IN_IN_PROGRESS = "sign-in-in-progress",
    OTHER_ACCOUNT = "other-account",
    STEP_UP_NEEDED = "step-up-needed",
    // Tokens.
    ID_TOKEN_MISSING = "id-token-missing",
    CLOCK = "clock",
    TOKEN_TOO_LONG = "token-too-long",
    TOKEN_INVALID = "token-invalid",
    AUDIENCE_MISMATCH = "audience-mismatch",
    SIGNATURE_NOT_VERIFIED = "signature-not-verified",
    TOKEN_ON_COMMAND_LINE = "token-on-command-line",
    TOKEN_NOT_GIVEN = "token-not-given",
    // Sessions.
    NOT_SIGNED_IN = "not-signed-in",
    SESSION_ENDED = "session-ended",
    SESSION_NOT_ENDED = "session-not-ended",
    STORAGE_NOT_PRIVATE = "storage-not-private",
    STORAGE_UNUSABLE = "storage-unusable",
    KEYRING_UNAVAILABLE = "keyring-unavailable",
    PENDING_TOKENS_UNREADABLE = "pending-tokens-unreadable",
    // The kubeconfig.
    KUBECONFIG_MISSING = "kubeconfig-missing",
    KUBECONFIG_BROKEN = "kubeconfig-broken",
    KUBECONFIG_NOT_USABLE = "kubeconfig-not-usable",
    KUBECONFIG_NAME_UNKNOWN = "kubeconfig-name-unknown",
    KUBECONFIG_ENTRY_UNSUPPORTED = "kubeconfig-entry-unsupported",
    KUBECONFIG_CHANGED = "kubeconfig-changed",
    KUBECONFIG_NOT_ADDED = "kubeconfig-not-added",
    // The cluster.
    KUBECTL_UNUSABLE = "kubectl-unusable",
    API_SERVER_UNREACHABLE = "api-server-unreachable",
    API_SERVER_TOO_OLD = "api-server-too-old",
    TOKEN_REJECTED = "token-rejected",
    TOKEN_UNFIT = "token-unfit",
    CLUSTER_PROGRAM_MISSING = "cluster-program-missing",
    DESCRIPTION_MISSING = "description-missing",
    DESCRIPTION_INVALID = "description-invalid",
    PLATFORM_UNSUITABLE = "platform-unsuitable",
    POLICY_DENIED = "policy-denied",
    POLICY_INVALID = "policy-invalid",
    SETTINGS_REFUSED = "settings-refused",
    NOT_APPLIED = "not-applied",
    QUESTION_INCOMPLETE = "question-incomplete",
    // This machine.
    SYSTEM_LIMITS = "system-limits",
    OUTPUT_FAILED = "output-failed",
    INTERNAL_ERROR = "internal-error",
}
