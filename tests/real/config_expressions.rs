//! Makes expressions of CEL by a grammar: some are right, most have a type that does not fit somewhere.

use crate::config_generator::Generator;

const LITERALS: [&str; 14] = [
    "1", "-1", "2u", "1.5", "true", "false", "null", "'a'", "'a,b'", "[]", "{}", "b\"x\"", "'é'", "'okta:'",
];
const CLAIMS: [&str; 9] = [
    "claims",
    "claims.groups",
    "claims.sub",
    "claims.email",
    "claims.a.b",
    "claims.?groups",
    "claims['x']",
    "dyn(claims.groups)",
    "claims.email_verified",
];
const USER: [&str; 7] = [
    "user",
    "user.username",
    "user.groups",
    "user.extra",
    "user.uid",
    "user.?groups",
    "user.foo",
];
const METHODS: [&str; 42] = [
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "split",
    "matches",
    "lowerAscii",
    "upperAscii",
    "trim",
    "replace",
    "join",
    "indexOf",
    "orValue",
    "or",
    "hasValue",
    "value",
    "sum",
    "min",
    "isSorted",
    "distinct",
    "flatten",
    "sort",
    "reverse",
    "slice",
    "first",
    "last",
    "find",
    "findAll",
    "format",
    "charAt",
    "substring",
    "getFullYear",
    "family",
    "containsIP",
    "isLessThan",
    "major",
    "unwrapOpt",
    "validate",
    "getHost",
    "foo",
    "lastIndexOf",
    "max",
];
const FUNCTIONS: [&str; 25] = [
    "size",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "duration",
    "timestamp",
    "ip",
    "cidr",
    "isIP",
    "semver",
    "quantity",
    "url",
    "optional.of",
    "optional.none",
    "sets.contains",
    "lists.range",
    "strings.quote",
    "has",
    "matches",
    "bar",
];
const OPERATORS: [&str; 13] = [
    "+", "-", "==", "!=", "&&", "||", "<", ">=", "in", "*", "/", "%", "+",
];

/// Returns an expression. `variables` are those of the macros around it.
pub(crate) fn expression(
    generator: &mut Generator,
    root: &'static str,
    depth: usize,
    variables: &[&'static str],
) -> String {
    if depth == 0 || generator.chance(10) {
        return leaf(generator, root, variables);
    }
    let mut inner = |generator: &mut Generator| expression(generator, root, depth - 1, variables);
    match generator.below(16) {
        0..=2 => {
            let (left, operator) = (inner(generator), generator.pick(&OPERATORS));
            format!("{left} {operator} {}", inner(generator))
        }
        3 => format!(
            "({} ? {} : {})",
            inner(generator),
            inner(generator),
            inner(generator)
        ),
        4 => format!("{}{}", generator.pick(&["!", "-"]), inner(generator)),
        5 => format!("[{}]", list(generator, 3, &mut inner)),
        6 => {
            let mark = generator.pick(&["", "", "", "?"]);
            format!("{{{mark}{}: {}}}", inner(generator), inner(generator))
        }
        7..=9 => call_of_macro(generator, root, depth, variables),
        10 | 11 => {
            let (target, method) = (inner(generator), generator.pick(&METHODS));
            format!("{target}.{method}({})", list(generator, 2, &mut inner))
        }
        12 => {
            let function = generator.pick(&FUNCTIONS);
            format!("{function}({})", list(generator, 2, &mut inner))
        }
        13 => format!(
            "{}{}{}",
            inner(generator),
            generator.pick(&[".", ".?"]),
            generator.pick(&["a", "b", "username", "groups"])
        ),
        14 => format!(
            "{}[{}{}]",
            inner(generator),
            generator.pick(&["", "", "?"]),
            inner(generator)
        ),
        _ => format!("({})", inner(generator)),
    }
}

fn leaf(generator: &mut Generator, root: &str, variables: &[&'static str]) -> String {
    let names: &[&str] = if root == "user" { &USER } else { &CLAIMS };
    match generator.below(10) {
        0..=3 if !variables.is_empty() => generator.pick(variables).to_owned(),
        0..=5 => generator.pick(names).to_owned(),
        6 if generator.chance(20) => generator
            .pick(&["claims", "user", "foo", "int", "list"])
            .to_owned(),
        _ => generator.pick(&LITERALS).to_owned(),
    }
}

fn list(generator: &mut Generator, most: usize, inner: &mut impl FnMut(&mut Generator) -> String) -> String {
    let count = generator.below(most + 1);
    (0..count)
        .map(|_| inner(generator))
        .collect::<Vec<_>>()
        .join(", ")
}

fn call_of_macro(
    generator: &mut Generator,
    root: &'static str,
    depth: usize,
    variables: &[&'static str],
) -> String {
    let target = expression(generator, root, depth - 1, variables);
    let (first, second) = (generator.pick(&["x", "y"]), generator.pick(&["y", "z"]));
    let name = generator.pick(&[
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
        "map",
        "filter",
        "transformList",
        "transformMap",
        "sortBy",
        "optMap",
        "optFlatMap",
        "existsOne",
    ]);
    let is_pair = name.starts_with("transform") || (generator.chance(15) && name != "map");
    let known: Vec<&'static str> = variables
        .iter()
        .copied()
        .chain([first, second].into_iter().take(1 + usize::from(is_pair)))
        .collect();
    let body = |generator: &mut Generator| expression(generator, root, depth - 1, &known);
    if is_pair {
        return format!("({target}).{name}({first}, {second}, {})", body(generator));
    }
    if name == "map" && generator.chance(25) {
        return format!(
            "({target}).map({first}, {}, {})",
            body(generator),
            body(generator)
        );
    }
    format!("({target}).{name}({first}, {})", body(generator))
}
