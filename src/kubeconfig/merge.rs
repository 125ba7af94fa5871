//! Adds a user and a context to the text of a kubeconfig, and verifies that nothing else changes.
//!
//! Pure. Comments, order and style of everything else stay. An element of the same name is replaced, if it runs kubesesame already.

use granit_parser::ScalarStyle;
use serde_json::Value as Json;

use super::convert::TextError;
use super::edit::{Edit, Lines, apply};
use super::entry::{json_string, quoted_like};
use super::new_entry::{NewContext, NewUser};
use super::tree::{Node, Value, parse};
use super::users::{CredentialSource, users};
use super::yaml::{block, flow, ordered};

/// Why an entry cannot be added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MergeError {
    Text(TextError),
    /// A user of this name signs in in another way.
    OtherUser,
    /// The file is laid out in a way that this module does not edit.
    Layout(&'static str),
}

/// Returns the text with the user, and with the context as the current one.
///
/// # Errors
/// If the text is not a kubeconfig, or cannot be edited safely.
pub(crate) fn merge(text: &str, user: &NewUser, context: Option<&NewContext>) -> Result<String, MergeError> {
    let document = parse(text).map_err(|error| MergeError::Text(TextError::InvalidYaml(error)))?;
    let known = users(&document).map_err(|reason| MergeError::Text(TextError::NotKubeconfig(reason)))?;
    let mut same_name = known.iter().filter(|known| known.name == user.name);
    if same_name.any(|known| !matches!(known.source, CredentialSource::Kubesesame)) {
        return Err(MergeError::OtherUser);
    }
    let root = document.root.as_ref().filter(|root| root.pairs().is_some());
    let root = root.ok_or(MergeError::Layout("it is empty"))?;
    let mut merge = Merge {
        lines: Lines::of(text),
        root,
        expected: root.clone(),
        edits: Vec::new(),
    };
    merge.put("users", &user.name, &user.item())?;
    if let Some(context) = context {
        merge.put("contexts", &context.name, &context.item(&user.name))?;
        merge.set_current_context(&context.name)?;
    }
    let edited = apply(text, merge.edits);
    match parse(&edited) {
        Ok(after) if after.root.as_ref() == Some(&merge.expected) => Ok(edited),
        _ => Err(MergeError::Text(TextError::VerificationFailed)),
    }
}

struct Merge<'a> {
    lines: Lines<'a>,
    root: &'a Node,
    /// The tree that the edited text must have.
    expected: Node,
    edits: Vec<Edit>,
}

impl Merge<'_> {
    /// Puts an element into a list of the top level, which is made if it is missing.
    fn put(&mut self, key: &str, name: &str, item: &Json) -> Result<(), MergeError> {
        let Some((key_node, list)) = self.root.pair(key) else {
            self.add_key(key, &Json::Array(vec![item.clone()]));
            return Ok(());
        };
        let node = node_of(item);
        let is_empty = list.is_null() || list.items().is_some_and(<[Node]>::is_empty);
        if is_empty {
            let edit = self.fill_empty(key_node, list, item)?;
            self.edits.push(edit);
            self.expect(key, |list| list.value = sequence(vec![node]));
            return Ok(());
        }
        let Some(items) = list.items() else {
            return Err(MergeError::Layout("one of its lists is no list"));
        };
        let has_name = |item: &Node| item.get("name").and_then(Node::text) == Some(name);
        let found = items.iter().position(has_name);
        match found {
            Some(at) if items[at] == node => return Ok(()),
            Some(at) if items.iter().filter(|item| has_name(item)).count() == 1 => {
                let edit = self.replace(&items[at], item)?;
                self.edits.push(edit);
            }
            Some(_) => return Err(MergeError::Layout("it has two entries of one name")),
            None => {
                let edit = self.append(list, items, item)?;
                self.edits.push(edit);
            }
        }
        self.expect(key, |list| {
            if let Value::Sequence { items, .. } = &mut list.value {
                match found {
                    Some(at) => items[at] = node,
                    None => items.push(node),
                }
            }
        });
        Ok(())
    }

    fn set_current_context(&mut self, name: &str) -> Result<(), MergeError> {
        let Some((key, current)) = self.root.pair("current-context") else {
            self.add_key("current-context", &Json::from(name));
            return Ok(());
        };
        if current.text() == Some(name) {
            return Ok(());
        }
        let edit = if current.span.is_empty() {
            let at = self.after_colon(key)?;
            Edit::insert(at, format!(" {}", json_string(name)))
        } else {
            let text = quoted_like(name, current)
                .map_err(|_| MergeError::Layout("its current context is no text"))?;
            Edit::replace(current.span.clone(), text)
        };
        self.edits.push(edit);
        self.expect("current-context", |current| *current = Node::scalar(name));
        Ok(())
    }

    /// Changes the value of a key in the expected tree.
    fn expect(&mut self, key: &str, change: impl FnOnce(&mut Node)) {
        if let Value::Mapping { pairs, .. } = &mut self.expected.value
            && let Some((_, value)) = pairs.iter_mut().find(|(name, _)| name.text() == Some(key))
        {
            change(value);
        }
    }

    /// Adds a key at the end of the top level.
    fn add_key(&mut self, key: &str, value: &Json) {
        let end = self.root.span.end;
        let edit = if is_flow(self.root) {
            Edit::insert(end - 1, format!(", {}: {}", json_string(key), flow(value)))
        } else {
            let mut map = serde_json::Map::new();
            map.insert(key.to_owned(), value.clone());
            self.new_lines(end, "", &block(&Json::Object(map), 0))
        };
        self.edits.push(edit);
        if let Value::Mapping { pairs, .. } = &mut self.expected.value {
            pairs.push((Node::scalar(key), node_of(value)));
        }
    }

    /// Adds lines after the line of this byte.
    fn new_lines(&self, end: usize, indent: &str, text: &str) -> Edit {
        let newline = self.lines.ending();
        let text = text.replace('\n', newline);
        // A block scalar ends at the beginning of a line.
        if self.lines.text[..end].ends_with('\n') {
            return Edit::insert(end, format!("{indent}{text}{newline}"));
        }
        let at = end + self.lines.after(end).len();
        Edit::insert(at, format!("{newline}{indent}{text}"))
    }

    fn after_colon(&self, key: &Node) -> Result<usize, MergeError> {
        let rest = &self.lines.text[key.span.end..];
        let colon = rest.find(':').ok_or(MergeError::Layout("a key has no colon"))?;
        Ok(key.span.end + colon + 1)
    }

    /// Writes the first element of a list that is empty or null.
    fn fill_empty(&self, key: &Node, list: &Node, item: &Json) -> Result<Edit, MergeError> {
        if list.has_anchor_or_tag {
            return Err(MergeError::Layout("it uses anchors or tags of YAML"));
        }
        if is_flow(self.root) {
            return Ok(Edit::replace(list.span.clone(), format!("[{}]", flow(item))));
        }
        let start = self.after_colon(key)?;
        let end = if list.span.is_empty() {
            start
        } else {
            list.span.end
        };
        let indent = self.lines.before(key.span.start);
        let item = block(&Json::Array(vec![item.clone()]), indent.len());
        let text = format!("\n{indent}{item}").replace('\n', self.lines.ending());
        Ok(Edit::replace(start..end, text))
    }

    fn replace(&self, old: &Node, item: &Json) -> Result<Edit, MergeError> {
        if is_flow(old) {
            return Ok(Edit::replace(old.span.clone(), flow(item)));
        }
        let lead = self.lead(old)?;
        let text = block(item, lead.len()).replace('\n', self.lines.ending());
        Ok(Edit::replace(old.span.clone(), text))
    }

    fn append(&self, list: &Node, items: &[Node], item: &Json) -> Result<Edit, MergeError> {
        if is_flow(list) {
            return Ok(Edit::insert(list.span.end - 1, format!(", {}", flow(item))));
        }
        let lead = self.lead(&items[0])?;
        let indent = &lead[..lead.find('-').unwrap_or_default()];
        let text = format!("- {}", block(item, indent.len() + 2));
        let end = items.last().map_or(list.span.end, |last| last.span.end);
        Ok(self.new_lines(end, indent, &text))
    }

    /// Returns what is before an element on its line: spaces, a dash, spaces.
    fn lead(&self, item: &Node) -> Result<&str, MergeError> {
        let lead = self.lines.before(item.span.start);
        let is_dash = lead.trim() == "-" && lead.chars().all(|c| c == ' ' || c == '-');
        is_dash.then_some(lead).ok_or(MergeError::Layout(
            "a list is not laid out with one dash on each line",
        ))
    }
}

fn is_flow(node: &Node) -> bool {
    matches!(
        node.value,
        Value::Mapping { flow: true, .. } | Value::Sequence { flow: true, .. }
    )
}

fn sequence(items: Vec<Node>) -> Value {
    Value::Sequence { items, flow: false }
}

/// Makes a node without a position, with mappings in the order in which they are written.
pub(super) fn node_of(value: &Json) -> Node {
    let plain = |text: String| {
        Node::without_span(Value::Scalar {
            text,
            style: ScalarStyle::Plain,
        })
    };
    match value {
        Json::String(text) => Node::scalar(text),
        Json::Null | Json::Bool(_) | Json::Number(_) => plain(value.to_string()),
        Json::Array(items) => Node::without_span(sequence(items.iter().map(node_of).collect())),
        Json::Object(map) => {
            let pairs = ordered(map).into_iter();
            Node::without_span(Value::Mapping {
                pairs: pairs
                    .map(|(key, value)| (Node::scalar(key), node_of(value)))
                    .collect(),
                flow: false,
            })
        }
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
