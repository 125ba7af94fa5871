//! What a person should know of an entry that is converted: what in it is without effect, before and after.
//!
//! Pure. Names flags and variables, never a value, which may be a secret.

use std::collections::HashSet;

use super::secret_flag::SECRETS;
use super::tree::Node;

/// What to tell of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    /// The `installHint` named the program that was run before.
    pub(crate) replaces_install_hint: bool,
    /// Variables that the entry sets for nobody, each with the flag that says the same, if there is one.
    pub(crate) dead_variables: Vec<(String, Option<&'static str>)>,
    /// Flags whose value holds a variable as a shell would expand it.
    pub(crate) unexpanded: Vec<String>,
    pub(crate) drops: Drops,
}

/// What the entry held and only the backup has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Drops {
    Nothing,
    Tokens,
    /// A refresh token among them, and the new entry has no scope that asks for one.
    RefreshToken,
}

/// What kubelogin read before version 1.11 (2019), and the flag that says the same now.
const FORMER: [(&str, &str); 3] = [
    ("KUBELOGIN_LISTEN_PORT", "--listen-address=127.0.0.1:PORT"),
    ("KUBELOGIN_INSECURE_SKIP_TLS_VERIFY", "--insecure-skip-tls-verify"),
    ("KUBELOGIN_SKIP_OPEN_BROWSER", "--skip-open-browser"),
];

/// What the name of a variable begins with that is meant for kubelogin, which reads none.
const PREFIXES: [&str; 4] = ["KUBELOGIN_", "KUBECTL_OIDC_", "OIDC_LOGIN_", "KUBE_OIDC_"];

/// Returns the variables in the `env` of an entry that neither kubelogin reads nor we.
pub(super) fn dead_variables(exec: &Node) -> Vec<(String, Option<&'static str>)> {
    let env = exec.get("env").and_then(Node::items).unwrap_or_default();
    let names = env.iter().filter_map(|item| item.get("name")?.text());
    let dead = names.filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    dead.map(|name| {
        let former = FORMER.iter().find(|(former, _)| *former == name);
        (name.to_owned(), former.map(|(_, flag)| *flag))
    })
    .collect()
}

/// Returns the flags whose value a shell would have expanded: kubectl runs the command without one.
pub(super) fn unexpanded(arguments: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    let mut before = "";
    for argument in arguments {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, value),
            _ => (before, &**argument),
        };
        let is_secret = SECRETS.iter().any(|secret| secret.flag == flag);
        if flag.starts_with("--") && holds_variable(value, is_secret) && known.insert(flag) {
            found.push(flag.to_owned());
        }
        before = argument;
    }
    found
}

/// Whether a text holds `${NAME}`, `$(…)` or `$NAME`; a secret may hold a dollar sign, and has to be such a thing as a whole.
fn holds_variable(text: &str, as_a_whole: bool) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if as_a_whole {
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
    fn only_what_a_shell_would_expand_is_found() {
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
            assert_eq!(unexpanded(&arguments).join(" "), flags, "{arguments:?}");
        }
    }

    #[test]
    fn variables_for_kubelogin_are_told_from_others() {
        let text = "env: [{name: KUBELOGIN_LISTEN_PORT, value: '8'}, {name: KUBECTL_OIDC_X}, {name: HTTPS_PROXY}, {value: x}]";
        let exec = parse(text).unwrap().root.unwrap();
        let flag = Some("--listen-address=127.0.0.1:PORT");
        assert_eq!(
            dead_variables(&exec),
            [
                ("KUBELOGIN_LISTEN_PORT".to_owned(), flag),
                ("KUBECTL_OIDC_X".to_owned(), None)
            ]
        );
        assert_eq!(dead_variables(&parse("env: null").unwrap().root.unwrap()), []);
    }
}
