//! Reads the part of YAML in which each node begins and ends in one line, as kubectl and people write manifests, several times faster than
//! the parser of all YAML. It gives the events of that parser, and the line of each.
//!
//! Never decides that a text is wrong: what it does not know for certain is for the parser. Tests and a fuzzer compare the two.

use std::borrow::Cow;
use std::collections::VecDeque;

use granit_parser::{Event, ScalarStyle, StructureStyle};

/// Deeper than any manifest, and far from the limit of the parser.
const MAX_DEPTH: usize = 32;
/// YAML limits the length of a key without `?` to 1024 characters.
const MAX_KEY_BYTES: usize = 256;

/// The text is not of the part that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown;

type Known<T> = Result<T, Unknown>;

/// A collection whose end was not seen yet.
#[derive(Debug, Clone, Copy)]
struct Level {
    indent: usize,
    is_sequence: bool,
    /// A key of this mapping was read, and its value begins in a later line.
    has_open_key: bool,
}

#[derive(Debug)]
pub(super) struct LineEvents<'a> {
    rest: &'a str,
    /// The number of the last line that was taken.
    line: usize,
    open: Vec<Level>,
    is_in_document: bool,
    is_at_end: bool,
    /// The first pass finds out only whether the text is known.
    is_first_pass: bool,
    /// What the last lines have become.
    events: VecDeque<(Event<'a>, usize)>,
}

impl<'a> LineEvents<'a> {
    /// Returns the events of a text, if all of it is of the part that is read here.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let is_plain = |byte: u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
        if !text.bytes().all(is_plain) || !text.ends_with('\n') {
            return None;
        }
        let mut first = Self::new(text);
        first.is_first_pass = true;
        while !first.is_at_end {
            first.read_line().ok()?;
        }
        Some(Self::new(text))
    }

    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 0,
            open: Vec::new(),
            is_in_document: false,
            is_at_end: false,
            is_first_pass: false,
            events: VecDeque::from([(Event::StreamStart, 1)]),
        }
    }

    /// Returns the next event with its line.
    pub(super) fn next(&mut self) -> Option<(Event<'a>, usize)> {
        while self.events.is_empty() && !self.is_at_end {
            self.read_line().ok()?;
        }
        self.events.pop_front()
    }

    fn add(&mut self, event: Event<'a>) {
        if !self.is_first_pass {
            self.events.push_back((event, self.line));
        }
    }

    fn add_scalar(&mut self, text: &'a str, style: ScalarStyle) {
        self.add(Event::Scalar(Cow::Borrowed(text), style, 0, None));
    }

    fn take_line(&mut self) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        self.line += 1;
        Some(line)
    }

    fn read_line(&mut self) -> Known<()> {
        let Some(line) = self.take_line() else {
            self.line += 1;
            self.end_document()?;
            self.add(Event::StreamEnd);
            self.is_at_end = true;
            return Ok(());
        };
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            return Ok(());
        }
        let indent = line.len() - content.len();
        let content = content.trim_end_matches(' ');
        if indent == 0 && (content.starts_with("---") || content.starts_with("...")) {
            return self.begin_document(content);
        }
        if !self.is_in_document {
            self.is_in_document = true;
            self.add(Event::DocumentStart(false, None));
        }
        let is_item = content.starts_with("- ");
        self.attach(indent, is_item)?;
        if is_item {
            self.read_item(indent, content)
        } else {
            self.read_entry(content)
        }
    }

    fn begin_document(&mut self, content: &str) -> Known<()> {
        if content != "---" {
            return Err(Unknown);
        }
        self.end_document()?;
        self.is_in_document = true;
        self.add(Event::DocumentStart(true, None));
        Ok(())
    }

    /// Ends the document, if there is one. A document without content is a value that is not written.
    fn end_document(&mut self) -> Known<()> {
        if !self.is_in_document {
            return Ok(());
        }
        if self.open.is_empty() {
            return Err(Unknown);
        }
        while let Some(level) = self.open.pop() {
            self.close(level)?;
        }
        self.is_in_document = false;
        self.add(Event::DocumentEnd);
        Ok(())
    }

    fn close(&mut self, level: Level) -> Known<()> {
        if level.has_open_key {
            return Err(Unknown);
        }
        self.add(if level.is_sequence {
            Event::SequenceEnd
        } else {
            Event::MappingEnd
        });
        Ok(())
    }

    fn begin(&mut self, indent: usize, is_sequence: bool) -> Known<()> {
        if self.open.len() == MAX_DEPTH {
            return Err(Unknown);
        }
        self.open.push(Level {
            indent,
            is_sequence,
            has_open_key: false,
        });
        self.add(if is_sequence {
            Event::SequenceStart(StructureStyle::Block, 0, None)
        } else {
            Event::MappingStart(StructureStyle::Block, 0, None)
        });
        Ok(())
    }

    /// Ends and begins collections, until the innermost is the one that a line with this indentation belongs to.
    fn attach(&mut self, indent: usize, is_item: bool) -> Known<()> {
        loop {
            let Some(level) = self.open.last_mut() else {
                return if is_item || indent > 0 {
                    Err(Unknown)
                } else {
                    self.begin(0, false)
                };
            };
            if level.has_open_key {
                // The items of a sequence may stand below the first character of its key.
                let is_value = indent > level.indent || (is_item && indent == level.indent);
                level.has_open_key = false;
                return if is_value {
                    self.begin(indent, is_item)
                } else {
                    Err(Unknown)
                };
            }
            if level.indent == indent && level.is_sequence == is_item {
                return Ok(());
            }
            let is_ended = level.indent > indent || (level.indent == indent && level.is_sequence);
            if !is_ended {
                return Err(Unknown);
            }
            let level = *level;
            self.open.pop();
            self.close(level)?;
        }
    }

    /// Reads `- TEXT` or `- KEY: …`.
    fn read_item(&mut self, indent: usize, content: &'a str) -> Known<()> {
        let rest = content[2..].trim_start_matches(' ');
        if key_and_rest(rest).is_none() {
            return self.read_scalar(rest);
        }
        self.begin(indent + content.len() - rest.len(), false)?;
        self.read_entry(rest)
    }

    /// Reads `KEY:` or `KEY: VALUE`.
    fn read_entry(&mut self, content: &'a str) -> Known<()> {
        let (key, rest) = key_and_rest(content).ok_or(Unknown)?;
        self.add_scalar(key, ScalarStyle::Plain);
        let value = rest.trim_start_matches(' ');
        if value.is_empty() || value.starts_with('#') {
            let level = self.open.last_mut().ok_or(Unknown)?;
            level.has_open_key = true;
            return Ok(());
        }
        match value {
            "[]" => {
                self.add(Event::SequenceStart(StructureStyle::Flow, 0, None));
                self.add(Event::SequenceEnd);
                Ok(())
            }
            "{}" => {
                self.add(Event::MappingStart(StructureStyle::Flow, 0, None));
                self.add(Event::MappingEnd);
                Ok(())
            }
            "|" | "|-" => self.read_literal(value == "|"),
            _ if value.starts_with('[') => self.read_flow_sequence(value),
            _ => self.read_scalar(value),
        }
    }

    /// Reads a text in quotes or without that fills the rest of a line, but for a comment.
    fn read_scalar(&mut self, content: &'a str) -> Known<()> {
        if let Some((text, style, rest)) = quoted(content) {
            if !is_comment(rest) {
                return Err(Unknown);
            }
            self.add_scalar(text, style);
            return Ok(());
        }
        let text = content.split_once(" #").map_or(content, |(text, _)| text);
        let text = text.trim_end_matches(' ');
        let begins_as_text = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./~".contains(byte);
        if !text.as_bytes().first().is_some_and(begins_as_text) || text.contains(": ") || text.ends_with(':')
        {
            return Err(Unknown);
        }
        self.add_scalar(text, ScalarStyle::Plain);
        Ok(())
    }

    /// Reads `[a, "b"]`.
    fn read_flow_sequence(&mut self, content: &'a str) -> Known<()> {
        self.add(Event::SequenceStart(StructureStyle::Flow, 0, None));
        let mut rest = &content[1..];
        loop {
            rest = rest.trim_start_matches(' ');
            let (text, style, after) = quoted(rest).or_else(|| flow_word(rest)).ok_or(Unknown)?;
            self.add_scalar(text, style);
            let after = after.trim_start_matches(' ');
            if let Some(after) = after.strip_prefix(',') {
                rest = after;
            } else if let Some(after) = after.strip_prefix(']') {
                self.add(Event::SequenceEnd);
                return if is_comment(after) { Ok(()) } else { Err(Unknown) };
            } else {
                return Err(Unknown);
            }
        }
    }

    /// Reads the lines of a text after `|`. Empty lines in it are left to the parser.
    fn read_literal(&mut self, has_last_newline: bool) -> Known<()> {
        // The parser has it begin where its text does.
        let first_line = self.line + 1;
        let key_indent = self.open.last().ok_or(Unknown)?.indent;
        let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let indent = indent_of(self.rest.split_once('\n').ok_or(Unknown)?.0);
        if indent <= key_indent {
            return Err(Unknown);
        }
        let mut text = String::new();
        while let Some((line, _)) = self.rest.split_once('\n') {
            let own = indent_of(line);
            if own == line.len() {
                return Err(Unknown);
            }
            if own < indent {
                break;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&line[indent..]);
            self.take_line();
        }
        if has_last_newline {
            text.push('\n');
        }
        if !self.is_first_pass {
            let event = Event::Scalar(Cow::Owned(text), ScalarStyle::Literal, 0, None);
            self.events.push_back((event, first_line));
        }
        Ok(())
    }
}

/// Splits `KEY:` or `KEY: …` with a key that is a simple word.
fn key_and_rest(content: &str) -> Option<(&str, &str)> {
    let bytes = content.as_bytes();
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./-".contains(byte);
    let end = bytes.iter().position(|byte| !is_of_word(byte))?;
    let (key, rest) = content.split_at(end);
    let rest = rest.strip_prefix(':')?;
    let begins_as_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    (key.as_bytes().first().is_some_and(begins_as_word)
        && key.len() <= MAX_KEY_BYTES
        && (rest.is_empty() || rest.starts_with(' ')))
    .then_some((key, rest))
}

/// Splits a text in quotes from what follows it. One with an escape is not known.
fn quoted(content: &str) -> Option<(&str, ScalarStyle, &str)> {
    let (quote, style) = match content.as_bytes().first()? {
        b'"' => ('"', ScalarStyle::DoubleQuoted),
        b'\'' => ('\'', ScalarStyle::SingleQuoted),
        _ => return None,
    };
    let (text, rest) = content[1..].split_once(quote)?;
    let is_escape = rest.starts_with('\'') || (quote == '"' && text.contains('\\'));
    (!is_escape).then_some((text, style, rest))
}

/// Splits a word of a flow sequence from what follows it.
fn flow_word(content: &str) -> Option<(&str, ScalarStyle, &str)> {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    let end = content.bytes().position(|byte| !is_of_word(byte))?;
    let (word, rest) = content.split_at(end);
    let begins_as_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_/".contains(byte);
    word.as_bytes()
        .first()
        .is_some_and(begins_as_word)
        .then_some((word, ScalarStyle::Plain, rest))
}

/// Whether nothing follows a value but a comment.
fn is_comment(rest: &str) -> bool {
    let text = rest.trim_start_matches(' ');
    text.is_empty() || (text.starts_with('#') && text.len() < rest.len())
}

/// Returns whether a text is of the part that is read here, and then panics if the events are not those of the parser of all YAML.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn is_known_and_equal(text: &str) -> bool {
    let Some(mut events) = LineEvents::of(text) else {
        return false;
    };
    let own: Vec<_> = std::iter::from_fn(|| events.next()).collect();
    let parser = granit_parser::Parser::new_from_str(text).map(|result| {
        let (event, span) = result.expect("the parser refuses what is known here");
        (event, span.start.line())
    });
    let all: Vec<_> = parser
        .filter(|(event, _)| !matches!(event, Event::Comment(..)))
        .collect();
    assert_eq!(own, all, "{text}");
    true
}
