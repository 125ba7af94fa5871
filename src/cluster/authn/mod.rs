//! The configuration of an API server that accepts the tokens of a description's issuers: for each platform the file or the command that it
//! takes.
//!
//! Pure: a description comes in, texts go out. Each text says in comments how to apply it and how to go back. What a platform cannot do is a
//! [`Refusal`] or a note with the reason, and is never left out in silence.

mod cloudformation;
mod config;
mod eks;
mod eks_cli;
mod eksctl;
#[cfg(test)]
mod file_tests;
mod k3s;
mod kind;
mod kubeadm;
mod output;
mod rke2;
mod static_pod;
mod talos;
mod terraform;
#[cfg(test)]
mod tests;
mod trust;

use super::description::{Description, PlatformName};
pub(crate) use output::{GeneratedFile, Header, Output, Refusal};
pub(crate) use trust::{Form, cel_text};

/// Returns what the API server of a description is told, in a form that `check` reads: a structured configuration, a manifest with flags, or
/// the association with EKS, whichever its platform takes.
///
/// # Errors
/// If the platform cannot do what the description says.
pub(crate) fn settings(description: &Description) -> Result<String, Refusal> {
    match description.platform.as_ref().map(|platform| platform.name) {
        Some(
            PlatformName::EksCli
            | PlatformName::Eksctl
            | PlatformName::CloudFormation
            | PlatformName::Terraform,
        ) => {
            let files = eksctl::generate(description, None)?.files;
            Ok(files.into_iter().map(|file| file.content).collect())
        }
        Some(PlatformName::StaticPod) => trust::settings(description, Form::Flags),
        Some(
            PlatformName::Config
            | PlatformName::Kubeadm
            | PlatformName::Kind
            | PlatformName::K3s
            | PlatformName::Rke2
            | PlatformName::Talos,
        )
        | None => trust::settings(description, Form::Configuration),
    }
}

/// Says what applies the configuration of a platform. kubectl does for none of them.
pub(crate) fn how_to_apply(platform: PlatformName) -> &'static str {
    match platform {
        PlatformName::StaticPod => {
            "on each control plane node, patch /etc/kubernetes/manifests/kube-apiserver.yaml; the kubelet starts the API server anew"
        }
        PlatformName::Config => {
            "copy the file to each control plane node, where --authentication-config names it; the API server reads it within a minute"
        }
        PlatformName::Kubeadm => {
            "merge it into kubeadm's configuration, and run kubeadm init phase control-plane apiserver on each control plane node"
        }
        PlatformName::Kind => "make the cluster anew: kind create cluster --config=FILE",
        PlatformName::K3s => {
            "copy the file into /etc/rancher/k3s/config.yaml.d on each server, and restart k3s"
        }
        PlatformName::Rke2 => {
            "copy the file into /etc/rancher/rke2/config.yaml.d on each server, and restart rke2-server"
        }
        PlatformName::Talos => "patch the machine configuration: talosctl patch machineconfig",
        PlatformName::EksCli => "run the command of the AWS CLI that it prints",
        PlatformName::Eksctl => "eksctl associate identityprovider --config-file=FILE",
        PlatformName::CloudFormation => {
            "deploy it as a stack: aws cloudformation deploy --template-file=FILE"
        }
        PlatformName::Terraform => "terraform plan, then terraform apply",
    }
}

/// Returns the configuration for a platform. Without a form, the one that fits the platform and the description best is taken.
///
/// # Errors
/// If the platform cannot do what the description says.
pub(crate) fn generate(
    description: &Description,
    platform: PlatformName,
    form: Option<Form>,
) -> Result<Output, Refusal> {
    match platform {
        PlatformName::StaticPod => static_pod::generate(description, form),
        PlatformName::Config => config::generate(description, form),
        PlatformName::Kubeadm => kubeadm::generate(description, form),
        PlatformName::Kind => kind::generate(description, form),
        PlatformName::K3s => k3s::generate(description, form),
        PlatformName::Rke2 => rke2::generate(description, form),
        PlatformName::Talos => talos::generate(description, form),
        PlatformName::EksCli => eks_cli::generate(description, form),
        PlatformName::Eksctl => eksctl::generate(description, form),
        PlatformName::CloudFormation => cloudformation::generate(description, form),
        PlatformName::Terraform => terraform::generate(description, form),
    }
}
