//! Errors of the session store, each with its hint.

use std::path::PathBuf;

use super::lock;
use crate::catalogue::Id;
use crate::error_chain::in_one_line;
use crate::{files, keyring};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error(transparent)]
    Keyring(#[from] keyring::Error),
    /// A plain file that another program may have created. It may also belong to an entry with another storage setting.
    #[error("{keyring}")]
    PlainInPlace { plain: PathBuf, keyring: keyring::Error },
    /// The issuer and the client are needed to open it, and only an entry of a kubeconfig says them.
    #[error("`{0}` is sealed, and no entry of the kubeconfig says whose session it is")]
    SealedOfNoEntry(PathBuf),
    #[error("the session cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the system has no random numbers to make a key of")]
    NoRandomness,
    #[error("waited {waited} s for the sign-in of another kubesesame{}", holder_text(.holder.as_deref()))]
    LockTimeout {
        holder: Option<String>,
        is_stopped: bool,
        waited: u64,
    },
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl Error {
    /// Whether this only means that the directory cannot be used, so that the caller may continue without it.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_unavailable())
    }

    /// Whether a file or directory caused it, so that another directory may work.
    pub(crate) fn is_file_error(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// Whether a directory with this error may contain a session of this user. A directory of another user, or a link to one, does not.
    pub(crate) fn may_hide_session(&self) -> bool {
        matches!(
            self,
            Self::Files(files::Error::Io { .. } | files::Error::OpenToOthers { .. })
        )
    }

    /// The error and its causes in one line, for a warning.
    pub(crate) fn in_one_line(&self) -> String {
        in_one_line(self)
    }

    pub(crate) fn hint(&self) -> String {
        self.hint_for(files::Purpose::Sessions)
    }

    /// Returns the hint like [`Self::hint`], for a session that is to be ended: settings for later sessions are of no use.
    pub(crate) fn hint_to_end(&self) -> String {
        match self {
            Self::Keyring(error) | Self::PlainInPlace { keyring: error, .. } => {
                error.hint_to_read().to_owned()
            }
            Self::Files(_)
            | Self::SealedOfNoEntry(_)
            | Self::Json(_)
            | Self::NoRandomness
            | Self::LockTimeout { .. } => self.hint(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Files(error) => error.id(files::Purpose::Sessions),
            Self::Keyring(error) | Self::PlainInPlace { keyring: error, .. } => error.id(),
            Self::SealedOfNoEntry(_) => Id::SESSION_NOT_ENDED,
            Self::Json(_) => Id::INTERNAL_ERROR,
            Self::NoRandomness => Id::SYSTEM_LIMITS,
            Self::LockTimeout { .. } => Id::SIGN_IN_IN_PROGRESS,
        }
    }

    /// Returns the hint like [`Self::hint`], for files with another purpose.
    pub(crate) fn hint_for(&self, purpose: files::Purpose) -> String {
        match self {
            Self::Files(error) => error.hint(purpose),
            Self::Keyring(error) => error.hint(),
            Self::PlainInPlace { plain, keyring } => format!(
                "{}; or move the plain file away, and the next session is kept on disk: mv {1} {1}.old",
                keyring.hint(),
                files::quoted(plain)
            ),
            Self::SealedOfNoEntry(_) => {
                "name the kubeconfig whose entry uses the session: --kubeconfig=FILE".to_owned()
            }
            Self::Json(_) => "this is a fault of kubesesame: please report it".to_owned(),
            Self::NoRandomness => "try again; with --token-cache-storage=disk no key is needed".to_owned(),
            Self::LockTimeout {
                holder: Some(pid),
                is_stopped: true,
                ..
            } => format!("process {pid} is stopped: {}", lock::how_to_resume(pid)),
            Self::LockTimeout { holder, .. } => match holder {
                Some(pid) => {
                    format!("finish it in the browser, or try again; see what it does: ps -fp {pid}")
                }
                None => "finish it in the browser, or try again".to_owned(),
            },
        }
    }
}
