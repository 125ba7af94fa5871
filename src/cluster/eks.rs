//! The association of a provider with an Amazon EKS cluster.
//!
//! EKS has the meaning of the flags, without signing algorithms, certificate authorities and rules, for one provider per cluster.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::api_server::ApiServer;
use super::judgement::DEFAULT_ALGORITHM;
use super::names::RESERVED;

/// What stands for the name of a cluster that is not known.
const ANY_CLUSTER: &str = "YOUR-CLUSTER";

/// The command of the AWS CLI, and what speaks against it.
#[derive(Debug)]
pub(crate) struct EksAssociation {
    pub(crate) command: Vec<String>,
    /// Why EKS will refuse the association or the tokens.
    pub(crate) obstacles: Vec<&'static str>,
}

impl EksAssociation {
    /// Returns the association with a cluster, which is given by its name in the kubeconfig.
    pub(crate) fn new(server: &ApiServer<'_>, name: &str, cluster: Option<&str>) -> Self {
        let mapping = server.mapping;
        let username_prefix = if mapping.username_prefix.is_empty() {
            "-"
        } else {
            &mapping.username_prefix
        };
        let mut pairs = vec![
            ("identityProviderConfigName", name),
            ("issuerUrl", server.issuer),
            ("clientId", server.audience),
            ("usernameClaim", &mapping.username_claim),
            ("usernamePrefix", username_prefix),
        ];
        if !mapping.groups_claim.is_empty() {
            pairs.push(("groupsClaim", &mapping.groups_claim));
        }
        // AWS takes no empty text; without it there is no prefix.
        if !mapping.groups_prefix.is_empty() {
            pairs.push(("groupsPrefix", &mapping.groups_prefix));
        }
        let cluster = cluster.map_or(ANY_CLUSTER, cluster_name);
        let command = [
            "aws",
            "eks",
            "associate-identity-provider-config",
            "--cluster-name",
            cluster,
            "--oidc",
        ];
        let parameter = parameter(&pairs, server.required_claims);
        let command = command.map(str::to_owned).into_iter().chain([parameter]);
        Self {
            command: command.collect(),
            obstacles: obstacles(server),
        }
    }
}

/// Returns the name of an EKS cluster: the kubeconfigs of the AWS CLI have its ARN.
fn cluster_name(cluster: &str) -> &str {
    match cluster.rsplit_once(":cluster/") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => cluster,
    }
}

/// Writes a structure for the AWS CLI: in its shorthand, or as JSON if a value has a character that the shorthand gives a meaning.
fn parameter(pairs: &[(&str, &str)], required: Option<&BTreeMap<String, String>>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/#@".contains(c);
    let required = required.filter(|required| !required.is_empty());
    if required.is_none() && pairs.iter().all(|(_, value)| value.chars().all(is_plain)) {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        return pairs.join(",");
    }
    let mut object: Map<String, Value> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    if let Some(required) = required {
        object.insert("requiredClaims".to_owned(), serde_json::json!(required));
    }
    Value::Object(object).to_string()
}

fn obstacles(server: &ApiServer<'_>) -> Vec<&'static str> {
    let mapping = server.mapping;
    let has_reserved = [&mapping.username_prefix, &mapping.groups_prefix]
        .into_iter()
        .any(|prefix| prefix.contains(RESERVED));
    let known = [
        (
            !server.issuer.starts_with("https://"),
            "the issuer has to be https and reachable from the internet",
        ),
        (
            server.authority_file.is_some() || server.authority_pem.is_some(),
            "EKS takes no certificate authority: the provider needs a certificate that the public trusts",
        ),
        (has_reserved, "EKS refuses prefixes that contain `system:`"),
        (
            server.algorithm.is_some_and(|name| name != DEFAULT_ALGORITHM),
            "EKS has no setting for signing algorithms: let the provider sign with RS256",
        ),
    ];
    known
        .into_iter()
        .filter_map(|(found, text)| found.then_some(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ClaimMapping;

    fn association(prefix: &str, cluster: Option<&str>) -> EksAssociation {
        let mapping = ClaimMapping {
            username_claim: "email".into(),
            username_prefix: prefix.into(),
            groups_claim: "groups".into(),
            groups_prefix: prefix.into(),
        };
        let server = ApiServer {
            issuer: "https://i/oauth2/default",
            audience: "0oa1",
            mapping: &mapping,
            algorithm: Some("RS256"),
            authority_file: None,
            authority_pem: None,
            required_claims: None,
        };
        EksAssociation::new(&server, "okta", cluster)
    }

    #[test]
    fn the_cluster_is_named_as_aws_names_it() {
        for (cluster, name) in [
            (None, "YOUR-CLUSTER"),
            (Some("arn:aws:eks:eu-west-1:1:cluster/prod"), "prod"),
            (Some("kind"), "kind"),
        ] {
            assert_eq!(association("okta:", cluster).command[4], name);
        }
    }

    #[test]
    fn prefixes_are_explicit_and_unusual_values_are_json() {
        let common = "identityProviderConfigName=okta,issuerUrl=https://i/oauth2/default,clientId=0oa1,\
                      usernameClaim=email,usernamePrefix=";
        assert_eq!(
            association("okta:", None).command[6],
            format!("{common}okta:,groupsClaim=groups,groupsPrefix=okta:")
        );
        assert_eq!(
            association("", None).command[6],
            format!("{common}-,groupsClaim=groups")
        );
        let json: Value = serde_json::from_str(&association("a,b", None).command[6]).unwrap();
        assert_eq!(json["groupsPrefix"], "a,b");
        assert!(association("okta:", None).obstacles.is_empty());
        assert_eq!(association("system:x", None).obstacles.len(), 1);
    }
}
