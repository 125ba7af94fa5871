//! Evaluates an expression whose types were checked, by the crate `cel`. It knows the functions of CEL and its extensions for strings and lists, and not
//! those that only the API server has.

use std::sync::Arc;

use cel::{Context, Env, ExecutionError, extensions};
use serde_json::Value;

/// What comes of an expression.
#[derive(Debug, PartialEq)]
pub(super) enum Evaluation {
    Value(Value),
    /// The API server refuses the token.
    Failed(String),
    /// It uses what is not known here.
    Impossible,
}

/// Evaluates an expression with one variable.
pub(super) fn evaluate(expression: &str, name: &str, variable: &Value) -> Evaluation {
    let mut env = Env::stdlib();
    if env.add_extension(extensions::strings).is_err() || env.add_extension(extensions::lists).is_err() {
        return Evaluation::Impossible;
    }
    // As in cel-go, the last of repeated keys counts.
    env.set_error_on_duplicate_map_keys(false);
    let Ok(program) = env.compile(expression) else {
        return Evaluation::Impossible;
    };
    let mut context = Context::with_env(Arc::new(env));
    if context.add_variable(name.to_owned(), variable.clone()).is_err() {
        return Evaluation::Impossible;
    }
    match program.execute(&context) {
        Ok(value) => match value.json() {
            Ok(value) => Evaluation::Value(value),
            Err(_) => Evaluation::Failed("the result is no text, number, list or map".to_owned()),
        },
        Err(ExecutionError::NoSuchKey(key)) => Evaluation::Failed(format!("no such key: {key}")),
        Err(ExecutionError::UndeclaredReference(_) | ExecutionError::NotSupportedAsMethod { .. }) => {
            Evaluation::Impossible
        }
        Err(error) => Evaluation::Failed(error.to_string()),
    }
}
