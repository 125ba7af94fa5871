//! EKS by `CloudFormation`. It spells all fields with capitals, and required claims as a list.

use serde_json::{Value, json};

use super::eks::Association;
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::Form;
use crate::cluster::description::Description;
use crate::kubeconfig;

/// # Errors
/// If EKS cannot do it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let association = Association::of(description, form)?;
    let mut oidc = json!({
        "IssuerUrl": association.issuer_url,
        "ClientId": association.client_id,
        "UsernameClaim": association.username_claim,
        "UsernamePrefix": association.username_prefix,
    });
    if let Some((claim, prefix)) = association.groups {
        oidc["GroupsClaim"] = claim.into();
        oidc["GroupsPrefix"] = prefix.into();
    }
    if !association.required_claims.is_empty() {
        let pairs = association.required_claims.iter();
        oidc["RequiredClaims"] = pairs
            .map(|(name, value)| json!({ "Key": name, "Value": value }))
            .collect::<Vec<Value>>()
            .into();
    }
    let document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "IdentityProvider": {
                "Type": "AWS::EKS::IdentityProviderConfig",
                "Properties": {
                    "ClusterName": association.cluster,
                    "Type": "oidc",
                    "IdentityProviderConfigName": association.name,
                    "Oidc": oidc,
                },
            },
        },
    });
    let name = format!("{}-oidc", association.cluster);
    let header = Header {
        title: "EKS by CloudFormation: the association with the provider",
        apply: &[
            &format!("aws cloudformation deploy --stack-name {name} --template-file cloudformation.yaml"),
            "a change of `Oidc` is a replacement; with the same name AWS refuses it, so delete the stack first",
        ],
        back: &[&format!("aws cloudformation delete-stack --stack-name {name}")],
    };
    let file = GeneratedFile {
        name: "cloudformation.yaml",
        content: header.write(&association.notes) + &kubeconfig::yaml(&document),
    };
    Ok(Output {
        files: vec![file],
        notes: association.notes,
    })
}
