//! Whose requests the policies look at.

use serde_json::{Value, json};

use super::identities::Person;
use super::rules::cel_list;
use crate::cluster::description::{Description, PlatformName, Role};

/// Groups that look after a cluster. Their members could delete the policies, so nothing is gained by stopping them.
const ADMINISTRATORS: [&str; 2] = ["system:masters", "kubeadm:cluster-admins"];
/// Users of Kubernetes: `system:kube-scheduler`, `system:node:…`, `system:serviceaccount:…`.
const SYSTEM: &str = "system:";
/// Users that EKS makes: its own components, and IAM principals that came by access entries.
const EKS: [&str; 2] = ["eks:", "arn:"];

/// Whose requests are judged.
#[derive(Debug)]
pub(super) struct Scope {
    names: Names,
    exempt_users: Vec<String>,
    exempt_groups: Vec<String>,
}

/// How people are told from all others, by the beginning of user names.
#[derive(Debug)]
enum Names {
    /// The prefixes of the issuers. All others are out by construction.
    With(Vec<String>),
    /// An issuer has no prefix, so everybody counts as a person but these.
    Without(Vec<String>),
}

impl Scope {
    pub(super) fn of(description: &Description) -> Self {
        let prefixes = description
            .issuers
            .iter()
            .map(|issuer| &issuer.mapping.username_prefix);
        let names = if prefixes.clone().all(|prefix| !prefix.is_empty()) {
            Names::With(unique(prefixes.cloned()))
        } else {
            let eks = if is_eks(description) { &EKS[..] } else { &[] };
            let system = [SYSTEM].into_iter().chain(eks.iter().copied());
            Names::Without(system.map(str::to_owned).collect())
        };
        let settings = &description.admission;
        let break_glass = description
            .groups
            .iter()
            .filter(|group| group.role == Role::BreakGlass)
            .flat_map(|group| description.group_names(&group.name));
        let groups = ADMINISTRATORS.into_iter().map(str::to_owned);
        Self {
            names,
            exempt_users: unique(settings.exempt_users.iter().cloned()),
            exempt_groups: unique(
                groups
                    .chain(break_glass)
                    .chain(settings.exempt_groups.iter().cloned()),
            ),
        }
    }

    /// Whether people are told by prefixes of their names.
    pub(super) fn is_by_prefix(&self) -> bool {
        matches!(self.names, Names::With(_))
    }

    /// Says who is never stopped.
    pub(super) fn exempt(&self) -> String {
        let (Names::With(starts) | Names::Without(starts)) = &self.names;
        let starts = starts.join("…, ");
        let names = match &self.names {
            Names::With(_) => format!("whose names begin otherwise than {starts}…"),
            Names::Without(_) => format!("whose names begin with {starts}…"),
        };
        let users = match self.exempt_users.as_slice() {
            [] => String::new(),
            users => format!(", the users {}", users.join(", ")),
        };
        format!(
            "never stopped: users {names}{users}, and members of {}",
            self.exempt_groups.join(", ")
        )
    }

    /// Returns the `matchConditions`. No expression fails where a field is absent.
    pub(super) fn conditions(&self) -> Vec<Value> {
        let user = "request.userInfo.?username.orValue('')";
        let (starts, not) = match &self.names {
            Names::With(starts) => (starts, ""),
            Names::Without(starts) => (starts, "!"),
        };
        let people = format!(
            "{not}{}.exists(start, {user}.startsWith(start))",
            cel_list(starts)
        );
        let groups = cel_list(&self.exempt_groups);
        let mut exempt = format!("!request.userInfo.?groups.orValue([]).exists(group, group in {groups})");
        if !self.exempt_users.is_empty() {
            exempt = format!("!({user} in {}) && {exempt}", cel_list(&self.exempt_users));
        }
        vec![
            json!({ "name": "people", "expression": people }),
            json!({ "name": "not-exempt", "expression": exempt }),
        ]
    }

    /// Returns why a person is not looked at, or `None`.
    pub(super) fn exemption(&self, person: &Person) -> Option<String> {
        let begins = |starts: &[String]| starts.iter().any(|start| person.user.starts_with(start));
        match &self.names {
            Names::With(starts) if !begins(starts) => {
                return Some(format!("no user name of a provider ({}…)", starts.join("…, ")));
            }
            Names::Without(starts) if begins(starts) => {
                return Some("a user of the platform".to_owned());
            }
            Names::With(_) | Names::Without(_) => {}
        }
        if self.exempt_users.contains(&person.user) {
            return Some("an exempt user".to_owned());
        }
        let group = person
            .groups
            .iter()
            .find(|group| self.exempt_groups.contains(group))?;
        Some(format!("the exempt group {group}"))
    }
}

fn is_eks(description: &Description) -> bool {
    use PlatformName::{CloudFormation, EksCli, Eksctl, Terraform};
    let platform = description.platform.as_ref().map(|platform| platform.name);
    platform.is_some_and(|name| matches!(name, EksCli | Eksctl | CloudFormation | Terraform))
}

pub(super) fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}
