//! The arguments of `cluster check`. Only syntax.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const CHECK_ABOUT: &str = "\
Check the settings of an API server about tokens, and network policies, before it reads them

Reads an AuthenticationConfiguration, the manifest of a kube-apiserver, kubeadm's configuration, an identity provider of EKS (eksctl, AWS CLI,
CloudFormation, Terraform's JSON), or NetworkPolicies. Errors are what the API server refuses, with its own words; warnings are what it accepts and
what does not do what was meant. Nothing is sent anywhere.

Exit code: 0 without an error, 1 with errors, 2 for a wrong command line.

Examples:
  # Before the file is copied to the control plane
  kubesesame cluster check authentication.yaml

  # For the version that runs there
  kubesesame cluster check authentication.yaml --kubernetes-version=1.33

  # Who would the owner of this token be?
  kubesesame cluster check authentication.yaml --token=token

  # In a pipeline
  kubesesame cluster check --output=json *.yaml";

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files to check, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,

    /// Version of Kubernetes that will read the files, such as 1.34 [default: the rules of 1.36]
    #[arg(long, value_name = "VERSION")]
    pub(super) kubernetes_version: Option<String>,

    /// Issuer of the cluster's service accounts, which no issuer of people may be (repeat)
    #[arg(long, value_name = "URL")]
    pub(super) service_account_issuer: Vec<String>,

    /// Say which user the owner of this token would be; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) token: Option<PathBuf>,

    /// The same for the token of the session of a context of the kubeconfig
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    pub(super) context: Option<String>,

    /// `text` or `json`
    #[arg(
        long,
        short,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(super) output: CheckOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckOutput {
    Text,
    Json,
}
