//! Functions that stand for those of the crate `cel` where its values differ from the API server's.

use std::sync::Arc;

use cel::objects::OptionalValue;
use cel::{Context, ExecutionError, Value};

/// A function that makes a text of a double, and is the identity for the rest.
pub(super) const NUMBER: &str = "kubesesame_number";

/// Addition, which the crate does for a list and a map too.
pub(super) const SUM: &str = "kubesesame_sum";

/// The identity for what may have fields, be it optional. Other values but lists are taken to have none.
pub(super) const FIELDS: &str = "kubesesame_fields";

/// Makes the functions known.
pub(super) fn add(context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
    context.add_function(NUMBER, number)?;
    context.add_function(SUM, sum)?;
    context.add_function(FIELDS, fields)
}

fn number(value: Value) -> Value {
    match value {
        Value::Float(number) => Value::String(Arc::new(double(number))),
        other => other,
    }
}

fn sum(left: Value, right: Value) -> Result<Value, ExecutionError> {
    match (left, right) {
        (Value::Bytes(left), Value::Bytes(right)) => {
            Ok(Value::Bytes(Arc::new([left.as_slice(), &right].concat())))
        }
        (left, right) => left + right,
    }
}

fn fields(value: Value) -> Result<Value, ExecutionError> {
    let inner = match &value {
        Value::Opaque(inner) => inner
            .downcast_ref::<OptionalValue>()
            .and_then(OptionalValue::value),
        plain => Some(plain),
    };
    match inner {
        Some(Value::List(_)) => Err(ExecutionError::function_error(
            "select",
            "unsupported index type 'string' in list",
        )),
        _ => Ok(value),
    }
}

/// The text that Go makes of a double by `%g`: the shortest digits, with an exponent if it is below -4 or above 5.
fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&power) {
        return number.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::double;

    #[test]
    fn doubles_are_written_as_go_writes_them() {
        for (number, wanted) in [
            (0.0, "0"),
            (-1.0, "-1"),
            (123_456.0, "123456"),
            (1_234_567.5, "1.2345675e+06"),
            (1_700_000_000.0, "1.7e+09"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (1e-7, "1e-07"),
            (-2.5e-300, "-2.5e-300"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(double(number), wanted);
        }
    }
}
