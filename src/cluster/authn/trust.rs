//! Whom the API server is to trust, as flags or as a structured configuration.

use serde_json::{Value, json};

use super::output::{GeneratedFile, Header, Refusal};
use crate::cluster::api_server::{ApiServer, ConfigVersion};
use crate::cluster::description::{Description, Issuer, KubernetesVersion};
use crate::cluster::judgement::DEFAULT_ALGORITHM;
use crate::cluster::names::RESERVED;
use crate::kubeconfig;

/// The first version that reads a structured configuration.
const FIRST_WITH_CONFIGURATION: KubernetesVersion = KubernetesVersion { minor: 30 };
/// The first version that reads `v1` of it.
const FIRST_WITH_V1: KubernetesVersion = KubernetesVersion { minor: 34 };

pub(super) const CONFIGURATION_FILE: &str = "authentication.yaml";
pub(super) const AUTHORITY_FILE: &str = "oidc-ca.crt";

/// How an API server is told whom to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The flags `--oidc-…`.
    Flags,
    /// A file `AuthenticationConfiguration`.
    Configuration,
}

/// The flags of an API server, and the files that they name.
#[derive(Debug)]
pub(super) struct Trust {
    /// Names without dashes, with values. A name may be there more than once.
    pub(super) flags: Vec<(String, String)>,
    /// The files that the flags name, for the directory [`Self::new`] was given.
    pub(super) files: Vec<GeneratedFile>,
    pub(super) notes: Vec<String>,
}

impl Trust {
    /// Makes the flags for an API server that sees the files in this directory.
    ///
    /// # Errors
    /// If this form cannot say what the description says.
    pub(super) fn new(
        description: &Description,
        form: Option<Form>,
        default: Form,
        dir: &str,
    ) -> Result<Self, Refusal> {
        match form.unwrap_or_else(|| fitting_form(description, default)) {
            Form::Flags => Self::by_flags(description, dir),
            Form::Configuration => Self::by_configuration(description, dir),
        }
    }

    fn by_flags(description: &Description, dir: &str) -> Result<Self, Refusal> {
        if let Some(reason) = beyond_flags(description) {
            let reason = format!("flags of kube-apiserver cannot express it: {reason}");
            return Err(Refusal::new(
                reason,
                "take a structured configuration: --form=config, from Kubernetes 1.30",
            ));
        }
        let issuer = description.primary();
        check_prefixes(issuer)?;
        let authority_file = format!("{dir}/{AUTHORITY_FILE}");
        let server = ApiServer {
            authority_file: issuer.authority_pem.as_ref().map(|_| authority_file.as_str()),
            ..api_server(issuer)
        };
        let flags = server.flags().into_iter().filter_map(|flag| {
            let (name, value) = flag.trim_start_matches("--").split_once('=')?;
            let is_absent = issuer.mapping.groups_claim.is_empty() && name.starts_with("oidc-groups-");
            (!is_absent).then(|| (name.to_owned(), value.to_owned()))
        });
        let files = issuer.authority_pem.iter().map(|pem| GeneratedFile {
            name: AUTHORITY_FILE,
            content: pem.clone(),
        });
        let mut notes = Vec::new();
        if issuer.mapping.username_claim == "email" {
            notes.push(
                "the flags refuse an address with `email_verified: false`, and accept one without that claim; a structured configuration can require it"
                    .to_owned(),
            );
        }
        Ok(Self {
            flags: flags.collect(),
            files: files.collect(),
            notes,
        })
    }

    fn by_configuration(description: &Description, dir: &str) -> Result<Self, Refusal> {
        let version = config_version(description.version())?;
        let notes = configuration_notes(description);
        let entries: Vec<Value> = description.issuers.iter().map(jwt).collect();
        let content = kubeconfig::yaml(&version.document(&entries));
        let header = Header {
            title: "Whose tokens kube-apiserver accepts (--authentication-config)",
            apply: &[
                "The API server reads a change within a minute, without a restart; a file that it cannot use changes nothing.",
            ],
            back: &["Put the earlier file in its place. To end OpenID Connect, remove the entries of `jwt`."],
        };
        Ok(Self {
            flags: vec![(
                "authentication-config".to_owned(),
                format!("{dir}/{CONFIGURATION_FILE}"),
            )],
            files: vec![GeneratedFile {
                name: CONFIGURATION_FILE,
                content: header.write(&[]) + &content,
            }],
            notes,
        })
    }
}

/// Returns a structured configuration, or the manifest of an API server with the flags.
pub(super) fn settings(description: &Description, default: Form) -> Result<String, Refusal> {
    match fitting_form(description, default) {
        Form::Configuration => {
            Ok(configuration(description, config_version(description.version())?).to_string())
        }
        Form::Flags => {
            let flags = Trust::by_flags(description, "/etc/kubernetes/authentication")?.flags;
            let flags = flags.iter().map(|(name, value)| format!("--{name}={value}"));
            let command: Vec<String> = ["kube-apiserver".to_owned()].into_iter().chain(flags).collect();
            let pod = json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "spec": { "containers": [{ "command": command }] },
            });
            Ok(pod.to_string())
        }
    }
}

/// Returns the entries of a structured configuration without the file around them.
pub(super) fn configuration(description: &Description, version: ConfigVersion) -> Value {
    let entries: Vec<Value> = description.issuers.iter().map(jwt).collect();
    version.document(&entries)
}

pub(super) fn config_version(version: Option<KubernetesVersion>) -> Result<ConfigVersion, Refusal> {
    match version {
        Some(version) if version < FIRST_WITH_CONFIGURATION => Err(Refusal::new(
            format!("Kubernetes {version} reads no structured configuration"),
            "take the flags: --form=flags",
        )),
        Some(version) if version < FIRST_WITH_V1 => Ok(ConfigVersion::V1Beta1),
        Some(_) | None => Ok(ConfigVersion::V1),
    }
}

fn fitting_form(description: &Description, default: Form) -> Form {
    if beyond_flags(description).is_some() {
        return Form::Configuration;
    }
    let is_too_old = |version| version < FIRST_WITH_CONFIGURATION;
    if description.version().is_some_and(is_too_old) {
        return Form::Flags;
    }
    default
}

/// Returns what only a structured configuration can say.
pub(super) fn beyond_flags(description: &Description) -> Option<String> {
    if description.issuers.len() > 1 {
        return Some("there is more than one issuer".to_owned());
    }
    beyond_flags_of(description.primary())
}

/// The same for one issuer.
pub(super) fn beyond_flags_of(issuer: &Issuer) -> Option<String> {
    let named = |what: &str| Some(format!("`{}` has {what}", issuer.name));
    if issuer.audiences.len() > 1 {
        return named("more than one client id");
    }
    if issuer.groups_starting_with.is_some() {
        return named("`startingWith`, which needs an expression");
    }
    if issuer.uid_claim.is_some() {
        return named("`uid`");
    }
    None
}

/// No flag refuses names, so both prefixes have to make it impossible that one begins with `system:`.
pub(super) fn check_prefixes(issuer: &Issuer) -> Result<(), Refusal> {
    let mapping = &issuer.mapping;
    let used = [
        ("username", &mapping.username_prefix, true),
        ("groups", &mapping.groups_prefix, !mapping.groups_claim.is_empty()),
    ];
    for (field, prefix, is_used) in used {
        if is_used && RESERVED.starts_with(prefix.as_str()) {
            let reason = format!(
                "the prefix of `{field}` lets a name of the provider begin with `{RESERVED}`, such as the group system:masters, which may do everything"
            );
            let hint = "set a prefix, such as `okta:`; a structured configuration (--form=config) can refuse such names";
            return Err(Refusal::new(reason, hint));
        }
    }
    Ok(())
}

pub(super) fn api_server(issuer: &Issuer) -> ApiServer<'_> {
    ApiServer {
        issuer: &issuer.url,
        audience: &issuer.audiences[0],
        mapping: &issuer.mapping,
        algorithm: issuer.algorithm.as_deref(),
        authority_file: None,
        authority_pem: issuer.authority_pem.as_deref(),
        required_claims: Some(&issuer.required_claims),
    }
}

/// Returns the entry of an issuer.
fn jwt(issuer: &Issuer) -> Value {
    let mut entry = api_server(issuer).jwt();
    if issuer.audiences.len() > 1 {
        entry["issuer"]["audiences"] = json!(issuer.audiences);
        entry["issuer"]["audienceMatchPolicy"] = "MatchAny".into();
    }
    let mapping = &issuer.mapping;
    if mapping.groups_claim.is_empty() {
        entry["claimMappings"]
            .as_object_mut()
            .map(|mappings| mappings.remove("groups"));
    } else if let Some(start) = &issuer.groups_starting_with {
        let expression = filtered_groups(&mapping.groups_claim, start, &mapping.groups_prefix);
        entry["claimMappings"]["groups"] = json!({ "expression": expression });
    }
    if let Some(claim) = &issuer.uid_claim {
        entry["claimMappings"]["uid"] = json!({ "claim": claim });
    }
    if mapping.username_claim == "email" {
        // By itself the API server refuses `false` alone, and accepts a token without the claim.
        let rule = json!({
            "expression": "claims.?email_verified.orValue(false) == true",
            "message": "the email address must be verified",
        });
        match entry["claimValidationRules"].as_array_mut() {
            Some(rules) => rules.push(rule),
            None => entry["claimValidationRules"] = json!([rule]),
        }
    }
    entry
}

/// Returns an expression over a list of groups. A macro over `claims.NAME` itself is refused, since its type is `any`: `dyn` makes it dynamic.
fn filtered_groups(claim: &str, start: &str, prefix: &str) -> String {
    let (has, groups) = if is_identifier(claim) {
        (format!("has(claims.{claim})"), format!("claims.{claim}"))
    } else {
        let name = cel_text(claim);
        (format!("{name} in claims"), format!("claims[{name}]"))
    };
    let (start, prefix) = (cel_text(start), cel_text(prefix));
    format!("{has} ? dyn({groups}).filter(g, g.startsWith({start})).map(g, {prefix} + g) : []")
}

fn is_identifier(claim: &str) -> bool {
    let begins_fit = claim.starts_with(|c: char| c.is_ascii_alphabetic());
    begins_fit && claim.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Writes a text as a literal of CEL.
pub(crate) fn cel_text(text: &str) -> String {
    let mut literal = "'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            '\n' => literal += "\\n",
            c => literal.push(c),
        }
    }
    literal + "'"
}

fn configuration_notes(description: &Description) -> Vec<String> {
    let mut notes = Vec::new();
    if description.version().is_none() {
        notes.push(
            "this is for Kubernetes 1.34 and later; for 1.30 to 1.33 say so: --kubernetes-version=1.33"
                .to_owned(),
        );
    }
    for issuer in &description.issuers {
        if issuer
            .algorithm
            .as_deref()
            .is_some_and(|name| name != DEFAULT_ALGORITHM)
        {
            notes.push(format!(
                "`{}`: a structured configuration accepts all nine signing algorithms, and has no setting for one",
                issuer.name
            ));
        }
        if issuer.groups_starting_with.is_some() {
            notes.push(format!(
                "`{}`: the claim `{}` has to be a list of texts in each token; a token with another value is refused",
                issuer.name, issuer.mapping.groups_claim
            ));
        }
    }
    let primary = description.primary();
    for other in &description.issuers[1..] {
        if other.mapping.username_prefix == primary.mapping.username_prefix {
            notes.push(format!(
                "`{}` has the prefix of `{}`: who can make an account there can be anybody in this cluster",
                other.name, primary.name
            ));
        }
    }
    notes
}
