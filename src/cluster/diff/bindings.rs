//! Subjects of bindings that no issuer makes any more, or that an issuer makes from now on.

use super::source::Source;
use crate::cluster::check::{Configuration, Settings};
use crate::rbac::policy::model::{Binding, Place, Policy, Scope, SubjectKind};

/// What the change does to a subject of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// No token makes this name any more.
    Nobody,
    /// The same names are made of something else now.
    Doubtful,
    /// Tokens can make this name from now on.
    Somebody,
}

impl Reach {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Doubtful => "doubtful",
            Self::Somebody => "somebody",
        }
    }
}

/// A subject whose reach changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BindingChange {
    pub(crate) place: Place,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    /// `User` or `Group`.
    pub(crate) subject_kind: &'static str,
    pub(crate) subject: String,
    pub(crate) reach: Reach,
}

/// The issuers of one configuration, each with where its users and groups come from.
struct Makers(Vec<(String, Source, Source)>);

impl Makers {
    fn of(configuration: &Configuration) -> Self {
        let makers = configuration.jwt.iter().map(|jwt| {
            let (users, groups) = (Source::of_username(&jwt.username), Source::of_groups(&jwt.groups));
            (jwt.issuer.url.clone(), users, groups)
        });
        Self(makers.collect())
    }

    fn sources(&self, is_user: bool) -> impl Iterator<Item = (&str, &Source)> {
        self.0
            .iter()
            .map(move |(url, users, groups)| (url.as_str(), if is_user { users } else { groups }))
    }
}

/// Returns the subjects whose reach changes, in the order of the bindings.
pub(crate) fn bindings(policy: &Policy, old: &Settings, new: &Settings) -> Vec<BindingChange> {
    let (before, after) = (Makers::of(&old.configuration), Makers::of(&new.configuration));
    let mut changes = Vec::new();
    for binding in &policy.bindings {
        for subject in &binding.subjects {
            let (is_user, subject_kind) = match subject.kind {
                SubjectKind::User => (true, "User"),
                SubjectKind::Group => (false, "Group"),
                SubjectKind::ServiceAccount | SubjectKind::Other(_) => continue,
            };
            let name = policy.text(subject.name);
            if let Some(reach) = reach(name, is_user, &before, &after) {
                changes.push(BindingChange {
                    place: binding.place,
                    kind: binding.kind(),
                    name: policy.text(binding.name).to_owned(),
                    namespace: namespace(policy, binding),
                    subject_kind,
                    subject: name.to_owned(),
                    reach,
                });
            }
        }
    }
    changes
}

pub(super) fn namespace(policy: &Policy, binding: &Binding) -> Option<String> {
    match binding.scope {
        Scope::Cluster => None,
        Scope::Namespace(namespace) => Some(policy.text(namespace).to_owned()),
    }
}

fn reach(name: &str, is_user: bool, before: &Makers, after: &Makers) -> Option<Reach> {
    let makes = |makers: &Makers| makers.sources(is_user).any(|(_, source)| source.can_make(name));
    match (makes(before), makes(after)) {
        (false, false) => None,
        (true, false) => Some(Reach::Nobody),
        (false, true) => Some(Reach::Somebody),
        (true, true) => {
            let now: Vec<(&str, &Source)> = after.sources(is_user).collect();
            let made = before
                .sources(is_user)
                .filter(|(_, source)| source.can_make(name));
            let mut found = None;
            for (url, source) in made {
                let successor = now
                    .iter()
                    .find(|(other, _)| *other == url)
                    .map(|(_, source)| *source);
                if successor == Some(source) {
                    return None;
                }
                found = found.or_else(|| by_other_source(name, source, successor));
            }
            found
        }
    }
}

/// Addresses tell a name that was made of `email` from one that was not.
fn by_other_source(name: &str, source: &Source, successor: Option<&Source>) -> Option<Reach> {
    let Some(successor) = successor else {
        // Another issuer can make it.
        return Some(Reach::Doubtful);
    };
    let rest = name
        .strip_prefix(source.prefix().unwrap_or_default())
        .unwrap_or(name);
    let is_address = rest.contains('@');
    match (source.claim(), successor.claim()) {
        (Some(from), Some(to)) if from == to => None,
        (Some(_), Some("email")) => (!is_address).then_some(Reach::Nobody),
        (Some("email"), Some(_)) => is_address.then_some(Reach::Nobody),
        (Some(_), Some(_)) => Some(Reach::Doubtful),
        // With the same prefix an expression makes most likely the same names.
        (_, _) if source.prefix().is_some() && source.prefix() == successor.prefix() => None,
        (_, _) => Some(Reach::Doubtful),
    }
}
