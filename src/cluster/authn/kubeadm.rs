//! kubeadm: the part `apiServer` of its `ClusterConfiguration`.

use serde_json::{Map, Value, json};

use super::output::{GeneratedFile, Header, Output, Refusal};
use super::static_pod::{DIR, VOLUME};
use super::trust::{Form, Trust};
use crate::cluster::description::Description;
use crate::kubeconfig;

const V1BETA4: &str = "kubeadm.k8s.io/v1beta4";
const V1BETA3: &str = "kubeadm.k8s.io/v1beta3";

/// # Errors
/// If the form cannot say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let trust = Trust::new(description, form, Form::Configuration, DIR)?;
    let mut apply: Vec<String> = Vec::new();
    if let Some(file) = trust.files.first() {
        apply.push(format!("on each control plane node put {} into {DIR}", file.name));
    }
    apply.extend(
        [
            "a new cluster: kubeadm init --config=FILE, with this in the file",
            "a cluster that is there: write its configuration to a file, and keep a copy:",
            "kubectl -n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}' > cluster.yaml",
            "add `apiServer` of this file to it; then, and on each control plane node the second line:",
            "kubeadm init phase upload-config kubeadm --config=cluster.yaml",
            "kubeadm init phase control-plane apiserver --config=cluster.yaml",
        ]
        .map(str::to_owned),
    );
    let header = Header {
        title: "kubeadm 1.31 and later (v1beta4): the part of ClusterConfiguration for OpenID Connect",
        apply: &apply.iter().map(String::as_str).collect::<Vec<_>>(),
        back: &["the last two commands with the copy of the earlier configuration"],
    };
    let file = GeneratedFile {
        name: "kubeadm.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&cluster_configuration(&trust)),
    };
    Ok(Output {
        files: [file].into_iter().chain(trust.files).collect(),
        notes: trust.notes,
    })
}

/// Returns the configuration of version v1beta4, whose arguments are a list.
pub(super) fn cluster_configuration(trust: &Trust) -> Value {
    let arguments = trust
        .flags
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }));
    document(V1BETA4, &arguments.collect(), trust)
}

/// Returns the configuration of version v1beta3, whose arguments are a mapping. `None` if a flag is there twice.
pub(super) fn old_cluster_configuration(trust: &Trust) -> Option<Value> {
    let mut arguments = Map::new();
    for (name, value) in &trust.flags {
        if arguments.insert(name.clone(), value.clone().into()).is_some() {
            return None;
        }
    }
    Some(document(V1BETA3, &Value::Object(arguments), trust))
}

fn document(version: &str, arguments: &Value, trust: &Trust) -> Value {
    let mut server = json!({ "extraArgs": arguments });
    if !trust.files.is_empty() {
        server["extraVolumes"] = json!([{
            "name": VOLUME,
            "hostPath": DIR,
            "mountPath": DIR,
            "readOnly": true,
            "pathType": "Directory",
        }]);
    }
    json!({ "apiVersion": version, "kind": "ClusterConfiguration", "apiServer": server })
}
