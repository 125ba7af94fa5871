//! What kubectl passes to a credential plugin in `KUBERNETES_EXEC_INFO`, made of a kubeconfig's entries.
//!
//! Pure. It serves commands that need the session of an entry without kubectl: the text is read by the code that reads kubectl's own.

use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};

use super::entries::{ClusterEntry, ExecEntry};
use super::tree::{Node, Value};

/// The name of a cluster's extension that kubectl passes to plugins.
const EXTENSION: &str = "client.authentication.k8s.io/exec";

/// The version that kubectl assumes where a hand-written entry has none.
const API_VERSION: &str = "client.authentication.k8s.io/v1";

/// Returns the text of the variable, as kubectl sets it for this entry. `cluster` is the cluster of the context, with the content of the file
/// that its `certificate-authority` names.
pub(crate) fn exec_info(exec: &ExecEntry, cluster: Option<(&ClusterEntry, Option<&[u8]>)>) -> String {
    let mut spec = json!({ "interactive": false });
    if let Some((cluster, authority)) = cluster.filter(|_| exec.provide_cluster_info) {
        spec["cluster"] = cluster_info(cluster, authority);
    }
    let version = exec.api_version.as_deref().unwrap_or(API_VERSION);
    json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string()
}

/// Fields without a value are absent, as in `clientauthentication.Cluster` of client-go.
fn cluster_info(cluster: &ClusterEntry, authority: Option<&[u8]>) -> Json {
    // Go's decoder ignores line ends in base64.
    let data = cluster.certificate_authority_data.as_deref();
    let data = data.map(|data| data.replace(['\r', '\n'], ""));
    let authority = data.or_else(|| authority.map(|bytes| BASE64.encode(bytes)));
    let mut fields = Map::new();
    fields.insert("server".to_owned(), cluster.server.clone().into());
    for (name, text) in [
        ("tls-server-name", cluster.tls_server_name.clone()),
        ("certificate-authority-data", authority),
        ("proxy-url", cluster.proxy_url.clone()),
    ] {
        if let Some(text) = text {
            fields.insert(name.to_owned(), text.into());
        }
    }
    for (name, is_set) in [
        ("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify),
        ("disable-compression", cluster.disable_compression),
    ] {
        if is_set {
            fields.insert(name.to_owned(), true.into());
        }
    }
    if let Some(config) = &cluster.plugin_config {
        fields.insert("config".to_owned(), config.clone());
    }
    Json::Object(fields)
}

/// Returns what a list of extensions has for credential plugins.
pub(super) fn extension_of_exec(extensions: &Node) -> Option<Json> {
    let items = extensions.items().unwrap_or_default();
    let ours = items
        .iter()
        .find(|item| item.get("name").and_then(Node::text) == Some(EXTENSION))?;
    ours.get("extension").map(json_of)
}

/// Returns the value that kubectl reads. Aliases, which are not resolved, become null.
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, .. } if node.is_plain() => plain_scalar(text),
        Value::Scalar { text, .. } => text.as_str().into(),
        Value::Sequence { items, .. } => items.iter().map(json_of).collect(),
        Value::Mapping { pairs, .. } => pairs
            .iter()
            .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), json_of(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Alias(_) => Json::Null,
    }
}

/// A scalar without quotes may be a number, a boolean or null (YAML 1.1, which kubectl reads).
fn plain_scalar(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => true.into(),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => false.into(),
        _ => {
            // Numbers of JSON are numbers of YAML. Other spellings of numbers (0x1f, 1_000) stay texts.
            let number = serde_json::from_str::<serde_json::Number>(text);
            number.map_or_else(|_| text.into(), Json::Number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Entries;
    use super::*;
    use crate::exec::{ApiVersion, Cluster, Request};

    fn entries(provide: bool) -> Entries {
        Entries::read([format!(
            "\
users:
- name: u
  user: {{exec: {{command: kubesesame, apiVersion: client.authentication.k8s.io/v1beta1, provideClusterInfo: {provide}}}}}
clusters:
- name: c
  cluster:
    server: https://one
    certificate-authority: ca.pem
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {{text: 'yes', flag: yes, number: 7, none: , list: [a, '1']}}
"
        )
        .as_str()])
    }

    fn text(provide: bool, authority: Option<&[u8]>) -> String {
        let entries = entries(provide);
        let exec = entries.users[0].exec.as_ref().unwrap();
        exec_info(exec, Some((&entries.clusters[0], authority)))
    }

    #[test]
    fn the_code_for_kubectls_own_variable_reads_it() {
        let text = text(true, Some(b"PEM"));
        assert_eq!(Request::parse(Some(&text)).unwrap().version, ApiVersion::V1Beta1);
        let cluster = Cluster::parse(Some(&text)).unwrap();
        assert_eq!(cluster.server, r#"["https://one",null,null,"UEVN"]"#);
        assert_eq!(
            Json::Object(cluster.config).to_string(),
            r#"{"flag":true,"list":["a","1"],"none":null,"number":7,"text":"yes"}"#
        );
    }

    #[test]
    fn a_cluster_is_passed_only_if_the_entry_asks_for_it() {
        assert_eq!(Cluster::parse(Some(&text(false, None))), None);
    }
}
