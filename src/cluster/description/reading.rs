//! Reads the text: YAML whose fields are those of [`shape`](super::shape), each once, with their types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fault::{Fault, nearest};
use super::raw::RawDescription;
use super::shape::{API_VERSION, Field, KIND, Kind, ROOT, Shape};
use crate::kubeconfig::tree::{Node, Value as YamlValue, YamlFault, parse};

const EXAMPLE_HINT: &str = "write one with: kubesesame cluster init";

/// The lines of fields, by their paths.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Adds the line to a fault: that of the field, or of what it is in.
    pub(super) fn locate(&self, fault: Fault) -> Fault {
        let mut path = fault.field.as_str();
        loop {
            if let Some(line) = self.0.get(path) {
                let line = *line;
                return fault.at(line);
            }
            let Some(end) = path.rfind(['.', '[']) else {
                return fault;
            };
            path = &path[..end];
        }
    }
}

pub(super) struct Reading {
    pub(super) raw: RawDescription,
    pub(super) lines: Lines,
}

/// Whether the kind or the version of a text is that of a description.
pub(super) fn is_meant(text: &str) -> bool {
    let root = parse(text).ok().and_then(|document| document.root);
    let is = |key, expected| {
        root.as_ref()
            .and_then(|root| root.get(key)?.text())
            .is_some_and(|found| found == expected)
    };
    is("kind", KIND) || is("apiVersion", API_VERSION)
}

/// Reads a text.
///
/// # Errors
/// The first fault.
pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    if let Some(line) = tab_line(text) {
        let hint = "indent with spaces";
        return Err(Fault::new("", "is indented with a tab, which YAML does not allow", hint).at(line));
    }
    let document = parse(text).map_err(|error| {
        let (problem, hint) = match error.reason {
            YamlFault::Invalid | YamlFault::NoPosition => {
                ("is not valid YAML", "correct it; nothing of it was used")
            }
            YamlFault::SecondDocument => (
                "begins a second document",
                "put each description into a file of its own",
            ),
        };
        Fault::new("", problem, hint).at(error.line)
    })?;
    let root = document
        .root
        .ok_or_else(|| Fault::new("", "has no content", EXAMPLE_HINT))?;
    let mut reader = Reader {
        line_starts: text.match_indices('\n').map(|(at, _)| at + 1).collect(),
        lines: BTreeMap::new(),
    };
    reader.check_kind(&root)?;
    let value = reader.object(&root, &ROOT, "")?;
    let raw = serde_json::from_value(value)
        // The tables and the types say the same; a test compares them.
        .map_err(|error| Fault::new("", format!("cannot be read: {error}"), EXAMPLE_HINT))?;
    Ok(Reading {
        raw,
        lines: Lines(reader.lines),
    })
}

fn tab_line(text: &str) -> Option<usize> {
    let is_indented_by_tab =
        |line: &str| line.trim_start_matches(' ').starts_with('\t') && !line.trim().is_empty();
    text.lines().position(is_indented_by_tab).map(|at| at + 1)
}

struct Reader {
    line_starts: Vec<usize>,
    lines: BTreeMap<String, usize>,
}

impl Reader {
    fn line(&self, node: &Node) -> usize {
        self.line_starts
            .partition_point(|start| *start <= node.span.start)
            + 1
    }

    /// Says first if this is another file than a description.
    fn check_kind(&self, root: &Node) -> Result<(), Fault> {
        let text = |key| root.get(key).and_then(Node::text);
        let (Some(kind), Some(version)) = (text("kind"), text("apiVersion")) else {
            return Ok(());
        };
        if kind == KIND || version == API_VERSION || nearest(kind, [KIND]).is_some() {
            return Ok(());
        }
        let problem = format!("is a {kind} of {version}, and not a description of kubesesame");
        Err(Fault::new("", problem, EXAMPLE_HINT).at(self.line(root)))
    }

    fn object(&mut self, node: &Node, shape: &Shape, path: &str) -> Result<Value, Fault> {
        let pairs = self.pairs(node, path)?;
        let mut object = Map::new();
        for (key, value) in pairs {
            let name = key.text().unwrap_or_default();
            let Some(field) = shape.fields.iter().find(|field| field.name == name) else {
                return Err(unknown(name, shape, path).at(self.line(key)));
            };
            let field_path = join(path, name);
            self.lines.insert(field_path.clone(), self.line(key));
            // A key without a value is as good as none.
            if value.is_null() && !field.is_required {
                continue;
            }
            let read = self.value(value, field, &field_path)?;
            object.insert(name.to_owned(), read);
        }
        let missing = shape
            .fields
            .iter()
            .find(|field| field.is_required && !object.contains_key(field.name));
        match missing {
            None => Ok(Value::Object(object)),
            Some(field) => {
                let fault = Fault::new(&join(path, field.name), "is missing", field.about);
                Err(fault.at(self.line(node)))
            }
        }
    }

    fn value(&mut self, node: &Node, field: &Field, path: &str) -> Result<Value, Fault> {
        let line = self.line(node);
        match &field.kind {
            Kind::Exactly(expected) => {
                let text = self.text(node, path)?;
                if text == *expected {
                    return Ok(text.into());
                }
                let problem = format!("is {text}, which this version does not know");
                Err(Fault::new(path, problem, format!("it has to be {expected}")).at(line))
            }
            Kind::Text => Ok(self.text(node, path)?.into()),
            Kind::Choice(choices) => {
                let text = self.text(node, path)?;
                if choices.contains(&text) {
                    return Ok(text.into());
                }
                Err(not_a_choice(path, text, choices).at(line))
            }
            Kind::Texts => self.items(node, path, |reader, item, path| {
                reader.text(item, path).map(Value::from)
            }),
            Kind::Ports => self.items(node, path, Self::port),
            Kind::TextMap => {
                let pairs = self.pairs(node, path)?;
                let mut map = Map::new();
                for (key, value) in pairs {
                    let name = key.text().unwrap_or_default();
                    let text = self.text(value, &join(path, name))?;
                    map.insert(name.to_owned(), text.into());
                }
                Ok(Value::Object(map))
            }
            Kind::Object(shape) => self.object(node, shape, path),
            Kind::Objects(shape) => {
                self.items(node, path, |reader, item, path| reader.object(item, shape, path))
            }
        }
    }

    fn port(&mut self, node: &Node, path: &str) -> Result<Value, Fault> {
        let text = self.text(node, path)?;
        let port = text
            .parse::<u16>()
            .ok()
            .filter(|port| *port > 0 && node.is_plain());
        port.map(Value::from).ok_or_else(|| {
            let hint = "write a number from 1 to 65535";
            Fault::new(path, format!("is {text}, which is no port"), hint).at(self.line(node))
        })
    }

    fn items(
        &mut self,
        node: &Node,
        path: &str,
        mut read: impl FnMut(&mut Self, &Node, &str) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        let items = node
            .items()
            .ok_or_else(|| self.wrong_type(node, path, "a list, each item after a dash"))?;
        let mut values = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            self.lines.insert(path.clone(), self.line(item));
            values.push(read(self, item, &path)?);
        }
        Ok(Value::Array(values))
    }

    fn text<'n>(&self, node: &'n Node, path: &str) -> Result<&'n str, Fault> {
        node.text()
            .filter(|_| !node.is_null() && !node.has_anchor_or_tag)
            .ok_or_else(|| self.wrong_type(node, path, "a text"))
    }

    /// Returns the entries of a mapping in which no key is twice.
    fn pairs<'n>(&self, node: &'n Node, path: &str) -> Result<&'n [(Node, Node)], Fault> {
        let pairs = node.pairs().filter(|_| !node.has_anchor_or_tag);
        let pairs = pairs.ok_or_else(|| self.wrong_type(node, path, "a mapping of names to values"))?;
        let mut seen = BTreeSet::new();
        for (key, _) in pairs {
            let name = self.text(key, path)?;
            if !seen.insert(name) {
                let fault = Fault::new(&join(path, name), "is there twice", "remove one of the two");
                return Err(fault.at(self.line(key)));
            }
        }
        Ok(pairs)
    }

    fn wrong_type(&self, node: &Node, path: &str, expected: &str) -> Fault {
        let problem = if node.has_anchor_or_tag {
            "has an anchor, an alias or a tag"
        } else {
            match node.value {
                YamlValue::Scalar { .. } if node.is_null() => "has no value",
                YamlValue::Scalar { .. } => "is a text",
                YamlValue::Sequence { .. } => "is a list",
                YamlValue::Mapping { .. } => "is a mapping",
                YamlValue::Alias(_) => "is an alias",
            }
        };
        Fault::new(path, problem, format!("it has to be {expected}")).at(self.line(node))
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn unknown(name: &str, shape: &Shape, path: &str) -> Fault {
    let names = || shape.fields.iter().map(|field| field.name);
    let hint = match nearest(name, names()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("the fields here are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Fault::new(&join(path, name), "is no field of a description", hint)
}

/// Returns the fault of a word that is none of those there are.
pub(super) fn not_a_choice(path: &str, text: &str, choices: &[&str]) -> Fault {
    let all = choices.join(", ");
    let hint = match nearest(text, choices.iter().copied()) {
        Some(known) => format!("did you mean `{known}`? There are {all}"),
        None => format!("there are {all}"),
    };
    Fault::new(path, format!("is `{text}`, which is unknown"), hint)
}
