//! What all forms of the association with an Amazon EKS cluster share: its values, and what EKS cannot do.
//!
//! EKS has the meaning of the flags for one provider per cluster. Each form spells the same fields in its own way.

use std::collections::BTreeMap;

use super::output::Refusal;
use super::trust::{Form, api_server, beyond_flags_of, check_prefixes};
use crate::cluster::EksAssociation;
use crate::cluster::description::{Description, Issuer};

/// What stands for a value that the description does not have.
pub(super) const ANY_CLUSTER: &str = "YOUR-CLUSTER";
pub(super) const ANY_REGION: &str = "YOUR-REGION";
/// AWS limits required claims.
const MAX_CLAIM_NAME: usize = 63;
const MAX_CLAIM_VALUE: usize = 253;

/// The values of an association. Whatever is `None` is left out, and means none to AWS.
pub(super) struct Association<'a> {
    pub(super) cluster: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) issuer_url: &'a str,
    pub(super) client_id: &'a str,
    pub(super) username_claim: &'a str,
    pub(super) username_prefix: &'a str,
    pub(super) groups: Option<(&'a str, &'a str)>,
    pub(super) required_claims: &'a BTreeMap<String, String>,
    /// The command of the AWS CLI.
    pub(super) command: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl<'a> Association<'a> {
    /// # Errors
    /// If EKS cannot do it.
    pub(super) fn of(description: &'a Description, form: Option<Form>) -> Result<Self, Refusal> {
        if form == Some(Form::Configuration) {
            let reason = "EKS takes no structured configuration";
            return Err(Refusal::new(reason, "leave --form out"));
        }
        let issuer = description.primary();
        check(issuer)?;
        let cluster = description.cluster.as_deref();
        let association = EksAssociation::new(&api_server(issuer), &issuer.name, cluster);
        if !association.obstacles.is_empty() {
            let reason = format!("EKS cannot do this: {}", association.obstacles.join("; "));
            return Err(Refusal::new(reason, "change the provider or the description"));
        }
        let mapping = &issuer.mapping;
        let has_groups = !mapping.groups_claim.is_empty();
        Ok(Self {
            cluster: cluster.unwrap_or(ANY_CLUSTER),
            region: description
                .platform
                .as_ref()
                .and_then(|platform| platform.region.as_deref()),
            name: &issuer.name,
            issuer_url: &issuer.url,
            client_id: &issuer.audiences[0],
            username_claim: &mapping.username_claim,
            username_prefix: &mapping.username_prefix,
            groups: has_groups.then_some((&*mapping.groups_claim, &*mapping.groups_prefix)),
            required_claims: &issuer.required_claims,
            command: association.command,
            notes: notes(description),
        })
    }

    /// Returns the command that ends the association.
    pub(super) fn back(&self) -> String {
        let region = self
            .region
            .map(|region| format!(" --region {region}"))
            .unwrap_or_default();
        format!(
            "aws eks disassociate-identity-provider-config --cluster-name {}{region} --identity-provider-config type=oidc,name={}",
            self.cluster, self.name
        )
    }
}

fn check(issuer: &Issuer) -> Result<(), Refusal> {
    if let Some(reason) = beyond_flags_of(issuer) {
        let hint = "EKS knows the meaning of the flags alone: remove it from the description";
        return Err(Refusal::new(format!("EKS cannot do this: {reason}"), hint));
    }
    check_prefixes(issuer).map_err(|refusal| Refusal {
        hint: "set a prefix, such as `okta:`: EKS has no rule that refuses such names".to_owned(),
        ..refusal
    })?;
    for (name, value) in &issuer.required_claims {
        if name.len() > MAX_CLAIM_NAME || value.is_empty() || value.len() > MAX_CLAIM_VALUE {
            let reason = format!(
                "EKS takes required claims with names of 1 to {MAX_CLAIM_NAME} and values of 1 to {MAX_CLAIM_VALUE} characters, and `{name}` is none"
            );
            return Err(Refusal::new(reason, "shorten it, or check it at the provider"));
        }
    }
    Ok(())
}

fn notes(description: &Description) -> Vec<String> {
    let mut notes = vec![
        "EKS takes one provider per cluster and changes none: each change is a disassociation and an association, of 20 to 40 minutes without \
         sign-in. IAM access entries go on working: keep one that you can use meanwhile."
            .to_owned(),
        "EKS has no expressions (CEL), no further client ids and no rule that refuses names: the prefixes alone keep `system:` out.".to_owned(),
    ];
    for other in &description.issuers[1..] {
        notes.push(format!(
            "`{}` cannot be a second provider here. For when `{}` is down: IAM access entries for those on call, at once; the same issuer at \
             another place by a custom domain of the provider; or an association with `{}` that you have prepared and tried, after 20 to 40 minutes.",
            other.name,
            description.primary().name,
            other.name
        ));
    }
    if description.primary().mapping.username_claim == "email" {
        notes.push(
            "an address with `email_verified: false` is refused, and one without that claim is accepted"
                .to_owned(),
        );
    }
    notes
}
