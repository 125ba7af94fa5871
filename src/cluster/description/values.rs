//! A description whose values are valid and go together.

use std::collections::BTreeMap;
use std::fmt;

use super::platform::PlatformName;
use crate::cluster::mapping::ClaimMapping;

#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) cluster: Option<String>,
    pub(crate) platform: Option<Platform>,
    /// At least one. The first is the primary one.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) groups: Vec<GroupGrant>,
    pub(crate) network: Vec<NetworkRules>,
    pub(crate) admission: AdmissionSettings,
}

impl Description {
    pub(crate) fn primary(&self) -> &Issuer {
        &self.issuers[0]
    }

    /// Returns the names that a group of the provider has at the API server: each issuer makes its own.
    pub(crate) fn group_names(&self, group: &str) -> impl Iterator<Item = String> {
        let prefixes = self.issuers.iter().map(|issuer| &issuer.mapping.groups_prefix);
        prefixes.map(move |prefix| format!("{prefix}{group}"))
    }

    pub(crate) fn version(&self) -> Option<KubernetesVersion> {
        self.platform.as_ref().and_then(|platform| platform.version)
    }
}

#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) name: PlatformName,
    pub(crate) version: Option<KubernetesVersion>,
    pub(crate) region: Option<String>,
}

/// A minor version of Kubernetes 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KubernetesVersion {
    pub(crate) minor: u16,
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl KubernetesVersion {
    /// Reads `1.34`, also as `v1.34.2`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.split('.');
        let (major, minor) = (parts.next()?, parts.next()?);
        (major == "1").then_some(())?;
        minor.parse().ok().map(|minor| Self { minor })
    }
}

#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) is_primary: bool,
    pub(crate) url: String,
    /// At least one.
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithm: Option<String>,
    pub(crate) authority_pem: Option<String>,
    pub(crate) mapping: ClaimMapping,
    /// Only groups that begin so are passed on.
    pub(crate) groups_starting_with: Option<String>,
    pub(crate) uid_claim: Option<String>,
    pub(crate) required_claims: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct GroupGrant {
    /// Without a prefix.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Empty for a role of the whole cluster.
    pub(crate) namespaces: Vec<String>,
}

/// What the members of a group may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Developer,
    PlatformEngineer,
    NamespaceAdmin,
    BreakGlass,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [
        Self::Developer,
        Self::PlatformEngineer,
        Self::NamespaceAdmin,
        Self::BreakGlass,
    ];
    pub(crate) const NAMES: &'static [&'static str] =
        &["developer", "platform-engineer", "namespace-admin", "break-glass"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::PlatformEngineer => "platform-engineer",
            Self::NamespaceAdmin => "namespace-admin",
            Self::BreakGlass => "break-glass",
        }
    }

    /// Whether it is given in namespaces, and not in the whole cluster.
    pub(crate) fn is_for_namespaces(self) -> bool {
        match self {
            Self::Developer | Self::NamespaceAdmin => true,
            Self::PlatformEngineer | Self::BreakGlass => false,
        }
    }
}

/// The connections of the pods of a namespace.
#[derive(Debug)]
pub(crate) struct NetworkRules {
    pub(crate) namespace: String,
    pub(crate) allow: Vec<AllowedTraffic>,
    pub(crate) api_server: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct AllowedTraffic {
    /// Labels of the pods that are called.
    pub(crate) to: BTreeMap<String, String>,
    pub(crate) from: Peer,
    pub(crate) ports: Vec<u16>,
}

/// Pods that may call. Both are meant together.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) namespace: Option<String>,
    pub(crate) pods: BTreeMap<String, String>,
}

/// Which requests of people are refused. Groups of a rule are without a prefix, and exemptions as the API server calls them.
#[derive(Debug, Default)]
pub(crate) struct AdmissionSettings {
    /// Groups beside those of the description whose members may change the cluster.
    pub(crate) further_groups: Vec<String>,
    /// `None` if there is no such rule.
    pub(crate) secret_deletion: Option<Vec<String>>,
    /// `None` if there is no such rule.
    pub(crate) root_pods: Option<Vec<String>>,
    pub(crate) exempt_users: Vec<String>,
    pub(crate) exempt_groups: Vec<String>,
}
