//! Converts the text of a kubeconfig, and verifies that the edits changed nothing else.
//!
//! Pure: the caller decides which users are converted and where secrets go.

use std::collections::HashMap;

use super::conversion_notices::ConversionNotices;
use super::edit::{Edit, Lines, apply};
use super::entry::{Conversion, from_exec};
use super::from_auth_provider::from_auth_provider;
use super::secret_flag::{SECRET_FILE_FLAGS, SecretFlag};
use super::tree::{Node, Value, YamlError, parse};
use super::users::{CredentialSource, User, users};
use crate::secret::Secret;

/// Why the text of a kubeconfig cannot be read or edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextError {
    InvalidYaml(YamlError),
    NotKubeconfig(&'static str),
    /// The edited text does not parse to the expected tree: a bug in this module. Nothing may be written.
    VerificationFailed,
}

/// Decisions of the caller.
pub(crate) struct ConvertOptions<'a> {
    /// Whether to convert the user of this name.
    pub(crate) is_selected: &'a dyn Fn(&str) -> bool,
    /// Whether `get-token` accepts these arguments; the error is the reason why it does not.
    pub(crate) check_arguments: &'a dyn Fn(&[String]) -> Result<(), String>,
    /// Returns the file that a secret of the user with this name moves to, or `None` if it stays in the entry.
    pub(crate) secret_file: &'a dyn Fn(&str, SecretFlag, &Secret) -> Option<String>,
}

/// What the conversion did with a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserOutcome {
    Converted {
        /// Secrets that stay in the entry.
        inline_secrets: Vec<SecretFlag>,
        notices: ConversionNotices,
    },
    AlreadyConverted,
    /// The user does not sign in with kubelogin or `auth-provider: oidc`. The reason is there if the entry looks as if it did.
    OtherMethod(Option<&'static str>),
    /// The reason why the entry cannot be converted.
    NotConvertible(String),
    NotSelected,
}

/// The result of a conversion.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Equal to the old text if no user was converted.
    pub(crate) text: String,
    /// All users by name, in the order of the file.
    pub(crate) users: Vec<(String, UserOutcome)>,
}

/// Converts the selected users that can be converted.
///
/// # Errors
/// If the text is not a kubeconfig, or the edited text is not as expected.
pub(crate) fn plan(text: &str, options: &ConvertOptions<'_>) -> Result<Plan, TextError> {
    let document = parse(text).map_err(TextError::InvalidYaml)?;
    let lines = Lines::of(text);
    let mut outcomes = Vec::new();
    let mut edits: Vec<Edit> = Vec::new();
    let mut new_execs = HashMap::new();
    for user in users(&document).map_err(TextError::NotKubeconfig)? {
        let outcome = match convert(&lines, &user, options) {
            Ok(Ok(conversion)) => {
                let outcome = UserOutcome::Converted {
                    inline_secrets: conversion.inline_secrets,
                    notices: conversion.notices,
                };
                edits.extend(conversion.edits);
                new_execs.insert(user.name.to_owned(), conversion.exec);
                outcome
            }
            Ok(Err(outcome)) => outcome,
            Err(reason) => UserOutcome::NotConvertible(reason),
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
    let expected = document.root.map(|root| expected(root, &new_execs));
    match parse(&edited) {
        Ok(after) if after.root == expected => Ok(Plan {
            text: edited,
            users: outcomes,
        }),
        _ => Err(TextError::VerificationFailed),
    }
}

/// Converts one user.
///
/// The outer error is the reason why the user cannot be converted. The inner error is the outcome of a user that needs no conversion.
fn convert(
    lines: &Lines<'_>,
    user: &User<'_>,
    options: &ConvertOptions<'_>,
) -> Result<Result<Conversion, UserOutcome>, String> {
    let outcome = match &user.source {
        CredentialSource::Kubesesame => UserOutcome::AlreadyConverted,
        CredentialSource::Other(reason) => UserOutcome::OtherMethod(*reason),
        _ if !(options.is_selected)(user.name) => UserOutcome::NotSelected,
        CredentialSource::NotConvertible(reason) => UserOutcome::NotConvertible(reason.clone()),
        CredentialSource::Kubelogin { exec, via_kubectl } => {
            // The arguments are checked first, because a secret must not move if its entry is not converted.
            check(&from_exec(lines, exec, *via_kubectl, &|_, _| None)?, options)?;
            return from_exec(lines, exec, *via_kubectl, &|flag, secret| {
                (options.secret_file)(user.name, flag, secret)
            })
            .map(Ok);
        }
        CredentialSource::AuthProvider { config } => {
            check(
                &from_auth_provider(lines, user.node, config, &|_, _| None)?,
                options,
            )?;
            let secret_file = |flag, secret: &Secret| (options.secret_file)(user.name, flag, secret);
            return from_auth_provider(lines, user.node, config, &secret_file).map(Ok);
        }
    };
    Ok(Err(outcome))
}

fn check(conversion: &Conversion, options: &ConvertOptions<'_>) -> Result<(), String> {
    (options.check_arguments)(&conversion.arguments)
}

/// Returns the tree that the edited text must have. `new_execs` has the converted entries by user.
fn expected(mut root: Node, new_execs: &HashMap<String, Node>) -> Node {
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
            if let Some(exec) = name.and_then(|name| new_execs.get(name)) {
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

/// Whether `current` is the result of converting some users of `original`.
///
/// Conversion is deterministic, so the users that are converted in `current` are converted again, and the texts are compared.
pub(crate) fn is_conversion_of(original: &str, current: &str) -> bool {
    if original == current {
        return true;
    }
    let converted = converted_users(current);
    let converted: HashMap<&str, &ConvertedUser> =
        converted.iter().map(|user| (user.name.as_str(), user)).collect();
    let secret_file = |name: &str, flag: SecretFlag, _: &Secret| {
        let user = converted.get(name)?;
        let (_, path) = user.secret_files.iter().find(|(known, _)| *known == flag)?;
        Some(path.clone())
    };
    let options = ConvertOptions {
        is_selected: &|name| converted.contains_key(name),
        check_arguments: &|_| Ok(()),
        secret_file: &secret_file,
    };
    plan(original, &options).is_ok_and(|plan| plan.text == current)
}

/// A user whose entry runs kubesesame.
#[derive(Debug)]
pub(crate) struct ConvertedUser {
    pub(crate) name: String,
    /// The files of its secrets.
    pub(crate) secret_files: Vec<(SecretFlag, String)>,
}

/// Returns the users whose entries run kubesesame.
pub(crate) fn converted_users(text: &str) -> Vec<ConvertedUser> {
    let Ok(document) = parse(text) else {
        return Vec::new();
    };
    let users = users(&document).unwrap_or_default();
    let converted = users
        .into_iter()
        .filter(|user| matches!(user.source, CredentialSource::Kubesesame));
    converted
        .map(|user| {
            let args = user.node.get("exec").and_then(|exec| exec.get("args"));
            let args: Vec<&str> = args
                .and_then(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(Node::text)
                .collect();
            let files = SECRET_FILE_FLAGS
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
            is_selected: &|_| true,
            check_arguments: &|_| Ok(()),
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
    fn a_flow_mapping_keeps_its_style() {
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
    fn an_incomplete_entry_is_not_converted() {
        for exec in [
            "{command: kubelogin, args: [get-token]}",
            "{command: kubelogin, args: [get-token], apiVersion: x, interactiveMode: }",
            "{command: kubelogin, args: [get-token, [x]], apiVersion: x}",
            "{command: kubelogin, args: [get-token, ~], apiVersion: x}",
            "{command: kubelogin, args: [get-token], apiVersion: }",
            "{command: kubelogin, args: [get-token], apiVersion: ~}",
        ] {
            assert!(
                matches!(converted(exec), Err(UserOutcome::NotConvertible(_))),
                "{exec}"
            );
        }
    }

    #[test]
    fn an_entry_that_is_indented_with_a_tab_is_not_converted() {
        let options = ConvertOptions {
            is_selected: &|_| true,
            check_arguments: &|_| Ok(()),
            secret_file: &|_, _, _| None,
        };
        let user =
            "auth-provider:\n          name: oidc\n          config: {idp-issuer-url: i, client-id: c}\n";
        let text = format!("users:\n- name: n\n  user:\n    \t {user}");
        let plan = plan(&text, &options).unwrap();
        assert_eq!(plan.text, text);
        assert_eq!(
            plan.users[0].1,
            UserOutcome::NotConvertible("it is indented with a tab, which kubectl does not read".to_owned())
        );
    }

    /// Rust takes it for white space, and YAML for text.
    #[test]
    fn a_value_that_ends_with_a_no_break_space_is_replaced_as_a_whole() {
        let options = ConvertOptions {
            is_selected: &|_| true,
            check_arguments: &|_| Ok(()),
            secret_file: &|_, _, _| None,
        };
        let exec = "\
    exec:
      apiVersion: x
      args: [get-token]
      command: kubelogin
      installHint: |-
        kubelogin\u{a0}
";
        let provider = "\
    auth-provider:
      name: oidc
      config:
        idp-issuer-url: i
        client-id: c
        id-token: |-
          \u{a0}
";
        for user in [exec, provider] {
            let plan = plan(&format!("users:\n- name: n\n  user:\n    {user}"), &options).unwrap();
            assert!(!plan.text.contains('\u{a0}'), "{}", plan.text);
        }
    }

    #[test]
    fn another_change_is_not_taken_for_a_conversion() {
        let old =
            "users:\n- name: n\n  user:\n    exec: {apiVersion: x, command: kubelogin, args: [get-token]}\n";
        assert!(is_conversion_of(old, old));
        assert!(!is_conversion_of(old, &old.replace("kubelogin", "kubesesame")));
        assert!(!is_conversion_of(old, "[broken"));
    }
}
