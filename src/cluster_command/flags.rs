//! A description by flags. Pure.

use std::collections::BTreeMap;

use url::Url;

use super::command_line::{GroupArgs, IssuerArgs, PlatformArgs};
use super::error::Error;
use crate::cluster::description::{
    API_VERSION, KIND, RawClaim, RawDescription, RawGroup, RawGroups, RawIssuer, RawPlatform,
};
use crate::settings::is_okta;

/// What an API server has to know of an issuer at least.
pub(super) struct IssuerSource {
    pub(super) url: String,
    pub(super) client_ids: Vec<String>,
    /// PEM.
    pub(super) certificate_authority: Option<String>,
}

/// Makes a description of flags. The platform is left out where none is named.
///
/// # Errors
/// If a flag has another form.
pub(super) fn description(
    source: IssuerSource,
    issuer: &IssuerArgs,
    groups: &GroupArgs,
    platform: &PlatformArgs,
) -> Result<RawDescription, Error> {
    let is_okta = Url::parse(&source.url).is_ok_and(|url| is_okta(&url));
    let name = if is_okta { "okta" } else { "oidc" };
    let given = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
    let username_prefix = given(&issuer.username_prefix, &format!("{name}:"));
    let groups_prefix = given(&issuer.groups_prefix, &username_prefix);
    Ok(RawDescription {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        cluster: platform.cluster_name.clone(),
        platform: raw_platform(platform),
        issuers: vec![RawIssuer {
            name: name.to_owned(),
            url: source.url,
            client_ids: source.client_ids,
            username: RawClaim {
                claim: given(&issuer.username_claim, "sub"),
                prefix: username_prefix,
            },
            groups: Some(RawGroups {
                claim: given(&issuer.groups_claim, "groups"),
                prefix: groups_prefix,
                starting_with: None,
            }),
            required_claims: required_claims(&issuer.required_claim)?,
            certificate_authority: source.certificate_authority,
            ..RawIssuer::default()
        }],
        groups: groups
            .group
            .iter()
            .map(|text| group(text))
            .collect::<Result<_, _>>()?,
        network: Vec::new(),
        admission: None,
    })
}

fn raw_platform(args: &PlatformArgs) -> Option<RawPlatform> {
    Some(RawPlatform {
        name: args.platform.clone()?,
        kubernetes: args.kubernetes_version.clone(),
        region: args.region.clone(),
        service_account_issuer: args.service_account_issuer.clone(),
    })
}

fn required_claims(pairs: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let split = |pair: &String| {
        let (name, value) = pair.split_once('=').ok_or_else(|| Error::Flag {
            flag: "required-claim",
            value: pair.clone(),
            form: "NAME=VALUE",
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    pairs.iter().map(split).collect()
}

/// Reads `NAME=ROLE` or `NAME=ROLE@NAMESPACE,…`. The name may have an equals sign, and the role has none.
fn group(text: &str) -> Result<RawGroup, Error> {
    let (name, grant) = text.rsplit_once('=').ok_or_else(|| Error::Flag {
        flag: "group",
        value: text.to_owned(),
        form: "NAME=ROLE or NAME=ROLE@NAMESPACE,…",
    })?;
    let (role, namespaces) = grant.split_once('@').unwrap_or((grant, ""));
    let namespaces = namespaces.split(',').filter(|name| !name.is_empty());
    Ok(RawGroup {
        name: name.to_owned(),
        role: role.to_owned(),
        namespaces: namespaces.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_with_its_role_and_namespaces() {
        for (text, expected) in [
            ("a=developer@x,y", Some(("a", "developer", vec!["x", "y"]))),
            ("a=b=break-glass", Some(("a=b", "break-glass", vec![]))),
            ("a", None),
        ] {
            let read = group(text).ok();
            let read = read.as_ref().map(|group| {
                let namespaces = group.namespaces.iter().map(String::as_str).collect();
                (&*group.name, &*group.role, namespaces)
            });
            assert_eq!(read, expected, "{text}");
        }
    }
}
