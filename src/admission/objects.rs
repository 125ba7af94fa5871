//! Reads the objects of a text: YAML or JSON, one or more documents, lists of objects too.
//!
//! A plain scalar means what it means to kubectl (YAML 1.1): `yes` is true, and `00` is the number 0.

use serde_json::{Map, Number, Value};

use super::request::{Operation, Request, RequestError};
use crate::kubeconfig::tree::{Node, Value as YamlValue, parse};

/// Why the objects cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectsError {
    #[error("line {0} is not valid YAML")]
    Invalid(usize),
    #[error("line {0} has an anchor, an alias or a tag")]
    Alias(usize),
    #[error("line {0} begins something that is no object")]
    NoObject(usize),
    #[error("the object in line {line} cannot be judged: {reason}")]
    Unfit { line: usize, reason: RequestError },
    #[error("there is no object in it")]
    Empty,
}

/// Returns the requests that do this with each object, or that an `AdmissionReview` tells of.
///
/// # Errors
/// The first thing that cannot be read.
pub(crate) fn objects(text: &str, operation: Operation) -> Result<Vec<Request>, ObjectsError> {
    let mut requests = Vec::new();
    for (line, document) in documents(text) {
        let parsed = parse(&document).map_err(|error| ObjectsError::Invalid(line + error.line))?;
        let Some(root) = parsed.root.filter(|root| !root.is_null()) else {
            continue;
        };
        let number = |node: &Node| line + document[..node.span.start].matches('\n').count() + 1;
        let value = json_of(&root).map_err(|node| ObjectsError::Alias(number(&node)))?;
        let line = number(&root);
        if !value.is_object() {
            return Err(ObjectsError::NoObject(line));
        }
        for object in listed(value) {
            let request = Request::of(object, operation);
            requests.push(request.map_err(|reason| ObjectsError::Unfit { line, reason })?);
        }
    }
    if requests.is_empty() {
        return Err(ObjectsError::Empty);
    }
    Ok(requests)
}

/// Returns the documents, each with the number of lines before it.
fn documents(text: &str) -> Vec<(usize, String)> {
    let mut documents = vec![(0, String::new())];
    for (at, line) in text.lines().enumerate() {
        let is_marker = line == "---" || line.starts_with("--- ") || line == "...";
        if is_marker {
            // What comes after the marker in the same line belongs to the document.
            let rest = line.get(3..).unwrap_or_default();
            documents.push((at, format!("{rest}\n")));
        } else if let Some((_, document)) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents
}

fn listed(value: Value) -> Vec<Value> {
    let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match value {
        Value::Object(mut map) if is_list && map.get("items").is_some_and(Value::is_array) => {
            match map.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        value => vec![value],
    }
}

/// # Errors
/// The node that stands for another one.
fn json_of(node: &Node) -> Result<Value, Node> {
    if node.has_anchor_or_tag {
        return Err(node.clone());
    }
    Ok(match &node.value {
        YamlValue::Alias(_) => return Err(node.clone()),
        YamlValue::Scalar { text, .. } if node.is_plain() => plain(text),
        YamlValue::Scalar { text, .. } => Value::String(text.clone()),
        YamlValue::Sequence { items, .. } => {
            Value::Array(items.iter().map(json_of).collect::<Result<_, _>>()?)
        }
        YamlValue::Mapping { pairs, .. } => {
            let mut map = Map::new();
            for (key, value) in pairs {
                let name = key.text().ok_or_else(|| key.clone())?;
                map.insert(name.to_owned(), json_of(value)?);
            }
            Value::Object(map)
        }
    })
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Value::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Value::Bool(false)
        }
        text => integer(text)
            .map(Value::from)
            .or_else(|| fraction(text))
            .unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, base) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        Some(_) if digits.starts_with('0') => (&digits[1..], 8),
        Some(_) | None => (digits, 10),
    };
    let begins_fit = digits.starts_with(|c: char| c.is_ascii_hexdigit());
    let number = i64::from_str_radix(digits, base).ok().filter(|_| begins_fit)?;
    Some(sign * number)
}

fn fraction(text: &str) -> Option<Value> {
    let is_fit = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let is_number = text.chars().all(is_fit) && text.contains(|c: char| c.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number)?;
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_have_the_types_of_kubectl() {
        for (text, expected) in [
            ("0", json!(0)),
            ("00", json!(0)),
            ("-1", json!(-1)),
            ("0x10", json!(16)),
            ("010", json!(8)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("yes", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
            ("1.2.3", json!("1.2.3")),
            ("v1", json!("v1")),
            ("1000Mi", json!("1000Mi")),
            ("-", json!("-")),
            ("é", json!("é")),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn documents_lists_and_reviews_are_read() {
        let text = "# nothing\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n--- # more\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \
                    \"items\": [{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\"}, {\"apiVersion\": \"v1\", \"kind\": \"Pod\"}]}\n";
        let requests = objects(text, Operation::Create).unwrap();
        let told: Vec<String> = requests
            .iter()
            .map(|request| {
                format!(
                    "{} {}/{} {}",
                    request.operation.name(),
                    request.group,
                    request.resource,
                    request.name
                )
            })
            .collect();
        assert_eq!(
            told,
            ["CREATE /secrets a", "CREATE apps/deployments ", "CREATE /pods "]
        );
    }

    #[test]
    fn what_cannot_be_read_has_its_line() {
        for (text, expected) in [
            ("", "there is no object in it"),
            ("---\n", "there is no object in it"),
            (
                "a: 1\n---\nb: [\n",
                "the object in line 1 cannot be judged: it has no `apiVersion`",
            ),
            ("---\nb: [\n", "line 2 is not valid YAML"),
            ("---\n- a\n", "line 2 begins something that is no object"),
            ("a: &x 1\n", "line 1 has an anchor, an alias or a tag"),
            (
                "apiVersion: v1\nkind: ''\n",
                "the object in line 1 cannot be judged: it has no `kind`",
            ),
            (
                "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: READ}\n",
                "the object in line 1 cannot be judged: `request.operation` is not as an AdmissionReview has it",
            ),
        ] {
            let told = objects(text, Operation::Create).map(|_| ());
            assert_eq!(
                told.map_err(|error| error.to_string()),
                Err(expected.to_owned()),
                "{text:?}"
            );
        }
    }
}
