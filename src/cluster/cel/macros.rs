//! Expands the macros of CEL and of the API server's libraries.
//!
//! Each expands to what the API server makes of it, so that the checker finds the same faults at the same places. What a macro adds is
//! placed at the macro's opening parenthesis.

use super::ast::{Builder, Comprehension, Issue, Kind, Literal, Node};

const ACCUMULATOR: &str = "@result";

/// What cel-go called the accumulator before; a variable must not have that name either.
const OLD_ACCUMULATOR: &str = "__result__";

/// The parts of a comprehension that differ between macros.
struct Loop {
    initial: Node,
    condition: Node,
    step: Node,
    result: Node,
}

impl Builder<'_> {
    /// Makes a call, or what it expands to if it is a macro.
    pub(crate) fn expand(
        &mut self,
        at: usize,
        function: String,
        target: Option<Node>,
        arguments: Vec<Node>,
    ) -> Node {
        let expansion = match (&target, function.as_str(), arguments.len()) {
            (None, "has", 1) => self.has(at, &arguments[0]),
            (Some(range), "all" | "exists" | "exists_one" | "map" | "filter", 2)
            | (Some(range), "map", 3) => self.one_variable(at, &function, range, &arguments),
            (Some(range), "all" | "exists" | "exists_one" | "existsOne", 3)
            | (Some(range), "transformList" | "transformMap" | "transformMapEntry", 3 | 4) => {
                self.two_variables(at, &function, range, &arguments)
            }
            (Some(target), "optMap" | "optFlatMap", 2) => {
                self.optional_map(at, &function, target, &arguments)
            }
            (Some(target), "sortBy", 2) => self.sort_by(at, target, &arguments),
            _ => {
                let target = target.map(Box::new);
                return self.make(
                    at,
                    Kind::Call {
                        function,
                        target,
                        arguments,
                    },
                );
            }
        };
        expansion.unwrap_or_else(|issue| {
            self.issues.push(issue);
            self.make(at, Kind::Literal(Literal::Null))
        })
    }

    fn has(&mut self, at: usize, argument: &Node) -> Result<Node, Issue> {
        let Kind::Select { operand, field, .. } = &argument.kind else {
            return Err(issue(argument, "invalid argument to has() macro"));
        };
        let (operand, field) = (operand.clone(), field.clone());
        Ok(self.make(
            at,
            Kind::Select {
                operand,
                field,
                is_test: true,
            },
        ))
    }

    fn one_variable(
        &mut self,
        at: usize,
        function: &str,
        range: &Node,
        arguments: &[Node],
    ) -> Result<Node, Issue> {
        let fault = if matches!(function, "map" | "filter") {
            "argument is not an identifier"
        } else {
            "argument must be a simple name"
        };
        let variable = arguments[0]
            .as_ident()
            .ok_or_else(|| issue(&arguments[0], fault))?
            .to_owned();
        refuse_accumulator(&variable, &arguments[0])?;
        let parts = match function {
            "map" => self.collecting(at, &arguments[1..]),
            "filter" => self.collecting(at, &[arguments[1].clone(), arguments[0].clone()]),
            _ => self.quantifier(at, function, &arguments[1]),
        };
        Ok(self.comprehension(at, range.clone(), (variable, None), parts))
    }

    fn two_variables(
        &mut self,
        at: usize,
        function: &str,
        range: &Node,
        arguments: &[Node],
    ) -> Result<Node, Issue> {
        let name = |of: &Node| match of.as_ident() {
            Some(name) => Ok(name.to_owned()),
            None => Err(issue(of, "argument must be a simple name")),
        };
        let (first, second) = (name(&arguments[0])?, name(&arguments[1])?);
        if first == second {
            return Err(issue(&arguments[1], &format!("duplicate variable name: {first}")));
        }
        refuse_accumulator(&first, &arguments[0])?;
        refuse_accumulator(&second, &arguments[1])?;
        let parts = match function {
            "transformList" => self.collecting(at, &arguments[2..]),
            "transformMap" | "transformMapEntry" => {
                let key = (function == "transformMap").then_some(first.as_str());
                self.inserting(at, key, &arguments[2..])
            }
            _ => self.quantifier(at, function, &arguments[2]),
        };
        Ok(self.comprehension(at, range.clone(), (first, Some(second)), parts))
    }

    fn comprehension(
        &mut self,
        at: usize,
        range: Node,
        (variable, second_variable): (String, Option<String>),
        parts: Loop,
    ) -> Node {
        let Loop {
            initial,
            condition,
            step,
            result,
        } = parts;
        let accumulator = ACCUMULATOR.to_owned();
        let it = Comprehension {
            range,
            variable,
            second_variable,
            accumulator,
            initial,
            condition,
            step,
            result,
        };
        self.make(at, Kind::Comprehension(Box::new(it)))
    }

    fn quantifier(&mut self, at: usize, function: &str, predicate: &Node) -> Loop {
        let predicate = predicate.clone();
        let accumulator = self.accumulator(at);
        match function {
            "all" => Loop {
                initial: self.make(at, Kind::Literal(Literal::Bool(true))),
                condition: self.call(at, "@not_strictly_false", vec![accumulator.clone()]),
                step: self.call(at, "_&&_", vec![accumulator.clone(), predicate]),
                result: accumulator,
            },
            "exists" => {
                let negated = self.call(at, "!_", vec![accumulator.clone()]);
                Loop {
                    initial: self.make(at, Kind::Literal(Literal::Bool(false))),
                    condition: self.call(at, "@not_strictly_false", vec![negated]),
                    step: self.call(at, "_||_", vec![accumulator.clone(), predicate]),
                    result: accumulator,
                }
            }
            _ => {
                let one = self.make(at, Kind::Literal(Literal::Int(1)));
                let more = self.call(at, "_+_", vec![accumulator.clone(), one.clone()]);
                Loop {
                    initial: self.make(at, Kind::Literal(Literal::Int(0))),
                    condition: self.make(at, Kind::Literal(Literal::Bool(true))),
                    step: self.call(at, "_?_:_", vec![predicate, more, accumulator.clone()]),
                    result: self.call(at, "_==_", vec![accumulator, one]),
                }
            }
        }
    }

    /// A list of what the last of `arguments` makes of each item; one before it is a filter.
    fn collecting(&mut self, at: usize, arguments: &[Node]) -> Loop {
        let items = arguments.last().cloned().into_iter().collect();
        let item = self.make(
            at,
            Kind::List {
                items,
                optional: vec![],
            },
        );
        let accumulator = self.accumulator(at);
        let step = self.call(at, "_+_", vec![accumulator.clone(), item]);
        Loop {
            initial: self.make(
                at,
                Kind::List {
                    items: vec![],
                    optional: vec![],
                },
            ),
            condition: self.make(at, Kind::Literal(Literal::Bool(true))),
            step: self.filtered(at, arguments, step),
            result: accumulator,
        }
    }

    /// The same for a map, with the variable `key` as the key of each entry, or entries as the expression makes them.
    fn inserting(&mut self, at: usize, key: Option<&str>, arguments: &[Node]) -> Loop {
        let accumulator = self.accumulator(at);
        let mut inserted = vec![accumulator.clone()];
        if let Some(key) = key {
            inserted.push(self.make(at, Kind::Ident(key.to_owned())));
        }
        inserted.extend(arguments.last().cloned());
        let step = self.call(at, "cel.@mapInsert", inserted);
        Loop {
            initial: self.make(at, Kind::Map(vec![])),
            condition: self.make(at, Kind::Literal(Literal::Bool(true))),
            step: self.filtered(at, arguments, step),
            result: accumulator,
        }
    }

    fn filtered(&mut self, at: usize, arguments: &[Node], step: Node) -> Node {
        if arguments.len() < 2 {
            return step;
        }
        let accumulator = self.accumulator(at);
        self.call(at, "_?_:_", vec![arguments[0].clone(), step, accumulator])
    }

    fn optional_map(
        &mut self,
        at: usize,
        function: &str,
        target: &Node,
        arguments: &[Node],
    ) -> Result<Node, Issue> {
        let Some(variable) = arguments[0].as_ident() else {
            let fault = format!("{function}() variable name must be a simple identifier");
            return Err(issue(&arguments[0], &fault));
        };
        let copy = self.copy(target);
        let value = self.method(at, "value", copy, vec![]);
        let mut mapped = self.binding(at, variable, value, arguments[1].clone());
        if function == "optMap" {
            mapped = self.call(at, "optional.of", vec![mapped]);
        }
        let has_value = self.method(at, "hasValue", target.clone(), vec![]);
        let none = self.call(at, "optional.none", vec![]);
        Ok(self.call(at, "_?_:_", vec![has_value, mapped, none]))
    }

    fn sort_by(&mut self, at: usize, target: &Node, arguments: &[Node]) -> Result<Node, Issue> {
        if matches!(target.kind, Kind::Literal(_) | Kind::Map(_) | Kind::Object { .. }) {
            let fault =
                "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
            return Err(issue(target, fault));
        }
        let name = "@__sortBy_input__";
        let input = self.make(at, Kind::Ident(name.to_owned()));
        let keys = self.one_variable(at, "map", &input, arguments)?;
        let input = self.make(at, Kind::Ident(name.to_owned()));
        let sorted = self.method(at, "@sortByAssociatedKeys", input, vec![keys]);
        Ok(self.binding(at, name, target.clone(), sorted))
    }

    /// `result`, in which `variable` has a value: a comprehension over nothing.
    fn binding(&mut self, at: usize, variable: &str, value: Node, result: Node) -> Node {
        let it = Comprehension {
            range: self.make(
                at,
                Kind::List {
                    items: vec![],
                    optional: vec![],
                },
            ),
            variable: "#unused".to_owned(),
            second_variable: None,
            accumulator: variable.to_owned(),
            initial: value,
            condition: self.make(at, Kind::Literal(Literal::Bool(false))),
            step: self.make(at, Kind::Ident(variable.to_owned())),
            result,
        };
        self.make(at, Kind::Comprehension(Box::new(it)))
    }

    fn accumulator(&mut self, at: usize) -> Node {
        self.make(at, Kind::Ident(ACCUMULATOR.to_owned()))
    }

    fn call(&mut self, at: usize, function: &str, arguments: Vec<Node>) -> Node {
        let function = function.to_owned();
        self.make(
            at,
            Kind::Call {
                function,
                target: None,
                arguments,
            },
        )
    }

    fn method(&mut self, at: usize, function: &str, target: Node, arguments: Vec<Node>) -> Node {
        let (function, target) = (function.to_owned(), Some(Box::new(target)));
        self.make(
            at,
            Kind::Call {
                function,
                target,
                arguments,
            },
        )
    }
}

fn refuse_accumulator(variable: &str, node: &Node) -> Result<(), Issue> {
    if matches!(variable, ACCUMULATOR | OLD_ACCUMULATOR) {
        return Err(issue(node, "iteration variable overwrites accumulator variable"));
    }
    Ok(())
}

fn issue(node: &Node, message: &str) -> Issue {
    Issue {
        at: node.at,
        message: message.to_owned(),
    }
}
