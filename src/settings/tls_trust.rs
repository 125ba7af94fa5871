//! How to verify the provider's certificate.

use std::path::PathBuf;

use super::expand_home;
use crate::cli::TlsArgs;
use crate::environment::Environment;

/// How to verify the provider's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsTrust {
    /// These replace the system's roots, unless the list is empty.
    pub(crate) authorities: Vec<Authority>,
    /// Accept any certificate.
    pub(crate) insecure: bool,
    /// A flag of kubelogin asks for TLS renegotiation. It is not supported, so a warning says that.
    pub(crate) wants_renegotiation: bool,
}

/// A source of certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    File(PathBuf),
    /// Base64 of PEM.
    Data(String),
}

impl TlsTrust {
    /// The system's authorities.
    pub(crate) const SYSTEM: Self = Self {
        authorities: Vec::new(),
        insecure: false,
        wants_renegotiation: false,
    };

    pub(crate) fn new(args: TlsArgs, environment: &Environment) -> Self {
        let files = args
            .certificate_authority
            .into_iter()
            .map(|path| Authority::File(expand_home(path.as_ref(), environment)));
        let data = args.certificate_authority_data.into_iter().map(Authority::Data);
        Self {
            authorities: files.chain(data).collect(),
            insecure: args.insecure_skip_tls_verify.unwrap_or(false),
            wants_renegotiation: [args.tls_renegotiation_once, args.tls_renegotiation_freely]
                .contains(&Some(true)),
        }
    }

    /// Adds the settings of a second source.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self {
            authorities,
            insecure,
            wants_renegotiation,
        } = other;
        self.authorities.extend(authorities);
        self.insecure |= insecure;
        self.wants_renegotiation |= wants_renegotiation;
    }
}
