//! The API server's validation of an `AuthenticationConfiguration`: issuers, rules, anonymous requests. The order of errors is the API
//! server's.

use std::collections::BTreeSet;

use super::finding::FieldError;
use super::go_url;
use super::mappings;
use super::model::{Anonymous, ClaimRule, Configuration, Issuer, Jwt, UserRule};
use crate::cluster::cel::{self, Compiled, Refusal, Type, Variable};

const MAX_JWT: usize = 64;

/// The expressions of one `jwt` entry that the API server accepts, with their fields.
pub(super) type Expressions = Vec<(String, Compiled)>;

/// What the API server finds, and the expressions that it accepts.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    pub(crate) errors: Vec<FieldError>,
    pub(crate) expressions: Expressions,
    /// The fields of expressions over which the API server ends in a panic. What it would find after the first is not known.
    pub(crate) panics: Vec<String>,
}

/// Validates a configuration. `disallowed` are issuers that must not be used: those of the cluster's service accounts.
pub(crate) fn validate(configuration: &Configuration, disallowed: &BTreeSet<String>) -> Validation {
    let mut all = Validation::default();
    let count = configuration.jwt.len();
    if count > MAX_JWT {
        all.errors.push(FieldError::too_many("jwt", count, MAX_JWT));
        return all;
    }
    let (mut urls, mut discovery_urls) = (BTreeSet::new(), BTreeSet::new());
    for (at, jwt) in configuration.jwt.iter().enumerate() {
        let path = format!("jwt[{at}]");
        validate_jwt(jwt, &path, disallowed, &mut all);
        if !urls.insert(&jwt.issuer.url) {
            all.errors.push(FieldError::duplicate(
                format!("{path}.issuer.url"),
                &jwt.issuer.url,
            ));
        }
        let discovery_url = &jwt.issuer.discovery_url;
        if !discovery_url.is_empty() && !discovery_urls.insert(discovery_url) {
            all.errors.push(FieldError::duplicate(
                format!("{path}.issuer.discoveryURL"),
                discovery_url,
            ));
        }
    }
    if let Some(anonymous) = &configuration.anonymous {
        all.errors.extend(validate_anonymous(anonymous));
    }
    all
}

fn validate_anonymous(anonymous: &Anonymous) -> Option<FieldError> {
    if anonymous.enabled || anonymous.conditions.is_empty() {
        return None;
    }
    let conditions: Vec<_> = anonymous
        .conditions
        .iter()
        .map(|path| serde_json::json!({ "Path": path }).to_string())
        .collect();
    // Go writes these three so in JSON.
    let json = format!("[{}]", conditions.join(","));
    let json = json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    Some(FieldError::invalid_json(
        "anonymous.conditions",
        &json,
        "enabled should be set to true when conditions are defined",
    ))
}

fn validate_jwt(jwt: &Jwt, path: &str, disallowed: &BTreeSet<String>, all: &mut Validation) {
    all.errors.extend(validate_issuer(
        &jwt.issuer,
        &format!("{path}.issuer"),
        disallowed,
    ));
    let rules_verify_email =
        validate_claim_rules(&jwt.claim_rules, &format!("{path}.claimValidationRules"), all);
    mappings::validate(jwt, &format!("{path}.claimMappings"), rules_verify_email, all);
    validate_user_rules(&jwt.user_rules, &format!("{path}.userValidationRules"), all);
}

fn validate_issuer(issuer: &Issuer, path: &str, disallowed: &BTreeSet<String>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let field = format!("{path}.url");
    if issuer.url.is_empty() {
        errors.push(FieldError::required(field, ""));
    } else {
        errors.extend(validate_url(&issuer.url, &field, disallowed));
    }
    if !issuer.discovery_url.is_empty() {
        let (url, field) = (&issuer.discovery_url, format!("{path}.discoveryURL"));
        let same = issuer.url.trim_end_matches('/') == url.trim_end_matches('/');
        if !issuer.url.is_empty() && same {
            errors.push(FieldError::invalid(
                &field,
                url,
                "discoveryURL must be different from URL",
            ));
        }
        errors.extend(validate_url(url, &field, &BTreeSet::new()));
    }
    errors.extend(validate_audiences(issuer, path));
    if let Some(reason) = super::certificates::fault(&issuer.certificate_authority) {
        errors.push(FieldError::invalid(
            format!("{path}.certificateAuthority"),
            "<omitted>",
            &reason,
        ));
    }
    if !matches!(
        issuer.egress_selector_type.as_str(),
        "" | "controlplane" | "cluster"
    ) {
        let detail = "egress selector must be either controlplane or cluster";
        errors.push(FieldError::invalid(
            format!("{path}.egressSelectorType"),
            &issuer.egress_selector_type,
            detail,
        ));
    }
    errors
}

fn validate_url(url: &str, field: &str, disallowed: &BTreeSet<String>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |detail: &str| errors.push(FieldError::invalid(field, url, detail));
    if disallowed.contains(url) {
        let list: Vec<&str> = disallowed.iter().map(String::as_str).collect();
        refuse(&format!(
            "URL must not overlap with disallowed issuers: [{}]",
            list.join(" ")
        ));
    }
    match go_url::parse(url) {
        Err(reason) => refuse(&reason),
        Ok(parsed) => {
            if parsed.scheme != "https" {
                refuse("URL scheme must be https");
            }
            if parsed.has_user {
                refuse("URL must not contain a username or password");
            }
            if parsed.has_query {
                refuse("URL must not contain a query");
            }
            if parsed.has_fragment {
                refuse("URL must not contain a fragment");
            }
        }
    }
    errors
}

fn validate_audiences(issuer: &Issuer, path: &str) -> Vec<FieldError> {
    let field = format!("{path}.audiences");
    let audiences = &issuer.audiences;
    if audiences.is_empty() {
        return vec![FieldError::required(
            &field,
            &format!("at least one {field} is required"),
        )];
    }
    let (mut errors, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, audience) in audiences.iter().enumerate() {
        let field = format!("{field}[{at}]");
        if audience.is_empty() {
            errors.push(FieldError::required(&field, ""));
        }
        if !seen.insert(audience) {
            errors.push(FieldError::duplicate(&field, audience));
        }
    }
    let policy = issuer.audience_match_policy.as_str();
    let detail = match (audiences.len(), policy) {
        (_, "MatchAny") | (1, "") => return errors,
        (1, _) => "audienceMatchPolicy must be empty or MatchAny for single audience",
        (_, _) => "audienceMatchPolicy must be MatchAny for multiple audiences",
    };
    errors.push(FieldError::invalid(
        format!("{path}.audienceMatchPolicy"),
        policy,
        detail,
    ));
    errors
}

/// Returns whether one of the rules uses `claims.email_verified`.
fn validate_claim_rules(rules: &[ClaimRule], path: &str, all: &mut Validation) -> bool {
    let (mut claims, mut expressions, mut verifies_email) = (BTreeSet::new(), BTreeSet::new(), false);
    for (at, rule) in rules.iter().enumerate() {
        let field = format!("{path}[{at}]");
        let errors = &mut all.errors;
        match (rule.claim.is_empty(), rule.expression.is_empty()) {
            (false, false) => {
                errors.push(FieldError::invalid(
                    &field,
                    &rule.claim,
                    "claim and expression can't both be set",
                ));
            }
            (true, true) => errors.push(FieldError::required(&field, "claim or expression is required")),
            (false, true) => {
                if !rule.message.is_empty() {
                    let detail = "may not be specified when claim is set";
                    errors.push(FieldError::invalid(
                        format!("{field}.message"),
                        &rule.message,
                        detail,
                    ));
                }
                if !claims.insert(&rule.claim) {
                    errors.push(FieldError::duplicate(format!("{field}.claim"), &rule.claim));
                }
            }
            (true, false) => {
                if !rule.required_value.is_empty() {
                    let detail = "may not be specified when expression is set";
                    errors.push(FieldError::invalid(
                        format!("{field}.requiredValue"),
                        &rule.required_value,
                        detail,
                    ));
                }
                let field = format!("{field}.expression");
                if !expressions.insert(&rule.expression) {
                    errors.push(FieldError::duplicate(field, &rule.expression));
                    continue;
                }
                let compiled = all.compile(&rule.expression, Variable::Claims, field, Result::Rule);
                verifies_email |= compiled.is_some_and(mappings::uses_email_verified);
            }
        }
    }
    verifies_email
}

fn validate_user_rules(rules: &[UserRule], path: &str, all: &mut Validation) {
    let mut expressions = BTreeSet::new();
    for (at, rule) in rules.iter().enumerate() {
        let field = format!("{path}[{at}].expression");
        if rule.expression.is_empty() {
            all.errors.push(FieldError::required(field, ""));
        } else if !expressions.insert(&rule.expression) {
            all.errors.push(FieldError::duplicate(field, &rule.expression));
        } else {
            all.compile(&rule.expression, Variable::User, field, Result::Rule);
        }
    }
}

/// What an expression has to result in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Result {
    /// A bool.
    Rule,
    /// Anything: the API server looks at a value only when it has a token.
    Mapping,
}

impl Validation {
    /// Compiles an expression, and keeps it or the reason why it is refused.
    pub(super) fn compile(
        &mut self,
        text: &str,
        variable: Variable,
        field: String,
        result: Result,
    ) -> Option<&Compiled> {
        let compiled = cel::compile(text, variable).and_then(|compiled| {
            if result == Result::Rule && compiled.result != Type::Bool {
                return Err(Refusal::Invalid("must evaluate to bool".to_owned()));
            }
            compiled.prepared(variable)
        });
        match compiled {
            Ok(compiled) => {
                self.expressions.push((field, compiled));
                self.expressions.last().map(|(_, compiled)| compiled)
            }
            Err(Refusal::Invalid(detail)) => {
                self.errors.push(FieldError::invalid(field, text, &detail));
                None
            }
            Err(Refusal::Internal(detail)) => {
                self.errors.push(FieldError::internal(field, &detail));
                None
            }
            Err(Refusal::Panic) => {
                self.panics.push(field);
                None
            }
        }
    }
}
