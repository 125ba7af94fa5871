//! The syntax tree of an expression, with the place of each node, as the API server's checker has it: macros are expanded.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, LiteralValue, SourceInfo};

/// A node. `id` is an index into the list of types that the checker makes; `at` is the offset in characters.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: usize,
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Literal(Literal),
    Ident(String),
    Select {
        operand: Box<Node>,
        field: String,
        is_test: bool,
    },
    Call {
        function: String,
        target: Option<Box<Node>>,
        arguments: Vec<Node>,
    },
    List {
        items: Vec<Node>,
        optional: Vec<usize>,
    },
    Map(Vec<Entry>),
    Object {
        name: String,
        fields: Vec<Field>,
    },
    Comprehension(Box<Comprehension>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Bytes(Vec<u8>),
    String(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
    pub(crate) is_optional: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) value: Node,
    pub(crate) is_optional: bool,
}

/// What a macro such as `all` expands to: a loop with an accumulator.
#[derive(Debug, Clone)]
pub(crate) struct Comprehension {
    pub(crate) range: Node,
    pub(crate) variable: String,
    pub(crate) second_variable: Option<String>,
    pub(crate) accumulator: String,
    pub(crate) initial: Node,
    pub(crate) condition: Node,
    pub(crate) step: Node,
    pub(crate) result: Node,
}

/// A fault of an expression, at an offset in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Node {
    pub(crate) fn as_ident(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }

    /// Returns the name that this node may be, such as `a.b.c`.
    pub(crate) fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select {
                operand,
                field,
                is_test: false,
            } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }

    /// Calls `visit` for this node and all its descendants, in the order of their ids' makers: parents first.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Literal(_) | Kind::Ident(_) => vec![],
            Kind::Select { operand, .. } => vec![operand],
            Kind::Call {
                target, arguments, ..
            } => target.as_deref().into_iter().chain(arguments).collect(),
            Kind::List { items, .. } => items.iter().collect(),
            Kind::Map(entries) => entries
                .iter()
                .flat_map(|entry| [&entry.key, &entry.value])
                .collect(),
            Kind::Object { fields, .. } => fields.iter().map(|field| &field.value).collect(),
            Kind::Comprehension(it) => {
                vec![&it.range, &it.initial, &it.condition, &it.step, &it.result]
            }
        }
    }
}

/// Makes our tree of the parser's, whose macros are not expanded yet.
pub(crate) struct Builder<'a> {
    pub(crate) offsets: &'a SourceInfo,
    pub(crate) next_id: usize,
    pub(crate) issues: Vec<Issue>,
}

impl Builder<'_> {
    pub(crate) fn make(&mut self, at: usize, kind: Kind) -> Node {
        self.next_id += 1;
        Node {
            id: self.next_id - 1,
            at,
            kind,
        }
    }

    fn place(&self, id: u64) -> usize {
        let start = self.offsets.offset_for(id).map_or(0, |(start, _)| start as usize);
        self.offsets
            .source
            .get(..start)
            .map_or(start, |before| before.chars().count())
    }

    pub(crate) fn build(&mut self, of: IdedExpr) -> Node {
        let mut at = self.place(of.id);
        let kind = match of.expr {
            Expr::Literal(value) => {
                if is_negative(&value) {
                    at = self.sign_before(at);
                }
                Kind::Literal(literal(&value))
            }
            Expr::Ident(name) => Kind::Ident(name),
            Expr::Select(select) => Kind::Select {
                operand: Box::new(self.build(*select.operand)),
                field: select.field,
                is_test: select.test,
            },
            Expr::Call(call) => {
                let target = call.target.map(|target| self.build(*target));
                let arguments = call
                    .args
                    .into_iter()
                    .map(|argument| self.build(argument))
                    .collect();
                return self.expand(at, call.func_name, target, arguments);
            }
            Expr::List(list) => Kind::List {
                items: list.elements.into_iter().map(|item| self.build(item)).collect(),
                optional: list.optional_indices,
            },
            Expr::Map(map) => Kind::Map(
                map.entries
                    .into_iter()
                    .filter_map(|entry| self.entry(entry))
                    .collect(),
            ),
            Expr::Struct(object) => Kind::Object {
                name: object.type_name,
                fields: object
                    .entries
                    .into_iter()
                    .filter_map(|entry| self.field(entry))
                    .collect(),
            },
            // Neither comes from a parser that expands no macros.
            Expr::Comprehension(_) | Expr::Unspecified => Kind::Literal(Literal::Null),
        };
        self.make(at, kind)
    }

    /// Returns where the sign of a number is: the parser's place is that of its digits.
    fn sign_before(&self, at: usize) -> usize {
        let before: Vec<char> = self.offsets.source.chars().take(at).collect();
        before
            .iter()
            .rposition(|letter| !letter.is_whitespace())
            .filter(|&sign| before[sign] == '-')
            .unwrap_or(at)
    }

    fn entry(&mut self, of: IdedEntryExpr) -> Option<Entry> {
        match of.expr {
            EntryExpr::MapEntry(entry) => Some(Entry {
                key: self.build(entry.key),
                value: self.build(entry.value),
                is_optional: entry.optional,
            }),
            EntryExpr::StructField(_) => None,
        }
    }

    fn field(&mut self, of: IdedEntryExpr) -> Option<Field> {
        let at = self.place(of.id);
        match of.expr {
            EntryExpr::StructField(field) => Some(Field {
                at,
                name: field.field,
                value: self.build(field.value),
                is_optional: field.optional,
            }),
            EntryExpr::MapEntry(_) => None,
        }
    }

    /// Makes a copy with new ids at the same places.
    pub(crate) fn copy(&mut self, of: &Node) -> Node {
        let kind = match &of.kind {
            Kind::Literal(_) | Kind::Ident(_) => of.kind.clone(),
            Kind::Select {
                operand,
                field,
                is_test,
            } => Kind::Select {
                operand: Box::new(self.copy(operand)),
                field: field.clone(),
                is_test: *is_test,
            },
            Kind::Call {
                function,
                target,
                arguments,
            } => Kind::Call {
                function: function.clone(),
                target: target.as_ref().map(|target| Box::new(self.copy(target))),
                arguments: arguments.iter().map(|argument| self.copy(argument)).collect(),
            },
            Kind::List { items, optional } => Kind::List {
                items: items.iter().map(|item| self.copy(item)).collect(),
                optional: optional.clone(),
            },
            Kind::Map(entries) => Kind::Map(entries.iter().map(|entry| self.copy_entry(entry)).collect()),
            Kind::Object { name, fields } => Kind::Object {
                name: name.clone(),
                fields: fields
                    .iter()
                    .map(|field| Field {
                        value: self.copy(&field.value),
                        ..field.clone()
                    })
                    .collect(),
            },
            Kind::Comprehension(it) => Kind::Comprehension(Box::new(Comprehension {
                range: self.copy(&it.range),
                initial: self.copy(&it.initial),
                condition: self.copy(&it.condition),
                step: self.copy(&it.step),
                result: self.copy(&it.result),
                ..(**it).clone()
            })),
        };
        self.make(of.at, kind)
    }

    fn copy_entry(&mut self, of: &Entry) -> Entry {
        Entry {
            key: self.copy(&of.key),
            value: self.copy(&of.value),
            is_optional: of.is_optional,
        }
    }
}

fn literal(of: &LiteralValue) -> Literal {
    match of {
        LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
        LiteralValue::Bytes(value) => Literal::Bytes(value.inner().to_vec()),
        LiteralValue::Double(value) => Literal::Double(*value.inner()),
        LiteralValue::Int(value) => Literal::Int(*value.inner()),
        LiteralValue::Null => Literal::Null,
        LiteralValue::String(text) => Literal::String(text.inner().to_owned()),
        LiteralValue::UInt(value) => Literal::Uint(*value.inner()),
    }
}

fn is_negative(of: &LiteralValue) -> bool {
    match of {
        LiteralValue::Int(value) => *value.inner() < 0,
        LiteralValue::Double(value) => value.inner().is_sign_negative(),
        _ => false,
    }
}
