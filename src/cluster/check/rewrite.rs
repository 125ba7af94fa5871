//! Changes a parsed expression where the crate `cel` and the API server evaluate it differently: names with escapes, texts of numbers, and the
//! variable itself, which is no map at the API server though its type says so.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue};

use super::go_functions;

/// The words that no name of a field may be, which the API server escapes.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Returns the expression, changed. `variable` is the name of its variable.
pub(super) fn rewritten(mut expression: IdedExpr, variable: &str) -> IdedExpr {
    rewrite(&mut expression, variable);
    expression
}

fn rewrite(node: &mut IdedExpr, variable: &str) {
    match &mut node.expr {
        Expr::Call(call) => rewrite_call(call, variable),
        Expr::Select(select) => {
            rewrite(&mut select.operand, variable);
            if select.test {
                wrap(&mut select.operand, go_functions::FIELDS);
            }
            select.field = unescaped(&select.field);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|item| rewrite(item, variable)),
        Expr::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|entry| rewrite_entry(entry, variable)),
        Expr::Struct(object) => object
            .entries
            .iter_mut()
            .for_each(|entry| rewrite_entry(entry, variable)),
        Expr::Comprehension(all) => {
            for part in [
                &mut all.iter_range,
                &mut all.accu_init,
                &mut all.loop_cond,
                &mut all.loop_step,
                &mut all.result,
            ] {
                rewrite(part, variable);
            }
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn rewrite_entry(entry: &mut IdedEntryExpr, variable: &str) {
    match &mut entry.expr {
        EntryExpr::StructField(field) => rewrite(&mut field.value, variable),
        EntryExpr::MapEntry(pair) => {
            rewrite(&mut pair.key, variable);
            rewrite(&mut pair.value, variable);
        }
    }
}

fn rewrite_call(call: &mut CallExpr, variable: &str) {
    if let Some(target) = &mut call.target {
        rewrite(target, variable);
    }
    call.args
        .iter_mut()
        .for_each(|argument| rewrite(argument, variable));
    match (call.func_name.as_str(), call.args.as_mut_slice()) {
        ("string", [value]) if call.target.is_none() => wrap(value, go_functions::NUMBER),
        ("_+_", [_, _]) => go_functions::SUM.clone_into(&mut call.func_name),
        (operator @ ("_[_]" | "_[?_]" | "_?._"), [operand, key]) => {
            if let Expr::Literal(LiteralValue::String(name)) = &key.expr {
                key.expr = Expr::Literal(LiteralValue::String(unescaped(name.inner()).into()));
                if operator != "_[_]" {
                    wrap(operand, go_functions::FIELDS);
                }
            }
        }
        // The API server fails here, as its variable has neither a size nor elements.
        ("@in" | "_in_", [_, all]) if is_variable(all, variable) => {
            all.expr = Expr::Literal(LiteralValue::Null);
        }
        ("size", [all]) if is_variable(all, variable) => all.expr = Expr::Literal(LiteralValue::Null),
        _ => {}
    }
}

/// Makes the node an argument of a function.
fn wrap(node: &mut IdedExpr, function: &str) {
    let inner = std::mem::take(node);
    *node = IdedExpr {
        id: inner.id,
        expr: Expr::Call(CallExpr {
            func_name: function.to_owned(),
            target: None,
            args: vec![inner],
        }),
    };
}

fn is_variable(node: &IdedExpr, variable: &str) -> bool {
    match &node.expr {
        Expr::Ident(name) => name == variable,
        Expr::Call(call) if call.func_name == "dyn" => call
            .args
            .first()
            .is_some_and(|inner| is_variable(inner, variable)),
        _ => false,
    }
}

/// Resolves the escapes that names of fields have in an expression, such as `__dot__`. A name that is no right escape stays what it is.
fn unescaped(name: &str) -> String {
    let (mut made, mut rest) = (String::new(), name);
    while let Some(start) = rest.find("__") {
        let inner = &rest[start + 2..];
        let Some(end) = inner
            .find("__")
            .filter(|end| *end > 0 && !inner[..*end].contains('_'))
        else {
            made.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        };
        let letters = match &inner[..end] {
            "underscores" => "__",
            "dot" => ".",
            "dash" => "-",
            "slash" => "/",
            word if RESERVED.contains(&word) && name.len() == end + 4 => word,
            _ => return name.to_owned(),
        };
        made.push_str(&rest[..start]);
        made.push_str(letters);
        rest = &inner[end + 2..];
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn escapes_of_names_are_resolved() {
        for (name, wanted) in [
            ("a", "a"),
            ("a__dot__b", "a.b"),
            ("a__dash__b__slash__c", "a-b/c"),
            ("__namespace__", "namespace"),
            ("x__namespace__", "x__namespace__"),
            ("a__underscores__b", "a__b"),
            ("a__b", "a__b"),
            ("__x__", "__x__"),
            ("___dot__", "_."),
        ] {
            assert_eq!(unescaped(name), wanted);
        }
    }
}
