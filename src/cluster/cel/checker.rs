//! Finds the type of an expression, or why it has none.
//!
//! The rules are those of the API server's checker: overloads are tried in their order, and each one that fits may give type parameters a
//! meaning. A list or map literal has items of one type.

use super::ast::{Comprehension, Issue, Kind, Literal, Node};
use super::functions::{Overload, overloads};
use super::types::Type;
use super::unify::Meanings;
use super::variables::{FieldType, Variable, field_type, identifier};

/// What the checker knows. `types` has one for each id of a node.
pub(crate) struct Checker {
    pub(crate) variable: Variable,
    pub(crate) types: Vec<Option<Type>>,
    pub(crate) issues: Vec<Issue>,
    /// The latest minor version that introduced one of the functions called.
    pub(crate) since: u16,
    pub(super) meanings: Meanings,
    scopes: Vec<(String, Type)>,
    parameters: usize,
}

impl Checker {
    /// Checks a tree whose ids are below `nodes`.
    pub(crate) fn run(root: &Node, nodes: usize, variable: Variable) -> Self {
        let mut checker = Self {
            variable,
            types: vec![None; nodes],
            issues: Vec::new(),
            since: 0,
            meanings: Meanings::default(),
            scopes: Vec::new(),
            parameters: 0,
        };
        checker.check(root);
        for found in checker.types.iter_mut().flatten() {
            *found = checker.meanings.substitute(found, true);
        }
        checker
    }

    pub(crate) fn type_of(&self, node: &Node) -> Type {
        self.types.get(node.id).cloned().flatten().unwrap_or(Type::Error)
    }

    pub(super) fn report(&mut self, at: usize, message: String) {
        self.issues.push(Issue { at, message });
    }

    pub(super) fn mismatch(&mut self, node: &Node, expected: &Type, found: &Type) {
        self.report(node.at, format!("expected type '{expected}' but found '{found}'"));
    }

    pub(super) fn new_parameter(&mut self) -> Type {
        self.parameters += 1;
        Type::Parameter(format!("_var{}", self.parameters - 1))
    }

    pub(super) fn check(&mut self, node: &Node) -> Type {
        let found = match &node.kind {
            Kind::Literal(literal) => literal_type(literal),
            Kind::Ident(name) => self.check_ident(node, name),
            Kind::Select {
                operand,
                field,
                is_test,
            } => self.check_select(node, operand, field, *is_test),
            Kind::Call {
                function,
                target,
                arguments,
            } => self.check_call(node, function, target.as_deref(), arguments),
            Kind::List { items, optional } => self.check_list(items, optional),
            Kind::Map(entries) => self.check_map(entries),
            Kind::Object { name, fields } => self.check_object(node, name, fields),
            Kind::Comprehension(it) => self.check_comprehension(it),
        };
        if let Some(slot) = self.types.get_mut(node.id) {
            *slot = Some(found.clone());
        }
        found
    }

    /// Returns the type of a name. A leading dot means the outermost scope.
    pub(super) fn lookup(&self, name: &str) -> Option<Type> {
        let local = self.scopes.iter().rev().find(|(known, _)| known == name);
        local
            .map(|(_, found)| found.clone())
            .or_else(|| identifier(self.variable, name.trim_start_matches('.')))
    }

    fn check_ident(&mut self, node: &Node, name: &str) -> Type {
        self.lookup(name).unwrap_or_else(|| self.undeclared(node, name))
    }

    pub(super) fn undeclared(&mut self, node: &Node, name: &str) -> Type {
        self.report(
            node.at,
            format!("undeclared reference to '{name}' (in container '')"),
        );
        Type::Error
    }

    fn check_select(&mut self, node: &Node, operand: &Node, field: &str, is_test: bool) -> Type {
        if let Some(found) = node.qualified_name().and_then(|name| self.lookup(&name)) {
            return found;
        }
        let found = self.check_field(node, operand, field, false);
        if is_test {
            Type::Bool
        } else {
            self.meanings.substitute(&found, false)
        }
    }

    fn check_field(&mut self, node: &Node, operand: &Node, field: &str, as_optional: bool) -> Type {
        let operand = self.check(operand);
        let operand = self.meanings.substitute(&operand, false);
        let target = operand.unwrap_optional().unwrap_or(&operand);
        let found = match target {
            Type::Map(_, value) => (**value).clone(),
            Type::Object(name) => self.object_field(node.at, name, field),
            Type::Parameter(_) => {
                self.meanings.assign(&Type::Dyn, target);
                Type::Dyn
            }
            other => {
                if !other.is_dyn_or_error() {
                    self.report(
                        node.at,
                        format!("type '{other}' does not support field selection"),
                    );
                }
                Type::Dyn
            }
        };
        if as_optional || operand.unwrap_optional().is_some() {
            Type::optional(found)
        } else {
            found
        }
    }

    pub(super) fn object_field(&mut self, at: usize, object: &str, field: &str) -> Type {
        match field_type(self.variable, object, field) {
            FieldType::Known(found) => found,
            FieldType::Undefined => {
                self.report(at, format!("undefined field '{field}'"));
                Type::Error
            }
            FieldType::UnknownObject => {
                self.report(at, format!("unexpected failed resolution of '{object}'"));
                Type::Error
            }
        }
    }

    fn check_call(&mut self, node: &Node, function: &str, target: Option<&Node>, arguments: &[Node]) -> Type {
        if function == "_?._" {
            return self.check_optional_select(node, arguments);
        }
        let mut types: Vec<Type> = arguments.iter().map(|argument| self.check(argument)).collect();
        let Some(target) = target else {
            return match overloads(function) {
                Some(overloads) => self.resolve(node, function, overloads, false, &types, arguments),
                None => self.undeclared(node, function),
            };
        };
        // `a.b.c()` is the function `a.b.c`, or else `c` called on `a.b`.
        if let Some(prefix) = target.qualified_name() {
            let name = format!("{prefix}.{function}");
            if let Some(overloads) = overloads(name.trim_start_matches('.')) {
                return self.resolve(
                    node,
                    name.trim_start_matches('.'),
                    overloads,
                    false,
                    &types,
                    arguments,
                );
            }
        }
        types.insert(0, self.check(target));
        match overloads(function) {
            Some(overloads) => self.resolve(node, function, overloads, true, &types, arguments),
            None => self.undeclared(node, function),
        }
    }

    fn check_optional_select(&mut self, node: &Node, arguments: &[Node]) -> Type {
        let [
            operand,
            Node {
                kind: Kind::Literal(Literal::String(field)),
                ..
            },
        ] = arguments
        else {
            self.report(node.at, "unsupported optional field selection".to_owned());
            return Type::Error;
        };
        let found = self.check_field(node, operand, field, true);
        self.meanings.substitute(&found, false)
    }

    fn resolve(
        &mut self,
        node: &Node,
        function: &str,
        overloads: &'static [Overload],
        is_method: bool,
        types: &[Type],
        arguments: &[Node],
    ) -> Type {
        if matches!(function, "_&&_" | "_||_") {
            return self.check_logical(types, arguments);
        }
        let (mut result, mut since): (Option<Type>, u16) = (None, u16::MAX);
        for overload in overloads
            .iter()
            .filter(|overload| overload.is_method == is_method)
        {
            let (wanted, found) = self.instance(overload);
            if !self.meanings.assign_all(types, &wanted) {
                continue;
            }
            let found = self.meanings.substitute(&found, false);
            since = since.min(overload.since);
            result = Some(match result {
                Some(before) if !before.is_dyn() && before != found => Type::Dyn,
                Some(before) => before,
                None => found,
            });
        }
        if let Some(result) = result {
            self.since = self.since.max(since);
            return result;
        }
        let spelt: Vec<String> = types
            .iter()
            .map(|found| self.meanings.substitute(found, true).to_string())
            .collect();
        let signature = match spelt.split_first() {
            Some((target, rest)) if is_method => format!("{target}.({})", rest.join(", ")),
            _ => format!("({})", spelt.join(", ")),
        };
        self.report(
            node.at,
            format!("found no matching overload for '{function}' applied to '{signature}'"),
        );
        Type::Error
    }

    /// Each operand of `&&` and `||` is named alone if it is not a bool.
    fn check_logical(&mut self, types: &[Type], arguments: &[Node]) -> Type {
        let mut result = Type::Bool;
        for (found, argument) in types.iter().zip(arguments) {
            if !self.meanings.assign(found, &Type::Bool) {
                self.mismatch(argument, &Type::Bool, found);
                result = Type::Error;
            }
        }
        result
    }

    /// Returns arguments and result of an overload with parameters of its own.
    fn instance(&mut self, overload: &Overload) -> (Vec<Type>, Type) {
        let mut fresh: Vec<(String, Type)> = Vec::new();
        let arguments = overload
            .arguments
            .iter()
            .map(|of| self.renamed(of, &mut fresh))
            .collect();
        (arguments, self.renamed(&overload.result, &mut fresh))
    }

    fn renamed(&mut self, of: &Type, fresh: &mut Vec<(String, Type)>) -> Type {
        let Type::Parameter(name) = of else {
            return of.map_parameters(&mut |parameter| self.renamed(parameter, fresh));
        };
        if let Some((_, known)) = fresh.iter().find(|(known, _)| known == name) {
            return known.clone();
        }
        let parameter = self.new_parameter();
        fresh.push((name.clone(), parameter.clone()));
        parameter
    }

    fn check_comprehension(&mut self, it: &Comprehension) -> Type {
        let range = self.check(&it.range);
        let accumulated = self.check(&it.initial);
        let range = self.meanings.substitute(&range, false);
        let scope = self.scopes.len();
        self.scopes.push((it.accumulator.clone(), accumulated.clone()));
        let (first, second) = match (&range, it.second_variable.is_some()) {
            (Type::List(item), false) => ((**item).clone(), None),
            (Type::List(item), true) => (Type::Int, Some((**item).clone())),
            (Type::Map(key, value), _) => ((**key).clone(), Some((**value).clone())),
            (Type::Dyn | Type::Error | Type::Parameter(_), _) => {
                self.meanings.assign(&Type::Dyn, &range);
                (Type::Dyn, Some(Type::Dyn))
            }
            (other, _) => {
                let reason = "cannot be range of a comprehension (must be list, map, or dynamic)";
                self.report(it.range.at, format!("expression of type '{other}' {reason}"));
                (Type::Error, Some(Type::Error))
            }
        };
        self.scopes.push((it.variable.clone(), first));
        if let (Some(name), Some(second)) = (&it.second_variable, second) {
            self.scopes.push((name.clone(), second));
        }
        self.check_as(&it.condition, &Type::Bool);
        self.check_as(&it.step, &accumulated);
        self.scopes.truncate(scope + 1);
        let result = self.check(&it.result);
        self.scopes.truncate(scope);
        self.meanings.substitute(&result, false)
    }

    fn check_as(&mut self, node: &Node, wanted: &Type) {
        let found = self.check(node);
        if !self.meanings.assign(wanted, &found) {
            self.mismatch(node, wanted, &found);
        }
    }
}

fn literal_type(of: &Literal) -> Type {
    match of {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::Bytes(_) => Type::Bytes,
        Literal::String(_) => Type::String,
    }
}
