//! The configuration of an identity provider of EKS, in the spelling of eksctl, the AWS CLI, `CloudFormation` or Terraform.

use super::model::{ClaimRule, Configuration, Issuer, Jwt, Mapping};
use super::report::{FileReport, Finding, Severity};
use super::yaml::{Scalar, Value, ValueKind};
use crate::cluster::username_prefix;

/// How a tool spells the fields.
struct Spelling {
    kind: &'static str,
    name: &'static str,
    issuer: &'static str,
    client: &'static str,
    username_claim: &'static str,
    username_prefix: &'static str,
    groups_claim: &'static str,
    groups_prefix: &'static str,
    required_claims: &'static str,
}

static EKSCTL: Spelling = Spelling {
    kind: "ClusterConfig of eksctl",
    name: "name",
    issuer: "issuerURL",
    client: "clientID",
    username_claim: "usernameClaim",
    username_prefix: "usernamePrefix",
    groups_claim: "groupsClaim",
    groups_prefix: "groupsPrefix",
    required_claims: "requiredClaims",
};

static AWS_CLI: Spelling = Spelling {
    kind: "input of aws eks associate-identity-provider-config",
    name: "identityProviderConfigName",
    issuer: "issuerUrl",
    client: "clientId",
    ..copy(&EKSCTL)
};

static CLOUDFORMATION: Spelling = Spelling {
    kind: "AWS::EKS::IdentityProviderConfig of CloudFormation",
    name: "",
    issuer: "IssuerUrl",
    client: "ClientId",
    username_claim: "UsernameClaim",
    username_prefix: "UsernamePrefix",
    groups_claim: "GroupsClaim",
    groups_prefix: "GroupsPrefix",
    required_claims: "RequiredClaims",
};

static TERRAFORM: Spelling = Spelling {
    kind: "aws_eks_identity_provider_config of Terraform",
    name: "identity_provider_config_name",
    issuer: "issuer_url",
    client: "client_id",
    username_claim: "username_claim",
    username_prefix: "username_prefix",
    groups_claim: "groups_claim",
    groups_prefix: "groups_prefix",
    required_claims: "required_claims",
};

const fn copy(of: &Spelling) -> Spelling {
    Spelling { ..*of }
}

/// Checks a document if it has an identity provider of EKS.
pub(super) fn check(root: &Value) -> Option<FileReport> {
    let (spelling, providers) = providers(root)?;
    let mut findings = Vec::new();
    for provider in providers.iter().skip(1) {
        findings.push(found(
            provider,
            "",
            Severity::Error,
            "EKS takes one identity provider for a cluster",
        ));
    }
    for provider in &providers {
        findings.extend(of_provider(provider, spelling));
    }
    Some(FileReport {
        kind: spelling.kind.to_owned(),
        findings,
    })
}

/// Returns the entries that EKS makes of its identity providers: it has the meaning of the flags.
pub(super) fn entries(root: &Value) -> Option<Configuration> {
    let (spelling, providers) = providers(root)?;
    Some(Configuration {
        jwt: providers
            .into_iter()
            .map(|provider| jwt(provider, spelling))
            .collect(),
        anonymous: None,
    })
}

fn jwt(provider: &Value, spelling: &Spelling) -> Jwt {
    let text = |name| {
        get(provider, name)
            .map(|(_, value)| shown(value))
            .unwrap_or_default()
    };
    let issuer = text(spelling.issuer);
    let claim = Some(text(spelling.username_claim)).filter(|claim| !claim.is_empty());
    let claim = claim.unwrap_or_else(|| "sub".to_owned());
    let prefix = Some(text(spelling.username_prefix)).filter(|prefix| !prefix.is_empty());
    let prefix = username_prefix(prefix.as_deref(), &claim, &issuer);
    let groups = text(spelling.groups_claim);
    let required = get(provider, spelling.required_claims).map(|(_, value)| pairs(value));
    Jwt {
        issuer: Issuer {
            url: issuer,
            audiences: vec![text(spelling.client)],
            ..Issuer::default()
        },
        claim_rules: required
            .unwrap_or_default()
            .into_iter()
            .map(|(claim, value)| ClaimRule {
                claim: claim.to_owned(),
                required_value: shown(value),
                ..ClaimRule::default()
            })
            .collect(),
        username: Mapping {
            claim,
            prefix: Some(prefix),
            ..Mapping::default()
        },
        groups: Mapping {
            prefix: (!groups.is_empty()).then(|| text(spelling.groups_prefix)),
            claim: groups,
            ..Mapping::default()
        },
        ..Jwt::default()
    }
}

/// Returns a value as text, also a reference of `CloudFormation` or Terraform.
fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Scalar(Scalar::Text(text) | Scalar::Number(text)) => text.clone(),
        ValueKind::Scalar(Scalar::Bool(is_true)) => is_true.to_string(),
        ValueKind::Scalar(Scalar::Null | Scalar::NotFinite(_)) => String::new(),
        ValueKind::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Map(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{key}: {}", shown(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn providers(root: &Value) -> Option<(&'static Spelling, Vec<&Value>)> {
    if let Some(list) = root.get("identityProviders") {
        return Some((&EKSCTL, list.items().collect()));
    }
    if let Some(resources) = root.get("Resources") {
        let is_provider = |value: &&Value| {
            value.get("Type").and_then(Value::as_text) == Some("AWS::EKS::IdentityProviderConfig")
        };
        let all = resources.entries().map(|(_, value)| value).filter(is_provider);
        let all: Vec<&Value> = all
            .filter_map(|value| value.get("Properties")?.get("Oidc"))
            .collect();
        return (!all.is_empty()).then_some((&CLOUDFORMATION, all));
    }
    if let Some(resources) = root
        .get("resource")
        .and_then(|value| value.get("aws_eks_identity_provider_config"))
    {
        let all = resources.entries().filter_map(|(_, value)| {
            let oidc = value.get("oidc")?;
            Some(oidc.items().next().unwrap_or(oidc))
        });
        return Some((&TERRAFORM, all.collect()));
    }
    if root.get("issuer_url").is_some() {
        return Some((&TERRAFORM, vec![root]));
    }
    let oidc = root.get("oidc").unwrap_or(root);
    let is_cli = ["issuerUrl", "issuerURL"]
        .into_iter()
        .any(|name| oidc.get(name).is_some());
    is_cli.then_some((&AWS_CLI, vec![oidc]))
}

fn found(at: &Value, field: &str, severity: Severity, text: &str) -> Finding {
    Finding {
        severity,
        line: Some(at.line),
        field: field.to_owned(),
        text: text.to_owned(),
    }
}

fn of_provider(provider: &Value, spelling: &Spelling) -> Vec<Finding> {
    let mut findings = misspelt(provider, spelling);
    for name in [spelling.name, spelling.issuer, spelling.client] {
        let is_empty = |value: &Value| value.as_text() == Some("") || value.is_null();
        // A value that is no text is a reference of CloudFormation or Terraform.
        if !name.is_empty() && get(provider, name).is_none_or(|(_, value)| is_empty(value)) {
            findings.push(found(provider, name, Severity::Error, "it is required"));
        }
    }
    let issuer = get(provider, spelling.issuer).and_then(|(_, value)| Some((value.as_text()?, value)));
    if let Some((url, value)) = issuer.filter(|(url, _)| !url.is_empty() && !url.contains("${"))
        && !super::go_url::parse(url).is_ok_and(|parsed| parsed.scheme == "https")
    {
        findings.push(found(
            value,
            spelling.issuer,
            Severity::Error,
            "URL scheme must be https",
        ));
    }
    findings.extend(prefixes(provider, spelling));
    findings.extend(required_claims(provider, spelling));
    findings
}

/// Returns the field in this spelling, or in another upper and lower case.
fn get<'a>(provider: &'a Value, name: &str) -> Option<(&'a str, &'a Value)> {
    let mut entries = provider
        .entries()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name));
    entries.next().map(|(known, value)| (known.as_str(), value))
}

fn misspelt(provider: &Value, spelling: &Spelling) -> Vec<Finding> {
    let names = [
        spelling.name,
        spelling.issuer,
        spelling.client,
        spelling.username_claim,
        spelling.username_prefix,
        spelling.groups_claim,
        spelling.groups_prefix,
        spelling.required_claims,
    ];
    let wrong = names.into_iter().filter_map(|name| {
        get(provider, name)
            .filter(|(known, _)| *known != name)
            .map(|pair| (name, pair))
    });
    wrong
        .map(|(name, (known, value))| {
            // eksctl ignores upper and lower case, its schema does not.
            let severity = if spelling.kind == EKSCTL.kind {
                Severity::Warning
            } else {
                Severity::Error
            };
            found(value, known, severity, &format!("it is spelt `{name}` here"))
        })
        .collect()
}

fn prefixes(provider: &Value, spelling: &Spelling) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in [spelling.username_prefix, spelling.groups_prefix] {
        if let Some((known, value)) = get(provider, name)
            && value.as_text().is_some_and(|prefix| prefix.contains("system:"))
        {
            findings.push(found(
                value,
                known,
                Severity::Error,
                "EKS refuses a prefix with `system:`",
            ));
        }
    }
    if get(provider, spelling.username_prefix).is_none() {
        let text = "user names begin with the issuer and `#`, unless the claim is `email`";
        findings.push(found(provider, spelling.username_prefix, Severity::Warning, text));
    }
    if get(provider, spelling.groups_claim).is_some() && get(provider, spelling.groups_prefix).is_none() {
        let text = "groups have no prefix, so a group `system:masters` of the provider may do everything";
        findings.push(found(provider, spelling.groups_prefix, Severity::Warning, text));
    }
    findings
}

fn required_claims(provider: &Value, spelling: &Spelling) -> Vec<Finding> {
    let Some((field, value)) = get(provider, spelling.required_claims) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let is_list = matches!(value.kind, ValueKind::List(_));
    let pairs = pairs(value);
    if is_list != (spelling.kind == CLOUDFORMATION.kind) && !value.is_null() {
        let form = if is_list {
            "a map from claims to values"
        } else {
            "a list of {Key, Value}"
        };
        findings.push(found(
            value,
            field,
            Severity::Error,
            &format!("it has to be {form}"),
        ));
    }
    for (claim, value) in pairs {
        findings.extend(required_claim(claim, value, &format!("{field}.{claim}")));
    }
    findings
}

/// Returns the required claims: of a map, or of `CloudFormation`'s list.
fn pairs(value: &Value) -> Vec<(&str, &Value)> {
    let of_list = value
        .items()
        .filter_map(|item| Some((item.get("Key")?.as_text()?, item.get("Value")?)));
    let of_map = value.entries().map(|(name, value)| (name.as_str(), value));
    of_list.chain(of_map).collect()
}

fn required_claim(claim: &str, value: &Value, field: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |severity, text| findings.push(found(value, field, severity, text));
    match &value.kind {
        ValueKind::Scalar(Scalar::Text(text)) if text.is_empty() || text.chars().count() > 253 => {
            say(Severity::Error, "a value has 1 to 253 characters");
        }
        ValueKind::Scalar(Scalar::Bool(_) | Scalar::Number(_)) => {
            say(Severity::Error, "a value is a string: put it in quotes");
        }
        _ => {}
    }
    if claim.is_empty() || claim.chars().count() > 63 {
        say(Severity::Error, "a claim has 1 to 63 characters");
    }
    if claim == "aud" {
        say(
            Severity::Warning,
            "the audience is checked without it, and this refuses each token whose `aud` is a list: leave it out",
        );
    }
    findings
}
