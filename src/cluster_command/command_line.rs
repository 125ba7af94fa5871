//! The command line of `kubesesame-cluster`. Only syntax.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::admission::AdmissionCommand;
use super::apply::ApplyArgs;
use super::check_args::{CHECK_ABOUT, CheckArgs};
use super::diff;
use super::rbac_args::{
    CAN_ABOUT, CanArgs, EXPLAIN_ABOUT, ExplainArgs, LIST_ABOUT, ListArgs, WHO_CAN_ABOUT, WhoCanArgs,
};
use super::rbac_diff::{self, DIFF_ABOUT};
use super::rbac_graph::{GRAPH_ABOUT, GraphArgs};
use super::rbac_lint::{LINT_ABOUT, LintArgs};
use super::tune::{self, TuneArgs};
use super::verify::{self, VerifyArgs};

/// Configure clusters for people who sign in at an OpenID provider
#[derive(Debug, Parser)]
#[command(
    name = "kubesesame-cluster",
    bin_name = "kubesesame",
    version,
    disable_help_subcommand = true
)]
pub(super) struct ClusterCli {
    #[command(subcommand)]
    pub(super) command: TopCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum TopCommand {
    /// Configure a cluster's API server and network for the provider, from one description
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Write roles and bindings for the groups of the provider, and explain what a policy allows
    #[command(subcommand)]
    Rbac(RbacCommand),
    /// Refuse requests of people that their roles allow
    #[command(subcommand)]
    Admission(AdmissionCommand),
    /// Print the version
    Version,
}

const INIT_ABOUT: &str = "\
Write the description of a cluster, kubesesame.yaml, from which all else is made

Examples:
  # From the session of the current context
  kubesesame cluster init

  # From flags
  kubesesame cluster init --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID --platform=kubeadm --kubernetes-version=1.34";

const AUTHN_ABOUT: &str = "\
Print the configuration that makes an API server accept the provider's tokens

Examples:
  # For the platform of kubesesame.yaml
  kubesesame cluster authn

  # For EKS by Terraform, as a file
  kubesesame cluster authn --platform=terraform --dir=infrastructure

  # Without a description
  kubesesame cluster authn --platform=static-pod --oidc-client-id=ID \\
    --oidc-issuer-url=https://ORG.okta.com/oauth2/default";

const RBAC_ABOUT: &str = "\
Print roles, and bindings of the description's groups

Examples:
  # Look, then apply
  kubesesame rbac generate | kubectl diff -f -
  kubesesame rbac generate --apply

  # Without a description
  kubesesame rbac generate --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID --group=k8s-developers=developer@team-a,team-b";

const NETWORK_ABOUT: &str = "\
Print network policies for the description's namespaces

Examples:
  # Look, then apply
  kubesesame cluster network | kubectl diff -f -
  kubesesame cluster network --apply";

#[derive(Debug, Subcommand)]
pub(super) enum ClusterCommand {
    /// Write the description of a cluster, kubesesame.yaml, from which all else is made
    #[command(long_about = INIT_ABOUT)]
    Init(Box<InitArgs>),
    /// Print the configuration that makes an API server accept the provider's tokens
    #[command(long_about = AUTHN_ABOUT)]
    Authn(Box<AuthnArgs>),
    /// Check the settings of an API server about tokens, and network policies, before it reads them
    #[command(long_about = CHECK_ABOUT)]
    Check(CheckArgs),
    /// Say what a change of an API server's settings about tokens means for people
    #[command(long_about = diff::ABOUT)]
    Diff(Box<diff::DiffArgs>),
    /// Print network policies for the description's namespaces
    #[command(long_about = NETWORK_ABOUT)]
    Network(Box<NetworkArgs>),
    /// Say what settings that are recommended for speed do, and which are worth setting
    #[command(long_about = tune::ABOUT)]
    Tune(TuneArgs),
    /// Ask a running API server whether it does what the description says
    #[command(long_about = verify::ABOUT)]
    Verify(Box<VerifyArgs>),
}

#[derive(Debug, Subcommand)]
pub(super) enum RbacCommand {
    /// Print roles, and bindings of the description's groups
    #[command(long_about = RBAC_ABOUT)]
    Generate(Box<RbacGenerateArgs>),
    /// Say whether a policy allows a request, and by which binding
    #[command(long_about = CAN_ABOUT)]
    Can(Box<CanArgs>),
    /// Say why a policy allows a request, or what is nearest to allowing it
    #[command(long_about = EXPLAIN_ABOUT)]
    Explain(Box<ExplainArgs>),
    /// Say who may do something, and by which bindings
    #[command(long_about = WHO_CAN_ABOUT)]
    WhoCan(Box<WhoCanArgs>),
    /// List what one user may do
    #[command(long_about = LIST_ABOUT)]
    List(Box<ListArgs>),
    /// Say who may do more or less by one policy than by another
    #[command(long_about = DIFF_ABOUT)]
    Diff(rbac_diff::DiffArgs),
    /// Check roles and bindings for ways to become administrator, references to nothing, and rules without effect
    #[command(long_about = LINT_ABOUT)]
    Lint(Box<LintArgs>),
    /// Draw who has which role by which binding, as SVG
    #[command(long_about = GRAPH_ABOUT)]
    Graph(GraphArgs),
}

#[derive(Debug, Args)]
pub(super) struct FileArg {
    /// The description, `-` for standard input [default: kubesesame.yaml]
    #[arg(long = "file", short, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct NetworkArgs {
    #[command(flatten)]
    pub(super) file: FileArg,
    #[command(flatten)]
    pub(super) apply: ApplyArgs,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The file to write, which does not exist yet; `-` for standard output
    #[arg(long = "file", short, value_name = "FILE", default_value = "kubesesame.yaml")]
    pub(super) file: PathBuf,

    /// A token whose claims are used, `-` for standard input; without it and without an issuer that of the current context
    #[arg(long, value_name = "FILE", conflicts_with = "oidc_issuer_url")]
    pub(super) token_file: Option<PathBuf>,

    /// Context of the kubeconfig whose session is used
    #[arg(long, value_name = "NAME", conflicts_with = "oidc_issuer_url")]
    pub(super) context: Option<String>,

    /// Do not compare the issuer with the provider's discovery document
    #[arg(long)]
    pub(super) offline: bool,

    #[command(flatten)]
    pub(super) issuer: IssuerArgs,
    #[command(flatten)]
    pub(super) groups: GroupArgs,
    #[command(flatten)]
    pub(super) platform: PlatformArgs,
}

#[derive(Debug, Args)]
pub(super) struct AuthnArgs {
    #[command(flatten)]
    pub(super) file: FileArg,

    /// `flags` (--oidc-…) or `config` (a structured configuration) [default: what fits the platform and the description]
    #[arg(long, value_name = "FORM", hide_possible_values = true)]
    pub(super) form: Option<FormChoice>,

    /// Write the files into this directory, which is made if needed; the files must not exist yet
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,

    #[command(flatten)]
    pub(super) issuer: IssuerArgs,
    #[command(flatten)]
    pub(super) platform: PlatformArgs,
    #[command(flatten)]
    pub(super) apply: NoApplyArgs,
}

// What other commands have. Here it is an error that says what to do instead.
#[derive(Debug, Args)]
pub(super) struct NoApplyArgs {
    #[arg(long, hide = true)]
    pub(super) apply: bool,

    #[arg(long, hide = true, requires = "apply")]
    pub(super) yes: bool,

    #[arg(long, hide = true, requires = "apply")]
    pub(super) context: Option<String>,

    #[arg(long, hide = true, requires = "apply")]
    pub(super) kubeconfig: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RbacGenerateArgs {
    #[command(flatten)]
    pub(super) file: FileArg,
    #[command(flatten)]
    pub(super) issuer: IssuerArgs,
    #[command(flatten)]
    pub(super) groups: GroupArgs,
    #[command(flatten)]
    pub(super) apply: ApplyArgs,
}

// An issuer by flags, in place of a description.
#[derive(Debug, Args)]
#[command(next_help_heading = "Issuer, in place of a description")]
pub(super) struct IssuerArgs {
    /// Issuer URL, byte for byte as the provider's discovery document has it
    #[arg(long, value_name = "URL")]
    pub(super) oidc_issuer_url: Option<String>,

    /// Client id (repeat)
    #[arg(
        long,
        value_name = "ID",
        requires = "oidc_issuer_url",
        allow_hyphen_values = true
    )]
    pub(super) oidc_client_id: Vec<String>,

    /// Claim of the user name [default: sub]
    #[arg(long, value_name = "CLAIM")]
    pub(super) username_claim: Option<String>,

    /// What is put before each user name [default: `okta:`, or `oidc:` for other providers]
    #[arg(long, value_name = "PREFIX")]
    pub(super) username_prefix: Option<String>,

    /// Claim of the groups [default: groups]
    #[arg(long, value_name = "CLAIM")]
    pub(super) groups_claim: Option<String>,

    /// What is put before each group [default: that of the user name]
    #[arg(long, value_name = "PREFIX")]
    pub(super) groups_prefix: Option<String>,

    /// Claim that has to be in a token, as NAME=VALUE (repeat)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) required_claim: Vec<String>,

    /// PEM file with the certificate authorities of the issuer, if those of the system do not know it
    #[arg(long, value_name = "FILE")]
    pub(super) certificate_authority: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Groups")]
pub(super) struct GroupArgs {
    /// Group of the provider with its role, as NAME=ROLE or NAME=ROLE@NAMESPACE,… (repeat)
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Vec<String>,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Platform")]
pub(super) struct PlatformArgs {
    /// static-pod, config, kubeadm, kind, k3s, rke2, talos, eks-cli, eksctl, cloudformation or terraform
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<String>,

    /// Version of Kubernetes, such as 1.34
    #[arg(long, value_name = "VERSION")]
    pub(super) kubernetes_version: Option<String>,

    /// Name of the cluster, as the platform has it
    #[arg(long, value_name = "NAME")]
    pub(super) cluster_name: Option<String>,

    /// Region of a managed cluster
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,

    /// Issuer of the cluster's service accounts (--service-account-issuer), which no issuer of people may be
    #[arg(long, value_name = "URL")]
    pub(super) service_account_issuer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormChoice {
    Flags,
    Config,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        ClusterCli::command().debug_assert();
    }
}
