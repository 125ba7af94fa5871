//! What is known of sessions and users, as values.
//!
//! Pure.

use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::command::account::Account;
use crate::untrusted_text::UntrustedText;

/// Everything that `status` shows.
#[derive(Debug, Default)]
pub(in crate::command) struct Status {
    pub(super) current_context: Option<String>,
    pub(super) sessions: Vec<SessionFacts>,
    pub(super) users: Vec<UserFacts>,
    /// What could not be read, in one line each.
    pub(super) problems: Vec<String>,
    /// ` --kubeconfig=FILE`, as it was given, for suggested commands; otherwise empty.
    pub(super) kubeconfig_flag: String,
}

/// A session.
#[derive(Debug)]
pub(super) struct SessionFacts {
    pub(super) path: PathBuf,
    pub(super) storage: SessionStorage,
    /// `None` if that is not known: the session is sealed or broken, and no entry names it.
    pub(super) issuer: Option<UntrustedText>,
    pub(super) client_id: Option<UntrustedText>,
    pub(super) state: SessionState,
    /// The users of the kubeconfig that use it.
    pub(super) users: Vec<String>,
    pub(super) contexts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionStorage {
    File,
    /// A file that is sealed with a key of the OS keyring.
    Keyring,
}

/// What is known of a session's tokens.
#[derive(Debug)]
pub(super) enum SessionState {
    Readable {
        account: Account,
        valid_until: Timestamp,
        is_valid: bool,
        can_be_refreshed: bool,
    },
    /// Only the OS keyring has its key.
    Sealed,
    /// The file cannot be used. The text says why.
    Unusable(&'static str),
    /// The file is open to others. The command closes it.
    OpenToOthers { mode: u32, fix: String },
    /// The file cannot be read. The fix is a sentence.
    Unreadable { reason: String, fix: String },
}

/// A user of the kubeconfig that kubesesame signs in, or could.
#[derive(Debug)]
pub(super) struct UserFacts {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) contexts: Vec<String>,
    pub(super) program: Program,
    /// What kubectl runs; `None` of an `auth-provider`.
    pub(super) command: Option<String>,
    pub(super) state: UserState,
}

/// What kubectl runs for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Kubesesame,
    Kubelogin,
    /// Nothing: client-go's own provider (`auth-provider: oidc`).
    AuthProvider,
}

/// How a user stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserState {
    /// It has a session, which may have expired.
    HasSession,
    NoSession,
    /// `--token-cache-storage=none`.
    KeepsNone,
    /// Its tokens are in the kubeconfig.
    TokensInKubeconfig,
    Unusable {
        reason: String,
        hint: Option<String>,
    },
}

impl Status {
    /// Keeps only what is about one user.
    pub(super) fn keep_user(&mut self, name: &str) {
        self.sessions
            .retain(|session| session.users.iter().any(|user| user == name));
        self.users.retain(|user| user.name == name);
    }

    /// Returns the session of a user.
    pub(super) fn session_of(&self, user: &str) -> Option<&SessionFacts> {
        self.sessions
            .iter()
            .find(|session| session.users.iter().any(|known| known == user))
    }
}

impl SessionState {
    /// Whether kubectl gets a token without a person, as far as that can be seen.
    pub(super) fn works(&self) -> bool {
        match self {
            Self::Readable {
                is_valid,
                can_be_refreshed,
                ..
            } => *is_valid || *can_be_refreshed,
            Self::Sealed => true,
            Self::Unusable(_) | Self::OpenToOthers { .. } | Self::Unreadable { .. } => false,
        }
    }
}
