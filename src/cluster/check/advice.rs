//! What the API server accepts, and what does not do what was meant: values that fail at each sign-in, names without a prefix, rules that
//! cannot hold.

use super::mappings::uses_claim;
use super::model::{Configuration, Jwt, Mapping};
use super::validate::Validation;
use crate::cluster::cel::{Compiled, Kind, Literal, Node, Type};

/// A field, and what to know of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    pub(crate) field: String,
    pub(crate) text: String,
}

fn advice(field: String, text: &str) -> Advice {
    Advice {
        field,
        text: text.to_owned(),
    }
}

const RESERVED: &str = "system:";

/// Looks at claims, prefixes and rules.
pub(super) fn of_configuration(configuration: &Configuration) -> Vec<Advice> {
    let mut found = Vec::new();
    if configuration.jwt.is_empty() {
        found.push(advice(
            "jwt".to_owned(),
            "there is no issuer, so no token of a provider is accepted",
        ));
    }
    // The API server takes no more than 64.
    for (at, jwt) in configuration.jwt.iter().take(64).enumerate() {
        let path = format!("jwt[{at}]");
        found.extend(required_claims(jwt, &path));
        found.extend(reserved_names(jwt, &path));
        found.extend(email(jwt, &path));
        let first = configuration.jwt[..at]
            .iter()
            .position(|other| share_names(other, jwt));
        if let Some(other) = first {
            let text = format!(
                "jwt[{other}] has the same prefix, so a user of one issuer can be taken for one of the other: give each a prefix of its own"
            );
            found.push(advice(format!("{path}.claimMappings.username.prefix"), &text));
        }
    }
    found
}

fn required_claims(jwt: &Jwt, path: &str) -> Vec<Advice> {
    let text = |claim: &str| {
        Some(match claim {
            "aud" => {
                "the API server checks the audience by itself, and this rule refuses each token whose `aud` is a list: leave it out"
            }
            "iss" => "the API server checks the issuer by itself: leave this rule out",
            "email_verified" => {
                "a claim is compared as a text, and `email_verified` is a boolean, so each token is refused: use the expression claims.?email_verified.orValue(false) == true"
            }
            "exp" | "nbf" | "iat" | "auth_time" => {
                "a claim is compared as a text, and this one is a number, so each token is refused: use an expression"
            }
            "groups" | "roles" | "amr" => {
                "a claim is compared as a text, so a token in which this one is a list is refused: use an expression, such as 'name' in dyn(claims.groups)"
            }
            _ => return None,
        })
    };
    let rules = jwt.claim_rules.iter().enumerate();
    let rules = rules.filter(|(_, rule)| rule.expression.is_empty());
    rules
        .filter_map(|(at, rule)| {
            Some(advice(
                format!("{path}.claimValidationRules[{at}].claim"),
                text(&rule.claim)?,
            ))
        })
        .collect()
}

/// Whether a name of the provider could be one of Kubernetes' own.
fn reserved_names(jwt: &Jwt, path: &str) -> Vec<Advice> {
    let refuses = |variable: &str| {
        let mut rules = jwt.user_rules.iter().map(|rule| &rule.expression);
        rules.any(|rule| rule.contains(variable) && rule.contains(RESERVED))
    };
    let mut found = Vec::new();
    for (mapping, name, variable, danger) in [
        (
            &jwt.username,
            "username",
            "user.username",
            "a user name such as `system:admin` of the provider is taken as it is",
        ),
        (
            &jwt.groups,
            "groups",
            "groups",
            "a group `system:masters` of the provider may do everything",
        ),
    ] {
        let field = format!("{path}.claimMappings.{name}.prefix");
        match mapping.prefix.as_deref() {
            Some(prefix) if prefix.starts_with(RESERVED) => {
                found.push(advice(
                    field,
                    "names with `system:` belong to Kubernetes: use another prefix",
                ));
            }
            Some("") if !mapping.claim.is_empty() && !refuses(variable) => {
                let text =
                    format!("there is no prefix, and no user validation rule refuses `system:`: {danger}");
                found.push(advice(field, &text));
            }
            Some(_) | None => {}
        }
    }
    found
}

fn email(jwt: &Jwt, path: &str) -> Option<Advice> {
    let is_checked = jwt
        .claim_rules
        .iter()
        .any(|rule| rule.expression.contains("email_verified"));
    (jwt.username.claim == "email" && !is_checked).then(|| {
        let text = "a token without `email_verified` is accepted, with whatever address it has: add the rule claims.?email_verified.orValue(false) == true";
        advice(format!("{path}.claimMappings.username.claim"), text)
    })
}

fn share_names(a: &Jwt, b: &Jwt) -> bool {
    let named = |mapping: &Mapping| !mapping.claim.is_empty();
    named(&a.username) && named(&b.username) && a.username.prefix == b.username.prefix
}

/// Looks at what expressions result in.
pub(super) fn of_expressions(validation: &Validation) -> Vec<Advice> {
    validation
        .expressions
        .iter()
        .flat_map(|(field, compiled)| of_expression(field, compiled))
        .collect()
}

fn of_expression(field: &str, compiled: &Compiled) -> Vec<Advice> {
    let takes_list = field.contains(".groups.") || field.contains(".extra[");
    let is_mapping = field.contains(".claimMappings.");
    let wanted = if takes_list {
        "a string or a list of strings"
    } else {
        "a string"
    };
    let mut found = Vec::new();
    if is_mapping && !fits(&compiled.result, takes_list) {
        let text = format!(
            "the API server accepts this, and each sign-in fails: the result is of type {}, and it has to be {wanted}",
            compiled.result
        );
        found.push(advice(field.to_owned(), &text));
    }
    if let Some(claim) = number_claim(&compiled.root).filter(|_| is_mapping) {
        let text = format!(
            "the API server accepts this, and each sign-in fails: `{claim}` is a number, and the result has to be {wanted}: string(int(claims.{claim}))"
        );
        found.push(advice(field.to_owned(), &text));
    }
    if let Some(claim) = number_as_text(&compiled.root) {
        let text = format!(
            "a number of a token is a double, so string(claims.{claim}) is a text such as 1.7e+09: string(int(claims.{claim}))"
        );
        found.push(advice(field.to_owned(), &text));
    }
    if takes_list && is_split(&compiled.root) {
        let text = "the API server accepts this, and each sign-in fails: it takes no list that split() or findAll() makes for one of texts: add .map(name, name)";
        found.push(advice(field.to_owned(), text));
    }
    if field.ends_with(".username.expression")
        && indexes_email(&compiled.root)
        && !uses_claim(&compiled.root, "email_verified")
    {
        let text = "claims['email'] evades the rule of the API server that an address has to be verified: check claims.email_verified";
        found.push(advice(field.to_owned(), text));
    }
    found
}

/// Whether a value of this type can be what the API server wants of a mapping.
fn fits(result: &Type, takes_list: bool) -> bool {
    match result {
        Type::String | Type::Dyn | Type::Any | Type::Error | Type::Parameter(_) => true,
        Type::Null => takes_list,
        Type::List(item) => {
            takes_list && matches!(**item, Type::String | Type::Dyn | Type::Any | Type::Parameter(_))
        }
        Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::Bytes
        | Type::Duration
        | Type::Timestamp
        | Type::Map(..)
        | Type::Opaque(..)
        | Type::Object(_)
        | Type::Meta(_) => false,
    }
}

/// Returns the claim if the expression is nothing but one that is a number in each token.
fn number_claim(root: &Node) -> Option<&str> {
    let Kind::Select {
        operand,
        field,
        is_test: false,
    } = &root.kind
    else {
        return None;
    };
    let is_number = matches!(field.as_str(), "iat" | "exp" | "nbf" | "auth_time" | "updated_at");
    (operand.as_ident() == Some("claims") && is_number).then_some(field)
}

/// Returns the claim that is a number in each token, and of which the expression makes a text.
fn number_as_text(root: &Node) -> Option<&str> {
    let mut found = None;
    root.walk(&mut |node| {
        if let Kind::Call {
            function,
            target: None,
            arguments,
        } = &node.kind
            && function == "string"
            && let [value] = arguments.as_slice()
            && let Some(claim) = number_claim(value)
        {
            found = Some(claim);
        }
    });
    found
}

/// Whether the result is a list that was made of a text.
fn is_split(root: &Node) -> bool {
    let Kind::Call {
        function,
        target,
        arguments,
    } = &root.kind
    else {
        return false;
    };
    match (function.as_str(), arguments.as_slice()) {
        ("split" | "findAll", _) => target.is_some(),
        ("_?_:_", [_, yes, no]) => is_split(yes) || is_split(no),
        ("dyn", [value]) => is_split(value),
        _ => false,
    }
}

fn indexes_email(root: &Node) -> bool {
    let mut found = false;
    root.walk(&mut |node| {
        let Kind::Call {
            function, arguments, ..
        } = &node.kind
        else {
            return;
        };
        let ("_[_]" | "_[?_]", [operand, index]) = (function.as_str(), arguments.as_slice()) else {
            return;
        };
        let is_email = matches!(&index.kind, Kind::Literal(Literal::String(name)) if name == "email");
        found |= operand.as_ident() == Some("claims") && is_email;
    });
    found
}
