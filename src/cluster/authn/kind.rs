//! kind: patches of kubeadm's configuration, and a mount of the node's container.

use serde_json::{Value, json};

use super::kubeadm::{cluster_configuration, old_cluster_configuration};
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::static_pod::DIR;
use super::trust::{Form, Trust};
use crate::cluster::description::Description;
use crate::kubeconfig;

/// # Errors
/// If the form cannot say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let mut trust = Trust::new(description, form, Form::Configuration, DIR)?;
    // kind takes the patch that has the version of its kubeadm, and ignores the other without a word.
    let patches: Vec<Value> = old_cluster_configuration(&trust)
        .into_iter()
        .chain([cluster_configuration(&trust)])
        .map(|patch| kubeconfig::yaml(&patch).into())
        .collect();
    if patches.len() == 1 {
        let note =
            "a node image whose kubeadm reads v1beta3 gets none of this: there, a flag can be set once only";
        trust.notes.push(note.to_owned());
    }
    let mut cluster = json!({
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "kind": "Cluster",
        "kubeadmConfigPatches": patches,
        "nodes": [{ "role": "control-plane" }],
    });
    if let Some(name) = &description.cluster {
        cluster["name"] = name.as_str().into();
    }
    let mut apply = Vec::new();
    if let Some(file) = trust.files.first() {
        cluster["nodes"][0]["extraMounts"] = json!([{
            "hostPath": "./authentication",
            "containerPath": DIR,
            "readOnly": true,
        }]);
        apply.push(format!("put {} into the directory ./authentication", file.name));
    }
    apply.push("kind create cluster --config=kind.yaml".to_owned());
    apply.push("a cluster that is there cannot be changed: delete it first".to_owned());
    let header = Header {
        title: "A cluster of kind whose API server trusts the provider",
        apply: &apply.iter().map(String::as_str).collect::<Vec<_>>(),
        back: &["kind delete cluster, and create it without this"],
    };
    let file = GeneratedFile {
        name: "kind.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&cluster),
    };
    Ok(Output {
        files: [file].into_iter().chain(trust.files).collect(),
        notes: trust.notes,
    })
}
