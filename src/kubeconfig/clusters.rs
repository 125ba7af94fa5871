//! The clusters of a kubeconfig, and which of them is the current one.

use serde_json::{Map, Value as Json};

use super::convert::TextError;
use super::tree::{Node, Value, parse};
use super::users::users;

/// Settings of a cluster that another person needs too. Files have no meaning elsewhere, so `certificate-authority` is replaced by the caller.
const SHARED_SETTINGS: [&str; 7] = [
    "certificate-authority",
    "certificate-authority-data",
    "disable-compression",
    "insecure-skip-tls-verify",
    "proxy-url",
    "server",
    "tls-server-name",
];

/// The clusters of one file.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    /// The value of `current-context`.
    pub(crate) current_context: Option<String>,
    /// The names of contexts, each with its cluster.
    pub(crate) contexts: Vec<(String, String)>,
    pub(crate) users: Vec<String>,
    pub(crate) entries: Vec<ClusterEntry>,
}

/// A cluster: its name and those of its settings that are not personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterEntry {
    pub(crate) name: String,
    pub(crate) settings: Map<String, Json>,
}

/// Reads the clusters and contexts of a kubeconfig.
///
/// # Errors
/// If the text is not a kubeconfig.
pub(crate) fn clusters(text: &str) -> Result<Clusters, TextError> {
    let document = parse(text).map_err(TextError::InvalidYaml)?;
    let users = users(&document).map_err(TextError::NotKubeconfig)?;
    let users = users.iter().map(|user| user.name.to_owned()).collect();
    let Some(root) = &document.root else {
        return Ok(Clusters::default());
    };
    let items = |key: &str| root.get(key).and_then(Node::items).unwrap_or_default();
    let context = |item: &Node| {
        let cluster = item.get("context")?.get("cluster");
        Some((text_of(item.get("name"))?, text_of(cluster)?))
    };
    let entry = |item: &Node| {
        Some(ClusterEntry {
            name: text_of(item.get("name"))?,
            settings: settings(item.get("cluster")?),
        })
    };
    Ok(Clusters {
        current_context: text_of(root.get("current-context")),
        contexts: items("contexts").iter().filter_map(context).collect(),
        users,
        entries: items("clusters").iter().filter_map(entry).collect(),
    })
}

fn text_of(node: Option<&Node>) -> Option<String> {
    let text = node.filter(|node| !node.is_null())?.text()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn settings(cluster: &Node) -> Map<String, Json> {
    let found = SHARED_SETTINGS.into_iter().filter_map(|key| {
        let node = cluster.get(key)?;
        let text = text_of(Some(node))?;
        let is_plain =
            matches!(&node.value, Value::Scalar { style, .. } if *style == granit_parser::ScalarStyle::Plain);
        let value = match text.as_str() {
            "true" if is_plain => Json::Bool(true),
            "false" if is_plain => Json::Bool(false),
            _ => Json::String(text),
        };
        Some((key.to_owned(), value))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_of_the_current_context_is_read_without_personal_settings() {
        let text = "\
current-context: a
contexts:
- name: a
  context: {cluster: c, user: u}
- {name: broken}
clusters:
- name: c
  cluster:
    server: https://c
    insecure-skip-tls-verify: true
    extensions: [{name: x}]
users: []
";
        let found = clusters(text).unwrap();
        assert_eq!(found.current_context.as_deref(), Some("a"));
        assert_eq!(found.contexts, [("a".to_owned(), "c".to_owned())]);
        assert_eq!(
            Json::Object(found.entries[0].settings.clone()),
            serde_json::json!({"server": "https://c", "insecure-skip-tls-verify": true})
        );
        assert!(clusters("").unwrap().entries.is_empty());
        assert!(clusters("a: b").is_err());
    }
}
