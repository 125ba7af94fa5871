//! What `setup` adds to a kubeconfig: a user that runs kubesesame, and a context. And the kubeconfig for other people.

use serde_json::{Value, json};

use super::clusters::ClusterEntry;
use super::entry::{API_VERSION, COMMAND, INSTALL_HINT, INTERACTIVE_MODE};

/// A user whose tokens come from kubesesame.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    /// The arguments of `get-token`.
    pub(crate) arguments: Vec<String>,
}

/// A context for that user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewContext {
    pub(crate) name: String,
    pub(crate) cluster: String,
}

impl NewUser {
    /// Returns the element of the list `users`.
    pub(super) fn item(&self) -> Value {
        let arguments: Vec<&str> = ["get-token"]
            .into_iter()
            .chain(self.arguments.iter().map(String::as_str))
            .collect();
        json!({
            "name": self.name,
            "user": { "exec": {
                "apiVersion": API_VERSION,
                "args": arguments,
                "command": COMMAND,
                "installHint": INSTALL_HINT,
                "interactiveMode": INTERACTIVE_MODE,
            }},
        })
    }

    /// Returns a whole kubeconfig for this user at one cluster.
    pub(crate) fn kubeconfig(&self, context: &NewContext, cluster: &ClusterEntry) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": cluster.name, "cluster": cluster.settings }],
            "users": [self.item()],
            "contexts": [context.item(&self.name)],
            "current-context": context.name,
        })
    }
}

impl NewContext {
    /// Returns the context that `setup` makes for a user at a cluster.
    pub(crate) fn of(user: &str, cluster: &str) -> Self {
        Self {
            name: format!("{user}@{cluster}"),
            cluster: cluster.to_owned(),
        }
    }

    /// Returns the element of the list `contexts`.
    pub(super) fn item(&self, user: &str) -> Value {
        json!({ "name": self.name, "context": { "cluster": self.cluster, "user": user } })
    }
}
