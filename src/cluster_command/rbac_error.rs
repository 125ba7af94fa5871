//! What only `kubesesame rbac` fails of. The exit code is 2, since 1 says that something is not allowed.

use std::path::PathBuf;

use crate::catalogue::Id;
use crate::files::{self, Purpose};
use crate::kubectl;
use crate::rbac::question;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(super) enum RbacError {
    #[error("the policy cannot be read")]
    PolicyFile(#[source] files::Error),
    #[error("`{}` is not UTF-8, so it is no policy", files::shown(.0))]
    PolicyNotText(PathBuf),
    #[error("standard input is too long for a policy")]
    PolicyTooLong,
    #[error("{}:{line}: what begins here {}", files::shown(.file), UntrustedText::new(.problem))]
    Policy {
        file: PathBuf,
        line: usize,
        problem: String,
    },
    #[error("there is no role and no binding in the files{}", skipped_text(*.skipped))]
    EmptyPolicy { skipped: usize },
    #[error("the description cannot be read")]
    DescriptionFile(#[source] files::Error),
    #[error("{}", picture_text(*.bindings))]
    Picture { bindings: usize },
    #[error("there is no check `{}`", UntrustedText::new(.id))]
    UnknownCheck {
        id: String,
        nearest: Option<&'static str>,
    },
    #[error("{}", UntrustedText::new(&.0.problem))]
    Question(question::Fault),
    #[error("nobody is named who asks")]
    NobodyNamed,
    #[error("standard input is too long for a question")]
    StdinTooLong,
    #[error("the requests cannot be read")]
    Requests(#[source] files::Error),
    #[error("this is no request: {}", UntrustedText::new(.0))]
    BadLine(String),
    #[error("the policy of the cluster cannot be read")]
    Live(#[source] kubectl::Error),
    #[error("the policy of the cluster cannot be read: the {kind} are no list of them: {}", UntrustedText::new(.problem))]
    LivePage { kind: &'static str, problem: String },
    #[error("the API server does not let you list {}", .kinds.join(", "))]
    PolicyDenied { kinds: Vec<&'static str> },
    #[error("an API server makes no user of the token: {}", UntrustedText::new(.0))]
    NoUserOfToken(String),
    #[error("the mapping of the claims cannot be read")]
    AuthenticationConfig(#[source] files::Error),
}

/// Returns why a number of bindings is not drawn.
fn picture_text(bindings: usize) -> String {
    match bindings {
        0 => "there is no binding to draw".to_owned(),
        bindings => format!("{bindings} bindings are too many for a picture"),
    }
}

/// Returns how many objects of other kinds there are.
fn skipped_text(skipped: usize) -> String {
    match skipped {
        0 => String::new(),
        1 => ", but 1 object of another kind".to_owned(),
        count => format!(", but {count} objects of other kinds"),
    }
}

impl RbacError {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::DescriptionFile(source) => source.hint(Purpose::Typed("description")),
            Self::Picture { .. } => "choose others by --subject and --namespace".to_owned(),
            Self::UnknownCheck { nearest, .. } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? All checks: docs/rbac-lint.md"),
                None => "all checks: docs/rbac-lint.md".to_owned(),
            },
            Self::StdinTooLong => "for many requests: kubesesame rbac can --requests=FILE".to_owned(),
            Self::Requests(source) => source.hint(Purpose::Flag("requests")),
            Self::BadLine(_) => {
                "write each line as after `rbac can`: get pods -n shop; or paste a refusal or an audit event".to_owned()
            }
            Self::Live(source) => format!("{}; or name files with --filename", source.hint()),
            Self::LivePage { .. } => "look at it: kubectl get --raw /apis/rbac.authorization.k8s.io/v1/clusterroles".to_owned(),
            Self::PolicyDenied { kinds } => {
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
            Self::PolicyFile(source) => source.hint(Purpose::Typed("filename")),
            Self::PolicyNotText(_) | Self::Policy { .. } => {
                "correct it, or name single files with --filename; of a cluster: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json".to_owned()
            }
            Self::EmptyPolicy { .. } | Self::PolicyTooLong => {
                "write those of a cluster with: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json".to_owned()
            }
            Self::Question(fault) => UntrustedText::new(&fault.hint).to_string(),
            Self::NobodyNamed => {
                "name the user as the API server knows it, with --as, and the groups with --as-group; kubectl auth whoami shows both; or a token with --token, or --session".to_owned()
            }
        }
    }

    pub(super) fn id(&self) -> Id {
        match self {
            Self::DescriptionFile(source) => source.id(Purpose::Typed("description")),
            Self::Picture { .. } | Self::UnknownCheck { .. } => Id::SETTING_INVALID,
            Self::PolicyFile(source) => source.id(Purpose::Typed("filename")),
            Self::PolicyNotText(_) | Self::PolicyTooLong | Self::Policy { .. } | Self::EmptyPolicy { .. } => {
                Id::POLICY_INVALID
            }
            Self::Requests(source) => source.id(Purpose::Flag("requests")),
            Self::Live(source) => source.id(),
            Self::LivePage { .. } => Id::KUBECTL_UNUSABLE,
            Self::PolicyDenied { .. } => Id::POLICY_DENIED,
            Self::NoUserOfToken(_) => Id::TOKEN_REJECTED,
            Self::AuthenticationConfig(source) => source.id(Purpose::Flag("authentication-config")),
            Self::Question(_) | Self::NobodyNamed | Self::StdinTooLong | Self::BadLine(_) => {
                Id::QUESTION_INCOMPLETE
            }
        }
    }
}
