//! The published schema, made of the tables of fields, and a check that the examples fit it.

use serde_json::{Map, Value, json};

use super::shape::{Field, Kind, ROOT, Shape};
use super::{API_VERSION, Description};

const PUBLISHED: &str = include_str!("../../../docs/kubesesame.schema.json");

fn schema() -> Value {
    let mut schema = object(&ROOT);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = format!("kubesesame.yaml ({API_VERSION})").into();
    schema
}

fn object(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), property(field)))
        .collect();
    let required: Vec<&str> = shape
        .fields
        .iter()
        .filter(|field| field.is_required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn property(field: &Field) -> Value {
    let text = || json!({ "type": "string" });
    let mut schema = match &field.kind {
        Kind::Exactly(expected) => json!({ "const": expected }),
        Kind::Text => text(),
        Kind::Choice(choices) => json!({ "enum": choices }),
        Kind::Texts => json!({ "type": "array", "items": text() }),
        Kind::Ports => {
            json!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 65535 } })
        }
        Kind::TextMap => json!({ "type": "object", "additionalProperties": text() }),
        Kind::Object(shape) => object(shape),
        Kind::Objects(shape) => json!({ "type": "array", "items": object(shape) }),
    };
    schema["description"] = field.about.into();
    schema
}

/// `INSTA_UPDATE=always cargo test --lib description` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test writes the published schema")]
fn the_published_schema_is_that_of_the_tables() {
    let made = format!("{:#}\n", schema());
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kubesesame.schema.json");
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert_eq!(PUBLISHED, made);
}

/// The types that are read have the fields of the tables: a text with all of them is read, and nothing of it is lost.
#[test]
fn a_text_with_every_field_is_read_and_written_again_as_it_was() {
    let text = include_str!("../../../examples/kubesesame.yaml");
    let reading = super::reading::read(text).unwrap_or_else(|fault| panic!("{fault:?}"));
    let written = json!(reading.raw);
    let mut missing = Vec::new();
    collect_missing(&ROOT, &written, "", &mut missing);
    assert_eq!(missing, Vec::<String>::new());
    Description::parse(text).unwrap_or_else(|fault| panic!("{fault:?}"));
}

/// Collects the fields that no object of the value has.
fn collect_missing(shape: &Shape, value: &Value, path: &str, missing: &mut Vec<String>) {
    let objects: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    for field in shape.fields {
        let path = format!("{path}.{}", field.name);
        let with: Vec<&Value> = objects
            .iter()
            .filter_map(|object| object.get(field.name))
            .filter(|value| !value.is_null())
            .collect();
        if with.is_empty() {
            missing.push(path);
            continue;
        }
        if let Kind::Object(inner) | Kind::Objects(inner) = &field.kind {
            let all: Vec<Value> = with
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(items) => items.clone(),
                    one => vec![one.clone()],
                })
                .collect();
            collect_missing(inner, &Value::Array(all), &path, missing);
        }
    }
}
