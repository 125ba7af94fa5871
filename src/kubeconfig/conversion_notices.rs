//! Warnings about a converted entry: parts of it that have no effect, and tokens that the new entry does not have.
//!
//! Pure. The warnings have names of flags and variables, never values, which may be secrets.

use std::collections::HashSet;

use super::secret_flag::SECRET_FILE_FLAGS;
use super::tree::Node;

/// What to warn of after a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversionNotices {
    /// The `installHint` names kubelogin, so the conversion replaces it.
    pub(crate) replaces_install_hint: bool,
    /// Variables of the entry that no program reads, each with the flag that replaces it, if there is one.
    pub(crate) unread_variables: Vec<(String, Option<&'static str>)>,
    /// Flags whose value contains a shell variable, which kubectl does not expand.
    pub(crate) unexpanded_flags: Vec<String>,
    pub(crate) dropped_tokens: DroppedTokens,
}

/// The tokens of the old entry, which are only in the backup after the conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DroppedTokens {
    None,
    Tokens,
    /// The old entry has a refresh token, but no scope that requests a new one.
    RefreshTokenWithoutScope,
}

/// Variables that kubelogin read before version 1.11 (2019), and the flags that replace them.
const FORMER_VARIABLES: [(&str, &str); 3] = [
    ("KUBELOGIN_LISTEN_PORT", "--listen-address=127.0.0.1:PORT"),
    ("KUBELOGIN_INSECURE_SKIP_TLS_VERIFY", "--insecure-skip-tls-verify"),
    ("KUBELOGIN_SKIP_OPEN_BROWSER", "--skip-open-browser"),
];

/// Prefixes of variables that people set for kubelogin. Current versions read none of them.
const KUBELOGIN_PREFIXES: [&str; 4] = ["KUBELOGIN_", "KUBECTL_OIDC_", "OIDC_LOGIN_", "KUBE_OIDC_"];

/// Returns the variables in the `env` of an entry that neither kubelogin nor kubesesame reads.
pub(super) fn unread_variables(exec: &Node) -> Vec<(String, Option<&'static str>)> {
    let env = exec.get("env").and_then(Node::items).unwrap_or_default();
    let names = env.iter().filter_map(|item| item.get("name")?.text());
    let unread = names.filter(|name| KUBELOGIN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    unread
        .map(|name| {
            let former = FORMER_VARIABLES.iter().find(|(former, _)| *former == name);
            (name.to_owned(), former.map(|(_, flag)| *flag))
        })
        .collect()
}

/// Returns the flags whose value contains a shell variable. kubectl runs the command without a shell, so nothing expands it.
pub(super) fn unexpanded_flags(arguments: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    let mut before = "";
    for argument in arguments {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, value),
            _ => (before, &**argument),
        };
        let is_secret = SECRET_FILE_FLAGS.iter().any(|secret| secret.flag == flag);
        if flag.starts_with("--") && has_shell_variable(value, is_secret) && known.insert(flag) {
            found.push(flag.to_owned());
        }
        before = argument;
    }
    found
}

/// Whether a text contains `${NAME}`, `$(…)` or `$NAME`.
///
/// With `is_secret` the whole text has to be one of these, because a secret may contain a dollar sign.
fn has_shell_variable(text: &str, is_secret: bool) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if is_secret {
        let Some(rest) = text.strip_prefix('$') else {
            return false;
        };
        let braced = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let called = rest.starts_with('(') && rest.ends_with(')');
        return called || braced.is_some_and(is_name) || (is_name(rest) && rest == rest.to_ascii_uppercase());
    }
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        rest.starts_with(['{', '(']) || rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    #[test]
    fn flags_with_shell_variables_are_found() {
        for (arguments, flags) in [
            (
                &["get-token", "--certificate-authority=$HOME/ca.pem"][..],
                "--certificate-authority",
            ),
            (
                &["get-token", "--token-cache-dir", "${HOME}/x", "-v=1"],
                "--token-cache-dir",
            ),
            (
                &["--oidc-client-id=$(cat id)", "--oidc-client-id=${X}"],
                "--oidc-client-id",
            ),
            (
                &["--oidc-client-secret=${SECRET}", "--password=$PASSWORD"],
                "--oidc-client-secret --password",
            ),
            (
                &[
                    "--oidc-client-secret=a$bc",
                    "--password=$ecret",
                    "--password=${x}y",
                ],
                "",
            ),
            (&["--oidc-request-header=a=$1", "--oidc-extra-scope=a$"], ""),
        ] {
            let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
            assert_eq!(unexpanded_flags(&arguments).join(" "), flags, "{arguments:?}");
        }
    }

    #[test]
    fn unread_variables_are_those_with_a_prefix_of_kubelogin() {
        let text = "env: [{name: KUBELOGIN_LISTEN_PORT, value: '8'}, {name: KUBECTL_OIDC_X}, {name: HTTPS_PROXY}, {value: x}]";
        let exec = parse(text).unwrap().root.unwrap();
        let flag = Some("--listen-address=127.0.0.1:PORT");
        assert_eq!(
            unread_variables(&exec),
            [
                ("KUBELOGIN_LISTEN_PORT".to_owned(), flag),
                ("KUBECTL_OIDC_X".to_owned(), None)
            ]
        );
        assert_eq!(unread_variables(&parse("env: null").unwrap().root.unwrap()), []);
    }
}
