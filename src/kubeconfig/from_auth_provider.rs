//! Converts a legacy `auth-provider: oidc` entry to an `exec` entry.
//!
//! The new entry is in the style of the old one: block style, or JSON in flow style.

use super::conversion_notices::{ConversionNotices, DroppedTokens, unexpanded_flags};
use super::csv_cell;
use super::edit::{Edit, Lines, trim_end};
use super::entry::{
    API_VERSION, COMMAND, ChooseSecretFile, Conversion, INTERACTIVE_MODE, TAB_INDENT, is_plain, json_string,
    quoted_like, sequence,
};
use super::secret_flag::{CLIENT_SECRET, SecretFlag};
use super::tree::{Node, Value};
use crate::secret::Secret;

/// Replaces a legacy `auth-provider` by an `exec` entry.
///
/// # Errors
/// The reason why the entry cannot be converted.
pub(super) fn from_auth_provider(
    lines: &Lines<'_>,
    user: &Node,
    config: &Node,
    secret_file: &ChooseSecretFile<'_>,
) -> Result<Conversion, String> {
    let Some((key, provider)) = user.pair("auth-provider") else {
        return Err("it has no `auth-provider`".to_owned());
    };
    let read = AuthProviderArguments::read(config, secret_file)?;
    let style = Style::of(lines, key, provider)?;
    let mut end = provider.span.start + trim_end(&lines.text[provider.span.clone()]).len();
    let rest = lines.after(end);
    // If the last value is absent (`id-token:`), the span ends before the colon.
    if rest.trim_start().starts_with(':') {
        end += rest.find(':').unwrap_or(0) + 1;
    }
    let exec_key = quoted_like("exec", key)?;
    let entry = style.exec(&exec_key, &read.arguments);
    let pairs = [
        ("apiVersion", Node::scalar(API_VERSION)),
        ("args", sequence(&read.arguments)),
        ("command", Node::scalar(COMMAND)),
        ("interactiveMode", Node::scalar(INTERACTIVE_MODE)),
    ];
    let pairs = pairs
        .into_iter()
        .map(|(key, value)| (Node::scalar(key), value))
        .collect();
    Ok(Conversion {
        edits: vec![Edit::replace(key.span.start..end, entry)],
        exec: Node::without_span(Value::Mapping { pairs, flow: false }),
        inline_secrets: read.inline_secrets,
        notices: ConversionNotices {
            replaces_install_hint: false,
            unread_variables: Vec::new(),
            unexpanded_flags: unexpanded_flags(&read.arguments),
            dropped_tokens: read.dropped_tokens,
        },
        arguments: read.arguments,
    })
}

/// The values of an `auth-provider` entry as arguments of `get-token`.
pub(super) struct AuthProviderArguments {
    pub(super) arguments: Vec<String>,
    inline_secrets: Vec<SecretFlag>,
    dropped_tokens: DroppedTokens,
}

impl AuthProviderArguments {
    pub(super) fn read(config: &Node, secret_file: &ChooseSecretFile<'_>) -> Result<Self, String> {
        let mut arguments = vec!["get-token".to_owned()];
        let mut inline_secrets = Vec::new();
        let (mut has_id_token, mut has_refresh_token) = (false, false);
        let mut asks_offline_access = false;
        for key in ["idp-issuer-url", "client-id"] {
            if config.get(key).and_then(Node::text).is_none_or(str::is_empty) {
                return Err(format!("its `auth-provider` has no `{key}`"));
            }
        }
        for (key, value) in config.pairs().unwrap_or_default() {
            let (Some(key), Some(value)) = (key.text(), value.text()) else {
                return Err("its `auth-provider` has a value that is no text".to_owned());
            };
            if value.is_empty() {
                continue;
            }
            match key {
                "idp-issuer-url" => arguments.push(format!("--oidc-issuer-url={value}")),
                "client-id" => arguments.push(format!("--oidc-client-id={value}")),
                "client-secret" => {
                    let flag = CLIENT_SECRET.flag;
                    if let Some(path) = secret_file(CLIENT_SECRET, &Secret::new(value)) {
                        arguments.push(format!("{flag}-file={path}"));
                    } else {
                        arguments.push(format!("{flag}={value}"));
                        inline_secrets.push(CLIENT_SECRET);
                    }
                }
                "idp-certificate-authority" => arguments.push(format!("--certificate-authority={value}")),
                "idp-certificate-authority-data" => {
                    arguments.push(format!("--certificate-authority-data={value}"));
                }
                "extra-scopes" => {
                    let scopes = value.split(',').map(str::trim).filter(|scope| !scope.is_empty());
                    asks_offline_access |= scopes.clone().any(|scope| scope == "offline_access");
                    arguments.extend(scopes.map(|scope| format!("--oidc-extra-scope={}", csv_cell(scope))));
                }
                "id-token" => has_id_token = true,
                "refresh-token" => has_refresh_token = true,
                _ => {
                    return Err(
                        "its `auth-provider` has a key that is unknown to kubectl's `oidc` auth-provider"
                            .to_owned(),
                    );
                }
            }
        }
        let dropped_tokens = match (has_refresh_token, has_id_token) {
            (true, _) if !asks_offline_access => DroppedTokens::RefreshTokenWithoutScope,
            (false, false) => DroppedTokens::None,
            (true, _) | (false, true) => DroppedTokens::Tokens,
        };
        Ok(Self {
            arguments,
            inline_secrets,
            dropped_tokens,
        })
    }
}

/// The YAML style of an entry. `step` is the additional indentation of one level.
enum Style<'a> {
    Block {
        newline: &'a str,
        indent: &'a str,
        step: String,
    },
    MultiLineFlow {
        newline: &'a str,
        indent: &'a str,
        step: String,
    },
    SingleLineFlow,
}

impl<'a> Style<'a> {
    fn of(lines: &Lines<'a>, key: &Node, value: &Node) -> Result<Self, String> {
        let newline = lines.ending();
        let indent = lines.before(key.span.start);
        let own_line = indent.trim().is_empty();
        let child = value
            .pairs()
            .and_then(|pairs| pairs.first())
            .map_or("", |(child, _)| lines.before(child.span.start));
        let step = if child.trim().is_empty() {
            child.strip_prefix(indent)
        } else {
            None
        };
        let step = step.filter(|step| !step.is_empty()).unwrap_or("  ").to_owned();
        match &value.value {
            Value::Mapping { flow: false, .. } if own_line && indent.contains('\t') => {
                Err(TAB_INDENT.to_owned())
            }
            Value::Mapping { flow: false, .. } if own_line => Ok(Self::Block {
                newline,
                indent,
                step,
            }),
            Value::Mapping { flow: true, .. }
                if own_line && lines.text[value.span.clone()].contains('\n') =>
            {
                Ok(Self::MultiLineFlow {
                    newline,
                    indent,
                    step,
                })
            }
            Value::Mapping { flow: true, .. } => Ok(Self::SingleLineFlow),
            Value::Mapping { flow: false, .. }
            | Value::Scalar { .. }
            | Value::Sequence { .. }
            | Value::Alias(_) => Err("its `auth-provider` stands in an unusual place".to_owned()),
        }
    }

    /// Writes the `exec` entry with this key.
    fn exec(&self, key: &str, arguments: &[String]) -> String {
        match self {
            Self::Block {
                newline,
                indent,
                step,
            } => {
                let inner = format!("{newline}{indent}{step}");
                let plain = |arg: &String| {
                    if is_plain(arg) {
                        arg.clone()
                    } else {
                        json_string(arg)
                    }
                };
                let mut args = String::new();
                for arg in arguments.iter().map(plain) {
                    args.extend([&*inner, "- ", &*arg]);
                }
                format!(
                    "{key}:{inner}apiVersion: {API_VERSION}{inner}args:{args}\
                     {inner}command: {COMMAND}{inner}interactiveMode: {INTERACTIVE_MODE}"
                )
            }
            Self::MultiLineFlow {
                newline,
                indent,
                step,
            } => {
                let outer = format!("{newline}{indent}");
                let inner = format!("{outer}{step}");
                let args: Vec<String> = arguments
                    .iter()
                    .map(|arg| format!("{inner}{step}{}", json_string(arg)))
                    .collect();
                format!(
                    "{key}: {{{inner}\"apiVersion\": \"{API_VERSION}\",{inner}\"args\": [{}{inner}],\
                     {inner}\"command\": \"{COMMAND}\",{inner}\"interactiveMode\": \"{INTERACTIVE_MODE}\"{outer}}}",
                    args.join(",")
                )
            }
            Self::SingleLineFlow => {
                let args: Vec<String> = arguments.iter().map(|arg| json_string(arg)).collect();
                format!(
                    "{key}: {{\"apiVersion\": \"{API_VERSION}\", \"args\": [{}], \
                     \"command\": \"{COMMAND}\", \"interactiveMode\": \"{INTERACTIVE_MODE}\"}}",
                    args.join(", ")
                )
            }
        }
    }
}
