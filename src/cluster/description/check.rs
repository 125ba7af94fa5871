//! Makes a [`Description`] of what was given, or says what cannot be used, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::check_admission::admission;
use super::check_network::network;
use super::fault::Fault;
use super::platform::{PLATFORM_NAMES, PlatformName};
use super::raw::{RawClaim, RawDescription, RawGroup, RawGroups, RawIssuer, RawPlatform};
use super::reading::{Lines, not_a_choice};
use super::shape::ISSUER_ROLES;
use super::values::{Description, GroupGrant, Issuer, KubernetesVersion, Platform, Role};
use crate::cluster::mapping::ClaimMapping;
use crate::cluster::names::RESERVED;

/// The namespaces of Kubernetes itself: who runs a command in a pod there can become administrator of the cluster.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

pub(super) type Checked<T> = Result<T, Fault>;

/// Checks a description whose fields have these lines.
///
/// # Errors
/// The first fault.
pub(super) fn check(raw: &RawDescription, lines: &Lines) -> Checked<Description> {
    description(raw).map_err(|fault| match fault.line {
        Some(_) => fault,
        None => lines.locate(fault),
    })
}

fn description(raw: &RawDescription) -> Checked<Description> {
    let platform = raw.platform.as_ref().map(platform).transpose()?;
    let issuers = issuers(raw)?;
    let own_issuer = raw
        .platform
        .as_ref()
        .and_then(|platform| platform.service_account_issuer.as_deref());
    for (at, issuer) in issuers.iter().enumerate() {
        check_not_own_issuer(issuer, own_issuer, &format!("issuers[{at}].url"))?;
    }
    let mut groups = each(&raw.groups, "groups", group)?;
    check_groups(&groups, &issuers)?;
    groups.sort_by(|a, b| (a.role, &a.name).cmp(&(b.role, &b.name)));
    let admission = admission(raw.admission.as_ref(), &issuers)?;
    let mut primary_first = issuers;
    primary_first.sort_by_key(|issuer| !issuer.is_primary);
    Ok(Description {
        cluster: raw.cluster.clone().filter(|name| !name.is_empty()),
        platform,
        issuers: primary_first,
        groups,
        network: each(&raw.network, "network", network)?,
        admission,
    })
}

pub(super) fn each<R, T>(raw: &[R], path: &str, check: impl Fn(&R, &str) -> Checked<T>) -> Checked<Vec<T>> {
    let checked = raw.iter().enumerate();
    checked
        .map(|(at, item)| check(item, &format!("{path}[{at}]")))
        .collect()
}

fn platform(raw: &RawPlatform) -> Checked<Platform> {
    let name = PlatformName::parse(&raw.name)
        .ok_or_else(|| not_a_choice("platform.name", &raw.name, PLATFORM_NAMES))?;
    let version = raw.kubernetes.as_deref().map(|text| {
        KubernetesVersion::parse(text).ok_or_else(|| {
            let problem = format!("is `{text}`, which is no version of Kubernetes");
            Fault::new("platform.kubernetes", problem, "write it as 1.34")
        })
    });
    Ok(Platform {
        name,
        version: version.transpose()?,
        region: raw.region.clone(),
    })
}

fn issuers(raw: &RawDescription) -> Checked<Vec<Issuer>> {
    let issuers = each(&raw.issuers, "issuers", issuer)?;
    let primaries = issuers.iter().filter(|issuer| issuer.is_primary).count();
    let problem = match (issuers.len(), primaries) {
        (0, _) => Some(("is empty", "name the provider that people sign in at")),
        (_, 0) => Some((
            "has no primary issuer",
            "leave `role` out of the one that people sign in at",
        )),
        (_, 1) => None,
        _ => Some((
            "has more than one primary issuer",
            "give the others `role: disaster-recovery`",
        )),
    };
    if let Some((problem, hint)) = problem {
        return Err(Fault::new("issuers", problem, hint));
    }
    for (at, issuer) in issuers.iter().enumerate() {
        for earlier in &issuers[..at] {
            let (field, what) = if earlier.url == issuer.url {
                ("url", "issuer")
            } else if earlier.name == issuer.name {
                ("name", "name")
            } else {
                continue;
            };
            let problem = format!("is the {what} of another entry");
            let hint = "an API server takes each issuer once; list all its client ids in one entry";
            return Err(Fault::new(&format!("issuers[{at}].{field}"), problem, hint));
        }
    }
    Ok(issuers)
}

fn issuer(raw: &RawIssuer, path: &str) -> Checked<Issuer> {
    let field = |name: &str| format!("{path}.{name}");
    check_name(&raw.name, &field("name"))?;
    check_url(&raw.url, &field("url"))?;
    let role = raw.role.as_deref().unwrap_or(ISSUER_ROLES[0]);
    if !ISSUER_ROLES.contains(&role) {
        return Err(not_a_choice(&field("role"), role, ISSUER_ROLES));
    }
    check_client_ids(&raw.client_ids, &field("clientIds"))?;
    check_claim(&raw.username, &field("username"))?;
    let no_groups = RawGroups::default();
    let groups = raw.groups.as_ref().unwrap_or(&no_groups);
    if raw.groups.is_some() {
        let claim = RawClaim {
            claim: groups.claim.clone(),
            prefix: groups.prefix.clone(),
        };
        check_claim(&claim, &field("groups"))?;
    }
    check_required_claims(&raw.required_claims, &field("requiredClaims"))?;
    let pem = raw.certificate_authority.clone();
    if pem
        .as_ref()
        .is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----"))
    {
        let hint = "paste the certificate itself, in PEM, after `certificateAuthority: |`";
        return Err(Fault::new(
            &field("certificateAuthority"),
            "has no certificate",
            hint,
        ));
    }
    Ok(Issuer {
        name: raw.name.clone(),
        is_primary: role == ISSUER_ROLES[0],
        url: raw.url.clone(),
        audiences: raw.client_ids.clone(),
        algorithm: raw.signing_algorithm.clone(),
        authority_pem: pem,
        mapping: ClaimMapping {
            username_claim: raw.username.claim.clone(),
            username_prefix: raw.username.prefix.clone(),
            groups_claim: groups.claim.clone(),
            groups_prefix: groups.prefix.clone(),
        },
        groups_starting_with: groups.starting_with.clone().filter(|start| !start.is_empty()),
        uid_claim: raw.uid.clone(),
        required_claims: raw.required_claims.clone(),
    })
}

/// The API server compares the issuer byte for byte, so it is checked and never changed.
fn check_url(text: &str, path: &str) -> Checked<()> {
    let hint = "copy `issuer` from the provider's /.well-known/openid-configuration, to the letter";
    let problem = match Url::parse(text) {
        Err(_) => "is no URL",
        Ok(url) if url.scheme() != "https" => "is not https, which an API server requires",
        Ok(url) if !url.username().is_empty() || url.password().is_some() => "has a user in it",
        Ok(url) if url.query().is_some() => "has a query",
        Ok(url) if url.fragment().is_some() => "has a fragment",
        Ok(_) if text.trim() != text || text.contains(char::is_whitespace) => "has a space in it",
        Ok(_) if text.ends_with("/.well-known/openid-configuration") => {
            "is the discovery document and not the issuer"
        }
        Ok(_) => return Ok(()),
    };
    Err(Fault::new(path, problem, hint))
}

/// The API server does not start, or EKS breaks at an upgrade, where the provider is the cluster itself.
fn check_not_own_issuer(issuer: &Issuer, own: Option<&str>, path: &str) -> Checked<()> {
    let trimmed = |text: &str| text.trim_end_matches('/').to_owned();
    let is_eks = Url::parse(&issuer.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .is_some_and(|host| host.starts_with("oidc.eks."));
    let is_own = own.is_some_and(|own| trimmed(own) == trimmed(&issuer.url));
    if !is_own && !is_eks {
        return Ok(());
    }
    let problem = "is the cluster's own issuer, of service accounts";
    let hint = "name the issuer of the provider that people sign in at";
    Err(Fault::new(path, problem, hint))
}

fn check_client_ids(ids: &[String], path: &str) -> Checked<()> {
    let mut seen = BTreeSet::new();
    let hint = "the provider shows the client id beside the app";
    if ids.is_empty() {
        return Err(Fault::new(path, "is empty", hint));
    }
    for (at, id) in ids.iter().enumerate() {
        let path = format!("{path}[{at}]");
        if id.trim().is_empty() || id.trim() != id {
            return Err(Fault::new(&path, "is empty or begins or ends with a space", hint));
        }
        if !seen.insert(id) {
            return Err(Fault::new(&path, "is there twice", "remove one of the two"));
        }
    }
    Ok(())
}

fn check_claim(claim: &RawClaim, path: &str) -> Checked<()> {
    if claim.claim.trim().is_empty() {
        return Err(Fault::new(
            &format!("{path}.claim"),
            "is empty",
            "name a claim, such as `sub`",
        ));
    }
    if claim.prefix.contains(RESERVED) {
        let problem = format!("has `{RESERVED}` in it, which names what belongs to Kubernetes");
        let hint = "take the provider's name, such as `okta:`";
        return Err(Fault::new(&format!("{path}.prefix"), problem, hint));
    }
    // `--oidc-username-prefix=-`, and EKS alike: then a name of the provider could begin with `system:`.
    if claim.prefix == "-" {
        let problem = "is `-`, by which flags mean that there is no prefix";
        let hint = "take the provider's name, such as `okta:`";
        return Err(Fault::new(&format!("{path}.prefix"), problem, hint));
    }
    Ok(())
}

fn check_required_claims(claims: &BTreeMap<String, String>, path: &str) -> Checked<()> {
    for name in claims.keys() {
        let problem = match name.as_str() {
            "aud" => {
                "is checked anyway by the client ids; as a required claim it refuses tokens whose `aud` is a list"
            }
            "iss" => "is checked anyway by the issuer",
            "email_verified" => {
                "is true or false, and required claims are compared as text: no token would pass"
            }
            "" => "has no name",
            _ => continue,
        };
        return Err(Fault::new(&format!("{path}.{name}"), problem, "remove it"));
    }
    Ok(())
}

fn group(raw: &RawGroup, path: &str) -> Checked<GroupGrant> {
    let field = |name: &str| format!("{path}.{name}");
    if raw.name.trim().is_empty() {
        return Err(Fault::new(
            &field("name"),
            "is empty",
            "name a group of the provider",
        ));
    }
    let role = Role::ALL.into_iter().find(|role| role.name() == raw.role);
    let role = role.ok_or_else(|| not_a_choice(&field("role"), &raw.role, Role::NAMES))?;
    let path = field("namespaces");
    if role.is_for_namespaces() == raw.namespaces.is_empty() {
        let (problem, hint) = if role.is_for_namespaces() {
            (
                "is missing",
                format!(
                    "say where members may be {}: a role of a whole cluster includes kube-system",
                    role.name()
                ),
            )
        } else {
            (
                "cannot limit this role",
                format!(
                    "{} is a role of the whole cluster: remove the namespaces",
                    role.name()
                ),
            )
        };
        return Err(Fault::new(&path, problem, hint));
    }
    for (at, namespace) in raw.namespaces.iter().enumerate() {
        let path = format!("{path}[{at}]");
        check_name(namespace, &path)?;
        if SYSTEM_NAMESPACES.contains(&namespace.as_str()) {
            let problem = "belongs to Kubernetes: who runs a command in its pods can become administrator of the cluster";
            return Err(Fault::new(
                &path,
                problem,
                "grant `platform-engineer` or `break-glass` to those who look after it",
            ));
        }
    }
    Ok(GroupGrant {
        name: raw.name.clone(),
        role,
        namespaces: raw.namespaces.clone(),
    })
}

fn check_groups(groups: &[GroupGrant], issuers: &[Issuer]) -> Checked<()> {
    let mut numbered = groups.iter().enumerate();
    numbered.try_for_each(|(at, group)| check_group_name(&group.name, &format!("groups[{at}].name"), issuers))
}

/// Checks that a group is what the issuers make of it.
pub(super) fn check_group_name(name: &str, path: &str, issuers: &[Issuer]) -> Checked<()> {
    for issuer in issuers {
        let mapping = &issuer.mapping;
        if mapping.groups_claim.is_empty() {
            let problem = format!("cannot be in a token of `{}`, which has no `groups`", issuer.name);
            return Err(Fault::new(
                path,
                problem,
                "add `groups` with `claim` and `prefix` to the issuer",
            ));
        }
        let full = format!("{}{name}", mapping.groups_prefix);
        if full.starts_with(RESERVED) {
            let problem = format!("would be `{full}`, which belongs to Kubernetes");
            return Err(Fault::new(path, problem, "choose another group, and a prefix"));
        }
        let start = issuer.groups_starting_with.as_deref().unwrap_or_default();
        if !name.starts_with(start) {
            let problem = format!(
                "does not begin with `{start}`, so `{}` does not pass it on",
                issuer.name
            );
            return Err(Fault::new(path, problem, "change `startingWith`, or the group"));
        }
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::new(
            path,
            "has a control character",
            "copy the name from the provider",
        ));
    }
    Ok(())
}

/// Names are those of Kubernetes (RFC 1123 labels).
pub(super) fn check_name(name: &str, path: &str) -> Checked<()> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = !name.is_empty()
        && name.len() <= 63
        && name.chars().all(is_fit)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fits {
        return Ok(());
    }
    let problem = format!("is `{name}`, which is no name of Kubernetes");
    let hint = "use lower-case letters, digits and dashes, 63 at most, with no dash at either end";
    Err(Fault::new(path, problem, hint))
}
