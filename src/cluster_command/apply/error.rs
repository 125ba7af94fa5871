//! What `--apply` fails of.

use std::time::Duration;

use super::outcome::{Cause, Failure};
use crate::catalogue::Id;
use crate::kubectl;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Error {
    #[error("--apply asks before it changes a cluster, and there is no terminal to ask at; nothing was done")]
    Unattended,
    #[error("nothing was applied, since nobody said yes")]
    Declined,
    #[error("nothing was applied: the difference cannot be seen")]
    Kubectl(#[source] kubectl::Error),
    #[error("nothing was applied: {}", UntrustedText::new(&.0.text))]
    Compared(Failure),
    #[error("{}: {}", applied(.0.applied), UntrustedText::new(&.0.text))]
    Applied(Failure),
    #[error("kubectl has not ended within {} min, and it is not known what was applied", .0.as_secs() / 60)]
    Unknown(Duration),
    #[error("nothing was applied: kubectl has not ended within {} min", .0.as_secs() / 60)]
    Timeout(Duration),
}

fn applied(count: usize) -> String {
    match count {
        0 => "nothing was applied".to_owned(),
        1 => "1 object was applied, and another one was refused".to_owned(),
        count => format!("{count} objects were applied, and others were refused"),
    }
}

impl Error {
    pub(in super::super) fn hint(&self) -> String {
        const AGAIN: &str = "run the same command again; what is applied already stays as it is";
        match self {
            Self::Unattended => {
                "add --yes once you have seen the difference: the same command without --apply, | kubectl diff --server-side -f -".to_owned()
            }
            Self::Declined => "run it again and answer `y`, or give --yes".to_owned(),
            Self::Kubectl(error) => error.hint(),
            Self::Compared(failure) | Self::Applied(failure) => match failure.cause {
                Cause::Forbidden => {
                    "let somebody do it who has the rights, by --context or --kubeconfig; who may give roles has to have the rights in them, or the verbs `escalate` and `bind`".to_owned()
                }
                Cause::Conflict => {
                    "somebody else has set these fields: change the description, or take them over: the same command without --apply, | kubectl apply --server-side --field-manager=kubesesame --force-conflicts -f -".to_owned()
                }
                Cause::NoNamespace => "make the namespace first: kubectl create namespace NAME".to_owned(),
                Cause::UnknownKind => {
                    "the cluster does not have this kind: look at its version (kubectl version) and at what it needs".to_owned()
                }
                Cause::NoDiffProgram => "install diff, which kubectl runs, or name another program by KUBECTL_EXTERNAL_DIFF".to_owned(),
                Cause::NotSignedIn => "sign in first: kubesesame login; see who you are: kubectl auth whoami".to_owned(),
                Cause::Unreachable => "look at the network and the VPN, and at the cluster of the context: kubectl cluster-info".to_owned(),
                Cause::Other => AGAIN.to_owned(),
            },
            Self::Unknown(_) => AGAIN.to_owned(),
            Self::Timeout(_) => "look at the network and the VPN: kubectl cluster-info".to_owned(),
        }
    }

    pub(in super::super) fn id(&self) -> Id {
        match self {
            Self::Kubectl(error) => error.id(),
            Self::Unattended | Self::Declined => Id::NOT_CONFIRMED,
            Self::Compared(_) | Self::Applied(_) | Self::Unknown(_) | Self::Timeout(_) => Id::NOT_APPLIED,
        }
    }

    pub(in super::super) fn is_usage(&self) -> bool {
        matches!(self, Self::Unattended)
    }
}
