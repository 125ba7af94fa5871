//! EKS by Terraform or `OpenTofu`, in their language (HCL).

use std::fmt::Write as _;

use super::eks::Association;
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::Form;
use crate::cluster::description::Description;

/// # Errors
/// If EKS cannot do it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let association = Association::of(description, form)?;
    let header = Header {
        title: "EKS by Terraform: the association with the provider",
        apply: &[
            "terraform apply; each change takes more than 20 minutes, so give it `timeouts` if your modules shorten them",
        ],
        back: &["remove the resource, and terraform apply"],
    };
    let file = GeneratedFile {
        name: "identity-provider.tf",
        content: header.write(&association.notes) + &resource(&association),
    };
    Ok(Output {
        files: vec![file],
        notes: association.notes,
    })
}

fn resource(association: &Association<'_>) -> String {
    let mut pairs = vec![
        ("identity_provider_config_name", association.name),
        ("issuer_url", association.issuer_url),
        ("client_id", association.client_id),
        ("username_claim", association.username_claim),
        ("username_prefix", association.username_prefix),
    ];
    if let Some((claim, prefix)) = association.groups {
        pairs.extend([("groups_claim", claim), ("groups_prefix", prefix)]);
    }
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = format!(
        "resource \"aws_eks_identity_provider_config\" \"{}\" {{\n  cluster_name = {}\n\n  oidc {{\n",
        association.name,
        hcl_text(association.cluster)
    );
    // Writing to a string cannot fail.
    for (name, value) in pairs {
        let _ = writeln!(text, "    {name:width$} = {}", hcl_text(value));
    }
    if !association.required_claims.is_empty() {
        text += "\n    required_claims = {\n";
        for (name, value) in association.required_claims {
            let _ = writeln!(text, "      {} = {}", hcl_text(name), hcl_text(value));
        }
        text += "    }\n";
    }
    text + "  }\n}\n"
}

/// Writes a text as a literal, in which `${` and `%{` would begin an expression.
fn hcl_text(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    let text = text.replace("${", "$${").replace("%{", "%%{");
    format!("\"{}\"", text.replace('\n', "\\n"))
}
