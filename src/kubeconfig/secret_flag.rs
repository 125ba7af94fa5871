//! Flags of an entry whose values are secrets and can be moved to a file.

pub(super) const CLIENT_SECRET: SecretFlag = SecretFlag {
    flag: "--oidc-client-secret",
    name: "client secret",
};
/// Flags whose secret can be in a file instead: the flag for the file is the same with `-file` at its end.
pub(super) const SECRET_FILE_FLAGS: [SecretFlag; 2] = [
    CLIENT_SECRET,
    SecretFlag {
        flag: "--password",
        name: "password",
    },
];

/// A flag whose value is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretFlag {
    /// With its dashes.
    pub(super) flag: &'static str,
    /// What messages call the secret.
    pub(crate) name: &'static str,
}
