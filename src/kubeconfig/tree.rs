//! A YAML text as a tree that knows the bytes of each node.
//!
//! Owns the parser. JSON is YAML here, as for kubectl. Aliases are not followed, so a tree is never larger than its
//! text; the parser limits the depth. An error tells a position and never quotes the text, which may hold secrets.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// Where and why a text is no YAML that we can edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: &'static str,
}

/// kubectl reads such a file all the same.
pub(super) const SECOND_DOCUMENT: &str = "begins a second document, and kubectl reads the first only";

/// A parsed text.
#[derive(Debug)]
pub(super) struct Document {
    /// `None` when the text holds comments at most.
    pub(super) root: Option<Node>,
    pub(super) comments: Vec<Range<usize>>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Exact for scalars, aliases and flow collections; for block collections from the first to the last byte of
    /// what is in them.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
    /// It has an anchor or a tag, which an edit could tear off.
    pub(super) decorated: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Scalar { text: String, style: ScalarStyle },
    Sequence { items: Vec<Node>, flow: bool },
    Mapping { pairs: Vec<(Node, Node)>, flow: bool },
    Alias(usize),
}

/// Nodes are equal when they mean the same, wherever they stand and however they are written.
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
    /// Makes a node that stands nowhere, to compare with.
    pub(super) fn of(value: Value) -> Self {
        Self {
            span: 0..0,
            value,
            decorated: false,
        }
    }

    pub(super) fn scalar(text: &str) -> Self {
        Self::of(Value::Scalar {
            text: text.to_owned(),
            style: ScalarStyle::DoubleQuoted,
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, style: ScalarStyle::Plain } if matches!(text.as_str(), "" | "~" | "null"))
    }

    pub(super) fn pairs(&self) -> Option<&[(Self, Self)]> {
        match &self.value {
            Value::Mapping { pairs, .. } => Some(pairs),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence { items, .. } => Some(items),
            _ => None,
        }
    }

    /// Returns the key and the value of a mapping's entry.
    pub(super) fn pair(&self, key: &str) -> Option<&(Self, Self)> {
        self.pairs()?.iter().find(|(name, _)| name.text() == Some(key))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.pair(key).map(|(_, value)| value)
    }

    /// Calls `visit` for this node and all below it.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
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

/// Parses a text of one document.
pub(super) fn parse(text: &str) -> Result<Document, Broken> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Broken {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            reason: "is not valid YAML",
        })?;
        let line = span.start.line();
        let broken = |reason| Broken {
            line,
            column: span.start.col() + 1,
            reason,
        };
        let bytes = span
            .byte_range()
            .ok_or_else(|| broken("has no position in the text"))?;
        builder.add(event, bytes).map_err(broken)?;
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
    open: Vec<Node>,
    /// Keys that wait for their values, one for each open mapping.
    keys: Vec<Option<Node>>,
    documents: usize,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), &'static str> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(SECOND_DOCUMENT);
                }
            }
            Event::Comment(..) => self.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                // The parser gives an absent value as `~`; its span is empty.
                let text = if span.is_empty() {
                    String::new()
                } else {
                    text.into_owned()
                };
                self.close(Node {
                    span,
                    value: Value::Scalar { text, style },
                    decorated: anchor != 0 || tag.is_some(),
                });
            }
            Event::Alias(id) => self.close(Node {
                span,
                value: Value::Alias(id),
                decorated: true,
            }),
            Event::SequenceStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let items = Vec::new();
                self.open(
                    span,
                    Value::Sequence { items, flow },
                    anchor != 0 || tag.is_some(),
                );
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                let pairs = Vec::new();
                self.open(span, Value::Mapping { pairs, flow }, anchor != 0 || tag.is_some());
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut node) = self.open.pop() {
                    self.keys.pop();
                    node.span.end = node.content_end(span.end);
                    self.close(node);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, span: Range<usize>, value: Value, decorated: bool) {
        self.open.push(Node {
            span,
            value,
            decorated,
        });
        self.keys.push(None);
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node) {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.value {
            Value::Sequence { items, .. } => items.push(node),
            Value::Mapping { pairs, .. } => {
                if let Some(waiting) = self.keys.last_mut() {
                    match waiting.take() {
                        Some(key) => pairs.push((key, node)),
                        None => *waiting = Some(node),
                    }
                }
            }
            Value::Scalar { .. } | Value::Alias(_) => {}
        }
    }
}

impl Node {
    /// A block collection ends for the parser where the next token begins; for us where its last child ends.
    fn content_end(&self, end: usize) -> usize {
        match &self.value {
            Value::Sequence { items, flow: false } => items.last().map_or(end, |item| item.span.end),
            Value::Mapping { pairs, flow: false } => pairs
                .last()
                .map_or(end, |(key, value)| value.span.end.max(key.span.end)),
            _ => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_bytes_whatever_stands_before_them() {
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
    fn an_error_is_a_position_and_no_quotation() {
        let broken = parse("a: b\nsecret: [hunter2\n").unwrap_err();
        assert!(!format!("{broken:?}").contains("hunter2"), "{broken:?}");
        assert_eq!(parse("a: b\n c: d\n").unwrap_err().line, 2);
        assert_eq!(parse("a: b\n---\nc: d\n").unwrap_err().line, 2);
        assert!(parse(&"[".repeat(100_000)).is_err(), "depth is limited");
        assert!(parse("# nothing\n").unwrap().root.is_none());
    }
}
