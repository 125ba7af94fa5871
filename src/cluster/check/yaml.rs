//! Reads the first document of a text as the API server's YAML reader does: anchors and merge keys are resolved, a key that is there twice
//! is remembered, and the last one counts.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{flow_colons, scalar};

/// How many nodes a document may have once its aliases are resolved.
const MAX_NODES: usize = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    /// Infinity or NaN, which JSON does not have.
    NotFinite(&'static str),
}

#[derive(Debug, Clone)]
pub(super) struct Value {
    /// From 1.
    pub(super) line: usize,
    pub(super) kind: ValueKind,
}

#[derive(Debug, Clone)]
pub(super) enum ValueKind {
    Scalar(Scalar),
    List(Vec<Value>),
    /// Keys are in alphabetical order, as the API server reads them.
    Map(Vec<(String, Value)>),
}

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
    parse_documents(text, wanted).or_else(|fault| match flow_colons::quoted(text) {
        Some(text) => parse_documents(&text, wanted).map_err(|_| fault),
        None => Err(fault),
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
    let mut reader = Reader::default();
    let mut documents: Vec<Document> = Vec::new();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = match event {
            Ok(event) => event,
            // What follows the wanted documents is not read.
            Err(_) if documents.len() >= wanted => break,
            Err(error) => {
                return Err(YamlFault {
                    line: Some(error.marker().line()),
                    reason: error.info(),
                });
            }
        };
        let line = span.start.line();
        if matches!(event, Event::DocumentStart(..)) {
            if documents.len() >= wanted {
                if let Some(last) = documents.last_mut() {
                    last.second = Some(line);
                }
                break;
            }
            reader = Reader::default();
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
    Ok(documents)
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
            // In brackets YAML 1.1 knows `?` as an indicator within a scalar without quotes.
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
                self.attach(
                    anchor,
                    Value {
                        line,
                        kind: ValueKind::Scalar(scalar),
                    },
                )
            }
            Event::Alias(anchor) => {
                let value = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or("an alias is within its own anchor")?;
                self.nodes += value.count();
                self.attach(0, Value { line, ..value })
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
            return Err("document contains excessive aliasing".to_owned());
        }
        if anchor != 0 {
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
        let mut merged: Vec<(String, Value)> = Vec::new();
        let mut own: Vec<(String, Value)> = Vec::new();
        for (key, value) in pairs {
            let line = key.line;
            match key.into_key()? {
                name if name == "<<" => merge(&mut merged, value)?,
                name => match own.iter_mut().find(|(known, _)| *known == name) {
                    Some(pair) => {
                        self.repeated.push((line, name));
                        pair.1 = value;
                    }
                    None => own.push((name, value)),
                },
            }
        }
        merged.retain(|(name, _)| !own.iter().any(|(known, _)| known == name));
        own.append(&mut merged);
        own.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(own)
    }
}

fn merge(into: &mut Vec<(String, Value)>, value: Value) -> Result<(), String> {
    match value.kind {
        ValueKind::Map(pairs) => {
            let new: Vec<_> = pairs
                .into_iter()
                .filter(|(name, _)| !into.iter().any(|(known, _)| known == name))
                .collect();
            into.extend(new);
            Ok(())
        }
        ValueKind::List(values) => values.into_iter().try_for_each(|value| merge(into, value)),
        ValueKind::Scalar(_) => Err("map merge requires map or sequence of maps as the value".to_owned()),
    }
}

impl Value {
    fn count(&self) -> usize {
        1 + match &self.kind {
            ValueKind::Scalar(_) => 0,
            ValueKind::List(items) => items.iter().map(Self::count).sum(),
            ValueKind::Map(pairs) => pairs.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    fn into_key(self) -> Result<String, String> {
        match self.kind {
            ValueKind::Scalar(Scalar::Text(text) | Scalar::Number(text)) => Ok(text),
            ValueKind::Scalar(Scalar::Bool(value)) => Ok(value.to_string()),
            ValueKind::Scalar(Scalar::Null | Scalar::NotFinite(_)) => Err("unsupported map key".to_owned()),
            ValueKind::List(_) | ValueKind::Map(_) => Err("invalid map key".to_owned()),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            ValueKind::Map(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            ValueKind::Scalar(_) | ValueKind::List(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, ValueKind::Scalar(Scalar::Null))
    }

    /// Returns infinity or NaN if it is somewhere in this value.
    pub(super) fn not_finite(&self) -> Option<&'static str> {
        match &self.kind {
            ValueKind::Scalar(Scalar::NotFinite(name)) => Some(name),
            ValueKind::Scalar(_) => None,
            ValueKind::List(items) => items.iter().find_map(Self::not_finite),
            ValueKind::Map(pairs) => pairs.iter().find_map(|(_, value)| value.not_finite()),
        }
    }
}
