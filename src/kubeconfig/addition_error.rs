//! Why `setup` cannot add an entry to a kubeconfig, or make one for other people. Each with its hint.

use std::path::PathBuf;

use super::error::join_names;
use crate::catalogue::Id;
use crate::files::{self, shown};
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum AdditionError {
    #[error("there is no cluster `{name}`")]
    NoSuchCluster {
        name: UntrustedText,
        known: Vec<UntrustedText>,
    },
    #[error("no cluster is named, and the kubeconfig has no current one")]
    NoCluster,
    /// The file of a cluster's `certificate-authority`.
    #[error("the certificate authority of the cluster cannot be read")]
    ClusterAuthority(#[source] files::Error),
    #[error("the user `{name}` in `{}` signs in in another way", shown(.path))]
    UserTaken { path: PathBuf, name: UntrustedText },
    /// kubectl takes the current context from the first file that sets one.
    #[error("the user `{name}` is in `{}`, and another file sets the current context", shown(.path))]
    UserElsewhere { path: PathBuf, name: UntrustedText },
    #[error("there is a context `{name}` in `{}` already, which may be of another cluster", shown(.path))]
    ContextElsewhere { path: PathBuf, name: UntrustedText },
    /// A kubeconfig for others passes on certificates, and nothing else of a file.
    #[error("the certificate authority of the cluster has no certificate in the form of PEM")]
    AuthorityWithoutCertificate,
    #[error("the cluster's `{0}` has a user name or password in it, which other people must not get")]
    AddressWithUser(&'static str),
    #[error("nothing can be added to `{}`: {reason}", shown(.path))]
    NotMergeable { path: PathBuf, reason: &'static str },
    #[error("the kubeconfig for others is not written: `{}` is there already", shown(.path))]
    ForOthersExists { path: PathBuf },
    #[error("the kubeconfig for others cannot be written")]
    ForOthers(#[source] files::UserFileError),
    #[error("nothing was written, since nobody said yes")]
    NotConfirmed,
}

impl AdditionError {
    /// Returns the flags, without dashes, whose values name something that does not exist.
    pub(super) fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::NoSuchCluster { .. } => vec!["cluster"],
            Self::NoCluster
            | Self::ClusterAuthority(_)
            | Self::UserTaken { .. }
            | Self::UserElsewhere { .. }
            | Self::ContextElsewhere { .. }
            | Self::AuthorityWithoutCertificate
            | Self::AddressWithUser(_)
            | Self::NotMergeable { .. }
            | Self::ForOthersExists { .. }
            | Self::ForOthers(_)
            | Self::NotConfirmed => Vec::new(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::NoSuchCluster { .. } | Self::NoCluster => Id::KUBECONFIG_NAME_UNKNOWN,
            Self::ClusterAuthority(_) | Self::AuthorityWithoutCertificate => Id::AUTHORITY_UNUSABLE,
            Self::AddressWithUser(_) => Id::SECRET_IN_KUBECONFIG,
            Self::UserTaken { .. }
            | Self::UserElsewhere { .. }
            | Self::ContextElsewhere { .. }
            | Self::NotMergeable { .. }
            | Self::ForOthersExists { .. }
            | Self::ForOthers(_) => Id::KUBECONFIG_NOT_ADDED,
            Self::NotConfirmed => Id::NOT_CONFIRMED,
        }
    }

    /// Returns what the reader can do about the error.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::NoSuchCluster { known, .. } if known.is_empty() => {
                "the kubeconfig has no clusters: get the cluster's entry first, from whoever runs it or by its own tool (such as: aws eks \
                 update-kubeconfig)"
                    .to_owned()
            }
            Self::NoSuchCluster { known, .. } => format!("the clusters are: {}", join_names(known)),
            Self::NoCluster => "name one with --cluster (kubectl config get-clusters)".to_owned(),
            Self::ClusterAuthority(error) => error.hint(files::Purpose::Kubeconfig),
            Self::UserTaken { .. } | Self::UserElsewhere { .. } => {
                "choose another name with --user, or another file with --kubeconfig".to_owned()
            }
            Self::ContextElsewhere { .. } => {
                "choose another name for the user with --user, which is part of the context's name, or remove the other context \
                 (kubectl config delete-context)"
                    .to_owned()
            }
            Self::AuthorityWithoutCertificate => {
                "correct `certificate-authority` of the cluster in the kubeconfig: it names the cluster's CA certificate".to_owned()
            }
            Self::AddressWithUser(key) => {
                format!("remove it from `{key}` of the cluster in the kubeconfig, or choose another cluster with --cluster")
            }
            Self::NotMergeable { .. } => "run setup without --write, and the commands that it prints".to_owned(),
            Self::ForOthersExists { .. } | Self::ForOthers(_) => {
                "name a new file in a directory that exists, or - for standard output".to_owned()
            }
            Self::NotConfirmed => "run it again and answer y, or with --yes".to_owned(),
        }
    }
}
