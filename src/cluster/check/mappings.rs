//! The API server's validation of `claimMappings`, and its rule about addresses that are not verified.

use std::collections::BTreeSet;

use super::finding::FieldError;
use super::model::{Jwt, Mapping};
use super::validate::{Result, Validation};
use crate::cluster::cel::{Compiled, Kind, Literal, Node, Variable};

const EMAIL_RULE: &str = "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression";

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const PATH: &str = r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";

const MAX_SUBDOMAIN_BYTES: usize = 253;

pub(super) fn validate(jwt: &Jwt, path: &str, rules_verify_email: bool, all: &mut Validation) {
    let mut verifies_email = rules_verify_email;
    let mut uses_email = false;
    let before = all.errors.len();
    if let Some(username) = validate_mapping(&jwt.username, &format!("{path}.username"), true, all) {
        let (email, verified) = (uses_claim(&username.root, "email"), uses_email_verified(username));
        // The API server looks at the expression only if nothing is wrong with the mapping.
        if all.errors.len() == before {
            uses_email = email;
            verifies_email |= verified;
        }
    }
    validate_mapping(&jwt.groups, &format!("{path}.groups"), false, all);
    match (jwt.uid.claim.is_empty(), jwt.uid.expression.is_empty()) {
        (false, false) => {
            let detail = "claim and expression can't both be set";
            all.errors
                .push(FieldError::invalid(format!("{path}.uid"), "", detail));
        }
        (true, false) => {
            let field = format!("{path}.uid.expression");
            all.compile(&jwt.uid.expression, Variable::Claims, field, Result::Mapping);
        }
        (_, true) => {}
    }
    verifies_email |= validate_extra(jwt, &format!("{path}.extra"), all);
    if uses_email && !verifies_email {
        let field = format!("{path}.username.expression");
        all.errors
            .push(FieldError::invalid(field, &jwt.username.expression, EMAIL_RULE));
    }
}

fn validate_mapping<'a>(
    mapping: &Mapping,
    path: &str,
    is_required: bool,
    all: &'a mut Validation,
) -> Option<&'a Compiled> {
    match (mapping.claim.is_empty(), mapping.expression.is_empty()) {
        (false, false) => all.errors.push(FieldError::invalid(
            path,
            "",
            "claim and expression can't both be set",
        )),
        (true, true) if is_required => {
            all.errors
                .push(FieldError::required(path, "claim or expression is required"));
        }
        (true, false) => {
            if let Some(prefix) = &mapping.prefix {
                let detail = "may not be specified when expression is set";
                all.errors
                    .push(FieldError::invalid(format!("{path}.prefix"), prefix, detail));
            }
            let field = format!("{path}.expression");
            return all.compile(&mapping.expression, Variable::Claims, field, Result::Mapping);
        }
        (false, true) if mapping.prefix.is_none() => {
            let detail =
                "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
            all.errors
                .push(FieldError::required(format!("{path}.prefix"), detail));
        }
        (true | false, true) => {}
    }
    None
}

/// Returns whether one of the values uses `claims.email_verified`.
fn validate_extra(jwt: &Jwt, path: &str, all: &mut Validation) -> bool {
    let (mut keys, mut verifies_email) = (BTreeSet::new(), false);
    for (at, extra) in jwt.extra.iter().enumerate() {
        let (field, key) = (format!("{path}[{at}].key"), extra.key.as_str());
        validate_key(key, &field, &mut all.errors);
        if !keys.insert(key) {
            all.errors.push(FieldError::duplicate(field, key));
            continue;
        }
        let field = format!("{path}[{at}].valueExpression");
        if extra.value_expression.is_empty() {
            all.errors.push(FieldError::required(field, ""));
            continue;
        }
        let compiled = all.compile(&extra.value_expression, Variable::Claims, field, Result::Mapping);
        verifies_email |= compiled.is_some_and(uses_email_verified);
    }
    verifies_email
}

fn validate_key(key: &str, field: &str, errors: &mut Vec<FieldError>) {
    let mut refuse = |value: &str, detail: &str| errors.push(FieldError::invalid(field, value, detail));
    match key.split_once('/') {
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => {
            if domain.len() > MAX_SUBDOMAIN_BYTES {
                refuse(
                    domain,
                    &format!("must be no more than {MAX_SUBDOMAIN_BYTES} characters"),
                );
            }
            if !domain.split('.').all(is_label) {
                refuse(domain, SUBDOMAIN);
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
            if !path.chars().all(allowed) {
                refuse(path, PATH);
            }
        }
        _ if key.is_empty() => errors.push(FieldError::required(field, "")),
        _ => refuse(key, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
    let mut refuse = |detail: &str| errors.push(FieldError::invalid(field, key, detail));
    if key != key.to_lowercase() {
        refuse("must be lowercase");
    }
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let reserved = |suffix: &str| {
        domain == suffix
            || domain
                .strip_suffix(suffix)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    if reserved("kubernetes.io") || reserved("k8s.io") {
        refuse("k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(allowed)
}

pub(super) fn uses_email_verified(compiled: &Compiled) -> bool {
    uses_claim(&compiled.root, "email_verified")
}

/// Whether the expression selects the claim from `claims`, also as `claims.?NAME`. An index such as `claims['NAME']` does not count.
pub(crate) fn uses_claim(root: &Node, claim: &str) -> bool {
    let mut found = false;
    root.walk(&mut |node| {
        found |= match &node.kind {
            Kind::Select { operand, field, .. } => operand.as_ident() == Some("claims") && field == claim,
            Kind::Call { function, target: None, arguments } if function == "_?._" => {
                matches!(arguments.as_slice(), [operand, Node { kind: Kind::Literal(Literal::String(field)), .. }]
                    if operand.as_ident() == Some("claims") && field == claim)
            }
            _ => false,
        };
    });
    found
}
