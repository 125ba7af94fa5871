//! Reads YAML: several documents, and lists, an object at a time. Aliases are replaced by what they stand for, up to a limit.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde::Deserialize as _;

use super::object::{Kind, Object};
use super::yaml_lines::LineEvents;
use super::yaml_value::{Part, PartKind, ValueReader};
use super::{Fault, Loader};

/// How many parts the aliases of a file may stand for.
const MAX_ALIASED_PARTS: usize = 1_000_000;

/// For the parser of kubectl (YAML 1.1) these end a line, and a comment with it. For that of YAML 1.2 they do not, so what follows would be hidden.
const OTHER_LINE_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// # Errors
/// The first place that cannot be read.
pub(super) fn read(loader: &mut Loader, file: u32, text: &str) -> Result<(), Fault> {
    if let Some(at) = text.find(OTHER_LINE_BREAKS) {
        let line = 1 + text[..at].matches('\n').count();
        let problem = "has a character that ends the line for kubectl (U+0085, U+2028 or U+2029): write it as an escape in quotes";
        return Err(Fault::new(line, problem.to_owned()));
    }
    let source = match LineEvents::of(text) {
        Some(events) => Source::Lines(events),
        None => Source::Parser(Box::new(Parser::new_from_str(text))),
    };
    let mut reader = Reader {
        source,
        anchors: HashMap::new(),
        aliased_parts: 0,
        line: 1,
    };
    while let Some(event) = reader.next()? {
        match event {
            Event::DocumentStart(..) => reader.read_document(loader, file)?,
            _ => reader.anchors.clear(),
        }
    }
    Ok(())
}

/// What gives the events of a text.
enum Source<'a> {
    Lines(LineEvents<'a>),
    Parser(Box<Parser<'a, granit_parser::StrInput<'a>>>),
}

impl<'a> Source<'a> {
    /// Returns the next event with its line.
    fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, Fault> {
        match self {
            Self::Lines(events) => Ok(events.next()),
            Self::Parser(parser) => match parser.next() {
                None => Ok(None),
                Some(Ok((event, span))) => Ok(Some((event, span.start.line()))),
                Some(Err(error)) => Err(Fault::new(error.marker().line(), "is not valid YAML".to_owned())),
            },
        }
    }
}

struct Reader<'a> {
    source: Source<'a>,
    anchors: HashMap<usize, Vec<Part<'a>>>,
    aliased_parts: usize,
    /// The line of the last event.
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<Event<'a>>, Fault> {
        while let Some((event, line)) = self.source.next()? {
            if !matches!(event, Event::Comment(..)) {
                self.line = line;
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn required(&mut self) -> Result<Event<'a>, Fault> {
        let line = self.line;
        self.next()?
            .ok_or_else(|| Fault::new(line, "ends within a document".to_owned()))
    }

    fn read_document(&mut self, loader: &mut Loader, file: u32) -> Result<(), Fault> {
        let event = self.required()?;
        let line = self.line;
        if !matches!(event, Event::MappingStart(..)) {
            let parts = self.value(event)?;
            let is_null = matches!(
                parts.as_slice(),
                [Part {
                    kind: PartKind::Scalar { is_null: true, .. },
                    ..
                }]
            );
            return if is_null {
                Ok(())
            } else {
                Err(Fault::new(line, "is no Kubernetes object".to_owned()))
            };
        }
        let mut document = Collected::new(line);
        let mut untyped_items = Vec::new();
        let (mut has_items, mut has_other_items) = (false, false);
        loop {
            let event = self.required()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.value(event)?;
            let event = self.required()?;
            if matches!(event, Event::SequenceStart(..)) && key_text(&key) == Some("items") {
                has_items = true;
                self.read_items(loader, file, &mut untyped_items)?;
                continue;
            }
            let value = self.value(event)?;
            has_other_items |= key_text(&key) == Some("items") && value.len() > 1;
            document.parts.extend(key);
            document.parts.extend(value);
        }
        document.parts.push(Part {
            line,
            kind: PartKind::MappingEnd,
        });
        let (version, kind) = document.header();
        match (has_items, kind.strip_suffix("List")) {
            // Read in part, it would be judged wrongly.
            (false, Some(_)) if has_other_items => Err(Fault::new(
                line,
                "is a list whose items are elsewhere: write them out".to_owned(),
            )),
            (true, Some(item_kind)) => {
                for item in untyped_items {
                    item.add(loader, file, (version, item_kind))?;
                }
                Ok(())
            }
            _ => document.add(loader, file, ("", "")),
        }
    }

    /// Reads the items of a list. Those of a typed list (`RoleList`) name no kind, so they wait for that of the list.
    fn read_items(
        &mut self,
        loader: &mut Loader,
        file: u32,
        untyped: &mut Vec<Collected<'a>>,
    ) -> Result<(), Fault> {
        loop {
            let event = self.required()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(());
            }
            let line = self.line;
            let item = Collected {
                line,
                parts: self.value(event)?,
            };
            let kind = item.header().1;
            if kind.ends_with("List") {
                return Err(Fault::new(
                    line,
                    "is a list in a list: write out its items".to_owned(),
                ));
            }
            if kind.is_empty() {
                untyped.push(item);
            } else {
                item.add(loader, file, ("", ""))?;
            }
        }
    }

    /// Reads the value that begins with an event.
    fn value(&mut self, first: Event<'a>) -> Result<Vec<Part<'a>>, Fault> {
        let mut parts = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut next = Some(first);
        loop {
            let event = match next.take() {
                Some(event) => event,
                None => self.required()?,
            };
            self.add_event(event, &mut parts, &mut open)?;
            if open.is_empty() {
                return Ok(parts);
            }
        }
    }

    /// Adds an event. `open` has for each collection that is not at its end its anchor and where it begins.
    fn add_event(
        &mut self,
        event: Event<'a>,
        parts: &mut Vec<Part<'a>>,
        open: &mut Vec<(usize, usize)>,
    ) -> Result<(), Fault> {
        let line = self.line;
        let start = parts.len();
        match event {
            Event::Scalar(_, _, _, Some(tag)) if tag.suffix() == "binary" => {
                return Err(Fault::new(
                    line,
                    "has a text in base64 (`!!binary`): write it out".to_owned(),
                ));
            }
            Event::Scalar(text, style, anchor, _) => {
                parts.push(Part {
                    line,
                    kind: scalar(text, style),
                });
                self.keep_anchor(anchor, &parts[start..])?;
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).map(Vec::as_slice).unwrap_or_default();
                self.aliased_parts += found.len();
                if found.is_empty() || self.aliased_parts > MAX_ALIASED_PARTS {
                    return Err(Fault::new(
                        line,
                        "has an alias that cannot be followed".to_owned(),
                    ));
                }
                parts.extend_from_slice(found);
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push((anchor, start));
                parts.push(Part {
                    line,
                    kind: PartKind::SequenceStart,
                });
            }
            Event::MappingStart(_, anchor, _) => {
                open.push((anchor, start));
                parts.push(Part {
                    line,
                    kind: PartKind::MappingStart,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let is_sequence = matches!(event, Event::SequenceEnd);
                let kind = if is_sequence {
                    PartKind::SequenceEnd
                } else {
                    PartKind::MappingEnd
                };
                parts.push(Part { line, kind });
                if let Some((anchor, start)) = open.pop() {
                    self.keep_anchor(anchor, &parts[start..])?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps what an anchor names. Anchors in one another keep the same parts again, so that these count as the aliased ones do.
    fn keep_anchor(&mut self, anchor: usize, parts: &[Part<'a>]) -> Result<(), Fault> {
        if anchor == 0 {
            return Ok(());
        }
        self.aliased_parts += parts.len();
        if self.aliased_parts > MAX_ALIASED_PARTS {
            return Err(Fault::new(
                self.line,
                "has more in anchors than can be kept".to_owned(),
            ));
        }
        self.anchors.insert(anchor, parts.to_vec());
        Ok(())
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> PartKind<'_> {
    let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    PartKind::Scalar { text, is_null }
}

fn key_text<'p>(parts: &'p [Part<'_>]) -> Option<&'p str> {
    match parts {
        [
            Part {
                kind: PartKind::Scalar { text, .. },
                ..
            },
        ] => Some(text),
        _ => None,
    }
}

/// The parts of an object.
struct Collected<'a> {
    line: usize,
    parts: Vec<Part<'a>>,
}

impl Collected<'_> {
    fn new(line: usize) -> Self {
        Self {
            line,
            parts: vec![Part {
                line,
                kind: PartKind::MappingStart,
            }],
        }
    }

    /// Returns `apiVersion` and `kind`, empty where there is none.
    fn header(&self) -> (&str, &str) {
        let mut header = ("", "");
        let mut depth = 0_usize;
        let mut key = None;
        for part in &self.parts {
            match &part.kind {
                PartKind::MappingStart | PartKind::SequenceStart => depth += 1,
                PartKind::MappingEnd | PartKind::SequenceEnd => {
                    depth = depth.saturating_sub(1);
                    key = None;
                }
                PartKind::Scalar { text, .. } if depth == 1 => match key.take() {
                    None => key = Some(&**text),
                    Some("apiVersion") => header.0 = text,
                    Some("kind") => header.1 = text,
                    Some(_) => {}
                },
                PartKind::Scalar { .. } => {}
            }
        }
        header
    }

    fn add(
        &self,
        loader: &mut Loader,
        file: u32,
        (list_version, item_kind): (&str, &str),
    ) -> Result<(), Fault> {
        let (version, kind) = self.header();
        let version = if version.is_empty() { list_version } else { version };
        let kind = if kind.is_empty() { item_kind } else { kind };
        let Some(kind) = Kind::of(version, kind) else {
            loader.skip();
            return Ok(());
        };
        let mut value = ValueReader::new(&self.parts);
        let object = Object::deserialize(&mut value)
            .map_err(|error| Fault::new(value.line(), format!("is not readable: {error}")))?;
        loader.add(kind, &object, file, self.line)
    }
}
