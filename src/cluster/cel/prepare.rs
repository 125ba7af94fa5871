//! What the API server does with an expression between its check and the first token: it evaluates conversions of constants, and compiles
//! constant patterns. What fails there is an error at start-up that the check of types does not see.

use super::ast::{Kind, Literal, Node};
use super::text;
use super::types::Type;
use super::variables::{USER_INFO, Variable, identifier};

/// A value that is known without a token.
#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Bytes(Vec<u8>),
    String(String),
    Duration,
    Timestamp,
    Type,
    List,
    Map,
}

/// Why an expression cannot be prepared.
#[derive(Debug)]
pub(super) enum Fault {
    /// In the words of the API server.
    Error(String),
    /// A constant map has bytes as a key. cel-go 0.26 makes a map of Go of it, whose keys cannot be bytes.
    Panic,
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Error(text)
    }
}

/// Returns why the expression cannot be prepared.
pub(super) fn fault(root: &Node, variable: Variable) -> Option<Fault> {
    prepare(root, variable).err()
}

fn prepare(node: &Node, variable: Variable) -> Result<Option<Constant>, Fault> {
    match &node.kind {
        Kind::Literal(literal) => Ok(Some(constant(literal))),
        Kind::Ident(_) | Kind::Select { .. } => name(node, variable),
        Kind::Call {
            function,
            target,
            arguments,
        } => {
            let mut values = Vec::new();
            for part in target.as_deref().into_iter().chain(arguments) {
                values.push(prepare(part, variable)?);
            }
            pattern(function, target.is_some(), &values)?;
            index(function, &values)?;
            match (target, values.as_slice()) {
                (None, [Some(value)]) => Ok(convert(function, value)?),
                _ => Ok(None),
            }
        }
        Kind::List { items, optional } => {
            let all = all_constant(items.iter(), variable)?;
            Ok((all && optional.is_empty()).then_some(Constant::List))
        }
        Kind::Map(entries) => {
            let all = all_constant(
                entries.iter().flat_map(|entry| [&entry.key, &entry.value]),
                variable,
            )?;
            let is_constant = all && entries.iter().all(|entry| !entry.is_optional);
            for entry in entries.iter().filter(|_| is_constant) {
                if matches!(prepare(&entry.key, variable)?, Some(Constant::Bytes(_))) {
                    return Err(Fault::Panic);
                }
            }
            Ok(is_constant.then_some(Constant::Map))
        }
        Kind::Object { .. } | Kind::Comprehension(_) => {
            for part in node.children() {
                prepare(part, variable)?;
            }
            Ok(None)
        }
    }
}

fn all_constant<'a>(nodes: impl Iterator<Item = &'a Node>, variable: Variable) -> Result<bool, Fault> {
    let mut all = true;
    for node in nodes {
        all &= prepare(node, variable)?.is_some();
    }
    Ok(all)
}

/// A name of a type is a constant, but for that of the user's type, which the API server does not know when it evaluates.
fn name(node: &Node, variable: Variable) -> Result<Option<Constant>, Fault> {
    let name = node.qualified_name();
    let name = name.as_deref().map(|name| name.trim_start_matches('.'));
    if let Some(Type::Meta(_)) = name.and_then(|name| identifier(variable, name)) {
        return match name {
            Some(USER_INFO) => Err(format!("reference to undefined type: {USER_INFO}").into()),
            Some(_) | None => Ok(Some(Constant::Type)),
        };
    }
    if let Kind::Select { operand, .. } = &node.kind {
        prepare(operand, variable)?;
    }
    Ok(None)
}

fn constant(of: &Literal) -> Constant {
    match of {
        Literal::Null => Constant::Null,
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Int(value) => Constant::Int(*value),
        Literal::Uint(value) => Constant::Uint(*value),
        Literal::Double(value) => Constant::Double(*value),
        Literal::Bytes(value) => Constant::Bytes(value.clone()),
        Literal::String(value) => Constant::String(value.clone()),
    }
}

/// Compiles the pattern of a function that takes one.
fn pattern(function: &str, is_method: bool, values: &[Option<Constant>]) -> Result<(), String> {
    let takes_pattern = matches!((function, is_method), ("matches", _) | ("find" | "findAll", true));
    match values.get(1) {
        Some(Some(Constant::String(pattern))) if takes_pattern => {
            text::pattern_fault(pattern).map_or(Ok(()), Err)
        }
        _ => Ok(()),
    }
}

/// A constant index has to be of a type that a map or a list can have as a key.
fn index(function: &str, values: &[Option<Constant>]) -> Result<(), String> {
    let ("_[_]" | "_[?_]", [_, Some(index)]) = (function, values) else {
        return Ok(());
    };
    let name = match index {
        Constant::Bool(_)
        | Constant::Int(_)
        | Constant::Uint(_)
        | Constant::Double(_)
        | Constant::String(_) => {
            return Ok(());
        }
        Constant::Null => "types.Null",
        Constant::Bytes(_) => "types.Bytes",
        Constant::Duration => "types.Duration",
        Constant::Timestamp => "types.Timestamp",
        Constant::Type => "*types.Type",
        Constant::List => "*types.baseList",
        Constant::Map => "*types.baseMap",
    };
    Err(format!("invalid qualifier type: {name}"))
}

/// Evaluates a conversion. Another function has no constant result.
fn convert(function: &str, value: &Constant) -> Result<Option<Constant>, String> {
    let wrong = || Err(format!("type conversion error from 'string' to '{function}'"));
    let found = match (function, value) {
        ("type", _) => Constant::Type,
        ("duration", _) => Constant::Duration,
        ("timestamp", _) => Constant::Timestamp,
        ("int" | "string", Constant::Null) => return Err(format!("no such overload: {function}(null_type)")),
        ("int", Constant::String(text)) => match text.parse() {
            Ok(number) => Constant::Int(number),
            Err(_) => return wrong(),
        },
        ("int", Constant::Uint(number)) => {
            Constant::Int(i64::try_from(*number).map_err(|_| "integer overflow")?)
        }
        ("int", Constant::Double(number)) => Constant::Int(to_int(*number).ok_or("integer overflow")?),
        ("uint", Constant::String(text)) => match text.parse() {
            Ok(number) if !text.starts_with('+') => Constant::Uint(number),
            Ok(_) | Err(_) => return wrong(),
        },
        ("uint", Constant::Int(number)) => {
            Constant::Uint(u64::try_from(*number).map_err(|_| "unsigned integer overflow")?)
        }
        ("uint", Constant::Double(number)) => {
            Constant::Uint(to_uint(*number).ok_or("unsigned integer overflow")?)
        }
        ("double", Constant::String(text)) => match to_double(text) {
            Some(number) => Constant::Double(number),
            None => return wrong(),
        },
        ("bool", Constant::String(text)) => match text.as_str() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Constant::Bool(true),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Constant::Bool(false),
            _ => return wrong(),
        },
        ("string", Constant::Bytes(bytes)) => match String::from_utf8(bytes.clone()) {
            Ok(text) => Constant::String(text),
            Err(_) => return Err("invalid UTF-8 in bytes, cannot convert to string".to_owned()),
        },
        ("string", Constant::Int(number)) => Constant::String(number.to_string()),
        ("string", Constant::Uint(number)) => Constant::String(number.to_string()),
        ("int", value @ Constant::Int(_))
        | ("uint", value @ Constant::Uint(_))
        | ("dyn" | "string" | "bytes" | "bool" | "double", value) => value.clone(),
        _ => return Ok(None),
    };
    Ok(Some(found))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_int(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (number > -LIMIT && number < LIMIT).then_some(number as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn to_uint(number: f64) -> Option<u64> {
    (0.0..18_446_744_073_709_551_616.0)
        .contains(&number)
        .then_some(number as u64)
}

/// Reads a number as Go does, which also takes digits of base 16.
fn to_double(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hexadecimal) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        let (digits, exponent) = hexadecimal.split_once(['p', 'P'])?;
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit() || c == '.');
        return (is_number && exponent.parse::<i32>().is_ok()).then_some(0.0);
    }
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() || !body.starts_with(|c: char| c.is_ascii_digit()))
}
