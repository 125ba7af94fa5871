//! The configuration of kube-apiserver for one provider: flags, or a structured `AuthenticationConfiguration`.
//!
//! Claims and prefixes are always written out, because an API server's own defaults depend on the claim.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::judgement::DEFAULT_ALGORITHM;
use super::mapping::ClaimMapping;
use super::names::RESERVED;

/// Where the certificate authority is on the control plane, if only its content is known here.
pub(crate) const AUTHORITY_PATH: &str = "/etc/kubernetes/pki/oidc-ca.crt";

/// What the API server has to know about the provider.
#[derive(Debug, Clone)]
pub(crate) struct ApiServer<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) mapping: &'a ClaimMapping,
    /// The algorithm that the provider signs tokens with.
    pub(crate) algorithm: Option<&'a str>,
    /// The file with the provider's certificate authority; `None` for the roots of the system.
    pub(crate) authority_file: Option<&'a str>,
    /// The content of that file.
    pub(crate) authority_pem: Option<&'a str>,
    /// Claims that have to be in a token, with exactly this text.
    pub(crate) required_claims: Option<&'a BTreeMap<String, String>>,
}

/// The version of the structured configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfigVersion {
    /// Kubernetes 1.34 and newer.
    V1,
    /// Kubernetes 1.30 to 1.33. Removed in 1.38 at the earliest.
    V1Beta1,
}

impl ConfigVersion {
    /// Returns the structured configuration with these entries.
    pub(crate) fn document(self, jwt: &[Value]) -> Value {
        let version = match self {
            Self::V1 => "v1",
            Self::V1Beta1 => "v1beta1",
        };
        json!({
            "apiVersion": format!("apiserver.config.k8s.io/{version}"),
            "kind": "AuthenticationConfiguration",
            "jwt": jwt,
        })
    }
}

impl ApiServer<'_> {
    /// Returns the flags of kube-apiserver.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mapping = self.mapping;
        // An empty prefix would mean the default, which is `ISSUER#`.
        let username_prefix = if mapping.username_prefix.is_empty() {
            "-"
        } else {
            &mapping.username_prefix
        };
        let flag = |name: &str, value: &str| format!("--oidc-{name}={value}");
        let mut flags = vec![
            flag("issuer-url", self.issuer),
            flag("client-id", self.audience),
            flag("username-claim", &mapping.username_claim),
            flag("username-prefix", username_prefix),
            flag("groups-claim", &mapping.groups_claim),
            flag("groups-prefix", &mapping.groups_prefix),
        ];
        if let Some(algorithm) = self.algorithm.filter(|name| *name != DEFAULT_ALGORITHM) {
            flags.push(flag("signing-algs", algorithm));
        }
        if self.authority_pem.is_some() || self.authority_file.is_some() {
            flags.push(flag("ca-file", self.authority_file.unwrap_or(AUTHORITY_PATH)));
        }
        let required = self.required_claims.into_iter().flatten();
        flags.extend(required.map(|(name, value)| flag("required-claim", &format!("{name}={value}"))));
        flags
    }

    /// Returns the structured configuration. Its rules refuse names that Kubernetes reserves, which no flag can do.
    pub(crate) fn authentication_configuration(&self, version: ConfigVersion) -> Value {
        version.document(&[self.jwt()])
    }

    /// Returns the entry for the provider in a structured configuration.
    pub(crate) fn jwt(&self) -> Value {
        let mut issuer = json!({ "url": self.issuer, "audiences": [self.audience] });
        if let Some(pem) = self.authority_pem {
            issuer["certificateAuthority"] = pem.into();
        }
        let mapping = self.mapping;
        let mut entry = json!({
            "issuer": issuer,
            "claimMappings": {
                "username": { "claim": mapping.username_claim, "prefix": mapping.username_prefix },
                "groups": { "claim": mapping.groups_claim, "prefix": mapping.groups_prefix },
            },
            "userValidationRules": [
                {
                    "expression": format!("!user.username.startsWith('{RESERVED}')"),
                    "message": format!("user names must not begin with {RESERVED}"),
                },
                {
                    "expression": format!("user.?groups.orValue([]).all(g, !g.startsWith('{RESERVED}'))"),
                    "message": format!("groups must not begin with {RESERVED}"),
                },
            ],
        });
        if let Some(required) = self.required_claims.filter(|required| !required.is_empty()) {
            let rules = required
                .iter()
                .map(|(name, value)| json!({ "claim": name, "requiredValue": value }));
            entry["claimValidationRules"] = rules.collect();
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(prefix: &str) -> ClaimMapping {
        ClaimMapping {
            username_claim: "email".into(),
            username_prefix: prefix.into(),
            groups_claim: "groups".into(),
            groups_prefix: prefix.into(),
        }
    }

    fn server(mapping: &ClaimMapping) -> ApiServer<'_> {
        ApiServer {
            issuer: "https://i",
            audience: "0oa1",
            mapping,
            algorithm: Some("RS256"),
            authority_file: None,
            authority_pem: None,
            required_claims: None,
        }
    }

    #[test]
    fn flags_name_both_prefixes_even_if_they_are_empty() {
        let (with, without) = (mapping("okta:"), mapping(""));
        assert_eq!(
            server(&with).flags()[2..],
            [
                "--oidc-username-claim=email",
                "--oidc-username-prefix=okta:",
                "--oidc-groups-claim=groups",
                "--oidc-groups-prefix=okta:"
            ]
        );
        assert_eq!(server(&without).flags()[3], "--oidc-username-prefix=-");
        assert_eq!(server(&without).flags()[5], "--oidc-groups-prefix=");
    }

    #[test]
    fn the_algorithm_and_the_authority_are_named_where_they_are_not_the_default() {
        let mapping = mapping("okta:");
        let server = ApiServer {
            algorithm: Some("ES256"),
            authority_pem: Some("PEM\n"),
            ..server(&mapping)
        };
        assert_eq!(
            server.flags()[6..],
            [
                "--oidc-signing-algs=ES256".to_owned(),
                format!("--oidc-ca-file={AUTHORITY_PATH}")
            ]
        );
        let config = server.authentication_configuration(ConfigVersion::V1Beta1);
        assert_eq!(config["apiVersion"], "apiserver.config.k8s.io/v1beta1");
        assert_eq!(config["jwt"][0]["issuer"]["certificateAuthority"], "PEM\n");
    }

    /// The prefix is mandatory beside a claim, even if it is empty.
    #[test]
    fn the_configuration_has_prefixes_and_refuses_reserved_names() {
        let mapping = mapping("");
        let config = server(&mapping).authentication_configuration(ConfigVersion::V1);
        let jwt = &config["jwt"][0];
        assert_eq!(jwt["claimMappings"]["username"]["prefix"], "");
        assert_eq!(jwt["claimMappings"]["groups"]["prefix"], "");
        assert_eq!(jwt["userValidationRules"].as_array().unwrap().len(), 2);
        assert_eq!(jwt["issuer"].get("certificateAuthority"), None);
    }
}
