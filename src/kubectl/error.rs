//! Why kubectl brought no answer.

use std::io;

use super::TIMEOUT;
use crate::catalogue::Id;
use crate::process::RunError;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("user `{user}` has to sign in before the API server can be asked")]
    NotSignedIn { user: UntrustedText, command: String },
    #[error("there is no kubectl on the PATH")]
    NoKubectl,
    #[error("kubectl cannot be started")]
    CannotStart(#[source] io::Error),
    #[error("the API server has not answered within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("the API server says Unauthorized: it does not accept the token")]
    Unauthorized,
    #[error(
        "the API server does not say who you are: it is older than Kubernetes 1.28, or has no SelfSubjectReview"
    )]
    NoReview,
    #[error("the API server could not be asked: {0}")]
    Failed(UntrustedText),
    #[error("what kubectl printed is no SelfSubjectReview")]
    Unreadable,
    #[error("what kubectl printed is no list")]
    NoList,
}

/// Why objects are not listed.
#[derive(Debug)]
pub(crate) enum ListError {
    /// The API server does not let the person list them.
    Denied,
    Failed(Error),
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NotSignedIn { command, .. } => format!("sign in: {command}"),
            Self::NoKubectl => "install kubectl, or add its directory to PATH".to_owned(),
            Self::CannotStart(_) => "see whether it runs: kubectl version".to_owned(),
            Self::Timeout => {
                "look at the network and the VPN; the address is in the kubeconfig: kubectl cluster-info".to_owned()
            }
            Self::Unauthorized => {
                "compare the API server's --oidc-* flags or AuthenticationConfiguration with the token: issuer, client id (audience), claims"
                    .to_owned()
            }
            Self::NoReview => "try what you may do instead: kubectl auth can-i --list".to_owned(),
            Self::Failed(_) | Self::Unreadable | Self::NoList => "see more: kubectl auth whoami -v=6".to_owned(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::NotSignedIn { .. } => Id::NOT_SIGNED_IN,
            Self::NoKubectl | Self::CannotStart(_) | Self::Unreadable | Self::NoList => Id::KUBECTL_UNUSABLE,
            Self::Timeout | Self::Failed(_) => Id::API_SERVER_UNREACHABLE,
            Self::Unauthorized => Id::TOKEN_REJECTED,
            Self::NoReview => Id::API_SERVER_TOO_OLD,
        }
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Start(error) if error.kind() == io::ErrorKind::NotFound => Self::NoKubectl,
            RunError::Start(error) => Self::CannotStart(error),
            RunError::Timeout => Self::Timeout,
        }
    }
}
