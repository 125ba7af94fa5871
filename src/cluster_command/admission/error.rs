//! What only `kubesesame admission` fails of.

use std::path::{Path, PathBuf};

use crate::admission::{IdentitiesError, ObjectsError};
use crate::catalogue::Id;
use crate::files::{self, Purpose};
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Error {
    #[error("the file of --{flag} cannot be read")]
    Read {
        flag: &'static str,
        #[source]
        source: files::Error,
    },
    #[error("{} is not UTF-8, or too long", shown(.0))]
    NoText(PathBuf),
    #[error("standard input is read for --{0}, and cannot be read twice")]
    StdinTwice(&'static str),
    #[error("{} cannot be judged", shown(.file))]
    Objects {
        file: PathBuf,
        #[source]
        source: ObjectsError,
    },
    #[error("{} is no list of users", shown(.file))]
    Identities {
        file: PathBuf,
        #[source]
        source: IdentitiesError,
    },
    #[error("{}: nobody is named who asks", UntrustedText::new(.object))]
    NoPerson { object: String },
}

fn shown(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "standard input".to_owned(),
        Some(_) | None => format!("`{}`", files::shown(path)),
    }
}

impl Error {
    pub(in super::super) fn hint(&self) -> String {
        match self {
            Self::Read { flag, source } => source.hint(Purpose::Typed(flag)),
            Self::NoText(_) => "name a file with objects, or with users".to_owned(),
            Self::StdinTwice(_) => "put one of the two into a file, and name that".to_owned(),
            Self::Objects { source, .. } => match source {
                ObjectsError::Alias(_) => {
                    "write it without: kubectl create --dry-run=client -o=yaml -f FILE".to_owned()
                }
                ObjectsError::Invalid(_)
                | ObjectsError::NoObject(_)
                | ObjectsError::Unfit { .. }
                | ObjectsError::Empty => {
                    "give objects of Kubernetes as YAML or JSON, or an AdmissionReview".to_owned()
                }
            },
            Self::Identities { .. } => {
                "write a line for each user, with commas: okta:alice@example.com,okta:k8s-developers".to_owned()
            }
            Self::NoPerson { .. } => {
                "say who by --as and --as-group, or by --identities; an AdmissionReview has it in request.userInfo"
                    .to_owned()
            }
        }
    }

    pub(in super::super) fn id(&self) -> Id {
        match self {
            Self::Read { flag, source } => source.id(Purpose::Typed(flag)),
            Self::NoText(_) | Self::StdinTwice(_) | Self::Objects { .. } | Self::Identities { .. } => {
                Id::FLAG_FILE_UNUSABLE
            }
            Self::NoPerson { .. } => Id::SETTING_INVALID,
        }
    }
}
