//! A failure of a command that asks about a policy: of who asks, of what is asked, and of a cluster whose policy it is.

use super::error::Error;
use crate::catalogue::Id;
use crate::files::{self, Purpose};
use crate::kubectl;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(super) enum RbacError {
    #[error("standard input is named twice")]
    StdinTwice,
    #[error("standard input is too long for a question")]
    StdinTooLong,
    #[error("the requests cannot be read")]
    Requests(#[source] files::Error),
    #[error("this is no request: {}", UntrustedText::new(.0))]
    BadLine(String),
    #[error("{place}: {error}")]
    Line { place: String, error: Box<Error> },
    #[error("the policy of the cluster cannot be read")]
    Live(#[source] kubectl::Error),
    #[error("the policy of the cluster cannot be read: the {kind} are no list of them: {}", UntrustedText::new(.problem))]
    LivePage { kind: &'static str, problem: String },
    #[error("the API server does not let you list {}", .kinds.join(", "))]
    Denied { kinds: Vec<&'static str> },
    /// What keeps a token from saying who asks.
    #[error("{0}")]
    Identity(Box<Error>),
    #[error("an API server makes no user of the token: {}", UntrustedText::new(.0))]
    NoUserOfToken(String),
    #[error("the mapping of the claims cannot be read")]
    AuthenticationConfig(#[source] files::Error),
}

impl RbacError {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::StdinTwice => "put one of them into a file, and name that".to_owned(),
            Self::StdinTooLong => "for many requests: kubesesame rbac can --requests=FILE".to_owned(),
            Self::Requests(source) => source.hint(Purpose::Flag("requests")),
            Self::BadLine(_) => {
                "write each line as after `rbac can`: get pods -n shop; or paste a refusal or an audit event".to_owned()
            }
            Self::Line { error, .. } | Self::Identity(error) => error.hint(),
            Self::Live(source) => format!("{}; or name files with --filename", source.hint()),
            Self::LivePage { .. } => {
                "look at it: kubectl get --raw /apis/rbac.authorization.k8s.io/v1/clusterroles".to_owned()
            }
            Self::Denied { kinds } => {
                let first = kinds.first().copied().unwrap_or_default();
                format!(
                    "it takes `list` on {} of rbac.authorization.k8s.io in the whole cluster (kubectl auth can-i list {first}.rbac.authorization.k8s.io -A), or files with --filename; about yourself the API server answers without it: kubectl auth can-i VERB RESOURCE, kubectl auth can-i --list",
                    kinds.join(", ")
                )
            }
            Self::NoUserOfToken(_) => {
                "compare it with the mapping: kubesesame token inspect; name another by --authentication-config".to_owned()
            }
            Self::AuthenticationConfig(source) => source.hint(Purpose::Flag("authentication-config")),
        }
    }

    pub(super) fn id(&self) -> Id {
        match self {
            Self::StdinTwice => Id::FLAGS_CONTRADICT,
            Self::StdinTooLong | Self::BadLine(_) => Id::QUESTION_INCOMPLETE,
            Self::Requests(source) => source.id(Purpose::Flag("requests")),
            Self::Line { error, .. } | Self::Identity(error) => error.id(),
            Self::Live(source) => source.id(),
            Self::LivePage { .. } => Id::KUBECTL_UNUSABLE,
            Self::Denied { .. } => Id::POLICY_DENIED,
            Self::NoUserOfToken(_) => Id::TOKEN_REJECTED,
            Self::AuthenticationConfig(source) => source.id(Purpose::Flag("authentication-config")),
        }
    }
}
