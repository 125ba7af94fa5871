//! Evaluates an expression whose types were checked, by the crate `cel`, as the API server does. That crate knows the functions of CEL and its
//! extensions for strings and lists, and not those that only the API server has.

use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr};
use cel::{Context, Env, ExecutionError, IdedExpr, OverloadError, extensions};
use serde_json::{Number, Value};

use super::go_functions;
use super::rewrite::rewritten;

/// What comes of an expression.
#[derive(Debug, PartialEq)]
pub(super) enum Evaluation {
    Value(Outcome),
    /// The API server refuses the token.
    Failed(String),
    /// It uses what is not known here.
    Impossible,
}

/// A result, as far as the API server makes something of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Null,
    Bool(bool),
    Text(String),
    /// What is no text is `None`.
    List(Vec<Option<String>>),
    Other,
}

/// Evaluates an expression with one variable.
pub(super) fn evaluate(expression: &str, name: &str, variable: &Value) -> Evaluation {
    let mut env = Env::stdlib();
    if env.add_extension(extensions::strings).is_err() || env.add_extension(extensions::lists).is_err() {
        return Evaluation::Impossible;
    }
    // As in cel-go, the last of repeated keys counts.
    env.set_error_on_duplicate_map_keys(false);
    let Ok(parsed) = env.parser().enable_optional_syntax(true).parse(expression) else {
        return Evaluation::Impossible;
    };
    let root = rewritten(parsed, name);
    let mut context = Context::with_env(Arc::new(env));
    let added = go_functions::add(&mut context)
        .is_ok()
        .then(|| context.add_variable(name.to_owned(), with_doubles(variable.clone())));
    if !matches!(added, Some(Ok(()))) {
        return Evaluation::Impossible;
    }
    match context.resolve(&root) {
        Ok(cel::Value::List(_)) if is_list_of_go(&root, &context) => Evaluation::Value(Outcome::Other),
        Ok(value) => Evaluation::Value(outcome(&value)),
        Err(ExecutionError::NoSuchKey(key)) => Evaluation::Failed(format!("no such key: {key}")),
        Err(ExecutionError::UndeclaredReference(_) | ExecutionError::NotSupportedAsMethod { .. }) => {
            Evaluation::Impossible
        }
        Err(ExecutionError::NoSuchOverload(error)) if is_of_lists(&error) => Evaluation::Impossible,
        Err(error) => Evaluation::Failed(error.to_string()),
    }
}

/// Whether a function was called for a list that the API server has for lists too.
fn is_of_lists(error: &OverloadError) -> bool {
    let receiver = error.argument_types().first().map(String::as_str);
    matches!(error.function(), "indexOf" | "lastIndexOf") && receiver == Some("list")
}

fn outcome(value: &cel::Value) -> Outcome {
    match value {
        cel::Value::Null => Outcome::Null,
        cel::Value::Bool(value) => Outcome::Bool(*value),
        cel::Value::String(text) => Outcome::Text(text.to_string()),
        cel::Value::List(items) => Outcome::List(
            items
                .iter()
                .map(|item| match item {
                    cel::Value::String(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect(),
        ),
        _ => Outcome::Other,
    }
}

/// Makes each number a double, as the API server's reader of claims does.
fn with_doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => number
            .as_f64()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
        Value::Array(items) => items.into_iter().map(with_doubles).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, with_doubles(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Whether the value is a list as a function of the API server made it, which it does not take for a list of texts when it maps claims.
fn is_list_of_go(expression: &IdedExpr, context: &Context<'_, '_>) -> bool {
    let Expr::Call(CallExpr {
        func_name,
        target,
        args,
    }) = &expression.expr
    else {
        return false;
    };
    let is_empty =
        |part: &IdedExpr| matches!(context.resolve(part), Ok(cel::Value::List(items)) if items.is_empty());
    match (func_name.as_str(), target, args.as_slice()) {
        ("split", Some(_), _) => true,
        ("dyn", None, [value]) => is_list_of_go(value, context),
        ("_?_:_", None, [condition, yes, no]) => match context.resolve(condition) {
            Ok(cel::Value::Bool(true)) => is_list_of_go(yes, context),
            _ => is_list_of_go(no, context),
        },
        // A list that is added to an empty one stays what it is.
        (go_functions::SUM, None, [left, right]) if is_empty(left) => is_list_of_go(right, context),
        (go_functions::SUM, None, [left, right]) if is_empty(right) => is_list_of_go(left, context),
        _ => false,
    }
}
