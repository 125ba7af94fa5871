//! Changes of the rules about claims and users: who is refused now, and who is no longer.

use super::source::{Source, claim_of, literal};
use super::{Change, Subject};
use crate::cluster::cel::{self, Kind, Node, Variable};
use crate::cluster::check::Jwt;

/// A rule that an expression says, with the message of its refusal.
struct Rule<'a> {
    about: &'static str,
    expression: &'a str,
    message: &'a str,
}

pub(super) fn compare(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let mut changes = required_claims(old, new);
    changes.extend(expressions(old, new));
    changes
}

/// Returns the claims that have to be there with a value, also those that an expression says so of.
fn required(jwt: &Jwt) -> Vec<(String, String)> {
    let rules = jwt.claim_rules.iter();
    rules
        .filter_map(|rule| {
            if rule.claim.is_empty() {
                equal_claim(&rule.expression)
            } else {
                Some((rule.claim.clone(), rule.required_value.clone()))
            }
        })
        .collect()
}

/// Returns the claim and the text of `claims.CLAIM == 'TEXT'`.
fn equal_claim(expression: &str) -> Option<(String, String)> {
    let compiled = cel::compile(expression, Variable::Claims).ok()?;
    let Kind::Call {
        function,
        target: None,
        arguments,
    } = &compiled.root.kind
    else {
        return None;
    };
    let pair = |a: &Node, b: &Node| Some((claim_of(a)?, literal(b)?));
    match arguments.as_slice() {
        [left, right] if function == "_==_" => pair(left, right).or_else(|| pair(right, left)),
        _ => None,
    }
}

fn required_claims(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let issuer = &new.issuer.url;
    let (before, after) = (required(old), required(new));
    let value = |list: &[(String, String)], claim: &str| {
        let mut values = list.iter().filter(|(name, _)| name == claim);
        values.next().map(|(_, value)| value.clone())
    };
    let mut changes = Vec::new();
    for (claim, wanted) in &after {
        if before.contains(&(claim.clone(), wanted.clone())) {
            continue;
        }
        let change = match value(&before, claim) {
            Some(earlier) => Change::new(
                issuer,
                Subject::Claim,
                format!("claim `{claim}` has to be `{wanted}` in place of `{earlier}`"),
            )
            .between(format!("`{earlier}`"), format!("`{wanted}`"))
            .locking_out(format!("people whose claim `{claim}` is `{earlier}`")),
            None => Change::new(
                issuer,
                Subject::Claim,
                format!("claim `{claim}` has to be `{wanted}` from now on"),
            )
            .locking_out(format!(
                "people without claim `{claim}`, or with another value than `{wanted}`"
            )),
        };
        changes.push(change);
    }
    for (claim, wanted) in &before {
        if value(&after, claim).is_none() {
            let text = format!("claim `{claim}` no longer has to be `{wanted}`");
            changes.push(
                Change::new(issuer, Subject::Claim, text)
                    .with_effect("people with another value, or without this claim, can sign in too"),
            );
        }
    }
    changes
}

/// Returns the rules that can refuse somebody.
fn rules(jwt: &Jwt) -> Vec<Rule<'_>> {
    let claims = jwt.claim_rules.iter().map(|rule| Rule {
        about: "claims",
        expression: &rule.expression,
        message: &rule.message,
    });
    let claims = claims.filter(|rule| !rule.expression.is_empty() && equal_claim(rule.expression).is_none());
    let users = jwt.user_rules.iter().map(|rule| Rule {
        about: "users",
        expression: &rule.expression,
        message: &rule.message,
    });
    let users = users.filter(|rule| !always_holds(rule.expression, jwt));
    claims.chain(users).collect()
}

/// Whether a rule keeps names out that the prefix makes impossible: `!user.username.startsWith('system:')`, and the same of groups.
fn always_holds(expression: &str, jwt: &Jwt) -> bool {
    let text = without_spaces(expression);
    let excludes = |source: &Source, start: &str| {
        let prefix = source.prefix().unwrap_or_default();
        let is_absent = *source == Source::Absent;
        is_absent || !(prefix.is_empty() || prefix.starts_with(start) || start.starts_with(prefix))
    };
    let of_user = text
        .strip_prefix("!user.username.startsWith('")
        .and_then(|rest| rest.strip_suffix("')"));
    let of_groups = || {
        let (variable, rest) = text
            .strip_prefix("user.?groups.orValue([]).all(")?
            .split_once(",!")?;
        let rest = rest.strip_prefix(variable)?.strip_prefix(".startsWith('")?;
        rest.strip_suffix("'))")
    };
    let is_plain = |start: &&str| !start.contains(['\'', '\\']);
    if let Some(start) = of_user.filter(is_plain) {
        return excludes(&Source::of_username(&jwt.username), start);
    }
    of_groups()
        .filter(is_plain)
        .is_some_and(|start| excludes(&Source::of_groups(&jwt.groups), start))
}

/// Returns an expression without the white space between its texts, and with one kind of quotes.
fn without_spaces(expression: &str) -> String {
    let mut quote = None;
    let kept = expression.chars().filter_map(|c| match (quote, c) {
        (None, '\'' | '"') => {
            quote = Some(c);
            Some('\'')
        }
        (Some(open), c) if c == open => {
            quote = None;
            Some('\'')
        }
        (None, c) => (!c.is_whitespace()).then_some(c),
        (Some(_), c) => Some(c),
    });
    kept.collect()
}

fn expressions(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let issuer = &new.issuer.url;
    let (before, after) = (rules(old), rules(new));
    let is_in = |rule: &Rule<'_>, list: &[Rule<'_>]| {
        list.iter()
            .any(|other| other.about == rule.about && other.expression.trim() == rule.expression.trim())
    };
    let mut gone: Vec<&Rule<'_>> = before.iter().filter(|rule| !is_in(rule, &after)).collect();
    let mut changes = Vec::new();
    for rule in after.iter().filter(|rule| !is_in(rule, &before)) {
        // The same message, or the only other one about the same, is the rule that it was.
        let about_same = gone.iter().filter(|other| other.about == rule.about).count();
        let earlier = gone.iter().position(|other| {
            let is_same_text = !rule.message.is_empty() && other.message == rule.message;
            other.about == rule.about && (is_same_text || about_same == 1)
        });
        let earlier = earlier.map(|at| gone.remove(at));
        let (verb, before) = match earlier {
            Some(earlier) => ("changes", format!("`{}`", earlier.expression)),
            None => ("comes", "none".to_owned()),
        };
        let text = format!("a rule about {} {verb}{}", rule.about, said(rule));
        changes.push(
            Change::new(issuer, Subject::Rule, text)
                .between(before, format!("`{}`", rule.expression))
                .locking_out(format!("people for whom `{}` does not hold", rule.expression)),
        );
    }
    for rule in gone {
        let text = format!("a rule about {} goes{}", rule.about, said(rule));
        changes.push(
            Change::new(issuer, Subject::Rule, text)
                .between(format!("`{}`", rule.expression), "none")
                .with_effect("people whom it refused can sign in"),
        );
    }
    changes
}

fn said(rule: &Rule<'_>) -> String {
    if rule.message.is_empty() {
        String::new()
    } else {
        format!(" ({})", rule.message)
    }
}
