//! Errors of the OS keyring, each with its hint.

use super::keys::RESPONSE_TIMEOUT;
use crate::catalogue::Id;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the OS keyring did not answer within {} s: it is locked, or waits for somebody", RESPONSE_TIMEOUT.as_secs())]
    NoAnswer,
    /// The thread of the request ended without a result.
    #[error("the request to the OS keyring ended without an answer")]
    RequestAborted,
    #[error("the OS keyring is locked: {0}")]
    Locked(UntrustedText),
    #[error("there is no OS keyring here: {0}")]
    Absent(UntrustedText),
    #[error("the OS keyring refused: {0}")]
    Failed(UntrustedText),
    #[error("the system starts no thread to ask the OS keyring with: {0}")]
    NoThread(std::io::Error),
}

impl Error {
    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::NoAnswer | Self::RequestAborted | Self::Locked(_) | Self::Absent(_) | Self::Failed(_) => {
                Id::KEYRING_UNAVAILABLE
            }
            Self::NoThread(_) => Id::SYSTEM_LIMITS,
        }
    }

    /// Returns the hint for a key that only this keyring has, so that nothing else helps.
    pub(crate) fn hint_to_read(&self) -> &'static str {
        match self {
            Self::NoAnswer | Self::Locked(_) => "unlock the keyring and try again",
            Self::NoThread(_) => {
                "close programs, or raise the limit (ulimit -u, or pids.max of the container), and try again"
            }
            Self::Absent(_) => "try again where the keyring is, as at the desktop",
            Self::Failed(_) | Self::RequestAborted => {
                "look at the entries of kubesesame in the keyring's own program, and try again"
            }
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoAnswer | Self::Locked(_) => {
                "unlock the keyring and try again, or keep sessions on disk with --token-cache-storage=disk".to_owned()
            }
            Self::NoThread(_) => {
                "close programs, or raise the limit (ulimit -u, or pids.max of the container), and try again".to_owned()
            }
            Self::Absent(_) => {
                "sign in at the desktop, or use --token-cache-storage=disk where there is none".to_owned()
            }
            Self::Failed(_) | Self::RequestAborted => {
                "look at the entries of kubesesame in the keyring's own program, or use --token-cache-storage=disk"
                    .to_owned()
            }
        }
    }
}
