//! Parses YAML into a tree in which each node has its byte range in the text.
//!
//! Only this module and `cluster/check/yaml.rs`, which reads as the API server does, use the parser. JSON is accepted as YAML, as in kubectl. Aliases are not resolved, so a tree is never larger
//! than its text; the parser limits the depth. An error has a position and never quotes the text, which may hold secrets.

use std::fmt;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// Where and why a text is not YAML that this crate can edit. `line` and `column` count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: YamlFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum YamlFault {
    Invalid,
    /// kubectl accepts such a file and ignores the second document. An edit cannot.
    SecondDocument,
    NoPosition,
}

impl fmt::Display for YamlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "is not valid YAML",
            Self::SecondDocument => "begins a second document, and kubectl reads the first only",
            Self::NoPosition => "has no position in the text",
        })
    }
}

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Document {
    /// `None` if the text is empty or holds only comments.
    pub(crate) root: Option<Node>,
    pub(crate) comments: Vec<Range<usize>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The byte range in the text. It is exact for scalars, aliases and flow collections. For block collections it goes from the
    /// first to the last byte of their content.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
    /// The node has an anchor or a tag, or is an alias. An edit could break the reference.
    pub(crate) has_anchor_or_tag: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Scalar { text: String, style: ScalarStyle },
    Sequence { items: Vec<Node>, flow: bool },
    Mapping { pairs: Vec<(Node, Node)>, flow: bool },
    Alias(usize),
}

/// Two nodes are equal if their values are equal, whatever their positions and styles.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => {
                a == b && self.is_null() == other.is_null()
            }
            (Value::Sequence { items: a, .. }, Value::Sequence { items: b, .. }) => a == b,
            (Value::Mapping { pairs: a, .. }, Value::Mapping { pairs: b, .. }) => a == b,
            (Value::Alias(a), Value::Alias(b)) => a == b,
            _ => false,
        }
    }
}

impl Node {
    /// Makes a node without a position, for comparisons with parsed nodes.
    pub(crate) fn without_span(value: Value) -> Self {
        Self {
            span: 0..0,
            value,
            has_anchor_or_tag: false,
        }
    }

    /// Makes a string node without a position.
    pub(crate) fn scalar(text: &str) -> Self {
        Self::without_span(Value::Scalar {
            text: text.to_owned(),
            style: ScalarStyle::DoubleQuoted,
        })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Sequence { .. } | Value::Mapping { .. } | Value::Alias(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, style: ScalarStyle::Plain } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// Whether it is a scalar without quotes and not a block, which may be a number, a boolean or null.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(
            &self.value,
            Value::Scalar {
                style: ScalarStyle::Plain,
                ..
            }
        )
    }

    pub(crate) fn pairs(&self) -> Option<&[(Self, Self)]> {
        match &self.value {
            Value::Mapping { pairs, .. } => Some(pairs),
            Value::Scalar { .. } | Value::Sequence { .. } | Value::Alias(_) => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence { items, .. } => Some(items),
            Value::Scalar { .. } | Value::Mapping { .. } | Value::Alias(_) => None,
        }
    }

    /// Returns the entry of a mapping with this key, as key and value.
    pub(crate) fn pair(&self, key: &str) -> Option<&(Self, Self)> {
        self.pairs()?.iter().find(|(name, _)| name.text() == Some(key))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.pair(key).map(|(_, value)| value)
    }

    /// Calls `visit` for this node and all its descendants.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for item in self.items().unwrap_or_default() {
            item.walk(visit);
        }
        for (key, value) in self.pairs().unwrap_or_default() {
            key.walk(visit);
            value.walk(visit);
        }
    }
}

/// Parses a text with at most one document.
///
/// # Errors
/// If the text is not YAML, or has a second document.
pub(crate) fn parse(text: &str) -> Result<Document, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            reason: YamlFault::Invalid,
        })?;
        let line = span.start.line();
        let error = |reason| YamlError {
            line,
            column: span.start.col() + 1,
            reason,
        };
        let bytes = span.byte_range().ok_or_else(|| error(YamlFault::NoPosition))?;
        builder.add(event, bytes).map_err(error)?;
    }
    Ok(Document {
        root: builder.root,
        comments: builder.comments,
    })
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    comments: Vec<Range<usize>>,
    /// Collections whose end is not parsed yet, the innermost last.
    open_nodes: Vec<Node>,
    /// One element for each open collection: the key whose value is not parsed yet.
    pending_keys: Vec<Option<Node>>,
    document_count: usize,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), YamlFault> {
        match event {
            Event::DocumentStart(..) => {
                self.document_count += 1;
                if self.document_count > 1 {
                    return Err(YamlFault::SecondDocument);
                }
            }
            Event::Comment(..) => self.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                // The parser reports an absent value as `~` with an empty span.
                let text = if span.is_empty() {
                    String::new()
                } else {
                    text.into_owned()
                };
                self.attach(Node {
                    span,
                    value: Value::Scalar { text, style },
                    has_anchor_or_tag: anchor != 0 || tag.is_some(),
                });
            }
            Event::Alias(id) => self.attach(Node {
                span,
                value: Value::Alias(id),
                has_anchor_or_tag: true,
            }),
            Event::SequenceStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let items = Vec::new();
                self.open_node(
                    span,
                    Value::Sequence { items, flow },
                    anchor != 0 || tag.is_some(),
                );
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let pairs = Vec::new();
                self.open_node(span, Value::Mapping { pairs, flow }, anchor != 0 || tag.is_some());
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut node) = self.open_nodes.pop() {
                    self.pending_keys.pop();
                    node.span.end = node.content_end(span.end);
                    self.attach(node);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open_node(&mut self, span: Range<usize>, value: Value, has_anchor_or_tag: bool) {
        self.open_nodes.push(Node {
            span,
            value,
            has_anchor_or_tag,
        });
        self.pending_keys.push(None);
    }

    /// Adds a complete node to the innermost open collection, or makes it the root.
    fn attach(&mut self, node: Node) {
        let Some(parent) = self.open_nodes.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.value {
            Value::Sequence { items, .. } => items.push(node),
            Value::Mapping { pairs, .. } => {
                if let Some(pending_key) = self.pending_keys.last_mut() {
                    match pending_key.take() {
                        Some(key) => pairs.push((key, node)),
                        None => *pending_key = Some(node),
                    }
                }
            }
            Value::Scalar { .. } | Value::Alias(_) => {}
        }
    }
}

impl Node {
    /// Returns where the last child of a block collection ends. The parser's own end is where the next token begins, so it includes
    /// comments and blank lines.
    fn content_end(&self, end: usize) -> usize {
        match &self.value {
            Value::Sequence { items, flow: false } => items.last().map_or(end, |item| item.span.end),
            Value::Mapping { pairs, flow: false } => pairs
                .last()
                .map_or(end, |(key, value)| value.span.end.max(key.span.end)),
            Value::Sequence { flow: true, .. }
            | Value::Mapping { flow: true, .. }
            | Value::Scalar { .. }
            | Value::Alias(_) => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_byte_offsets_after_a_bom_and_umlauts() {
        let text = "\u{feff}# ü\r\na: 'ö'  # é\r\nb:\r\n- x  \r\n- \"y\\n\"\r\nc: {é: [1, \"ü\"]}";
        let root = parse(text).unwrap().root.unwrap();
        let mut seen = Vec::new();
        root.walk(&mut |node| seen.push(&text[node.span.clone()]));
        assert_eq!(seen[1..3], ["a", "'ö'"]);
        assert_eq!(seen[4], "x  \r\n- \"y\\n\"", "a block sequence");
        assert_eq!(seen[5..8], ["x", "\"y\\n\"", "c"]);
        assert_eq!(seen[8..], ["{é: [1, \"ü\"]}", "é", "[1, \"ü\"]", "1", "\"ü\""]);
    }

    #[test]
    fn an_error_has_a_position_and_quotes_no_text() {
        let error = parse("a: b\nsecret: [hunter2\n").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(parse("a: b\n c: d\n").unwrap_err().line, 2);
        assert_eq!(parse("a: b\n---\nc: d\n").unwrap_err().line, 2);
        assert!(parse(&"[".repeat(100_000)).is_err(), "depth is limited");
        assert!(parse("# nothing\n").unwrap().root.is_none());
    }
}
