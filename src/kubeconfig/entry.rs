//! Converts kubelogin's `exec` entry of one user: the edits, and the tree that the edited text must have.
//!
//! Only values that differ are replaced, so the entry keeps its comments, order and quotes. `from_auth_provider` has the conversion of the
//! other kind of entry.

use granit_parser::ScalarStyle;

use super::conversion_notices::{ConversionNotices, DroppedTokens, unexpanded_flags, unread_variables};
use super::edit::{Edit, Lines, is_blank_or_comment, trim_end};
use super::secret_flag::{SECRET_FILE_FLAGS, SecretFlag};
use super::tree::{Node, Value};
use crate::secret::Secret;

pub(super) const COMMAND: &str = "kubesesame";
pub(super) const API_VERSION: &str = "client.authentication.k8s.io/v1";
pub(super) const INTERACTIVE_MODE: &str = "IfAvailable";
/// The `installHint`: kubectl shows it if it does not find the command.
pub(super) const INSTALL_HINT: &str =
    "kubesesame signs you in to this cluster: install it and put it on the PATH";

/// YAML has no tabs in the indentation of a block (YAML 1.2, 6.1). Our parser reads some of them, and kubectl none.
pub(super) const TAB_INDENT: &str = "it is indented with a tab, which kubectl does not read";

/// The conversion of one entry.
#[derive(Debug)]
pub(super) struct Conversion {
    pub(super) edits: Vec<Edit>,
    /// The `exec` mapping that the edited text must have.
    pub(super) exec: Node,
    pub(super) arguments: Vec<String>,
    /// Secrets that stay in the entry.
    pub(super) inline_secrets: Vec<SecretFlag>,
    pub(super) notices: ConversionNotices,
}

/// Returns the path of the file that a secret moves to, or `None` if it stays in the entry.
pub(super) type ChooseSecretFile<'a> = dyn Fn(SecretFlag, &Secret) -> Option<String> + 'a;

/// Converts the entry of a user of kubelogin.
///
/// # Errors
/// The reason why the entry cannot be converted.
pub(super) fn from_exec(
    lines: &Lines<'_>,
    exec: &Node,
    via_kubectl: bool,
    secret_file: &ChooseSecretFile<'_>,
) -> Result<Conversion, String> {
    let (Some(command), Some(args)) = (exec.pair("command"), exec.get("args")) else {
        return Err("it has no `command` and `args`".to_owned());
    };
    // A key without a value (`apiVersion:`) has no place for one either.
    let Some(version) = exec.get("apiVersion").filter(|version| !version.is_null()) else {
        return Err("it has no `apiVersion`, so kubectl refuses it".to_owned());
    };
    let mut edits = vec![
        Edit::replace(command.1.span.clone(), quoted_like(COMMAND, &command.1)?),
        Edit::replace(version.span.clone(), quoted_like(API_VERSION, version)?),
    ];
    edits.push(interactive_mode_edit(lines, exec, command)?);
    let install_hint = install_hint_edit(lines.text, exec);
    edits.extend(install_hint.clone());
    let items = args.items().unwrap_or_default();
    if via_kubectl {
        edits.push(remove_first(lines, items));
    }
    let items = &items[usize::from(via_kubectl)..];
    let mut arguments: Vec<String> = items.iter().filter_map(Node::text).map(str::to_owned).collect();
    let mut inline_secrets = Vec::new();
    for at in 0..arguments.len() {
        let Some((secret, value_at, text)) = secret_at(&arguments, at) else {
            continue;
        };
        let Some(path) = secret_file(secret, &Secret::new(text)) else {
            inline_secrets.push(secret);
            continue;
        };
        let flag = secret.flag;
        if value_at == at {
            arguments[at] = format!("{flag}-file={path}");
        } else {
            arguments[at] = format!("{flag}-file");
            arguments[value_at] = path;
        }
        for changed in at..=value_at {
            edits.push(Edit::replace(
                items[changed].span.clone(),
                quoted_like(&arguments[changed], &items[changed])?,
            ));
        }
    }
    Ok(Conversion {
        exec: expected_exec(exec, &arguments, install_hint.is_some()),
        edits,
        notices: ConversionNotices {
            replaces_install_hint: install_hint.is_some(),
            unread_variables: unread_variables(exec),
            unexpanded_flags: unexpanded_flags(&arguments),
            dropped_tokens: DroppedTokens::None,
        },
        arguments,
        inline_secrets,
    })
}

/// Sets `interactiveMode`, or adds it after the command.
fn interactive_mode_edit(lines: &Lines<'_>, exec: &Node, command: &(Node, Node)) -> Result<Edit, String> {
    match exec.get("interactiveMode") {
        Some(mode) if mode.is_null() => Err("its `interactiveMode` is empty".to_owned()),
        Some(mode) => Ok(Edit::replace(
            mode.span.clone(),
            quoted_like(INTERACTIVE_MODE, mode)?,
        )),
        None => insert_after(lines, command, "interactiveMode", INTERACTIVE_MODE),
    }
}

/// Replaces an `installHint` that names kubelogin, which the entry does not run any more.
fn install_hint_edit(text: &str, exec: &Node) -> Option<Edit> {
    let (key, hint) = exec.pair("installHint")?;
    let words = hint.text()?.to_ascii_lowercase();
    if !["kubelogin", "oidc-login", "oidc_login"]
        .iter()
        .any(|name| words.contains(name))
    {
        return None;
    }
    if let Ok(written) = quoted_like(INSTALL_HINT, hint) {
        return Some(Edit::replace(hint.span.clone(), written));
    }
    // The span of a block scalar excludes its header (`|` or `>`), which has to be replaced too.
    let header = key.span.end..hint.span.start;
    let start = header.start + text[header].find(['|', '>'])?;
    let end = hint.span.start + trim_end(&text[hint.span.clone()]).len();
    Some(Edit::replace(start..end, json_string(INSTALL_HINT)))
}

/// Returns the secret of a flag at this index, with the index of the argument that contains its text. An empty secret is ignored.
fn secret_at(arguments: &[String], at: usize) -> Option<(SecretFlag, usize, String)> {
    let (flag, value_at, text) = match arguments[at].split_once('=') {
        Some((flag, text)) => (flag, at, text),
        None => (&*arguments[at], at + 1, &**arguments.get(at + 1)?),
    };
    let secret = SECRET_FILE_FLAGS.into_iter().find(|secret| secret.flag == flag)?;
    (!text.is_empty()).then(|| (secret, value_at, text.to_owned()))
}

/// Returns the mapping with kubesesame's values in place of kubelogin's.
fn expected_exec(exec: &Node, arguments: &[String], replaces_install_hint: bool) -> Node {
    let mut pairs = Vec::new();
    let had_mode = exec.get("interactiveMode").is_some();
    for (key, value) in exec.pairs().unwrap_or_default() {
        let ours = match key.text() {
            Some("command") => Node::scalar(COMMAND),
            Some("apiVersion") => Node::scalar(API_VERSION),
            Some("interactiveMode") => Node::scalar(INTERACTIVE_MODE),
            Some("args") => sequence(arguments),
            Some("installHint") if replaces_install_hint => Node::scalar(INSTALL_HINT),
            _ => value.clone(),
        };
        pairs.push((key.clone(), ours));
        if key.text() == Some("command") && !had_mode {
            pairs.push((Node::scalar("interactiveMode"), Node::scalar(INTERACTIVE_MODE)));
        }
    }
    Node::without_span(Value::Mapping { pairs, flow: false })
}

/// Makes a sequence of strings.
pub(super) fn sequence(texts: &[String]) -> Node {
    Node::without_span(Value::Sequence {
        items: texts.iter().map(|text| Node::scalar(text)).collect(),
        flow: false,
    })
}

/// Writes a text in the quoting style of the scalar that it replaces.
///
/// # Errors
/// If that is a block scalar or no scalar.
pub(super) fn quoted_like(text: &str, replaced: &Node) -> Result<String, String> {
    match &replaced.value {
        Value::Scalar {
            style: ScalarStyle::Plain,
            ..
        } if is_plain(text) => Ok(text.to_owned()),
        Value::Scalar {
            style: ScalarStyle::SingleQuoted,
            ..
        } if !text.contains(is_escaped) => Ok(format!("'{}'", text.replace('\'', "''"))),
        Value::Scalar {
            style: ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted,
            ..
        } => Ok(json_string(text)),
        _ => Err("one of its values is a text of several lines".to_owned()),
    }
}

/// Whether an unquoted text is this string in block and in flow style, by YAML 1.1 and 1.2.
pub(super) fn is_plain(text: &str) -> bool {
    let first = text.trim_start_matches("--").chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with(':')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:=@+%~".contains(c))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        )
}

/// Whether a character is written as `\uXXXX`.
///
/// kubectl reads YAML 1.1, where U+0085, U+2028 and U+2029 are line breaks even in quotes, so that a token could end the document. A character
/// above U+FFFF has the same meaning everywhere, and YAML and JSON have no escape for it in common.
fn is_escaped(c: char) -> bool {
    !matches!(c, ' '..='~' | '\u{10000}'..)
}

/// Writes a text as a JSON string, which is also a double-quoted scalar in YAML 1.1 and 1.2.
pub(super) fn json_string(text: &str) -> String {
    json(&serde_json::Value::from(text))
}

/// Writes a value as JSON in one line, which is also a flow node in YAML 1.1 and 1.2.
pub(super) fn json(value: &serde_json::Value) -> String {
    let written = value.to_string();
    let written = written.chars().map(|c| {
        if is_escaped(c) {
            format!("\\u{:04x}", u32::from(c))
        } else {
            c.to_string()
        }
    });
    written.collect()
}

/// Inserts an entry after another entry of its mapping, in the same style.
pub(super) fn insert_after(
    lines: &Lines<'_>,
    (key, value): &(Node, Node),
    name: &str,
    inserted: &str,
) -> Result<Edit, String> {
    let indent = lines.before(key.span.start);
    let own_line = indent.trim().is_empty();
    let name = quoted_like(name, key)?;
    let inserted = quoted_like(inserted, value)?;
    let rest = lines.after(value.span.end);
    let newline = lines.ending();
    if own_line && is_blank_or_comment(rest) && !in_flow(lines.text, value.span.end) {
        if indent.contains('\t') {
            return Err(TAB_INDENT.to_owned());
        }
        let at = value.span.end + rest.len();
        return Ok(Edit::insert(at, format!("{newline}{indent}{name}: {inserted}")));
    }
    let separator = if own_line {
        format!(",{newline}{indent}")
    } else {
        ", ".to_owned()
    };
    Ok(Edit::insert(
        value.span.end,
        format!("{separator}{name}: {inserted}"),
    ))
}

/// Whether a value that ends here is in a flow mapping: the next character outside comments is then a comma or a brace.
fn in_flow(text: &str, end: usize) -> bool {
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('#') {
            Some(comment) => rest = comment.split_once('\n').map_or("", |(_, next)| next),
            None => return rest.starts_with([',', '}']),
        }
    }
}

/// Removes the first of several items, with the whole line if nothing else is on it.
fn remove_first(lines: &Lines<'_>, items: &[Node]) -> Edit {
    let (first, second) = (&items[0].span, &items[1].span);
    let rest = lines.after(first.end);
    let lead = lines.before(first.start);
    if lead.trim() == "-" && is_blank_or_comment(rest) {
        let line = first.start - lead.len();
        let end = lines
            .newline_after(first.end)
            .map_or(first.end + rest.len(), |newline| newline + 1);
        return Edit::replace(line..end, "");
    }
    Edit::replace(first.start..second.start, "")
}
