//! The manifest of the static pod of kube-apiserver, changed by a JSON patch (RFC 6902).

use serde_json::{Value, json};

use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::{Form, Trust};
use crate::cluster::description::Description;
use crate::kubeconfig;

/// A directory is mounted and not a file, so that a file that is replaced is seen.
pub(super) const DIR: &str = "/etc/kubernetes/authentication";
pub(super) const VOLUME: &str = "kubesesame-authentication";

/// # Errors
/// If flags are asked for, and cannot say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let trust = Trust::new(description, form, Form::Flags, DIR)?;
    let add = |path: &str, value: Value| json!({ "op": "add", "path": path, "value": value });
    let mut operations: Vec<Value> = trust
        .flags
        .iter()
        .map(|(name, value)| add("/spec/containers/0/command/-", format!("--{name}={value}").into()))
        .collect();
    if !trust.files.is_empty() {
        let mount = json!({ "name": VOLUME, "mountPath": DIR, "readOnly": true });
        let volume = json!({ "name": VOLUME, "hostPath": { "path": DIR, "type": "Directory" } });
        operations.push(add("/spec/containers/0/volumeMounts/-", mount));
        operations.push(add("/spec/volumes/-", volume));
    }
    let mut apply: Vec<String> = Vec::new();
    if let Some(file) = trust.files.first() {
        apply.push(format!("on each control plane node put {} into {DIR}", file.name));
    }
    apply.extend(
        [
            "on each control plane node, one after the other; the manifest has to be without other flags for OpenID Connect:",
            "cp /etc/kubernetes/manifests/kube-apiserver.yaml /root/kube-apiserver.before.yaml",
            "kubectl patch --local -f /root/kube-apiserver.before.yaml --type=json --patch-file=kube-apiserver-patch.yaml \\",
            "  -o yaml > /root/kube-apiserver.after.yaml",
            "cp /root/kube-apiserver.after.yaml /etc/kubernetes/manifests/kube-apiserver.yaml",
            "with kubeadm change its ConfigMap too (--platform=kubeadm), or the next `kubeadm upgrade` undoes this",
        ]
        .map(str::to_owned),
    );
    let header = Header {
        title: "A patch for the manifest of kube-apiserver",
        apply: &apply.iter().map(String::as_str).collect::<Vec<_>>(),
        back: &["cp /root/kube-apiserver.before.yaml /etc/kubernetes/manifests/kube-apiserver.yaml"],
    };
    let patch = GeneratedFile {
        name: "kube-apiserver-patch.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&Value::Array(operations)),
    };
    Ok(Output {
        files: [patch].into_iter().chain(trust.files).collect(),
        notes: trust.notes,
    })
}
