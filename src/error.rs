//! Every failure as a person sees it: what failed, why, what to do, and the exit code.
//!
//! Owns the exit codes and the order of the lines. The words live with the rooms that fail.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use crate::cli::Unfit;
use crate::foreign_text::ForeignText;
use crate::report::Report;
use crate::{exec, files, kubeconfig, oidc, session, settings};

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", unfit(.0))]
    Unfit(Unfit),
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error(transparent)]
    Exec(#[from] exec::Error),
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error(transparent)]
    Session(#[from] session::Error),
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// The provider did not renew the session; it stays as it is.
    #[error("the session could not be renewed")]
    Renewal {
        source: oidc::Error,
        /// Where the session is, if it is anywhere.
        path: Option<PathBuf>,
    },
    /// The provider said so while the token was still good.
    #[error("the session is over: {0}")]
    SessionOver(String),
    /// The same client has asked three times in a row for a token that is good.
    #[error("the API server refuses the token, though it has not ended")]
    TokenRefused,
    #[error(transparent)]
    Kubeconfig(#[from] kubeconfig::Error),
    /// The sign-in that this call waited for, or one shortly before, failed so.
    #[error("{}", .0.error)]
    Remembered(Report),
    #[error("the credential could not be written to standard output")]
    Output(#[source] std::io::Error),
    #[error("the system does not let kubesesame use the network")]
    Runtime(#[source] std::io::Error),
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
        if let Self::Remembered(report) = self {
            return report.clone();
        }
        let mut causes = Vec::new();
        let mut cause = self.source();
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

    /// When the provider wants to be asked again, in seconds since the epoch, if it said so.
    pub(crate) fn not_before(&self) -> Option<i64> {
        match self {
            Self::Oidc(error) | Self::Renewal { source: error, .. } => error.not_before(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unfit(unfit) => Some(unfit_hint(unfit)),
            Self::Settings(error) => Some(error.hint()),
            Self::Exec(error) => Some(error.hint()),
            Self::Files(error) => Some(error.hint()),
            Self::Session(error) => Some(error.hint()),
            Self::Oidc(error) => error.hint(),
            Self::Renewal { source, path } => renewal_hint(source, path.as_deref()),
            Self::SessionOver(_) => Some("you will have to sign in when the token ends".to_owned()),
            Self::TokenRefused => Some(TOKEN_REFUSED.to_owned()),
            Self::Kubeconfig(error) => Some(error.hint()),
            Self::Remembered(report) => report.hint.clone(),
            Self::Output(_) => Some("whoever started kubesesame closed its standard output".to_owned()),
            Self::Runtime(_) => Some("look at the limits of open files and processes (ulimit -a)".to_owned()),
        }
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Unfit(_)
            | Self::Settings(_)
            | Self::Exec(_)
            | Self::Kubeconfig(
                kubeconfig::Error::NoSuchUser { .. } | kubeconfig::Error::NoSuchContext { .. },
            ) => EXIT_USAGE,
            Self::Oidc(oidc::Error::LoginImpossible | oidc::Error::PromptImpossible(_)) => EXIT_LOGIN_NEEDED,
            Self::Remembered(report) => report.exit,
            Self::Kubeconfig(_)
            | Self::Files(_)
            | Self::Session(_)
            | Self::Oidc(_)
            | Self::Renewal { .. }
            | Self::SessionOver(_)
            | Self::TokenRefused
            | Self::Output(_)
            | Self::Runtime(_) => EXIT_FAILED,
        }
    }
}

const TOKEN_REFUSED: &str = "\
compare the token's issuer and audience, which kubesesame setup shows, and this machine's clock, with the API server's; a program \
that only reads its kubeconfig over and over needs --notice-refusal=off";

fn unfit(unfit: &Unfit) -> ForeignText {
    ForeignText::new(&match unfit {
        Unfit::Variable(name, why) => format!("the variable {name} cannot be used: {why}"),
        Unfit::OfCluster(key, why) => format!("`{key}` in the cluster's config cannot be used: {why}"),
        Unfit::NotForClusters(key) => format!("the cluster's config has `{key}`, which a cluster cannot set"),
    })
}

fn unfit_hint(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Variable(name, _) => format!("correct it, or: unset {name}"),
        Unfit::OfCluster(..) => {
            "correct it in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec".to_owned()
        }
        Unfit::NotForClusters(_) => {
            format!("move it to the args of the user's exec entry; a cluster can set {}", Unfit::of_clusters())
        }
    }
}

/// A provider that cannot be reached will be reached again; one that says no needs a new login.
fn renewal_hint(error: &oidc::Error, path: Option<&Path>) -> Option<String> {
    let hint = error.hint()?;
    Some(match path {
        Some(path) if error.is_a_refusal() => {
            let dir = files::quoted(path.parent().unwrap_or(path));
            format!("{hint}; to sign in anew: kubesesame clean --token-cache-dir={dir}")
        }
        _ => format!("{hint}; the session is kept"),
    })
}
