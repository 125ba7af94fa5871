//! A kubeconfig's text in which nothing can be read but what is known to be harmless.
//!
//! Keys are shown, and those values alone that the lists here name: a field of tomorrow, a field of somebody else and a secret in an
//! unusual place are covered because nobody has called them harmless.

use super::edit::{Edit, apply};
use super::entry::INSTALL_HINT;
use super::tree::{Node, Value, parse};

const SECRET: &str = "[secret]";
const NOT_SHOWN: &str = "[not shown]";

/// Values that are shown as they are: `[]` stands for each item of a list.
const PLAIN: [&str; 24] = [
    ".apiVersion",
    ".kind",
    ".current-context",
    ".clusters[].name",
    ".clusters[].cluster.certificate-authority",
    ".clusters[].cluster.tls-server-name",
    ".contexts[].name",
    ".contexts[].context.cluster",
    ".contexts[].context.user",
    ".contexts[].context.namespace",
    ".users[].name",
    ".users[].user.client-certificate",
    ".users[].user.client-key",
    ".users[].user.tokenFile",
    ".users[].user.username",
    ".users[].user.exec.apiVersion",
    ".users[].user.exec.command",
    ".users[].user.exec.interactiveMode",
    ".users[].user.exec.env[].name",
    ".users[].user.auth-provider.name",
    ".users[].user.auth-provider.config.client-id",
    ".users[].user.auth-provider.config.extra-scopes",
    ".users[].user.auth-provider.config.idp-certificate-authority",
    ".users[].user.as",
];
/// Values that are URLs, which may hold a password or a token.
const URLS: [&str; 3] = [
    ".clusters[].cluster.server",
    ".clusters[].cluster.proxy-url",
    ".users[].user.auth-provider.config.idp-issuer-url",
];
const INSTALL_HINT_PATH: &str = ".users[].user.exec.installHint";
const ARGS_PATH: &str = ".users[].user.exec.args";
/// Keys whose values are secrets for sure; they are named so.
const SECRET_KEYS: [&str; 9] = [
    "client-secret",
    "id-token",
    "refresh-token",
    "access-token",
    "token",
    "password",
    "client-key-data",
    "secret",
    "cookie",
];

/// Flags whose values are shown as they are.
const PLAIN_FLAGS: [&str; 22] = [
    "--oidc-client-id",
    "--oidc-extra-scope",
    "--oidc-client-secret-file",
    "--oidc-pkce-method",
    "--oidc-redirect-url-hostname",
    "--grant-type",
    "--username",
    "--password-file",
    "--account",
    "--listen-address",
    "--listen-port",
    "--certificate-authority",
    "--local-server-cert",
    "--local-server-key",
    "--token-cache-dir",
    "--token-cache-storage",
    "--authentication-timeout-sec",
    "--refresh-ahead",
    "--notice-refusal",
    "--adopt",
    "--v",
    "-v",
];
const URL_FLAGS: [&str; 3] = [
    "--oidc-issuer-url",
    "--oidc-redirect-url",
    "--open-url-after-authentication",
];
const SECRET_FLAGS: [&str; 4] = [
    "--oidc-client-secret",
    "--password",
    "--oidc-request-header",
    "--oidc-auth-request-extra-params",
];
/// Flags without a value behind them: what follows stands for itself.
const SWITCHES: [&str; 8] = [
    "--oidc-use-pkce",
    "--oidc-use-access-token",
    "--force-refresh",
    "--skip-open-browser",
    "--insecure-skip-tls-verify",
    "--tls-renegotiation-once",
    "--tls-renegotiation-freely",
    "--logtostderr",
];
const COMMAND_WORDS: [&str; 2] = ["oidc-login", "get-token"];

/// In a comment: what stands before a secret.
const SECRET_WORDS: [&str; 9] = [
    "secret",
    "passw",
    "passphrase",
    "token",
    "credential",
    "bearer",
    "authorization",
    "cookie",
    "key",
];
/// Longest word of a comment, and longest key, that nobody takes for a secret.
const LONGEST_WORD: usize = 20;
const LONGEST_KEY: usize = 63;

/// Covers a text; one that cannot be parsed is not shown at all.
pub(super) fn masked(text: &str) -> String {
    let Ok(document) = parse(text) else {
        return "[not shown: this is not valid YAML]\n".to_owned();
    };
    let mut mask = Mask {
        text,
        path: String::new(),
        edits: Vec::new(),
    };
    if let Some(root) = &document.root {
        mask.node(root, "");
    }
    for comment in document.comments {
        if !is_prose(text[comment.clone()].trim_start_matches('#')) {
            mask.edits.push(Edit::replace(comment, "# [comment not shown]"));
        }
    }
    let mut edits = mask.edits;
    edits.sort_by_key(|edit| edit.span.start);
    edits.dedup_by(|next, kept| next.span.start < kept.span.end);
    apply(text, edits)
}

struct Mask<'a> {
    text: &'a str,
    /// Where the node stands that is looked at.
    path: String,
    edits: Vec<Edit>,
}

impl Mask<'_> {
    fn node(&mut self, node: &Node, key: &str) {
        let length = self.path.len();
        match &node.value {
            Value::Scalar { text, .. } => {
                if let Some(cover) = self.cover(node, text, key) {
                    self.hide(node, cover);
                }
            }
            Value::Sequence { items, .. } if self.path == ARGS_PATH => self.args(items),
            Value::Sequence { items, .. } => {
                self.path.push_str("[]");
                for item in items {
                    self.node(item, key);
                }
            }
            Value::Mapping { pairs, .. } => {
                for (name, value) in pairs {
                    let name = match name.text() {
                        Some(text) if is_key(text) => text,
                        _ => {
                            self.hide(name, NOT_SHOWN.to_owned());
                            ""
                        }
                    };
                    self.path.extend([".", name]);
                    self.node(value, name);
                    self.path.truncate(length);
                }
            }
            Value::Alias(_) => {}
        }
        self.path.truncate(length);
    }

    /// Returns what is shown in place of a value, if not all of it is shown.
    fn cover(&self, node: &Node, text: &str, key: &str) -> Option<String> {
        let path = self.path.as_str();
        let harmless = node.is_null() || text.is_empty() || matches!(text, "true" | "false");
        if harmless || (path == INSTALL_HINT_PATH && (text == INSTALL_HINT || is_prose(text))) {
            return None;
        }
        if URLS.contains(&path) {
            return masked_url(text);
        }
        if PLAIN.contains(&path) {
            return text.contains("://").then(|| masked_url(text)).flatten();
        }
        Some(
            if SECRET_KEYS.contains(&key) {
                SECRET
            } else {
                NOT_SHOWN
            }
            .to_owned(),
        )
    }

    /// The arguments of a command: a flag says what its value is.
    fn args(&mut self, items: &[Node]) {
        let mut flag = None;
        for item in items {
            let Some(text) = item.text() else {
                self.hide(item, NOT_SHOWN.to_owned());
                flag = None;
                continue;
            };
            let before = flag.take();
            let cover = match (before, text.split_once('=')) {
                (Some(before), _) if !is_flag(text) || SECRET_FLAGS.contains(&before) => {
                    value_cover(before, text)
                }
                (_, Some((name, value))) if is_flag(name) => {
                    value_cover(name, value).map(|cover| format!("{name}={cover}"))
                }
                _ if is_flag(text) => {
                    flag = Some(text).filter(|flag| !SWITCHES.contains(flag));
                    None
                }
                _ if COMMAND_WORDS.contains(&text) || is_verbosity(text) => None,
                _ => Some(NOT_SHOWN.to_owned()),
            };
            if let Some(cover) = cover {
                self.hide(item, cover);
            }
        }
    }

    fn hide(&mut self, node: &Node, shown: String) {
        let start = node.span.start;
        let end = start + self.text[node.span.clone()].trim_end().len();
        if end > start {
            self.edits.push(Edit::replace(start..end, shown));
        }
    }
}

/// Returns what is shown in place of a flag's value, if not all of it is shown.
fn value_cover(flag: &str, value: &str) -> Option<String> {
    if value.is_empty() || matches!(value, "true" | "false") {
        return None;
    }
    if URL_FLAGS.contains(&flag) || (PLAIN_FLAGS.contains(&flag) && value.contains("://")) {
        return masked_url(value);
    }
    if PLAIN_FLAGS.contains(&flag) {
        return None;
    }
    Some(
        if SECRET_FLAGS.contains(&flag) {
            SECRET
        } else {
            NOT_SHOWN
        }
        .to_owned(),
    )
}

/// Covers the value in a reason why an entry would fail, which begins with its flag: ``--flag `value` is …``.
pub(crate) fn masked_reason(reason: &str, arguments: &[String]) -> String {
    let parts = reason
        .split_once(" `")
        .and_then(|(flag, rest)| Some((flag, rest.split_once('`')?)))
        .filter(|(flag, _)| is_flag(flag));
    let Some((flag, (value, rest))) = parts else {
        return reason.to_owned();
    };
    // The name of a header that was written as HTTP has it: what follows the colon was cut.
    let is_name = || {
        arguments
            .iter()
            .any(|argument| argument.contains(&format!("{value}:")))
    };
    let cover = if SECRET_FLAGS.contains(&flag) && is_name() {
        None
    } else if value.ends_with('…') {
        // The end of its secret may be what was cut.
        Some(NOT_SHOWN.to_owned())
    } else {
        value_cover(flag, value)
    };
    let shown = cover.as_deref().unwrap_or(value);
    format!("{flag} `{shown}`{rest}")
}

/// Covers user, password, query and fragment of a URL; `None` if there is nothing to cover.
fn masked_url(url: &str) -> Option<String> {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + 3),
        None => ("", url),
    };
    let (rest, query) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], format!("{}{SECRET}", &rest[at..=at])),
        None => (rest, String::new()),
    };
    // The last one: a password may have one, and so may a path, of which too much is covered then.
    let covered = match rest.rfind('@') {
        Some(at) => format!("{scheme}{SECRET}{}{query}", &rest[at..]),
        None => format!("{scheme}{rest}{query}"),
    };
    (covered != url).then_some(covered)
}

fn is_flag(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || "-_".contains(c);
    let name = text.strip_prefix("--");
    text == "-v"
        || name
            .is_some_and(|name| !name.is_empty() && name.len() <= LONGEST_KEY && name.chars().all(is_plain))
}

/// `-v1`, as klog has it.
fn is_verbosity(text: &str) -> bool {
    let level = text.strip_prefix("-v");
    level.is_some_and(|level| level.len() <= 2 && level.chars().all(|c| c.is_ascii_digit()))
}

fn is_key(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    text.len() <= LONGEST_KEY && text.chars().all(is_plain)
}

/// Whether a text is words and nothing else: no digits, no values, no word that announces a secret.
fn is_prose(text: &str) -> bool {
    let lower = text.to_lowercase();
    !SECRET_WORDS.iter().any(|word| lower.contains(word))
        && lower.split_whitespace().all(|word| {
            let word = word.trim_matches(|c: char| ".,;!?()[]{}'\"`…".contains(c));
            word.chars().count() <= LONGEST_WORD && word.chars().all(|c| c.is_alphabetic() || c == '-')
        })
}

#[cfg(test)]
mod tests;
