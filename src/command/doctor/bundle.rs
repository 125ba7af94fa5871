//! The text for a bug report: what was found, without secrets and without who the person is.

use std::cmp::Reverse;
use std::env::consts::{ARCH, OS};

use serde_json::Value;

use super::gather::Gathered;
use crate::cli::OutputFormat;
use crate::doctor::{self, Finding, select};
use crate::environment;
use crate::kubeconfig;
use crate::structured;
use crate::untrusted_text::harmless_lines;

/// Shorter values would match unrelated text.
const MIN_MASKED_BYTES: usize = 4;

/// Claims whose values the settings have too.
const SHOWN_CLAIMS: [&str; 3] = ["iss", "aud", "scp"];

pub(super) fn text(gathered: &Gathered, findings: &[Finding]) -> String {
    let names = variable_names();
    let names = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    let claims = claims(gathered);
    let claim_names: Vec<&str> = claims.iter().map(|(name, _)| name.as_str()).collect();
    let claim_names = if claim_names.is_empty() {
        "no token".to_owned()
    } else {
        claim_names.join(", ")
    };
    let entry = entry(gathered).unwrap_or_else(|| "none\n".to_owned());
    let findings = structured::document(&doctor::as_value(findings), OutputFormat::Json);
    let text = format!(
        "kubesesame doctor\n\nversion: {}\nsystem: {OS} {ARCH}\nvariables that are set: {names}\nclaims of the token: \
         {claim_names}\n\nkubeconfig entry, masked:\n\n{entry}\nfindings:\n\n{}",
        env!("CARGO_PKG_VERSION"),
        mask_claims(findings, &claims)
    );
    harmless_lines(&text).into_owned()
}

/// The names of variables that change what kubesesame or kubectl does.
fn variable_names() -> Vec<String> {
    let prefixes = [
        "KUBE",
        "SSL_CERT_",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "BROWSER",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WSL_",
        "SSH_CONNECTION",
        "XDG_RUNTIME_DIR",
    ];
    environment::names_with_prefix(&prefixes)
}

/// The claims of the stored token.
fn claims(gathered: &Gathered) -> Vec<(String, Value)> {
    let stored = gathered
        .facts
        .session
        .as_ref()
        .and_then(|session| session.stored.as_ref());
    let token = stored.and_then(|stored| stored.token.as_ref());
    token.map_or_else(Vec::new, |token| {
        let claims = token.claims.iter();
        claims
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    })
}

fn entry(gathered: &Gathered) -> Option<String> {
    let kubeconfig = gathered.facts.kubeconfig.as_ref()?;
    let (context, user) = (&kubeconfig.wanted_context, &kubeconfig.wanted_user);
    let selection = select(&kubeconfig.entries, context.as_deref(), user.as_deref())?;
    kubeconfig::masked_user(gathered.files.text(selection.user.file)?, &selection.user.name)
}

/// Replaces the values of claims by their names, so that the text does not say who the person is.
fn mask_claims(text: String, claims: &[(String, Value)]) -> String {
    let claims = claims
        .iter()
        .filter(|(name, _)| !SHOWN_CLAIMS.contains(&name.as_str()));
    let mut values: Vec<(&str, &str)> = claims
        .flat_map(|(name, value)| texts_in(value).into_iter().map(move |text| (text, name.as_str())))
        .filter(|(value, _)| value.len() >= MIN_MASKED_BYTES)
        .collect();
    // The longest first: one that contains a shorter one is masked as a whole.
    values.sort_by_key(|(value, _)| Reverse(value.len()));
    values.into_iter().fold(text, |text, (value, name)| {
        text.replace(value, &format!("[{name}]"))
    })
}

/// Returns the texts in a value: itself, or those in its members.
fn texts_in(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(members) => members.iter().flat_map(texts_in).collect(),
        Value::Object(members) => members.values().flat_map(texts_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(text: &str, claims: &Value) -> String {
        let claims = claims.as_object().unwrap().iter();
        let claims: Vec<_> = claims
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        mask_claims(text.to_owned(), &claims)
    }

    #[test]
    fn the_values_of_claims_and_the_members_of_lists_are_masked() {
        let claims = json!({
            "iss": "https://i.example",
            "sub": "00ualice",
            "groups": ["team-red", "team-red-leads", "dev"],
            "address": {"locality": "Springfield"},
            "scp": ["offline_access"],
        });
        for (text, expected) in [
            ("`sub` is 00ualice", "`sub` is [sub]"),
            ("at https://i.example", "at https://i.example"),
            ("a member of team-red", "a member of [groups]"),
            ("a member of team-red-leads", "a member of [groups]"),
            ("lives in Springfield", "lives in [address]"),
            ("a member of dev", "a member of dev"),
            (
                "--oidc-extra-scope=offline_access",
                "--oidc-extra-scope=offline_access",
            ),
        ] {
            assert_eq!(masked(text, &claims), expected, "{text}");
        }
    }
}
