//! A failure of a command of `kubesesame-cluster`, and its report.
//!
//! Apart from [`crate::error::Error`], so that `kubesesame` does not link what only this program can fail of.

use std::io;
use std::path::PathBuf;

use super::admission::AdmissionError;
use super::apply::ApplyError;
use super::rbac_error::RbacError;
use super::source::DEFAULT_FILE;
use crate::catalogue::Id;
use crate::cluster::authn::Refusal;
use crate::cluster::description::{Fault, PLATFORM_NAMES};
use crate::error::{self, EXIT_FAILED, EXIT_USAGE};
use crate::error_chain::causes_of;
use crate::files::{self, Purpose};
use crate::report::Report;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{}{fault}", place(.file.as_ref(), .fault))]
    Description { file: Option<PathBuf>, fault: Fault },
    #[error("`{}` is not UTF-8, so it is no description", files::shown(.0))]
    NotText(PathBuf),
    #[error("standard input is too long for a description")]
    TooLong,
    #[error("the description cannot be read")]
    Read {
        /// Whether no file was named.
        is_default: bool,
        source: files::Error,
    },
    #[error("a file cannot be checked")]
    CheckRead(#[source] files::Error),
    #[error("`{}` is not UTF-8, so it cannot be checked", files::shown(.0))]
    CheckNotText(PathBuf),
    #[error("standard input is too long to be checked")]
    CheckTooLong,
    #[error("{}", .0)]
    NotCompared(Box<Self>),
    #[error("the API server would refuse `{file}`: {}", UntrustedText::new(.finding))]
    NotAccepted { file: String, finding: String },
    #[error("{file}: --authentication-config names another file, which has the settings: {}", UntrustedText::new(.named))]
    SettingsElsewhere { file: String, named: String },
    #[error("standard input is named twice, and cannot be read twice")]
    StdinTwice,
    #[error("the file cannot be written")]
    Write {
        /// The flag that names the place.
        flag: &'static str,
        source: files::Error,
    },
    #[error("the certificate authorities cannot be read")]
    Authority(#[source] files::Error),
    #[error("{}", .0)]
    Discovery(Box<error::Error>),
    #[error("standard input cannot be read")]
    Stdin(#[source] io::Error),
    #[error("--file and --oidc-issuer-url are given, and only one of them can be the source")]
    FileAndFlags,
    #[error("--{flag} is `{}`, which is not {form}", UntrustedText::new(.value))]
    Flag {
        flag: &'static str,
        value: String,
        form: &'static str,
    },
    #[error("the platform `{}` is unknown", UntrustedText::new(.name))]
    UnknownPlatform {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("no platform is named")]
    NoPlatform,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{}", .0)]
    Token(Box<error::Error>),
    #[error("the token does not name its issuer and the client")]
    TokenWithoutIssuer,
    #[error("no issuer is given, and there is no session that names one")]
    NoIssuer(#[source] Box<Self>),
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    #[error(transparent)]
    Rbac(#[from] RbacError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(
        "kubectl cannot apply the configuration of an API server (`{platform}`): that is no object of a cluster; nothing was done"
    )]
    NotByKubectl {
        platform: &'static str,
        instead: &'static str,
    },
    #[error("the description has no {0}")]
    NothingToDo(&'static str),
    #[error("{place}: {error}")]
    Line { place: String, error: Box<Self> },
    /// What keeps a token from saying who asks.
    #[error("{0}")]
    Identity(Box<Self>),
    #[error("the result could not be written to standard output")]
    Output(#[source] io::Error),
}

/// Returns `FILE:LINE: `.
fn place(file: Option<&PathBuf>, fault: &Fault) -> String {
    let file = file.map(|file| files::shown(file).to_string());
    match (file, fault.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    }
}

impl Error {
    pub(super) fn report(&self) -> Report {
        if let Self::Token(error) | Self::Discovery(error) = self {
            return error.report();
        }
        // For both 1 says something else: no, or that there is a difference.
        if let Self::Identity(error) | Self::NotCompared(error) = self {
            return Report {
                exit_code: EXIT_USAGE,
                ..error.report()
            };
        }
        Report {
            error: self.to_string(),
            causes: causes_of(self),
            hint: Some(self.hint()),
            note: None,
            exit_code: self.exit_code(),
            id: Some(self.id().as_str().to_owned()),
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Description { fault, .. } => UntrustedText::new(&fault.hint).to_string(),
            Self::NotText(_) | Self::TooLong => "write one with: kubesesame cluster init".to_owned(),
            Self::Read { is_default: true, .. } => format!(
                "write {DEFAULT_FILE} with: kubesesame cluster init; or name another file by --file, or an issuer by --oidc-issuer-url"
            ),
            Self::Read { source, .. } => source.hint(Purpose::Typed("file")),
            Self::Write { flag, source } => source.hint(Purpose::Typed(flag)),
            Self::Authority(source) => source.hint(Purpose::Typed("certificate-authority")),
            Self::CheckRead(_) => {
                "name a file of at most 32 MiB that can be read; `-` is standard input".to_owned()
            }
            Self::CheckNotText(_) | Self::CheckTooLong => "name a text of at most 32 MiB".to_owned(),
            Self::NotCompared(error) | Self::Line { error, .. } => error.hint(),
            Self::NotAccepted { file, .. } => format!("see all of it: kubesesame cluster check {file}"),
            Self::SettingsElsewhere { .. } => "compare that file, as it is on the control plane".to_owned(),
            Self::StdinTwice => "put one of the two into a file, and name that".to_owned(),
            Self::Stdin(_) => "put it into a file, and name that".to_owned(),
            Self::FileAndFlags => "leave one of them out".to_owned(),
            Self::Flag { flag, form, .. } => format!("write --{flag}= with {form}"),
            Self::UnknownPlatform { nearest, .. } => {
                let all = PLATFORM_NAMES.join(", ");
                match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`? There are {all}"),
                    None => format!("there are {all}"),
                }
            }
            Self::NoPlatform => format!(
                "name one by --platform, or in the description: {}",
                PLATFORM_NAMES.join(", ")
            ),
            Self::Refused(refusal) => refusal.hint.clone(),
            Self::Admission(error) => error.hint(),
            Self::Apply(error) => error.hint(),
            Self::NotByKubectl { instead, .. } => {
                format!("write the files by --dir=DIR, and do what their first lines say: {instead}")
            }
            Self::Rbac(error) => error.hint(),
            Self::Token(_) | Self::Discovery(_) | Self::Identity(_) => String::new(),
            Self::TokenWithoutIssuer | Self::NoIssuer(_) => {
                "give --oidc-issuer-url and --oidc-client-id, or sign in: kubesesame login".to_owned()
            }
            Self::NothingToDo(what) => format!("add `{what}` to it; the fields: docs/kubesesame.schema.json"),
            Self::Output(_) => {
                "look at where standard output goes: the disk, or the program that reads it".to_owned()
            }
        }
    }

    pub(super) fn id(&self) -> Id {
        match self {
            Self::Description { .. } | Self::NotText(_) | Self::TooLong | Self::NothingToDo(_) => {
                Id::DESCRIPTION_INVALID
            }
            Self::Read { .. } => Id::DESCRIPTION_MISSING,
            Self::Write { flag, source } => source.id(Purpose::Typed(flag)),
            Self::Authority(source) => source.id(Purpose::Typed("certificate-authority")),
            Self::Discovery(_) => Id::ISSUER_MISMATCH,
            Self::NotAccepted { .. } | Self::SettingsElsewhere { .. } => Id::SETTINGS_REFUSED,
            Self::Stdin(_) | Self::CheckRead(_) | Self::CheckNotText(_) | Self::CheckTooLong => {
                Id::FLAG_FILE_UNUSABLE
            }
            Self::FileAndFlags | Self::StdinTwice => Id::FLAGS_CONTRADICT,
            Self::Flag { .. } | Self::UnknownPlatform { .. } | Self::NoPlatform => Id::SETTING_INVALID,
            Self::Refused(_) => Id::PLATFORM_UNSUITABLE,
            Self::Admission(error) => error.id(),
            Self::Rbac(error) => error.id(),
            Self::Apply(error) => error.id(),
            Self::NotByKubectl { .. } => Id::NOT_APPLIED,
            Self::Token(_) | Self::TokenWithoutIssuer | Self::NoIssuer(_) => Id::ISSUER_MISSING,
            Self::Identity(error) | Self::NotCompared(error) | Self::Line { error, .. } => error.id(),
            Self::Output(_) => Id::OUTPUT_FAILED,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Description { .. }
            | Self::NotText(_)
            | Self::TooLong
            | Self::NothingToDo(_)
            | Self::FileAndFlags
            | Self::Flag { .. }
            | Self::UnknownPlatform { .. }
            | Self::NoPlatform
            | Self::Refused(_)
            | Self::Admission(_)
            | Self::NoIssuer(_)
            // 1 says that something is not allowed.
            | Self::Rbac(_)
            | Self::StdinTwice
            | Self::Line { .. }
            | Self::Identity(_)
            | Self::NotCompared(_)
            | Self::NotAccepted { .. }
            | Self::SettingsElsewhere { .. }
            | Self::NotByKubectl { .. } => EXIT_USAGE,
            Self::Apply(error) if error.is_usage() => EXIT_USAGE,
            Self::Apply(_)
            | Self::CheckRead(_)
            | Self::CheckNotText(_)
            | Self::CheckTooLong
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Authority(_)
            | Self::Discovery(_)
            | Self::Stdin(_)
            | Self::Token(_)
            | Self::TokenWithoutIssuer
            | Self::Output(_) => EXIT_FAILED,
        }
    }
}
