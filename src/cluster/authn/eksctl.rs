//! EKS by eksctl. Its schema spells `issuerURL` and `clientID`.

use serde_json::json;

use super::eks::{ANY_REGION, Association};
use super::output::{GeneratedFile, Header, Output, Refusal};
use super::trust::Form;
use crate::cluster::description::Description;
use crate::kubeconfig;

/// # Errors
/// If EKS cannot do it.
pub(super) fn generate(description: &Description, form: Option<Form>) -> Result<Output, Refusal> {
    let association = Association::of(description, form)?;
    let mut provider = json!({
        "type": "oidc",
        "name": association.name,
        "issuerURL": association.issuer_url,
        "clientID": association.client_id,
        "usernameClaim": association.username_claim,
        "usernamePrefix": association.username_prefix,
    });
    if let Some((claim, prefix)) = association.groups {
        provider["groupsClaim"] = claim.into();
        provider["groupsPrefix"] = prefix.into();
    }
    if !association.required_claims.is_empty() {
        provider["requiredClaims"] = json!(association.required_claims);
    }
    let document = json!({
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": { "name": association.cluster, "region": association.region.unwrap_or(ANY_REGION) },
        "identityProviders": [provider],
    });
    let back = association.back();
    let header = Header {
        title: "EKS by eksctl: the association with the provider",
        apply: &["eksctl associate identityprovider -f eksctl.yaml --wait"],
        back: &[&back],
    };
    let file = GeneratedFile {
        name: "eksctl.yaml",
        content: header.write(&association.notes) + &kubeconfig::yaml(&document),
    };
    Ok(Output {
        files: vec![file],
        notes: association.notes,
    })
}
