//! The arguments of the commands that ask about a policy. Only syntax.

use std::path::PathBuf;

use clap::Args;

use crate::cli::OutputFormat;

pub(super) const CAN_ABOUT: &str = "\
Say whether a policy allows a request, and by which binding

The words are those of kubectl: `get pods -w`, `logs web-1`, `deploy.apps`, `pods/exec`, /healthz, a URL, a line with which the
API server refused a request, or an event of its audit log. Without --filename the policy is that of the cluster, read by your kubectl. The exit code is 0 if all of it is allowed, 1 if not, and 2 if it was not judged. RBAC alone is judged: not Node,
webhook and cloud authorizers, and not admission.

Examples:
  # What kubectl asks for `kubectl get pods -w`
  kubesesame rbac can get pods -w -n shop --as=okta:sarah --as-group=okta:k8s-developers -f rbac/

  # With the policy of the current context's cluster
  kubesesame rbac can delete deploy web -n shop --as=okta:sarah

  # Each line of a file; exit code 1 if one is refused
  kubesesame rbac can --requests=requests.txt --as=okta:sarah -f rbac/";

pub(super) const EXPLAIN_ABOUT: &str = "\
Say why a policy allows a request, or what is nearest to allowing it

Of a request that is allowed, each binding, role and rule that allows it. Of another one, the rules that nearly do, with what is different, and the
smallest change that allows it, as manifests. The words are those of `rbac can`; the exit codes too.

Examples:
  kubesesame rbac explain get pods -n shop --as=okta:sarah --as-group=okta:k8s-developers -f rbac/

  # A line that kubectl printed
  kubesesame rbac explain -f policy.json 'pods is forbidden: User \"okta:sarah\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"'";

pub(super) const WHO_CAN_ABOUT: &str = "\
Say who may do something, and by which bindings

Users, groups and service accounts that the policy allows it, each with all of its bindings and their roles, and who may do it with some objects only, or
in some namespaces only where all are asked for. The words are those of `rbac can`. Members of system:masters may do everything, so they do not
count. The exit code is 0 if there is somebody for all of it, 1 if not, and 2 if it was not judged. RBAC alone is judged.

Examples:
  kubesesame rbac who-can get secrets -n shop -f rbac/

  # In all namespaces of the current context's cluster, and in which of them
  kubesesame rbac who-can create pods/exec -A";

pub(super) const LIST_ABOUT: &str = "\
List what one user may do

A table of resources and verbs, in one namespace or in all: a line has all verbs that any rule of the user allows on it. --tree shows who one is, the
bindings, their roles and rules instead. For programs, the rules are those of a SelfSubjectRulesReview. RBAC alone is looked at.

Examples:
  kubesesame rbac list -n shop --as=okta:sarah --as-group=okta:k8s-developers -f rbac/

  # Where a right comes from
  kubesesame rbac list -A --tree --as=system:serviceaccount:ci:builder -f policy.json

  # For the owner of a token, by the mapping of kubesesame.yaml
  kubesesame rbac list -n shop --token=token.txt -f policy.json";

// What is asked.
#[derive(Debug, Default, Args)]
pub(super) struct WordsArgs {
    /// Verb, resource and name as for kubectl, a path, a URL, a refusal of the API server, or an audit event; `-` for standard input
    #[arg(value_name = "VERB RESOURCE [NAME]")]
    pub(super) words: Vec<String>,

    /// Namespace [default: that of the context whose cluster is asked, else `default`]
    #[arg(long, short, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub(super) namespace: Option<String>,

    /// All namespaces
    #[arg(long, short = 'A')]
    pub(super) all_namespaces: bool,

    /// Watch, as `kubectl get -w` does
    #[arg(long, short = 'w')]
    pub(super) watch: bool,

    /// Subresource, such as scale
    #[arg(long, value_name = "NAME")]
    pub(super) subresource: Option<String>,

    /// Take the verb as the API's: `get` without a name is not `list`
    #[arg(long)]
    pub(super) api_verb: bool,
}

// Where the policy is.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// File or directory with roles and bindings, `-` for standard input (repeat) [default: those of the cluster, by kubectl]
    #[arg(long = "filename", short = 'f', value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Context of the kubeconfig whose cluster is asked; with --filename, whose session it is that asks
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,

    /// Kubeconfig file for the same
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
}

// Who asks.
#[derive(Debug, Args)]
pub(super) struct IdentityArgs {
    /// User, as the API server knows one, with the prefix [default: of a cluster, yourself]
    #[arg(long = "as", value_name = "USER")]
    pub(super) user: Option<String>,

    /// Group of the user, with the prefix (repeat); those that an API server adds are added
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(super) groups: Vec<String>,

    /// Ask for the owner of a token, by the mapping of --authentication-config; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub(super) token: Option<PathBuf>,

    /// Ask for the owner of the session of the current context, or of --context, in the same way
    #[arg(long, conflicts_with_all = ["user", "token"])]
    pub(super) session: bool,

    /// What makes users of tokens: a description or an `AuthenticationConfiguration` [default: kubesesame.yaml]
    #[arg(long, value_name = "FILE")]
    pub(super) authentication_config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Format of the result: json or yaml
    #[arg(
        long = "output",
        short = 'o',
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(super) format: Option<OutputFormat>,
}

#[derive(Debug, Args)]
pub(super) struct QuestionArgs {
    #[command(flatten)]
    pub(super) words: WordsArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CanArgs {
    #[command(flatten)]
    pub(super) question: QuestionArgs,

    /// Judge many requests, one in each line, written as after `rbac can`, or events of an audit log; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub(super) requests: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct WhoCanArgs {
    #[command(flatten)]
    pub(super) words: WordsArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    pub(super) question: QuestionArgs,

    /// User who is to apply the change: says whether the API server would let that user
    #[arg(long, value_name = "USER")]
    pub(super) applier: Option<String>,

    /// Group of that user (repeat)
    #[arg(long, value_name = "GROUP", requires = "applier")]
    pub(super) applier_group: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Namespace [default: that of the context whose cluster is asked, else `default`]
    #[arg(long, short, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub(super) namespace: Option<String>,

    /// What counts in all namespaces, and what each namespace adds
    #[arg(long, short = 'A')]
    pub(super) all_namespaces: bool,

    /// Show subjects, bindings, roles and rules
    #[arg(long, conflicts_with = "format")]
    pub(super) tree: bool,

    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
