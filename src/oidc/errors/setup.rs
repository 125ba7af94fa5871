//! Errors of the set-up: files, flags and TLS. They occur before the provider or a person is asked.

use super::private_key::KeyFault;
use super::secret_source::{CommandFault, ItemFault};
use crate::catalogue::Id;
use crate::files;
use crate::settings::AUDIENCE;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error("cannot read a certificate authority")]
    AuthorityFile(#[source] files::Error),
    #[error("{name} cannot be used: {why}")]
    AuthorityNotPem {
        flag: &'static str,
        /// The flag, and the path of its file if it has one.
        name: String,
        why: &'static str,
    },
    #[error("cannot set up TLS: {0}")]
    Tls(UntrustedText),
    /// Variables that name the system's certificates, as `SSL_CERT_FILE=/path`.
    #[error("cannot set up TLS: no certificate can be read by {0}")]
    CertificateVariables(UntrustedText),
    #[error("cannot read the file of --{flag}")]
    FlagFile {
        flag: &'static str,
        source: files::Error,
    },
    #[error("the file of --{0} holds no text")]
    SecretNotText(&'static str),
    #[error("--oidc-request-header `{0}` is no HTTP header")]
    RequestHeader(UntrustedText),
    /// The key of `private_key_jwt`.
    #[error("the {} of --{flag} cannot be used: {fault}", if flag.ends_with("-file") { "file" } else { "output of the command" })]
    PrivateKey { flag: &'static str, fault: KeyFault },
    #[error("the command of --{flag} gives nothing: {fault}")]
    SecretCommand { flag: &'static str, fault: CommandFault },
    #[error("the item of --{flag} cannot be read: {fault}")]
    SecretKeyring { flag: &'static str, fault: ItemFault },
    /// The flag of the secret.
    #[error(
        "the client secret is too short for client_secret_jwt, which needs at least 32 bytes (RFC 7518 3.2)"
    )]
    SecretTooShort(&'static str),
    /// Whoever named the endpoint could pass the assertion on to the provider that it belongs to.
    #[error("a client assertion for {endpoint} is not sent: it is not at the issuer's own address, {issuer}")]
    ForeignAudience {
        endpoint: UntrustedText,
        issuer: UntrustedText,
    },
    /// The certificate or the key that the callback server presents.
    #[error("the file of --{flag} cannot be used: {why}")]
    CallbackTls { flag: &'static str, why: UntrustedText },
}

impl SetupError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::PrivateKey { fault, .. } => return fault.hint(),
            Self::SecretKeyring { fault, .. } => return fault.hint(),
            Self::SecretCommand { fault, .. } => fault.hint(),
            Self::AuthorityFile(source) => {
                return format!(
                    "{}; it takes a file in PEM",
                    source.hint(files::Purpose::Flag("certificate-authority"))
                );
            }
            Self::FlagFile { flag, source } => return source.hint(files::Purpose::Flag(flag)),
            Self::AuthorityNotPem { .. } => {
                "give the certificate that signed the provider's, as PEM (-----BEGIN CERTIFICATE-----)"
            }
            Self::Tls(_) => {
                "install the system's certificates (package ca-certificates), or name one with \
                 --certificate-authority"
            }
            Self::CertificateVariables(_) => {
                "correct SSL_CERT_FILE and SSL_CERT_DIR, or unset them to use the system's certificates; or name the \
                 provider's authority with --certificate-authority"
            }
            Self::SecretNotText(_) => "put the secret into it, and nothing else",
            Self::RequestHeader(_) => "for example --oidc-request-header=X-Tenant=blue",
            Self::SecretTooShort(_) => {
                "make a longer secret at the provider, or use --oidc-client-auth-method=private_key_jwt, if the app may"
            }
            Self::ForeignAudience { .. } => {
                "if that endpoint belongs to the provider, say whom it wants the assertion to be for: --oidc-client-auth-audience=issuer, or \
                 the URL that its documentation names"
            }
            Self::CallbackTls { .. } => {
                "both are PEM files, and the key is the certificate's; `mkcert localhost` makes a pair that browsers here trust"
            }
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::AuthorityFile(_) | Self::AuthorityNotPem { .. } => Id::AUTHORITY_UNUSABLE,
            Self::Tls(_) | Self::CertificateVariables(_) => Id::SYSTEM_AUTHORITIES_MISSING,
            Self::FlagFile { source, flag } => source.id(files::Purpose::Flag(flag)),
            Self::SecretNotText(_) | Self::CallbackTls { .. } | Self::PrivateKey { .. } => {
                Id::FLAG_FILE_UNUSABLE
            }
            Self::SecretCommand { .. } => Id::SECRET_COMMAND_FAILED,
            Self::SecretKeyring {
                fault: ItemFault::Keyring(error),
                ..
            } => error.id(),
            Self::SecretKeyring { .. } => Id::KEYRING_ITEM_UNUSABLE,
            Self::RequestHeader(_) | Self::SecretTooShort(_) | Self::ForeignAudience { .. } => {
                Id::SETTING_INVALID
            }
        }
    }

    /// Returns the flag whose value, or whose file, cannot be used. Such a file is read only when it is needed.
    pub(super) fn flag(&self) -> Option<&'static str> {
        match self {
            Self::AuthorityFile(_) => Some("certificate-authority"),
            Self::ForeignAudience { .. } => Some(AUDIENCE),
            Self::RequestHeader(_) => Some("oidc-request-header"),
            Self::AuthorityNotPem { flag, .. }
            | Self::FlagFile { flag, .. }
            | Self::PrivateKey { flag, .. }
            | Self::SecretNotText(flag)
            | Self::SecretTooShort(flag)
            | Self::CallbackTls { flag, .. } => Some(flag),
            // The value of the flag is right: something has to be unlocked or stored.
            Self::SecretCommand { .. }
            | Self::SecretKeyring { .. }
            | Self::Tls(_)
            | Self::CertificateVariables(_) => None,
        }
    }
}
