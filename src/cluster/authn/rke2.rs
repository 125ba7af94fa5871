//! RKE2: a file of its configuration directory. The API server is a static pod, into which files have to be mounted.

use serde_json::json;

use super::k3s::arguments;
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::{Form, Trust};
use crate::cluster::description::Description;
use crate::kubeconfig;

const DIR: &str = "/etc/rancher/rke2/authentication";

/// # Errors
/// If the form cannot say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let trust = Trust::new(description, form, Form::Configuration, DIR)?;
    let mut document = json!({ "kube-apiserver-arg+": arguments(&trust) });
    let mut apply: Vec<String> = Vec::new();
    if let Some(file) = trust.files.first() {
        document["kube-apiserver-extra-mount+"] = json!([format!("{DIR}:{DIR}:ro")]);
        apply.push(format!("on each server put {} into {DIR}", file.name));
    }
    apply.push("on each server put this file into /etc/rancher/rke2/config.yaml.d".to_owned());
    apply.push("systemctl restart rke2-server".to_owned());
    let header = Header {
        title: "RKE2: arguments of its API server",
        apply: &apply.iter().map(String::as_str).collect::<Vec<_>>(),
        back: &["remove the file, and restart rke2-server"],
    };
    let file = GeneratedFile {
        name: "50-kubesesame.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&document),
    };
    Ok(Output {
        files: [file].into_iter().chain(trust.files).collect(),
        notes: trust.notes,
    })
}
