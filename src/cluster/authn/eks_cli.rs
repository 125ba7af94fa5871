//! EKS by the AWS CLI.

use super::eks::Association;
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::Form;
use crate::cluster::description::Description;
use crate::kubeconfig::shell_command;

/// # Errors
/// If EKS cannot do it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let association = Association::of(description, form)?;
    let mut command = association.command.clone();
    if let Some(region) = association.region {
        command.extend(["--region".to_owned(), region.to_owned()]);
    }
    let back = association.back();
    let header = Header {
        title: "EKS: the association with the provider",
        apply: &[
            "run the command, and wait until the state is ACTIVE, 20 to 40 minutes:",
            &format!(
                "aws eks wait identity-provider-config-active --cluster-name {} --identity-provider-config type=oidc,name={}",
                association.cluster, association.name
            ),
        ],
        back: &[&back],
    };
    let file = GeneratedFile {
        name: "associate.sh",
        content: format!(
            "{}{}\n",
            header.write(&association.notes),
            shell_command(&command)
        ),
    };
    Ok(Output {
        files: vec![file],
        notes: association.notes,
    })
}
