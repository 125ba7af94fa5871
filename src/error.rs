//! Turns every failure into a `Report` with an exit code; holds only the texts that belong to no other module.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalogue::Id;
use crate::cli::{ConfigError, ValueSources};
use crate::clock::Timestamp;
use crate::command::{CompanionError, TokenInputError};
use crate::error_chain::causes_of;
use crate::report::Report;
use crate::session::Recalled;
use crate::untrusted_text::UntrustedText;
use crate::{exec, files, kubeconfig, kubectl, oidc, session, settings};

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", config_error(.0))]
    Config(ConfigError),
    /// An error about the value of a flag (second field), with the variable or the cluster's config that the value comes from. Found after the
    /// command line was parsed.
    #[error("{}", config_error(.0))]
    ValueFromSource(ConfigError, Box<Self>),
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error(transparent)]
    Exec(#[from] exec::Error),
    #[error(transparent)]
    Session(#[from] session::Error),
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// The refresh token in the kubeconfig may already have been redeemed, so no login is started.
    #[error("the tokens that an earlier call kept for `{}` cannot be read, or it cannot be seen whether there are any", files::shown(.kubeconfig))]
    PendingTokens {
        kubeconfig: PathBuf,
        source: session::Error,
    },
    /// The refresh failed, and the session may still be valid. It stays stored.
    #[error("the session could not be refreshed")]
    RefreshFailed {
        source: oidc::Error,
        /// The directory of the session, if it is in a directory of sessions.
        dir: Option<PathBuf>,
    },
    /// The provider ended the session while its token was still valid.
    #[error("the session has ended: {0}")]
    SessionEnded(String),
    /// A logout found a session that it can neither use nor remove: its refresh token would stay alive, and nobody could revoke it.
    #[error("the session `{}` was not ended", files::shown(.path))]
    SessionNotEnded { path: PathBuf, source: session::Error },
    /// A bug: a step of the lifecycle needs a session and there is none.
    #[error("internal error: there is no session")]
    NoSession,
    #[error(transparent)]
    Kubeconfig(#[from] kubeconfig::Error),
    #[error(transparent)]
    Kubectl(#[from] kubectl::Error),
    #[error(transparent)]
    TokenInput(#[from] TokenInputError),
    #[error(transparent)]
    Companion(#[from] CompanionError),
    /// The printed result is negative; no error line follows.
    #[error("the result is negative")]
    Negative,
    /// An earlier failure, which is reported instead of a new attempt.
    #[error("{}", .0.report.error)]
    Remembered(Box<Recalled>),
    /// A failure whose hint was replaced by one for the command.
    #[error("{}", .0.error)]
    HintReplaced(Box<Report>),
    /// The API server will refuse the token, for this reason.
    #[error("the API server will refuse this token: {}", UntrustedText::new(.finding))]
    TokenUnfit { finding: String, fix: Option<String> },
    /// The API server was asked, and has refused the token.
    #[error("the API server refused the token")]
    TokenRefused,
    #[error("the report cannot be written")]
    Bundle { path: PathBuf, source: files::Error },
    #[error("the result could not be written to standard output")]
    Output(#[source] io::Error),
    #[error("the system does not let kubesesame use the network")]
    Runtime(#[source] io::Error),
}

/// The command succeeded.
pub(crate) const EXIT_SUCCESS: u8 = 0;
/// The command failed.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The command line, or the request of kubectl, is invalid.
pub(crate) const EXIT_USAGE: u8 = 2;
/// A login is needed, and is not possible here.
pub(crate) const EXIT_LOGIN_NEEDED: u8 = 3;

impl Error {
    pub(crate) fn report(&self) -> Report {
        if let Self::Remembered(recalled) = self {
            return recalled.report.clone();
        }
        if let Self::HintReplaced(report) = self {
            return (**report).clone();
        }
        let original = match self {
            Self::ValueFromSource(_, error) => error.as_ref(),
            error => error,
        };
        Report {
            error: self.to_string(),
            causes: causes_of(original),
            hint: self.hint(),
            note: None,
            exit_code: self.exit_code(),
            id: self.id().map(|id| id.as_str().to_owned()),
        }
    }

    /// Replaces the hint. If it stays the same, so does the error.
    pub(crate) fn map_hint(self, to_hint: impl FnOnce(&str) -> String) -> Self {
        // It is not printed again, so its hint does not matter.
        if self.was_reported() {
            return self;
        }
        let mut report = self.report();
        let hint = report.hint.as_deref().map(to_hint);
        if hint == report.hint {
            return self;
        }
        report.hint = hint;
        Self::HintReplaced(Box::new(report))
    }

    /// Whether the caller of this process got this failure before, or as this command's printed result. Then it is not printed again.
    pub(crate) fn was_reported(&self) -> bool {
        matches!(self, Self::Negative) || matches!(self, Self::Remembered(recalled) if recalled.was_reported)
    }

    /// Whether only the arguments and variables caused it, so that each call by the same process fails in the same way.
    pub(crate) fn is_caused_by_arguments(&self) -> bool {
        matches!(
            self,
            Self::Settings(_)
                | Self::Config(ConfigError::Variable(..))
                | Self::ValueFromSource(ConfigError::Variable(..), _)
        )
    }

    /// The error and its causes in one line, for a warning.
    pub(crate) fn in_one_line(&self) -> String {
        let report = self.report();
        [vec![report.error], report.causes].concat().join(": ")
    }

    /// The error and its hint, if a refresh failed because a clock is wrong.
    pub(crate) fn clock_fault(&self) -> Option<String> {
        let Self::RefreshFailed { source, .. } = self else {
            return None;
        };
        source
            .is_clock_fault()
            .then(|| format!("{}; {}", self.in_one_line(), source.hint()))
    }

    /// Adds the source of a value that cannot be used: the variable, or the cluster's config.
    pub(crate) fn with_source(self, value_sources: &ValueSources) -> Self {
        match value_sources.config_error(&self.flags(), &self.to_string()) {
            Some(config_error) => Self::ValueFromSource(config_error, Box::new(self)),
            None => self,
        }
    }

    /// The flags whose values cannot be used.
    fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::Settings(error) => error.flags(),
            Self::Kubeconfig(error) => error.flags(),
            Self::Oidc(_)
            | Self::RefreshFailed { .. }
            | Self::Config(_)
            | Self::ValueFromSource(..)
            | Self::Exec(_)
            | Self::Session(_)
            | Self::PendingTokens { .. }
            | Self::SessionEnded(_)
            | Self::SessionNotEnded { .. }
            | Self::NoSession
            | Self::Kubectl(_)
            | Self::TokenInput(_)
            | Self::Companion(_)
            | Self::Negative
            | Self::Remembered(_)
            | Self::HintReplaced(_)
            | Self::TokenUnfit { .. }
            | Self::TokenRefused
            | Self::Bundle { .. }
            | Self::Output(_)
            | Self::Runtime(_) => {
                let flag = self.oidc_error().and_then(oidc::Error::flag);
                flag.into_iter().collect()
            }
        }
    }

    /// When the provider accepts the next request, if an HTTP 429 says so.
    pub(crate) fn retry_after(&self) -> Option<Timestamp> {
        self.oidc_error().and_then(oidc::Error::retry_after)
    }

    /// Returns the failure of the login or the refresh.
    fn oidc_error(&self) -> Option<&oidc::Error> {
        match self {
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } => Some(error),
            Self::Config(_)
            | Self::ValueFromSource(..)
            | Self::Settings(_)
            | Self::Exec(_)
            | Self::Session(_)
            | Self::PendingTokens { .. }
            | Self::SessionEnded(_)
            | Self::SessionNotEnded { .. }
            | Self::NoSession
            | Self::Kubeconfig(_)
            | Self::Kubectl(_)
            | Self::TokenInput(_)
            | Self::Companion(_)
            | Self::Negative
            | Self::Remembered(_)
            | Self::HintReplaced(_)
            | Self::TokenUnfit { .. }
            | Self::TokenRefused
            | Self::Bundle { .. }
            | Self::Output(_)
            | Self::Runtime(_) => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(config_error) => Some(config_error_hint(config_error)),
            Self::ValueFromSource(config_error, error) => {
                // A file may be the right one, so its own hint is useful, too. The hint of `settings` names only flags.
                let own = error.hint().filter(|_| !matches!(**error, Self::Settings(_)));
                let hints: Vec<String> = own.into_iter().chain([config_error_hint(config_error)]).collect();
                Some(hints.join("; "))
            }
            Self::Settings(error) => Some(error.hint()),
            Self::Exec(error) => Some(error.hint()),
            Self::Session(error) => Some(error.hint()),
            Self::PendingTokens { source, .. } => Some(source.hint_for(files::Purpose::PendingTokens)),
            Self::Oidc(error) => Some(error.hint()),
            Self::RefreshFailed { source, dir } => Some(refresh_hint(source, dir.as_deref())),
            Self::SessionEnded(_) => Some("you will have to sign in when the token ends".to_owned()),
            Self::SessionNotEnded { path, source } => Some(not_ended_hint(path, source)),
            Self::NoSession => Some("this is a fault of kubesesame: please report it".to_owned()),
            Self::Kubeconfig(error) => Some(error.hint()),
            Self::Kubectl(error) => Some(error.hint()),
            Self::TokenInput(error) => Some(error.hint()),
            Self::Companion(error) => Some(error.hint()),
            Self::Negative => None,
            Self::Remembered(recalled) => recalled.report.hint.clone(),
            Self::HintReplaced(report) => report.hint.clone(),
            Self::TokenUnfit { fix, .. } => fix.as_deref().map(|fix| UntrustedText::new(fix).to_string()),
            Self::TokenRefused => Some(
                "configure the API server first, as shown above, and wait until it has restarted; if it is configured, compare issuer, client \
                 id, claims and prefixes to the letter"
                    .to_owned(),
            ),
            Self::Bundle { path, .. } => Some(format!(
                "name a file that does not exist yet, in a directory that you can write: not {}",
                files::quoted(path)
            )),
            Self::Output(source) => Some(output_hint(source.kind()).to_owned()),
            Self::Runtime(_) => Some("look at the limits of open files and processes (ulimit -a)".to_owned()),
        }
    }

    /// Returns the id of the cause that a person can act on. A negative result has none, and a stored report has its own.
    fn id(&self) -> Option<Id> {
        Some(match self {
            Self::Config(ConfigError::Variable(..)) => Id::SETTING_INVALID,
            Self::Config(ConfigError::ClusterConfig(..) | ConfigError::NotForClusters(_)) => {
                Id::CLUSTER_CONFIG_INVALID
            }
            Self::ValueFromSource(_, error) => return error.id(),
            Self::Settings(error) => error.id(),
            Self::Exec(error) => error.id(),
            Self::Session(error) => error.id(),
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } => error.id(),
            Self::PendingTokens { .. } => Id::PENDING_TOKENS_UNREADABLE,
            Self::SessionEnded(_) => Id::SESSION_ENDED,
            Self::SessionNotEnded { .. } => Id::SESSION_NOT_ENDED,
            Self::NoSession => Id::INTERNAL_ERROR,
            Self::Kubeconfig(error) => error.id(),
            Self::Kubectl(error) => error.id(),
            Self::TokenInput(error) => error.id(),
            Self::Companion(error) => error.id(),
            Self::TokenUnfit { .. } => Id::TOKEN_UNFIT,
            Self::TokenRefused => Id::TOKEN_REJECTED,
            Self::Bundle { source, .. } => source.id(files::Purpose::Typed("bundle")),
            Self::Output(_) => Id::OUTPUT_FAILED,
            Self::Runtime(_) => Id::SYSTEM_LIMITS,
            Self::Negative | Self::Remembered(_) | Self::HintReplaced(_) => return None,
        })
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::ValueFromSource(..) | Self::Settings(_) | Self::Exec(_) => EXIT_USAGE,
            Self::Kubeconfig(error) if !error.flags().is_empty() => EXIT_USAGE,
            Self::TokenInput(error) if error.is_usage_error() => EXIT_USAGE,
            Self::Oidc(error) if error.is_login_impossible() => EXIT_LOGIN_NEEDED,
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } if error.flag().is_some() => {
                EXIT_USAGE
            }
            Self::Remembered(recalled) => recalled.report.exit_code,
            Self::HintReplaced(report) => report.exit_code,
            Self::Kubectl(kubectl::Error::NotSignedIn { .. }) => EXIT_LOGIN_NEEDED,
            Self::Kubeconfig(_)
            | Self::Kubectl(_)
            | Self::Session(_)
            | Self::PendingTokens { .. }
            | Self::Oidc(_)
            | Self::RefreshFailed { .. }
            | Self::SessionEnded(_)
            | Self::SessionNotEnded { .. }
            | Self::NoSession
            | Self::TokenUnfit { .. }
            | Self::TokenRefused
            | Self::TokenInput(_)
            | Self::Companion(_)
            | Self::Negative
            | Self::Bundle { .. }
            | Self::Output(_)
            | Self::Runtime(_) => EXIT_FAILED,
        }
    }
}

/// Returns the hint for a session that a logout could not end. Each line is a hint of its own.
fn not_ended_hint(path: &Path, error: &session::Error) -> String {
    let dir = path.parent().unwrap_or(path);
    format!(
        "{}\nto remove all sessions of that directory and of the fallback directories here, and revoke nothing: kubesesame clean --token-cache-dir={}",
        error.hint_to_end(),
        files::quoted(dir)
    )
}

/// Returns the hint for a failed refresh; if the failure may recur, with the command that forces a sign-in.
fn refresh_hint(error: &oidc::Error, dir: Option<&Path>) -> String {
    let hint = error.hint();
    match dir {
        Some(dir) if error.may_need_new_login() => format!(
            "{hint}; the session is kept; to sign in anew: kubesesame clean --token-cache-dir={}",
            files::quoted(dir)
        ),
        _ => format!("{hint}; the session is kept"),
    }
}

fn output_hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull => "free some space where standard output goes, or send it elsewhere",
        io::ErrorKind::BrokenPipe => {
            "the program that reads standard output ended before it had read the result"
        }
        _ => "whoever started kubesesame closed its standard output",
    }
}

fn config_error(config_error: &ConfigError) -> UntrustedText {
    UntrustedText::new(&match config_error {
        ConfigError::Variable(name, why) => format!("the variable {name} cannot be used: {why}"),
        ConfigError::ClusterConfig(key, why) => {
            format!("`{key}` in the cluster's config cannot be used: {why}")
        }
        ConfigError::NotForClusters(key) => {
            format!("the cluster's config has `{key}`, which a cluster cannot set")
        }
    })
}

fn config_error_hint(config_error: &ConfigError) -> String {
    match config_error {
        ConfigError::Variable(name, _) => format!("correct it, or: unset {name}"),
        ConfigError::ClusterConfig(..) => {
            "correct it in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec".to_owned()
        }
        ConfigError::NotForClusters(_) => "if you want it, move it to the args of the user's exec entry; to ignore the configs of clusters, put \
                                     --cluster-config=ignore there"
            .to_owned(),
    }
}
