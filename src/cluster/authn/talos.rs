//! Talos Linux: patches of the machine configuration. From 1.14 Talos has a document for the structured configuration, and before it takes flags.

use serde_json::{Map, Value, json};

use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::{Form, Trust, config_version, configuration};
use crate::cluster::description::Description;
use crate::kubeconfig;

const APPLY: &[&str] = &["talosctl patch machineconfig --nodes=CONTROL-PLANE-NODES --patch @FILE"];

/// # Errors
/// If neither form can say it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let configuration = match form {
        Some(Form::Flags) => Err(Refusal::new("flags are asked for", "leave --form out")),
        Some(Form::Configuration) | None => document(description),
    };
    let flags = match form {
        Some(Form::Configuration) => Err(Refusal::new("no flags are asked for", "leave --form out")),
        Some(Form::Flags) | None => flags(description),
    };
    let (files, notes) = match (configuration, flags) {
        (Ok((new, mut notes)), Ok((old, of_flags))) => {
            notes.extend(of_flags);
            (vec![new, old], notes)
        }
        (Ok((new, mut notes)), Err(refusal)) => {
            notes.push(format!("there is nothing for Talos 1.13 and earlier: {refusal}"));
            (vec![new], notes)
        }
        (Err(_), Ok((old, notes))) => (vec![old], notes),
        (Err(_), Err(refusal)) => return Err(refusal),
    };
    Ok(Output { files, notes })
}

fn document(description: &Description) -> Result<(GeneratedFile, Vec<String>), Refusal> {
    let notes = Trust::new(description, Some(Form::Configuration), Form::Configuration, "")?.notes;
    let configuration = configuration(description, config_version(description.version())?);
    let document = json!({
        "apiVersion": "v1alpha1",
        "kind": "KubeAuthenticationConfig",
        "configuration": configuration,
    });
    let header = Header {
        title: "Talos 1.14 and later: whose tokens the API server accepts",
        apply: APPLY,
        back: &["talosctl patch with the earlier document, or with `$patch: delete` for this one"],
    };
    let file = GeneratedFile {
        name: "talos-1.14.yaml",
        content: header.write(&notes) + &kubeconfig::yaml(&document),
    };
    Ok((file, notes))
}

fn flags(description: &Description) -> Result<(GeneratedFile, Vec<String>), Refusal> {
    let trust = Trust::new(description, Some(Form::Flags), Form::Flags, "/etc/kubernetes/pki")?;
    if !trust.files.is_empty() {
        let reason =
            "Talos 1.13 and earlier have no place for the provider's certificate authority that this knows";
        return Err(Refusal::new(
            reason,
            "take a certificate that the public trusts, or Talos 1.14",
        ));
    }
    let mut arguments = Map::new();
    for (name, value) in &trust.flags {
        if arguments.insert(name.clone(), value.clone().into()).is_some() {
            let reason =
                "Talos 1.13 and earlier take each flag once, and there is more than one required claim";
            return Err(Refusal::new(
                reason,
                "require one claim alone, or take Talos 1.14",
            ));
        }
    }
    let document = json!({ "cluster": { "apiServer": { "extraArgs": Value::Object(arguments) } } });
    let header = Header {
        title: "Talos 1.13 and earlier: flags of the API server",
        apply: APPLY,
        back: &["talosctl edit machineconfig, and remove the arguments"],
    };
    let file = GeneratedFile {
        name: "talos-1.13.yaml",
        content: header.write(&trust.notes) + &kubeconfig::yaml(&document),
    };
    Ok((file, trust.notes))
}
