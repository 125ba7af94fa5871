//! Masks a kubeconfig's text: only values that are known to be harmless stay readable.
//!
//! Keys are shown, and the values that the lists here name. Everything else is masked, so that unknown fields and secrets in unusual
//! places are masked too.

use super::edit::{Edit, apply};
use super::entry::INSTALL_HINT;
use super::tree::{Node, Value, parse};

const SECRET: &str = "[secret]";
const NOT_SHOWN: &str = "[not shown]";

/// Paths whose values are shown. `[]` means each item of a list.
const SHOWN_PATHS: [&str; 23] = [
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
    ".users[].user.exec.interactiveMode",
    ".users[].user.exec.env[].name",
    ".users[].user.auth-provider.name",
    ".users[].user.auth-provider.config.client-id",
    ".users[].user.auth-provider.config.extra-scopes",
    ".users[].user.auth-provider.config.idp-certificate-authority",
    ".users[].user.as",
];
/// Paths whose values are URLs. A password, query and fragment in them are masked.
const URL_PATHS: [&str; 3] = [
    ".clusters[].cluster.server",
    ".clusters[].cluster.proxy-url",
    ".users[].user.auth-provider.config.idp-issuer-url",
];
const INSTALL_HINT_PATH: &str = ".users[].user.exec.installHint";
const COMMAND_PATH: &str = ".users[].user.exec.command";
const ARGS_PATH: &str = ".users[].user.exec.args";
/// Keys whose values are certainly secrets: the mask says `[secret]`.
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
const SHOWN_FLAGS: [&str; 28] = [
    "--oidc-client-id",
    "--oidc-extra-scope",
    "--oidc-client-secret-file",
    "--oidc-client-private-key-file",
    "--oidc-client-key-id",
    "--oidc-client-auth-method",
    "--oidc-client-auth-audience",
    "--oidc-pkce-method",
    "--oidc-dpop",
    "--oidc-par",
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
const URL_FLAGS: [&str; 4] = [
    "--oidc-issuer-url",
    "--oidc-resource",
    "--oidc-redirect-url",
    "--open-url-after-authentication",
];
const SECRET_FLAGS: [&str; 4] = [
    "--oidc-client-secret",
    "--password",
    "--oidc-request-header",
    "--oidc-auth-request-extra-params",
];
/// Flags that take no separate value: the argument after them is not their value.
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
const SHOWN_ARGUMENTS: [&str; 2] = ["oidc-login", "get-token"];

/// Words in a comment that suggest that it contains a secret.
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
/// A longer word in a comment may be a secret.
const MAX_WORD_CHARS: usize = 20;
/// A longer key or flag may be a secret.
const MAX_KEY_BYTES: usize = 63;

/// Masks the text of a kubeconfig. A text that is not YAML is not shown at all.
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
    /// The path of the current node, in the form of the lists above.
    path: String,
    edits: Vec<Edit>,
}

impl Mask<'_> {
    fn node(&mut self, node: &Node, key: &str) {
        let length = self.path.len();
        match &node.value {
            Value::Scalar { text, .. } => {
                if let Some(mask) = self.mask_for(node, text, key) {
                    self.hide(node, mask);
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

    /// Returns the mask of a value; `None` if the value is shown.
    fn mask_for(&self, node: &Node, text: &str, key: &str) -> Option<String> {
        let path = self.path.as_str();
        let harmless = node.is_null() || text.is_empty() || matches!(text, "true" | "false");
        if harmless || (path == INSTALL_HINT_PATH && (text == INSTALL_HINT || is_prose(text))) {
            return None;
        }
        if URL_PATHS.contains(&path) {
            return masked_url(text);
        }
        if path == COMMAND_PATH && shown_command(text) != text {
            return Some(format!("{} {NOT_SHOWN}", shown_command(text)));
        }
        if SHOWN_PATHS.contains(&path) || path == COMMAND_PATH {
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

    /// Masks the arguments of a command, by the flag that each value belongs to.
    fn args(&mut self, items: &[Node]) {
        let mut flag = None;
        for item in items {
            let Some(text) = item.text() else {
                self.hide(item, NOT_SHOWN.to_owned());
                flag = None;
                continue;
            };
            let before = flag.take();
            let mask = match (before, text.split_once('=')) {
                (Some(before), _) if !is_flag(text) || SECRET_FLAGS.contains(&before) => {
                    flag_value_mask(before, text)
                }
                (_, Some((name, value))) if is_flag(name) => {
                    flag_value_mask(name, value).map(|mask| format!("{name}={mask}"))
                }
                _ if is_flag(text) => {
                    flag = Some(text).filter(|flag| !SWITCHES.contains(flag));
                    None
                }
                _ if SHOWN_ARGUMENTS.contains(&text) || is_verbosity(text) => None,
                _ => Some(NOT_SHOWN.to_owned()),
            };
            if let Some(mask) = mask {
                self.hide(item, mask);
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

/// Returns the command of an entry without the flags that somebody has written into it, since one may have a secret.
pub(crate) fn shown_command(command: &str) -> &str {
    let mut characters = command.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        if character.is_whitespace() && matches!(characters.peek(), Some((_, '-'))) {
            return command[..index].trim_end();
        }
    }
    command
}

/// Returns the mask of a flag's value; `None` if the value is shown.
fn flag_value_mask(flag: &str, value: &str) -> Option<String> {
    if value.is_empty() || matches!(value, "true" | "false") {
        return None;
    }
    if URL_FLAGS.contains(&flag) || (SHOWN_FLAGS.contains(&flag) && value.contains("://")) {
        return masked_url(value);
    }
    if SHOWN_FLAGS.contains(&flag) {
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

/// Masks the value in the reason why an entry would fail, which has the form ``--flag `value` is …``.
pub(crate) fn masked_reason(reason: &str, arguments: &[String]) -> String {
    let parts = reason
        .split_once(" `")
        .and_then(|(flag, rest)| Some((flag, rest.split_once('`')?)))
        .filter(|(flag, _)| is_flag(flag));
    let Some((flag, (value, rest))) = parts else {
        return reason.to_owned();
    };
    // `--oidc-request-header=Name: value`: the reason has only the name of the header, since the error cuts the rest.
    let is_name = || {
        arguments
            .iter()
            .any(|argument| argument.contains(&format!("{value}:")))
    };
    let mask = if SECRET_FLAGS.contains(&flag) && is_name() {
        None
    } else if value.ends_with('…') {
        // The value was cut, so the end of a user name and password may be missing, and `masked_url` would not find them.
        Some(NOT_SHOWN.to_owned())
    } else {
        flag_value_mask(flag, value)
    };
    let shown = mask.as_deref().unwrap_or(value);
    format!("{flag} `{shown}`{rest}")
}

/// Masks user, password, query and fragment of a URL; `None` if it has none of them.
fn masked_url(url: &str) -> Option<String> {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + 3),
        None => ("", url),
    };
    let (rest, query) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], format!("{}{SECRET}", &rest[at..=at])),
        None => (rest, String::new()),
    };
    // The last `@`, because a password may contain one. If the path contains one, more than necessary is masked.
    let masked_url = match rest.rfind('@') {
        Some(at) => format!("{scheme}{SECRET}{}{query}", &rest[at..]),
        None => format!("{scheme}{rest}{query}"),
    };
    (masked_url != url).then_some(masked_url)
}

fn is_flag(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || "-_".contains(c);
    let name = text.strip_prefix("--");
    text == "-v"
        || name
            .is_some_and(|name| !name.is_empty() && name.len() <= MAX_KEY_BYTES && name.chars().all(is_plain))
}

/// Whether this is klog's flag with its level, as in `-v1`.
fn is_verbosity(text: &str) -> bool {
    let level = text.strip_prefix("-v");
    level.is_some_and(|level| level.len() <= 2 && level.chars().all(|c| c.is_ascii_digit()))
}

fn is_key(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    text.len() <= MAX_KEY_BYTES && text.chars().all(is_plain)
}

/// Whether a text consists of ordinary words: no digits, no punctuation inside words, and none of [`SECRET_WORDS`].
fn is_prose(text: &str) -> bool {
    let lower = text.to_lowercase();
    !SECRET_WORDS.iter().any(|word| lower.contains(word))
        && lower.split_whitespace().all(|word| {
            let word = word.trim_matches(|c: char| ".,;!?()[]{}'\"`…".contains(c));
            word.chars().count() <= MAX_WORD_CHARS && word.chars().all(|c| c.is_alphabetic() || c == '-')
        })
}

#[cfg(test)]
mod tests;
