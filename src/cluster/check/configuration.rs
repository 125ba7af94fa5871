//! The whole check of an `AuthenticationConfiguration`: what the API server refuses, and what it accepts and a person should know.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::advice::{self, Advice};
use super::decode::{Decoded, decode};
use super::login::{self, Login};
use super::report::{FileReport, Finding, Severity};
use super::validate::{Validation, validate};

const KIND: &str = "AuthenticationConfiguration";

/// The version of Kubernetes 1 whose rules these are.
pub(crate) const RULES_MINOR: u16 = 36;

/// The largest file: its expressions are compiled, which takes time.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Checks the text of a file for Kubernetes 1.`minor`. `disallowed` are the issuers of service accounts.
pub(crate) fn check(text: &str, minor: Option<u16>, disallowed: &BTreeSet<String>) -> FileReport {
    if text.len() > MAX_BYTES {
        let text = format!("larger than {MAX_BYTES} bytes, which no AuthenticationConfiguration is");
        return FileReport::refused(KIND, None, text);
    }
    let decoded = match decode(text) {
        Ok(decoded) => decoded,
        Err(error) => return FileReport::refused(KIND, error.line, error.text),
    };
    let validation = validate(&decoded.configuration, disallowed);
    let mut findings = errors(&decoded, &validation);
    findings.extend(versions(&decoded, &validation, minor));
    let mut warn = |advice: Advice| {
        let line = Some(decoded.line(&advice.field));
        findings.push(Finding {
            severity: Severity::Warning,
            line,
            field: advice.field,
            text: advice.text,
        });
    };
    advice::of_configuration(&decoded.configuration)
        .into_iter()
        .for_each(&mut warn);
    advice::of_expressions(&validation)
        .into_iter()
        .for_each(&mut warn);
    if let Some(line) = decoded.second_document {
        let text = "the file has a second document, which the API server does not read".to_owned();
        findings.push(Finding {
            severity: Severity::Warning,
            line: Some(line),
            field: String::new(),
            text,
        });
    }
    FileReport {
        kind: format!("{KIND} {}", decoded.version),
        findings,
    }
}

fn errors(decoded: &Decoded, validation: &Validation) -> Vec<Finding> {
    let error = |field: &str, text: &str| Finding {
        severity: Severity::Error,
        line: Some(decoded.line(field)),
        field: field.to_owned(),
        text: text.to_owned(),
    };
    let panic = "the API server ends in a panic over this expression: an optional element (`?`) of a list or map has to be an optional whose type is known, and no key of a map can be bytes";
    let panics = validation.panics.iter().map(|field| error(field, panic));
    panics
        .chain(validation.errors.iter().map(|it| error(&it.field, &it.body)))
        .collect()
}

/// What the wanted version of Kubernetes does not have.
fn versions(decoded: &Decoded, validation: &Validation, minor: Option<u16>) -> Vec<Finding> {
    let Some(minor) = minor else { return Vec::new() };
    let mut findings = Vec::new();
    let mut needs = |field: &str, what: &str, since: u16| {
        if minor < since {
            let text = format!("{what} needs Kubernetes 1.{since}, and this is for 1.{minor}");
            let line = Some(decoded.line(field));
            findings.push(Finding {
                severity: Severity::Error,
                line,
                field: field.to_owned(),
                text,
            });
        }
    };
    let since = match decoded.version {
        "v1" => 34,
        "v1beta1" => 30,
        _ => 29,
    };
    needs(
        "apiVersion",
        &format!("apiserver.config.k8s.io/{}", decoded.version),
        since,
    );
    if decoded.configuration.anonymous.is_some() {
        needs("anonymous", "`anonymous` in this file", 32);
    }
    for (at, jwt) in decoded.configuration.jwt.iter().enumerate() {
        if !jwt.issuer.egress_selector_type.is_empty() {
            needs(
                &format!("jwt[{at}].issuer.egressSelectorType"),
                "`egressSelectorType`",
                34,
            );
        }
    }
    for (field, compiled) in &validation.expressions {
        needs(field, "a function of this expression", compiled.since);
    }
    findings
}

/// Says what the file makes of the claims of a token at a time in seconds, if it is a configuration that the API server accepts.
pub(crate) fn log_in(text: &str, claims: &Map<String, Value>, now: i64) -> Option<Login> {
    let decoded = decode(text).ok()?;
    let validation = validate(&decoded.configuration, &BTreeSet::new());
    let is_accepted = validation.errors.is_empty() && validation.panics.is_empty();
    is_accepted.then(|| login::log_in(&decoded.configuration, claims, now))
}
