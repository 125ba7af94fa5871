//! One user's entry turned into ours: the edits, and what they have to mean.
//!
//! An `exec` entry keeps its comments, order and quotes: only the values that differ are replaced.

use granit_parser::ScalarStyle;

use super::advice::{Advice, Drops, dead_variables, unexpanded};
use super::edit::{Edit, Lines, is_blank_or_comment};
use super::secret_flag::{SECRETS, SecretFlag};
use super::tree::{Node, Value};
use crate::secret::Secret;

pub(super) const COMMAND: &str = "kubesesame";
pub(super) const API_VERSION: &str = "client.authentication.k8s.io/v1";
pub(super) const MODE: &str = "IfAvailable";
/// What kubectl shows where the command is not found.
pub(super) const INSTALL_HINT: &str =
    "kubesesame signs you in to this cluster: install it and put it on the PATH";
/// An entry's conversion.
#[derive(Debug)]
pub(super) struct Conversion {
    pub(super) edits: Vec<Edit>,
    /// The `exec` mapping as it has to read afterwards.
    pub(super) exec: Node,
    pub(super) arguments: Vec<String>,
    /// Secrets that stay in the entry.
    pub(super) kept: Vec<SecretFlag>,
    pub(super) advice: Advice,
}

/// Gives the file that a secret moves to, or nothing to leave it.
pub(super) type SecretFile<'a> = dyn Fn(SecretFlag, &Secret) -> Option<String> + 'a;

/// Edits the entry of a user of kubelogin.
pub(super) fn from_exec(
    lines: &Lines<'_>,
    exec: &Node,
    wrapped: bool,
    secret_file: &SecretFile<'_>,
) -> Result<Conversion, String> {
    let (Some(command), Some(args)) = (exec.pair("command"), exec.get("args")) else {
        return Err("it has no `command` and `args`".to_owned());
    };
    let Some(version) = exec.get("apiVersion") else {
        return Err("it has no `apiVersion`, so kubectl refuses it".to_owned());
    };
    let mut edits = vec![
        Edit::replace(command.1.span.clone(), written(COMMAND, &command.1)?),
        Edit::replace(version.span.clone(), written(API_VERSION, version)?),
    ];
    match exec.get("interactiveMode") {
        Some(mode) if mode.is_null() => return Err("its `interactiveMode` is empty".to_owned()),
        Some(mode) => edits.push(Edit::replace(mode.span.clone(), written(MODE, mode)?)),
        None => edits.push(insert_after(lines, command, "interactiveMode", MODE)?),
    }
    let install_hint = install_hint(lines.text, exec);
    edits.extend(install_hint.clone());
    let items = args.items().unwrap_or_default();
    if wrapped {
        edits.push(remove_first(lines, items));
    }
    let items = &items[usize::from(wrapped)..];
    let mut arguments: Vec<String> = items.iter().filter_map(Node::text).map(str::to_owned).collect();
    let mut kept = Vec::new();
    for at in 0..arguments.len() {
        let Some((secret, value_at, text)) = secret_at(&arguments, at) else {
            continue;
        };
        let Some(path) = secret_file(secret, &Secret::new(text)) else {
            kept.push(secret);
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
                written(&arguments[changed], &items[changed])?,
            ));
        }
    }
    Ok(Conversion {
        exec: wanted(exec, &arguments, install_hint.is_some()),
        edits,
        advice: Advice {
            replaces_install_hint: install_hint.is_some(),
            dead_variables: dead_variables(exec),
            unexpanded: unexpanded(&arguments),
            drops: Drops::Nothing,
        },
        arguments,
        kept,
    })
}

/// Replaces a hint that tells to install what is not run any more.
fn install_hint(text: &str, exec: &Node) -> Option<Edit> {
    let (key, hint) = exec.pair("installHint")?;
    let words = hint.text()?.to_ascii_lowercase();
    if !["kubelogin", "oidc-login", "oidc_login"]
        .iter()
        .any(|name| words.contains(name))
    {
        return None;
    }
    if let Ok(written) = written(INSTALL_HINT, hint) {
        return Some(Edit::replace(hint.span.clone(), written));
    }
    // A text of several lines: the span has the lines alone, without what announces them.
    let header = key.span.end..hint.span.start;
    let start = header.start + text[header].find(['|', '>'])?;
    let end = hint.span.start + text[hint.span.clone()].trim_end().len();
    Some(Edit::replace(start..end, json(INSTALL_HINT)))
}

/// Returns the secret that an argument holds or announces, and where its text is; an empty one is none.
fn secret_at(arguments: &[String], at: usize) -> Option<(SecretFlag, usize, String)> {
    let (flag, value_at, text) = match arguments[at].split_once('=') {
        Some((flag, text)) => (flag, at, text),
        None => (&*arguments[at], at + 1, &**arguments.get(at + 1)?),
    };
    let secret = SECRETS.into_iter().find(|secret| secret.flag == flag)?;
    (!text.is_empty()).then(|| (secret, value_at, text.to_owned()))
}

/// Returns the mapping with our values in place of kubelogin's.
fn wanted(exec: &Node, arguments: &[String], replaces_install_hint: bool) -> Node {
    let mut pairs = Vec::new();
    let had_mode = exec.get("interactiveMode").is_some();
    for (key, value) in exec.pairs().unwrap_or_default() {
        let ours = match key.text() {
            Some("command") => Node::scalar(COMMAND),
            Some("apiVersion") => Node::scalar(API_VERSION),
            Some("interactiveMode") => Node::scalar(MODE),
            Some("args") => list(arguments),
            Some("installHint") if replaces_install_hint => Node::scalar(INSTALL_HINT),
            _ => value.clone(),
        };
        pairs.push((key.clone(), ours));
        if key.text() == Some("command") && !had_mode {
            pairs.push((Node::scalar("interactiveMode"), Node::scalar(MODE)));
        }
    }
    Node::of(Value::Mapping { pairs, flow: false })
}

pub(super) fn list(texts: &[String]) -> Node {
    Node::of(Value::Sequence {
        items: texts.iter().map(|text| Node::scalar(text)).collect(),
        flow: false,
    })
}

/// Writes a text in the style of the scalar it replaces.
pub(super) fn written(text: &str, replaced: &Node) -> Result<String, String> {
    match &replaced.value {
        Value::Scalar {
            style: ScalarStyle::Plain,
            ..
        } if is_plain(text) => Ok(text.to_owned()),
        Value::Scalar {
            style: ScalarStyle::SingleQuoted,
            ..
        } => Ok(format!("'{}'", text.replace('\'', "''"))),
        Value::Scalar {
            style: ScalarStyle::Plain | ScalarStyle::DoubleQuoted,
            ..
        } => Ok(json(text)),
        _ => Err("one of its values is a text of several lines".to_owned()),
    }
}

/// Whether a text means itself without quotes, in block and in flow style, for YAML 1.1 and 1.2.
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

pub(super) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Inserts an entry behind another one of its mapping, written as that one is.
pub(super) fn insert_after(
    lines: &Lines<'_>,
    (key, value): &(Node, Node),
    name: &str,
    inserted: &str,
) -> Result<Edit, String> {
    let indent = lines.before(key.span.start);
    let own_line = indent.trim().is_empty();
    let name = written(name, key)?;
    let inserted = written(inserted, value)?;
    let rest = lines.after(value.span.end);
    let newline = lines.ending();
    if own_line && is_blank_or_comment(rest) && !in_flow(lines.text, value.span.end) {
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

/// Whether a value that ends here is in a flow mapping: then a comma or a brace is the next thing that is no comment.
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

/// Removes the first of several items: with its line, if it has one of its own.
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
