//! What to do where a file, a flag or this machine is at fault.

use crate::files;
use crate::oidc::errors::Error;

impl Error {
    pub(super) fn setup_hint(&self) -> String {
        match self {
            Self::AuthorityFile(source) => format!(
                "{}; it takes a file in PEM",
                source.hint(files::Purpose::Flag("certificate-authority"))
            ),
            Self::AuthorityNotPem { .. } =>
                "give the certificate that signed the provider's, as PEM (-----BEGIN CERTIFICATE-----)"
                    .to_owned(),
            Self::OtherAccount { .. } =>
                "sign out at the provider in your browser and try again, or give the other name with --account"
                    .to_owned(),
            Self::CallbackTls { .. } =>
                "both are PEM files, and the key is the certificate's; `mkcert localhost` makes a pair that browsers here trust"
                    .to_owned(),
            Self::FlagFile { flag, source } => source.hint(files::Purpose::Flag(flag)),
            Self::SecretNotText(_) => "put the secret into it, and nothing else".to_owned(),
            Self::RequestHeader(_) => "for example --oidc-request-header=X-Tenant=blue".to_owned(),
            Self::CertificateVariables(_) =>
                "correct SSL_CERT_FILE and SSL_CERT_DIR, or unset them to use the system's certificates; or name the \
                 provider's authority with --certificate-authority"
                    .to_owned(),
            Self::Client(_) =>
                "install the system's certificates (package ca-certificates), or name one with \
                 --certificate-authority"
                    .to_owned(),
            _ => "this is a fault of kubesesame: please report it".to_owned(),
        }
    }
}
