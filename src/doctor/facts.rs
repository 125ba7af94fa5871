//! What the checks look at: values that the command has gathered.

use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::cluster::ClaimMapping;
use crate::kubeconfig::{Entries, PluginPolicy};
use crate::oidc::{ListenerProbe, ProxyChoice, Survey, UnverifiedToken};
use crate::settings::{Cache, SignIn};

/// Everything that is known.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) now: Timestamp,
    pub(crate) offline: bool,
    /// `None` if flags were given in place of an entry.
    pub(crate) kubeconfig: Option<KubeconfigFacts>,
    /// Variables that have our prefix and belong to no flag, each with what was probably meant.
    pub(crate) unknown_variables: Vec<String>,
    /// Names of variables that no version of kubelogin or kubesesame reads.
    pub(crate) dead_variables: Vec<String>,
    /// Whether a secret is in the arguments or in a variable.
    pub(crate) has_inline_secret: bool,
    /// `None` if there is no entry to take them from.
    pub(crate) settings: Option<Result<Settings, Problem>>,
    pub(crate) provider: Option<ProviderFacts>,
    pub(crate) machine: MachineFacts,
    pub(crate) session: Option<SessionFacts>,
    pub(crate) api_server: ApiServerFacts,
}

/// An error of another module: what is wrong, and its hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) what: String,
    pub(crate) fix: String,
}

/// The settings that `get-token` would have.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) sign_in: SignIn,
    pub(crate) cache: Cache,
}

/// The kubeconfig files, and which user is meant.
#[derive(Debug)]
pub(crate) struct KubeconfigFacts {
    pub(crate) files: Result<Vec<FileFacts>, Problem>,
    pub(crate) entries: Entries,
    /// `--context` and `--user`.
    pub(crate) wanted_context: Option<String>,
    pub(crate) wanted_user: Option<String>,
    /// ` --kubeconfig=FILE`, as it was given, for suggested commands; otherwise empty.
    pub(crate) kubeconfig_flag: String,
    /// `None` if the user's entry runs nothing.
    pub(crate) command: Option<CommandFacts>,
    pub(crate) kuberc: KubercFacts,
}

/// A kubeconfig file.
#[derive(Debug)]
pub(crate) struct FileFacts {
    /// The path for display.
    pub(crate) name: String,
    /// The path for a command line.
    pub(crate) quoted: String,
    pub(crate) problem: Option<Problem>,
    /// The mode, if other users can read the file.
    pub(crate) readable_by_others: Option<u32>,
    pub(crate) has_secret: bool,
}

/// The program of the user's entry.
#[derive(Debug)]
pub(crate) struct CommandFacts {
    /// The file that kubectl would run, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// The path of the kubesesame that runs now.
    pub(crate) this_program: String,
    pub(crate) is_this_program: bool,
}

/// The policy of kubectl for plugins.
#[derive(Debug)]
pub(crate) struct KubercFacts {
    /// The file for display. `None` if there is none, or it is switched off.
    pub(crate) file: Option<String>,
    pub(crate) policy: PluginPolicy,
    /// Whether an entry of the list names the program of the user's entry.
    pub(crate) lists_command: bool,
}

/// What was found out about the provider.
#[derive(Debug)]
pub(crate) struct ProviderFacts {
    pub(crate) proxy: ProxyChoice,
    /// `None` if it was not asked.
    pub(crate) survey: Option<Survey>,
}

/// This machine.
#[derive(Debug, Default)]
pub(crate) struct MachineFacts {
    pub(crate) is_ssh: bool,
    /// `None` if the grant has no listener.
    pub(crate) listener: Option<ListenerProbe>,
    /// Whether the program of `--browser-command` exists. `None` if there is none.
    pub(crate) browser_command_exists: Option<bool>,
    /// `None` if nothing is stored.
    pub(crate) storage: Option<StorageFacts>,
    /// `None` if no keyring is needed.
    pub(crate) keyring: Option<Result<(), Problem>>,
}

/// The directory of sessions.
#[derive(Debug)]
pub(crate) struct StorageFacts {
    /// For display.
    pub(crate) dir: String,
    /// `Ok(false)` if it does not exist yet.
    pub(crate) state: Result<bool, Problem>,
}

/// The session that the settings mean.
#[derive(Debug, Default)]
pub(crate) struct SessionFacts {
    pub(crate) stored: Option<StoredSession>,
    /// Why the stored session cannot be used.
    pub(crate) problem: Option<SessionProblem>,
    pub(crate) is_quarantined: bool,
    pub(crate) failed_sign_in: Option<Note>,
    pub(crate) outage: Option<Note>,
    pub(crate) failed_background_refresh: Option<Note>,
}

/// Why a stored session cannot be used.
#[derive(Debug)]
pub(crate) enum SessionProblem {
    /// A sign-in replaces it, or another directory is used.
    Replaceable(Problem),
    /// kubesesame refuses to go on, since somebody else may have read or written the file.
    Blocking(Problem),
}

/// A failure that is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) error: String,
    pub(crate) hint: Option<String>,
    pub(crate) at: Timestamp,
    /// Until when programs get the failure in place of a new try.
    pub(crate) until: Option<Timestamp>,
}

/// A stored session. The token itself is no part of it.
#[derive(Debug)]
pub(crate) struct StoredSession {
    pub(crate) expires_at: Timestamp,
    pub(crate) is_unexpired: bool,
    pub(crate) has_refresh_token: bool,
    /// `None` if the token is opaque.
    pub(crate) token: Option<UnverifiedToken>,
    pub(crate) expected: ExpectedUser,
}

/// How the API server is said to be configured.
#[derive(Debug)]
pub(crate) struct ExpectedUser {
    pub(crate) mapping: ClaimMapping,
    /// Whether a flag says how the user name is made. Otherwise the API server's defaults are assumed.
    pub(crate) is_username_given: bool,
}

/// What came of asking the API server.
#[derive(Debug)]
pub(crate) struct ApiServerFacts {
    /// Its address, for display. `None` if no context names one.
    pub(crate) server: Option<String>,
    pub(crate) whoami: WhoamiResult,
    /// Whether a token was sent.
    pub(crate) was_token_sent: bool,
}

/// What came of asking a cluster who the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WhoamiResult {
    NotAsked(&'static str),
    /// kubectl cannot be run.
    NoKubectl(String),
    TimedOut,
    /// kubectl did not reach it, with the first line of its error.
    Unreachable(String),
    /// kubectl does not know who signed its certificate, with the first line of its error.
    UnknownAuthority(String),
    /// kubectl rejects its certificate for another reason, with the first line of its error.
    BadCertificate(String),
    /// It answered without saying who the user is, with the first line of its error.
    Reached(String),
    Unauthorized,
    /// It says who the user is.
    Known {
        username: String,
        groups: usize,
    },
}
