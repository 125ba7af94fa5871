//! Reads the first document of a text as the API server's YAML reader does: anchors and merge keys are resolved, a key that is there twice
//! is remembered, and the last one counts.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::tabs::{self, Tabs};
pub(super) use super::yaml_value::{Scalar, Value, ValueKind};
use super::{flow_colons, scalar};

/// How many keys and values a text may have.
const MAX_NODES: usize = 4_000_000;

/// How many of them may be copies, which anchors and aliases make.
const MAX_COPIES: usize = 1_000_000;

/// The longest text that is tried once more with quotes around scalars such as `okta:`.
const MAX_QUOTED_BYTES: usize = 4 * 1024 * 1024;

/// What a text holds.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Value,
    /// Keys that are in their mapping already, with their lines.
    pub(super) repeated: Vec<(usize, String)>,
    /// Where a second document begins, which the API server does not read.
    pub(super) second: Option<usize>,
}

/// Why a text is not YAML, and in which line if that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlFault {
    pub(super) line: Option<usize>,
    pub(super) reason: String,
}

enum Open {
    List {
        line: usize,
        anchor: usize,
        items: Vec<Value>,
    },
    Map {
        line: usize,
        anchor: usize,
        pairs: Vec<(Value, Value)>,
        key: Option<Value>,
    },
}

#[derive(Default)]
struct Reader {
    anchors: HashMap<usize, Value>,
    open: Vec<Open>,
    /// How many open collections are in brackets.
    flow: usize,
    root: Option<Value>,
    repeated: Vec<(usize, String)>,
    nodes: usize,
    copies: usize,
}

/// Reads the first document, as the API server does.
pub(super) fn read(text: &str) -> Result<Document, YamlFault> {
    if let Some(reason) = refused_start(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        return Err(YamlFault {
            line: None,
            reason: reason.to_owned(),
        });
    }
    let mut documents = read_documents(text, 1)?;
    Ok(documents.pop().unwrap_or_else(|| Document {
        root: Value {
            line: 1,
            kind: ValueKind::Scalar(Scalar::Null),
        },
        repeated: Vec::new(),
        second: None,
    }))
}

/// Reads all documents.
pub(super) fn read_all(text: &str) -> Result<Vec<Value>, YamlFault> {
    Ok(read_documents(text, usize::MAX)?
        .into_iter()
        .map(|document| document.root)
        .collect())
}

fn read_documents(text: &str, wanted: usize) -> Result<Vec<Document>, YamlFault> {
    parse_documents(text, wanted).or_else(|fault| {
        let is_short = text.len() <= MAX_QUOTED_BYTES;
        match is_short.then(|| flow_colons::quoted(text)).flatten() {
            Some(text) => parse_documents(&text, wanted).map_err(|_| fault),
            None => Err(fault),
        }
    })
}

fn parse_documents(text: &str, wanted: usize) -> Result<Vec<Document>, YamlFault> {
    if let Some(at) = text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}')) {
        let line = text[..at].matches('\n').count() + 1;
        return Err(YamlFault {
            line: Some(line),
            reason: "control characters are not allowed".to_owned(),
        });
    }
    let mut tabs = Tabs::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut reader = Reader::default();
    let mut documents: Vec<Document> = Vec::new();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = match event {
            Ok(event) => event,
            // What follows the wanted documents is not read.
            Err(_) if documents.len() >= wanted => return Ok(documents),
            Err(error) => {
                return Err(YamlFault {
                    line: Some(error.marker().line()),
                    reason: error.info(),
                });
            }
        };
        let line = span.start.line();
        let tab = misplaced_tab(&mut tabs, &event, span, reader.flow > 0);
        if tab.is_some() && documents.len() < wanted {
            return Err(YamlFault::tab(tab));
        }
        if matches!(event, Event::DocumentStart(..)) {
            if documents.len() >= wanted {
                if let Some(last) = documents.last_mut() {
                    last.second = Some(line);
                }
                return Ok(documents);
            }
            reader = Reader {
                nodes: reader.nodes,
                copies: reader.copies,
                ..Reader::default()
            };
        }
        let is_end = matches!(event, Event::DocumentEnd);
        reader.add(event, line).map_err(|reason| YamlFault {
            line: Some(line),
            reason,
        })?;
        if let Some(root) = reader.root.take_if(|_| is_end) {
            documents.push(Document {
                root,
                repeated: std::mem::take(&mut reader.repeated),
                second: None,
            });
        }
    }
    match tabs.rest() {
        None => Ok(documents),
        tab => Err(YamlFault::tab(tab)),
    }
}

/// Returns the line of a tab before an event that the API server does not take.
fn misplaced_tab(tabs: &mut Tabs<'_>, event: &Event<'_>, span: Span, is_flow: bool) -> Option<usize> {
    let is_node = match event {
        Event::Scalar(text, ..) => !text.is_empty(),
        Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => true,
        _ => false,
    };
    let (line, column) = (span.start.line(), span.start.col());
    tabs.between(line, span.end.line(), is_flow).or_else(|| {
        let is_before = is_node && !is_flow && tabs.is_before(line, column);
        is_before.then_some(line)
    })
}

impl YamlFault {
    fn tab(line: Option<usize>) -> Self {
        Self {
            line,
            reason: tabs::FAULT.to_owned(),
        }
    }
}

/// What the API server's reader refuses before the first document, and newer ones accept.
fn refused_start(text: &str) -> Option<&'static str> {
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    match lines.next()? {
        line if line.starts_with("%YAML") && line.trim_end() != "%YAML 1.1" => {
            Some("found incompatible YAML document")
        }
        line if line.starts_with("...") => Some("did not find expected node content"),
        _ => None,
    }
}

impl Reader {
    fn add(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            // In brackets a `?` before a key is an indicator, also without a space after it.
            Event::Scalar(text, ScalarStyle::Plain, anchor, None) if self.is_marked_key(&text) => {
                self.attach_scalar(anchor, line, scalar::resolve(&text[1..]))
            }
            // There YAML 1.1 knows it as an indicator within a scalar without quotes, too.
            Event::Scalar(text, ScalarStyle::Plain, ..) if self.flow > 0 && text.contains('?') => {
                Err("did not find expected ',' or '}'".to_owned())
            }
            // There a colon at its beginning is an indicator too, also without a space after it.
            Event::Scalar(text, ScalarStyle::Plain, ..) if self.flow > 0 && text.starts_with(':') => {
                Err("did not find expected node content".to_owned())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = match tag {
                    Some(tag) => {
                        let name = tag.suffix_in_namespace("tag:yaml.org,2002:");
                        scalar::tagged(name.as_deref().unwrap_or_default(), text.into_owned())
                    }
                    None if style == ScalarStyle::Plain => scalar::resolve(&text),
                    None => Scalar::Text(text.into_owned()),
                };
                self.attach_scalar(anchor, line, scalar)
            }
            Event::Alias(anchor) => {
                let value = self
                    .anchors
                    .get(&anchor)
                    .ok_or("an alias is within its own anchor")?;
                copy(&mut self.copies, value)?;
                let value = Value {
                    line,
                    ..value.clone()
                };
                self.attach(0, value)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                self.open.push(Open::List {
                    line,
                    anchor,
                    items: Vec::new(),
                });
                Ok(())
            }
            Event::MappingStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                self.open.push(Open::Map {
                    line,
                    anchor,
                    pairs: Vec::new(),
                    key: None,
                });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn attach_scalar(&mut self, anchor: usize, line: usize, scalar: Scalar) -> Result<(), String> {
        let kind = ValueKind::Scalar(scalar);
        self.attach(anchor, Value { line, kind })
    }

    /// Whether a scalar in brackets is a key with the indicator `?` before it.
    fn is_marked_key(&self, text: &str) -> bool {
        let is_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
        let name = text.strip_prefix('?').unwrap_or_default();
        self.flow > 0 && is_key && !name.is_empty() && !name.starts_with(':') && !name.contains('?')
    }

    fn close(&mut self) -> Result<(), String> {
        self.flow = self.flow.saturating_sub(1);
        match self.open.pop() {
            Some(Open::List { line, anchor, items }) => self.attach(
                anchor,
                Value {
                    line,
                    kind: ValueKind::List(items),
                },
            ),
            Some(Open::Map {
                line, anchor, pairs, ..
            }) => {
                let pairs = self.mapping(pairs)?;
                self.attach(
                    anchor,
                    Value {
                        line,
                        kind: ValueKind::Map(pairs),
                    },
                )
            }
            None => Ok(()),
        }
    }

    fn attach(&mut self, anchor: usize, value: Value) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("there are more than {MAX_NODES} keys and values"));
        }
        if anchor != 0 {
            copy(&mut self.copies, &value)?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { pairs, key, .. }) => match key.take() {
                Some(key) => pairs.push((key, value)),
                None => *key = Some(value),
            },
        }
        Ok(())
    }

    /// Makes a mapping of its pairs: merges what `<<` names, and keeps the last of repeated keys.
    fn mapping(&mut self, pairs: Vec<(Value, Value)>) -> Result<Vec<(String, Value)>, String> {
        let mut merged: BTreeMap<String, Value> = BTreeMap::new();
        let mut own: BTreeMap<String, Value> = BTreeMap::new();
        for (key, value) in pairs {
            let line = key.line;
            match key.into_key()? {
                name if name == "<<" => merge(&mut merged, value)?,
                name => {
                    if own.insert(name.clone(), value).is_some() {
                        self.repeated.push((line, name));
                    }
                }
            }
        }
        for (name, value) in merged {
            own.entry(name).or_insert(value);
        }
        Ok(own.into_iter().collect())
    }
}

/// Counts a copy.
fn copy(copies: &mut usize, value: &Value) -> Result<(), String> {
    *copies += value.count();
    if *copies > MAX_COPIES {
        return Err("document contains excessive aliasing".to_owned());
    }
    Ok(())
}

fn merge(into: &mut BTreeMap<String, Value>, value: Value) -> Result<(), String> {
    match value.kind {
        ValueKind::Map(pairs) => {
            for (name, value) in pairs {
                into.entry(name).or_insert(value);
            }
            Ok(())
        }
        ValueKind::List(values) => values.into_iter().try_for_each(|value| merge(into, value)),
        ValueKind::Scalar(_) => Err("map merge requires map or sequence of maps as the value".to_owned()),
    }
}
