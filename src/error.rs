//! Every failure as a person sees it: what failed, why, what to do, and the exit code.
//!
//! Owns the exit codes and the order of the lines. The words live with the modules that fail.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::{ConfigError, Untyped};
use crate::report::Report;
use crate::session::Recalled;
use crate::untrusted_text::UntrustedText;
use crate::{exec, files, kubeconfig, oidc, session, settings};

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", config_error(.0))]
    Config(ConfigError),
    /// The same, where it was seen later than the command line was read.
    #[error("{}", config_error(.0))]
    FromSource(ConfigError, Box<Self>),
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error(transparent)]
    Exec(#[from] exec::Error),
    #[error(transparent)]
    Session(#[from] session::Error),
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// The refresh token in the kubeconfig may be spent, so nobody is asked.
    #[error("the tokens that an earlier call kept for `{}` cannot be read, or it cannot be seen whether there are any", files::shown(.kubeconfig))]
    KeptTokens {
        kubeconfig: PathBuf,
        source: session::Error,
    },
    /// The provider did not refresh the session; it stays as it is.
    #[error("the session could not be refreshed")]
    RefreshFailed {
        source: oidc::Error,
        /// Where the session is kept, if it is in a directory of sessions.
        dir: Option<PathBuf>,
    },
    /// The provider said so while the token was still good.
    #[error("the session has ended: {0}")]
    SessionOver(String),
    /// A step of the lifecycle came before the one that it needs.
    #[error("internal error: there is no session")]
    NoSession,
    #[error(transparent)]
    Kubeconfig(#[from] kubeconfig::Error),
    /// The sign-in that this call waited for, or one shortly before, failed so.
    #[error("{}", .0.report.error)]
    Remembered(Recalled),
    /// A failure in the terms of what the user has written.
    #[error("{}", .0.error)]
    Reworded(Box<Report>),
    #[error("the result could not be written to standard output")]
    Output(#[source] io::Error),
    #[error("the system does not let kubesesame use the network")]
    Runtime(#[source] io::Error),
}

/// Done.
pub(crate) const EXIT_DONE: u8 = 0;
/// Something failed.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The command line, or what kubectl passed, cannot be used.
pub(crate) const EXIT_USAGE: u8 = 2;
/// A login is needed, and nobody could attend to it here.
pub(crate) const EXIT_LOGIN_NEEDED: u8 = 3;

impl Error {
    pub(crate) fn report(&self) -> Report {
        if let Self::Remembered(recalled) = self {
            return recalled.report.clone();
        }
        if let Self::Reworded(report) = self {
            return (**report).clone();
        }
        let mut causes = Vec::new();
        let mut cause = match self {
            Self::FromSource(_, error) => error.source(),
            error => error.source(),
        };
        while let Some(source) = cause {
            causes.push(source.to_string());
            cause = source.source();
        }
        // A cause that only repeats the line above it tells nothing.
        causes.dedup();
        Report {
            error: self.to_string(),
            causes,
            hint: self.hint(),
            note: None,
            exit: self.exit(),
        }
    }

    /// The same failure with another hint; one whose hint stays is the same error.
    pub(crate) fn reworded(self, reword: impl FnOnce(&str) -> String) -> Self {
        // Who was told of it is not told again.
        if self.was_told() {
            return self;
        }
        let mut report = self.report();
        let hint = report.hint.as_deref().map(reword);
        if hint == report.hint {
            return self;
        }
        report.hint = hint;
        Self::Reworded(Box::new(report))
    }

    /// Whether this process's caller has been told before.
    pub(crate) fn was_told(&self) -> bool {
        matches!(self, Self::Remembered(recalled) if recalled.told)
    }

    /// Whether nothing but the arguments and our variables is to blame; each call of one process has the same.
    pub(crate) fn is_of_arguments(&self) -> bool {
        matches!(
            self,
            Self::Settings(_)
                | Self::Config(ConfigError::Variable(..))
                | Self::FromSource(ConfigError::Variable(..), _)
        )
    }

    /// The error and its causes, for a warning.
    pub(crate) fn in_one_line(&self) -> String {
        let report = self.report();
        [vec![report.error], report.causes].concat().join(": ")
    }

    /// What is wrong with a clock and what to do, where a refresh has failed of that.
    pub(crate) fn fault_of_clock(&self) -> Option<String> {
        match self {
            Self::RefreshFailed { source, .. } if source.is_of_a_clock() => {
                Some(format!("{}; {}", self.in_one_line(), source.hint()))
            }
            _ => None,
        }
    }

    /// Names the variable, or the cluster's config, that a value came from which turned out to be of no use.
    pub(crate) fn with_source(self, untyped: &Untyped) -> Self {
        match untyped.config_error(&self.flags(), &self.to_string()) {
            Some(config_error) => Self::FromSource(config_error, Box::new(self)),
            None => self,
        }
    }

    /// The flags whose values cannot be used.
    fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::Settings(error) => error.flags(),
            Self::Kubeconfig(error) => error.flags(),
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } => {
                flag_of(error).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// When the provider wants to be asked again, in seconds since the epoch, if it said so.
    pub(crate) fn not_before(&self) -> Option<i64> {
        match self {
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } => error.not_before(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(config_error) => Some(config_error_hint(config_error)),
            Self::FromSource(config_error, error) => {
                // A file may be the right one and have a cure of its own; a name has those that it could be.
                let own = error.hint().filter(|_| !matches!(**error, Self::Settings(_)));
                let hints: Vec<String> = own.into_iter().chain([config_error_hint(config_error)]).collect();
                Some(hints.join("; "))
            }
            Self::Settings(error) => Some(error.hint()),
            Self::Exec(error) => Some(error.hint()),
            Self::Session(error) => Some(error.hint()),
            Self::KeptTokens { source, .. } => Some(source.hint_for(files::Purpose::KeptTokens)),
            Self::Oidc(error) => Some(error.hint()),
            Self::RefreshFailed { source, dir } => Some(refresh_hint(source, &source.hint(), dir.as_deref())),
            Self::SessionOver(_) => Some("you will have to sign in when the token ends".to_owned()),
            Self::NoSession => Some("this is a fault of kubesesame: please report it".to_owned()),
            Self::Kubeconfig(error) => Some(error.hint()),
            Self::Remembered(recalled) => recalled.report.hint.clone(),
            Self::Reworded(report) => report.hint.clone(),
            Self::Output(source) => Some(output_hint(source.kind()).to_owned()),
            Self::Runtime(_) => Some("look at the limits of open files and processes (ulimit -a)".to_owned()),
        }
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Config(_) | Self::FromSource(..) | Self::Settings(_) | Self::Exec(_) => EXIT_USAGE,
            Self::Kubeconfig(error) if !error.flags().is_empty() => EXIT_USAGE,
            Self::Oidc(
                oidc::Error::LoginImpossible { .. }
                | oidc::Error::LoginUnseen
                | oidc::Error::PromptImpossible(_),
            ) => EXIT_LOGIN_NEEDED,
            Self::Oidc(error) | Self::RefreshFailed { source: error, .. } if flag_of(error).is_some() => {
                EXIT_USAGE
            }
            Self::Remembered(recalled) => recalled.report.exit,
            Self::Reworded(report) => report.exit,
            Self::Kubeconfig(_)
            | Self::Session(_)
            | Self::KeptTokens { .. }
            | Self::Oidc(_)
            | Self::RefreshFailed { .. }
            | Self::SessionOver(_)
            | Self::NoSession
            | Self::Output(_)
            | Self::Runtime(_) => EXIT_FAILED,
        }
    }
}

/// The flag whose value, or the file that it names, cannot be used; what is in a file is read only when it is needed.
fn flag_of(error: &oidc::Error) -> Option<&'static str> {
    match error {
        oidc::Error::AuthorityNotPem { name, .. } if name == "--certificate-authority-data" => {
            Some("certificate-authority-data")
        }
        oidc::Error::AuthorityFile(_) | oidc::Error::AuthorityNotPem { .. } => Some("certificate-authority"),
        oidc::Error::FlagFile { flag, .. }
        | oidc::Error::CallbackTls { flag, .. }
        | oidc::Error::SecretNotText(flag) => Some(flag),
        oidc::Error::RequestHeader(_) => Some("oidc-request-header"),
        _ => None,
    }
}

/// A provider that cannot be reached will be reached again; one that refuses this client may refuse it for good.
fn refresh_hint(error: &oidc::Error, hint: &str, dir: Option<&Path>) -> String {
    match dir {
        Some(dir) if error.may_stay_so() => format!(
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
        ConfigError::NotForClusters(_) => "if you want it, move it to the args of the user's exec entry; to let what clusters say not count, put \
                                     --cluster-config=ignore there"
            .to_owned(),
    }
}
