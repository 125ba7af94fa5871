//! Flags of an entry that hold a secret.

pub(super) const CLIENT_SECRET: SecretFlag = SecretFlag {
    flag: "--oidc-client-secret",
    name: "client secret",
};
/// Flags whose secret can be in a file: the flag of that file has `-file` at its end.
pub(super) const SECRETS: [SecretFlag; 2] = [
    CLIENT_SECRET,
    SecretFlag {
        flag: "--password",
        name: "password",
    },
];

/// A flag that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretFlag {
    pub(super) flag: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
}
