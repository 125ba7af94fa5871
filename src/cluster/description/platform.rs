//! The ways in which an API server gets its configuration.

/// What runs the API server, or the form in which its configuration is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlatformName {
    StaticPod,
    Config,
    Kubeadm,
    Kind,
    K3s,
    Rke2,
    Talos,
    EksCli,
    Eksctl,
    CloudFormation,
    Terraform,
}

pub(crate) const PLATFORM_NAMES: &[&str] = &[
    "static-pod",
    "config",
    "kubeadm",
    "kind",
    "k3s",
    "rke2",
    "talos",
    "eks-cli",
    "eksctl",
    "cloudformation",
    "terraform",
];

impl PlatformName {
    pub(crate) const ALL: [Self; 11] = [
        Self::StaticPod,
        Self::Config,
        Self::Kubeadm,
        Self::Kind,
        Self::K3s,
        Self::Rke2,
        Self::Talos,
        Self::EksCli,
        Self::Eksctl,
        Self::CloudFormation,
        Self::Terraform,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StaticPod => "static-pod",
            Self::Config => "config",
            Self::Kubeadm => "kubeadm",
            Self::Kind => "kind",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
            Self::Talos => "talos",
            Self::EksCli => "eks-cli",
            Self::Eksctl => "eksctl",
            Self::CloudFormation => "cloudformation",
            Self::Terraform => "terraform",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == text)
    }
}
