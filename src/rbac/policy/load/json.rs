//! Reads JSON: objects one after the other, and lists of them. Texts are borrowed from the file.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{Kind, Object, Text};
use super::{Fault, Loader};

/// What an object is, before it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    #[serde(borrow, default)]
    api_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    items: Option<&'a RawValue>,
}

/// A list, which is most of a large file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// The deepest list in a list. kubectl nests none.
const MAX_LIST_DEPTH: usize = 4;

/// Where in the text the reader is.
struct Position<'a> {
    text: &'a str,
    counted_bytes: usize,
    line: usize,
}

impl Position<'_> {
    /// Returns the line of a part of the text. Asked for in the order of the text, it counts each line once.
    fn line_of(&mut self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.get(self.counted_bytes..offset).unwrap_or_default();
        self.line += between.matches('\n').count();
        self.counted_bytes = self.counted_bytes.max(offset);
        self.line
    }
}

/// # Errors
/// The first place that cannot be read.
pub(super) fn read(loader: &mut Loader, file: u32, text: &str) -> Result<(), Fault> {
    let mut position = Position {
        text,
        counted_bytes: 0,
        line: 1,
    };
    // serde takes an array for an object too.
    if text.trim_start().starts_with('{')
        && let Ok(list) = serde_json::from_str::<List<'_>>(text)
        && let Some(item_kind) = list.kind.0.strip_suffix("List")
    {
        let from_list = (&*list.api_version.0, item_kind);
        return list
            .items
            .iter()
            .try_for_each(|item| read_item(loader, file, &mut position, item, from_list, 1));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    loop {
        let start = values.byte_offset();
        let value = match values.next() {
            None => return Ok(()),
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                // The line is counted from the start of the text.
                debug_assert!(start <= text.len());
                return Err(Fault::new(error.line(), problem(&error)));
            }
        };
        let from_list = ("", "");
        read_value(loader, file, &mut position, value, from_list, 0)?;
    }
}

/// Reads an item of a list. One of another kind, or that cannot be read, is looked at again, from its kind on.
fn read_item(
    loader: &mut Loader,
    file: u32,
    position: &mut Position<'_>,
    value: &RawValue,
    from_list: (&str, &str),
    depth: usize,
) -> Result<(), Fault> {
    let (list_version, item_kind) = from_list;
    if value.get().starts_with('{')
        && let Ok(object) = serde_json::from_str::<Object<'_>>(value.get())
    {
        let version = object.api_version.as_ref().map_or(list_version, |text| &text.0);
        let kind = object.kind.as_ref().map_or(item_kind, |text| &text.0);
        if let Some(kind) = Kind::of(version, kind) {
            return loader.add(kind, &object, file, position.line_of(value.get()));
        }
    }
    read_value(loader, file, position, value, from_list, depth)
}

fn read_value(
    loader: &mut Loader,
    file: u32,
    position: &mut Position<'_>,
    value: &RawValue,
    (list_version, item_kind): (&str, &str),
    depth: usize,
) -> Result<(), Fault> {
    let line = position.line_of(value.get());
    let at = |error: &serde_json::Error| Fault::new(line + error.line().saturating_sub(1), problem(error));
    if value.get() == "null" {
        return Ok(());
    }
    if !value.get().starts_with('{') {
        return Err(Fault::new(line, "is no Kubernetes object".to_owned()));
    }
    let header: Header<'_> = serde_json::from_str(value.get()).map_err(|error| at(&error))?;
    let kind = header.kind.as_ref().map_or(item_kind, |kind| &kind.0);
    let version = header
        .api_version
        .as_ref()
        .map_or(list_version, |version| &version.0);
    if let Some(items) = header.items
        && let Some(item_kind) = kind.strip_suffix("List")
        && depth < MAX_LIST_DEPTH
    {
        let items: Option<Vec<&RawValue>> = serde_json::from_str(items.get()).map_err(|error| at(&error))?;
        for item in items.iter().flatten() {
            read_item(loader, file, position, item, (version, item_kind), depth + 1)?;
        }
        return Ok(());
    }
    let Some(kind) = Kind::of(version, kind) else {
        loader.skip();
        return Ok(());
    };
    let object: Object<'_> = serde_json::from_str(value.get()).map_err(|error| at(&error))?;
    loader.add(kind, &object, file, line)
}

/// Returns what is wrong, without the position, which counts from the start of the value.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(problem, _)| problem);
    format!("is not readable: {problem}")
}
