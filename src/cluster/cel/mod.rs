//! Expressions in CEL, the Common Expression Language, as the API server checks them in an
//! `AuthenticationConfiguration`.
//!
//! The crate `cel` parses; the types are inferred here, as that crate has no checker: an expression that can be evaluated may still be one
//! that the API server refuses. Nothing here reads a token or evaluates an expression.

mod aggregates;
mod ast;
mod checker;
mod format_call;
mod functions;
mod lint;
mod macros;
mod parse;
mod prepare;
mod report;
mod text;
mod types;
mod unify;
mod variables;

pub(crate) use ast::{Comprehension, Kind, Literal, Node};
pub(crate) use types::Type;
pub(crate) use variables::Variable;

/// An expression whose types are right.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) root: Node,
    pub(crate) result: Type,
    /// The minor version of Kubernetes 1 that has all functions that it calls, if later than 1.28.
    pub(crate) since: u16,
}

/// Why the API server refuses an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The expression is wrong; the text is the API server's.
    Invalid(String),
    /// The API server reports it as an error of its own, though the expression causes it.
    Internal(String),
    /// The API server ends in a panic.
    Panic,
}

/// Checks an expression.
pub(crate) fn compile(expression: &str, variable: Variable) -> Result<Compiled, Refusal> {
    let failed = |issues| {
        Refusal::Invalid(format!(
            "compilation failed: {}",
            report::display(expression, issues)
        ))
    };
    let (root, nodes) = parse::parse(expression).map_err(failed)?;
    let mut checker = checker::Checker::run(&root, nodes, variable);
    if !checker.issues.is_empty() {
        return Err(failed(std::mem::take(&mut checker.issues)));
    }
    if lint::ends_in_panic(&root, &checker) {
        return Err(Refusal::Panic);
    }
    let issues = lint::issues(&root, &checker);
    if !issues.is_empty() {
        return Err(failed(issues));
    }
    Ok(Compiled {
        result: checker.type_of(&root),
        since: checker.since,
        root,
    })
}

impl Compiled {
    /// Makes sure that the API server can prepare the expression for evaluation.
    pub(crate) fn prepared(self, variable: Variable) -> Result<Self, Refusal> {
        match prepare::fault(&self.root, variable) {
            Some(prepare::Fault::Error(reason)) => Err(Refusal::Internal(format!(
                "program instantiation failed: {reason}"
            ))),
            Some(prepare::Fault::Panic) => Err(Refusal::Panic),
            None => Ok(self),
        }
    }
}
