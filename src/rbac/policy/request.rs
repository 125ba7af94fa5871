//! What the API server asks RBAC: a user, and the attributes of a request.

use super::model::{Policy, Scope, SubjectKind, Symbol, account_user};

const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// Its members may do everything, and RBAC is not asked.
pub(crate) const MASTERS: &str = "system:masters";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// A user as the API server knows one, with all groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

impl User {
    /// Adds the groups that an API server adds by itself.
    pub(crate) fn with_implicit_groups(name: &str, groups: &[String]) -> Self {
        let mut all = groups.to_vec();
        let mut add = |group: String| {
            if !all.contains(&group) {
                all.push(group);
            }
        };
        if let Some((namespace, _)) = account_of(name) {
            add("system:serviceaccounts".to_owned());
            add(format!("system:serviceaccounts:{namespace}"));
        }
        if name == ANONYMOUS {
            add(UNAUTHENTICATED.to_owned());
        } else {
            add(AUTHENTICATED.to_owned());
        }
        Self {
            name: name.to_owned(),
            groups: all,
        }
    }

    pub(crate) fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }
}

/// Returns the namespace and the name of a service account by its user name.
pub(crate) fn account_of(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(ACCOUNT_PREFIX)?.split_once(':')?;
    // As upstream splits it: a name that has more parts is no service account's.
    (!name.contains(':')).then_some((namespace, name))
}

/// The attributes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: String,
    pub(crate) target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Resource(ResourceTarget),
    /// A path that is no resource's, such as `/healthz`.
    Path(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResourceTarget {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) resource: String,
    /// Empty if it is the resource itself.
    pub(crate) subresource: String,
    /// Empty if the request names no object.
    pub(crate) name: String,
    /// Empty at the cluster scope.
    pub(crate) namespace: String,
}

impl ResourceTarget {
    /// Returns `pods`, or `pods/log`.
    pub(crate) fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

impl Request {
    pub(crate) fn namespace(&self) -> &str {
        match &self.target {
            Target::Resource(target) => &target.namespace,
            Target::Path(_) => "",
        }
    }

    /// Returns the scope in which the request is made. `None` if the policy has nothing in its namespace.
    pub(crate) fn scope(&self, policy: &Policy) -> Option<Scope> {
        match self.namespace() {
            "" => Some(Scope::Cluster),
            namespace => policy.names.find(namespace).map(Scope::Namespace),
        }
    }
}

/// A request in the numbers of a policy. A text that the policy has nowhere is `None`: only `*` matches it.
#[derive(Debug)]
pub(crate) struct RequestSymbols<'a> {
    pub(super) verb: Option<Symbol>,
    pub(super) target: TargetSymbols<'a>,
    pub(super) namespace: Option<Symbol>,
}

#[derive(Debug)]
pub(super) enum TargetSymbols<'a> {
    Resource {
        group: Option<Symbol>,
        /// `pods` or `pods/log`.
        combined: Option<Symbol>,
        /// `*/log`, if there is a subresource.
        any_with_subresource: Option<Symbol>,
        name: Option<Symbol>,
    },
    Path {
        symbol: Option<Symbol>,
        text: &'a str,
    },
}

impl<'a> RequestSymbols<'a> {
    /// Returns the namespace of the request, if the policy has it anywhere.
    pub(crate) fn namespace(&self) -> Option<Symbol> {
        self.namespace
    }

    pub(crate) fn new(policy: &Policy, request: &'a Request) -> Self {
        let find = |text: &str| policy.names.find(text);
        let target = match &request.target {
            Target::Path(path) => TargetSymbols::Path {
                symbol: find(path),
                text: path,
            },
            Target::Resource(target) if target.subresource.is_empty() => TargetSymbols::Resource {
                group: find(&target.group),
                combined: find(&target.resource),
                any_with_subresource: None,
                name: find(&target.name),
            },
            Target::Resource(target) => TargetSymbols::Resource {
                group: find(&target.group),
                combined: find(&target.combined()),
                any_with_subresource: find(&format!("*/{}", target.subresource)),
                name: find(&target.name),
            },
        };
        let namespace = request.namespace();
        Self {
            verb: find(&request.verb),
            target,
            namespace: (!namespace.is_empty()).then(|| find(namespace)).flatten(),
        }
    }
}

/// A user in the numbers of a policy.
#[derive(Debug)]
pub(crate) struct UserSymbols {
    pub(super) name: Option<Symbol>,
    pub(super) groups: Vec<Symbol>,
}

impl UserSymbols {
    /// Whether the user is a subject of a binding.
    pub(crate) fn is_subject_of(&self, policy: &Policy, binding: usize) -> bool {
        let binding = &policy.bindings[binding];
        binding.subjects.iter().any(|subject| match subject.kind {
            SubjectKind::User => Some(subject.name) == self.name,
            SubjectKind::Group => self.groups.contains(&subject.name),
            SubjectKind::ServiceAccount => {
                let namespace = subject.account_namespace(binding.scope);
                let user = account_user(policy.text(namespace), policy.text(subject.name));
                namespace != Symbol::EMPTY && self.name == policy.names.find(&user)
            }
            SubjectKind::Other(_) => false,
        })
    }

    pub(crate) fn new(policy: &Policy, user: &User) -> Self {
        Self {
            name: policy.names.find(&user.name),
            groups: user
                .groups
                .iter()
                .filter_map(|group| policy.names.find(group))
                .collect(),
        }
    }
}
