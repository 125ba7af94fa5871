//! A kubeconfig's text converted: which users, which edits, and the proof that nothing else changed.
//!
//! Pure: who may be converted and where secrets go is decided by the caller.

use std::collections::HashMap;

use super::advice::Advice;
use super::edit::{Edit, Lines, apply};
use super::entry::{Conversion, from_exec};
use super::legacy::from_legacy;
use super::secret_flag::{SECRETS, SecretFlag};
use super::tree::{Broken, Node, Value, parse};
use super::users::{Kind, User, users};
use crate::secret::Secret;

/// Why a text cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Broken(Broken),
    NoKubeconfig(&'static str),
    /// The edited text is not what it has to be: a fault of ours, and nothing is written.
    VerificationFailed,
}

/// What the caller decides.
pub(crate) struct ConvertOptions<'a> {
    /// Whether to convert the user of this name.
    pub(crate) wanted: &'a dyn Fn(&str) -> bool,
    /// Whether `get-token` takes these arguments; else the flag that it does not take.
    pub(crate) accepts: &'a dyn Fn(&[String]) -> Result<(), String>,
    /// Where a secret of the user of this name goes, if it does not stay.
    pub(crate) secret_file: &'a dyn Fn(&str, SecretFlag, &Secret) -> Option<String>,
}

/// What became of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserOutcome {
    Converted {
        kept: Vec<SecretFlag>,
        advice: Advice,
    },
    Already,
    /// Another way to sign in, with the reason where one may wonder.
    Other(Option<&'static str>),
    Unable(String),
    NotAsked,
}

/// A converted text, equal to the old one when there was nothing to do.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) text: String,
    pub(crate) users: Vec<(String, UserOutcome)>,
}

/// Converts the users that can and shall be.
pub(crate) fn plan(text: &str, options: &ConvertOptions<'_>) -> Result<Plan, Fault> {
    let document = parse(text).map_err(Fault::Broken)?;
    let lines = Lines::of(text);
    let mut outcomes = Vec::new();
    let mut edits: Vec<Edit> = Vec::new();
    let mut proofs = HashMap::new();
    for user in users(&document).map_err(Fault::NoKubeconfig)? {
        let outcome = match convert(&lines, &user, options) {
            Ok(Ok(conversion)) => {
                let outcome = UserOutcome::Converted {
                    kept: conversion.kept,
                    advice: conversion.advice,
                };
                edits.extend(conversion.edits);
                proofs.insert(user.name.to_owned(), conversion.exec);
                outcome
            }
            Ok(Err(outcome)) => outcome,
            Err(reason) => UserOutcome::Unable(reason),
        };
        outcomes.push((user.name.to_owned(), outcome));
    }
    if edits.is_empty() {
        return Ok(Plan {
            text: text.to_owned(),
            users: outcomes,
        });
    }
    let edited = apply(text, edits);
    let expected = document.root.map(|root| expected(root, &proofs));
    match parse(&edited) {
        Ok(after) if after.root == expected => Ok(Plan {
            text: edited,
            users: outcomes,
        }),
        _ => Err(Fault::VerificationFailed),
    }
}

/// Converts one user; the inner error is an outcome that is no failure, the outer one a reason.
fn convert(
    lines: &Lines<'_>,
    user: &User<'_>,
    options: &ConvertOptions<'_>,
) -> Result<Result<Conversion, UserOutcome>, String> {
    let outcome = match &user.kind {
        Kind::Already => UserOutcome::Already,
        Kind::Other(reason) => UserOutcome::Other(*reason),
        _ if !(options.wanted)(user.name) => UserOutcome::NotAsked,
        Kind::Unable(reason) => UserOutcome::Unable(reason.clone()),
        Kind::Kubelogin { exec, wrapped } => {
            // Flags first: a secret must not move for an entry that stays.
            check(&from_exec(lines, exec, *wrapped, &|_, _| None)?, options)?;
            return from_exec(lines, exec, *wrapped, &|flag, secret| {
                (options.secret_file)(user.name, flag, secret)
            })
            .map(Ok);
        }
        Kind::Legacy { config } => {
            check(&from_legacy(lines, user.node, config, &|_, _| None)?, options)?;
            let secret_file = |flag, secret: &Secret| (options.secret_file)(user.name, flag, secret);
            return from_legacy(lines, user.node, config, &secret_file).map(Ok);
        }
    };
    Ok(Err(outcome))
}

fn check(conversion: &Conversion, options: &ConvertOptions<'_>) -> Result<(), String> {
    (options.accepts)(&conversion.arguments)
}

/// Returns the tree that the edited text has to have.
fn expected(mut root: Node, proofs: &HashMap<String, Node>) -> Node {
    let Value::Mapping { pairs, .. } = &mut root.value else {
        return root;
    };
    let lists = pairs.iter_mut().filter(|(key, _)| key.text() == Some("users"));
    for (_, list) in lists {
        let Value::Sequence { items, .. } = &mut list.value else {
            continue;
        };
        for item in items {
            let name = item.get("name").and_then(Node::text);
            if let Some(exec) = name.and_then(|name| proofs.get(name)) {
                replace_exec(item, exec.clone());
            }
        }
    }
    root
}

fn replace_exec(item: &mut Node, exec: Node) {
    let Value::Mapping { pairs, .. } = &mut item.value else {
        return;
    };
    let Some((_, user)) = pairs.iter_mut().find(|(key, _)| key.text() == Some("user")) else {
        return;
    };
    let Value::Mapping { pairs, .. } = &mut user.value else {
        return;
    };
    let is_source = |(key, value): &&mut (Node, Node)| {
        matches!(key.text(), Some("exec" | "auth-provider")) && !value.is_null()
    };
    if let Some(pair) = pairs.iter_mut().find(is_source) {
        *pair = (Node::scalar("exec"), exec);
    }
}

/// Returns whether `current` is what a conversion of some of the users of `original` made of it.
///
/// A conversion is repeatable, so no record of it has to be kept: whoever is ours in `current` is converted again.
pub(crate) fn is_conversion_of(original: &str, current: &str) -> bool {
    if original == current {
        return true;
    }
    let ours = converted_users(current);
    let ours: HashMap<&str, &ConvertedUser> = ours.iter().map(|user| (user.name.as_str(), user)).collect();
    let secret_file = |name: &str, flag: SecretFlag, _: &Secret| {
        let user = ours.get(name)?;
        let (_, path) = user.secret_files.iter().find(|(known, _)| *known == flag)?;
        Some(path.clone())
    };
    let options = ConvertOptions {
        wanted: &|name| ours.contains_key(name),
        accepts: &|_| Ok(()),
        secret_file: &secret_file,
    };
    plan(original, &options).is_ok_and(|plan| plan.text == current)
}

/// A user that is ours already.
#[derive(Debug)]
pub(crate) struct ConvertedUser {
    pub(crate) name: String,
    /// Where its secrets are.
    pub(crate) secret_files: Vec<(SecretFlag, String)>,
}

/// Returns our users.
pub(crate) fn converted_users(text: &str) -> Vec<ConvertedUser> {
    let Ok(document) = parse(text) else {
        return Vec::new();
    };
    let users = users(&document).unwrap_or_default();
    let ours = users
        .into_iter()
        .filter(|user| matches!(user.kind, Kind::Already));
    ours.map(|user| {
        let args = user.node.get("exec").and_then(|exec| exec.get("args"));
        let args: Vec<&str> = args
            .and_then(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect();
        let files = SECRETS
            .into_iter()
            .filter_map(|secret| Some((secret, secret_file_of(secret, &args)?)));
        ConvertedUser {
            name: user.name.to_owned(),
            secret_files: files.collect(),
        }
    })
    .collect()
}

fn secret_file_of(secret: SecretFlag, args: &[&str]) -> Option<String> {
    let file_flag = format!("{}-file", secret.flag);
    args.iter().enumerate().find_map(|(at, arg)| {
        let path = match arg.split_once('=') {
            Some((flag, path)) => (flag == file_flag).then_some(path),
            None => args.get(at + 1).copied().filter(|_| *arg == file_flag),
        };
        path.map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(exec: &str) -> Result<String, UserOutcome> {
        let text = format!("users: [{{name: n, user: {{exec: {exec}}}}}]\n");
        let options = ConvertOptions {
            wanted: &|_| true,
            accepts: &|_| Ok(()),
            secret_file: &|_, _, _| Some("/a 'b'/c.secret".to_owned()),
        };
        let plan = plan(&text, &options).unwrap();
        assert!(is_conversion_of(&text, &plan.text), "{}", plan.text);
        match &plan.users[0].1 {
            UserOutcome::Converted { .. } => Ok(plan.text
                ["users: [{name: n, user: {exec: {".len()..plan.text.len() - "}}}]\n".len()]
                .to_owned()),
            outcome => Err(outcome.clone()),
        }
    }

    #[test]
    fn flow_style_stays_as_it_was_written() {
        let cases = [
            (
                "{apiVersion: x, command: kubelogin , args: [get-token]}",
                "apiVersion: client.authentication.k8s.io/v1, command: kubesesame, interactiveMode: IfAvailable , args: [get-token]",
            ),
            (
                "{'command': 'kubectl', args: ['oidc-login', get-token], apiVersion: \"x\", interactiveMode: Always}",
                "'command': 'kubesesame', args: [get-token], apiVersion: \"client.authentication.k8s.io/v1\", interactiveMode: IfAvailable",
            ),
            (
                "{apiVersion: x, args: [get-token, --oidc-client-secret=s, --oidc-client-secret, 's'], command: kubelogin}",
                "apiVersion: client.authentication.k8s.io/v1, args: [get-token, \"--oidc-client-secret-file=/a 'b'/c.secret\", \
                 --oidc-client-secret-file, '/a ''b''/c.secret'], command: kubesesame, interactiveMode: IfAvailable",
            ),
            (
                "{apiVersion: x, args: [get-token, --password, 'p', --oidc-client-secret=], command: kubelogin}",
                "apiVersion: client.authentication.k8s.io/v1, args: [get-token, --password-file, '/a ''b''/c.secret', \
                 --oidc-client-secret=], command: kubesesame, interactiveMode: IfAvailable",
            ),
            (
                "{apiVersion: x, args: [get-token],\n  command: kubelogin # {,\n  }",
                "apiVersion: client.authentication.k8s.io/v1, args: [get-token],\n  command: kubesesame,\n  interactiveMode: IfAvailable # {,\n  ",
            ),
        ];
        for (exec, expected) in cases {
            assert_eq!(converted(exec).unwrap(), expected);
        }
    }

    #[test]
    fn what_has_no_place_to_edit_is_left_alone() {
        for exec in [
            "{command: kubelogin, args: [get-token]}",
            "{command: kubelogin, args: [get-token], apiVersion: x, interactiveMode: }",
            "{command: kubelogin, args: [get-token, [x]], apiVersion: x}",
        ] {
            assert!(matches!(converted(exec), Err(UserOutcome::Unable(_))), "{exec}");
        }
    }

    #[test]
    fn a_change_that_a_conversion_does_not_make_is_seen() {
        let old =
            "users:\n- name: n\n  user:\n    exec: {apiVersion: x, command: kubelogin, args: [get-token]}\n";
        assert!(is_conversion_of(old, old));
        assert!(!is_conversion_of(old, &old.replace("kubelogin", "kubesesame")));
        assert!(!is_conversion_of(old, "[broken"));
    }
}
