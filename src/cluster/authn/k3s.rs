//! k3s: a file of its configuration directory. The API server runs inside k3s, and sees the files of the host.

use serde_json::{Value, json};

use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::{Form, Trust};
use crate::cluster::description::Description;
use crate::kubeconfig;

const DIR: &str = "/etc/rancher/k3s";

/// # Errors
/// If the form cannot say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let trust = Trust::new(description, form, Form::Configuration, DIR)?;
    let mut apply: Vec<String> = Vec::new();
    if let Some(file) = trust.files.first() {
        apply.push(format!("on each server put {} into {DIR}", file.name));
    }
    apply.push(format!("on each server put this file into {DIR}/config.yaml.d"));
    apply.push("systemctl restart k3s".to_owned());
    let header = Header {
        title: "k3s: arguments of its API server",
        apply: &apply.iter().map(String::as_str).collect::<Vec<_>>(),
        back: &["remove the file, and restart k3s"],
    };
    let document = json!({ "kube-apiserver-arg+": arguments(&trust) });
    let file = GeneratedFile {
        name: "50-kubesesame.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&document),
    };
    Ok(Output {
        files: [file].into_iter().chain(trust.files).collect(),
        notes: trust.notes,
    })
}

/// Returns the flags without dashes, as k3s and RKE2 take them. The plus sign of the key adds them to those of other files.
pub(super) fn arguments(trust: &Trust) -> Value {
    let arguments = trust.flags.iter().map(|(name, value)| format!("{name}={value}"));
    arguments.collect::<Vec<_>>().into()
}
