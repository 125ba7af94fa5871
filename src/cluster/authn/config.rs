//! The structured configuration alone, for an API server that is started by hand or by another tool.

use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::{CONFIGURATION_FILE, Form, Trust, config_version, configuration};
use crate::cluster::description::Description;
use crate::kubeconfig;

/// # Errors
/// If the version reads none, or flags are asked for.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    if form == Some(Form::Flags) {
        let hint = "leave --form out, or see the flags by --platform=static-pod";
        return Err(Refusal::new(
            "the platform `config` is the structured configuration",
            hint,
        ));
    }
    let notes = Trust::new(description, Some(Form::Configuration), Form::Configuration, "")?.notes;
    let document = configuration(description, config_version(description.version())?);
    let header = Header {
        title: "Whose tokens kube-apiserver accepts",
        apply: &[
            "start kube-apiserver with --authentication-config=FILE, and without any flag --oidc-…",
            "an API server that has this flag already reads a change within a minute; a file that it cannot use changes nothing",
        ],
        back: &["put the earlier file in its place, or remove the flag and start the API server anew"],
    };
    let file = GeneratedFile {
        name: CONFIGURATION_FILE,
        content: header.write(&notes) + &kubeconfig::yaml(&document),
    };
    Ok(Output {
        files: vec![file],
        notes,
    })
}
