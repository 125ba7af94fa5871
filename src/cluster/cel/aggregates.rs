//! Finds the types of lists, maps and objects that are written out.

use super::ast::{Entry, Field, Node};
use super::checker::Checker;
use super::types::Type;
use super::unify::most_general;

impl Checker {
    pub(super) fn check_list(&mut self, items: &[Node], optional: &[usize]) -> Type {
        let mut joined = None;
        for (at, item) in items.iter().enumerate() {
            let mut found = self.check(item);
            if optional.contains(&at) {
                found = self.unwrapped(item, found);
            }
            joined = Some(self.join(joined, found));
        }
        let item = joined.unwrap_or_else(|| self.new_parameter());
        Type::list(item)
    }

    pub(super) fn check_map(&mut self, entries: &[Entry]) -> Type {
        let (mut key, mut value) = (None, None);
        for entry in entries {
            let found = self.check(&entry.key);
            key = Some(self.join(key, found));
            let mut found = self.check(&entry.value);
            if entry.is_optional {
                found = self.unwrapped(&entry.value, found);
            }
            value = Some(self.join(value, found));
        }
        let key = key.unwrap_or_else(|| self.new_parameter());
        let value = value.unwrap_or_else(|| self.new_parameter());
        Type::map(key, value)
    }

    /// Returns what the optional value of an entry such as `?key: value` holds.
    fn unwrapped(&mut self, node: &Node, found: Type) -> Type {
        if let Some(inner) = found.unwrap_optional() {
            return inner.clone();
        }
        if !found.is_dyn() {
            self.mismatch(node, &Type::optional(found.clone()), &found);
        }
        found
    }

    fn join(&mut self, before: Option<Type>, found: Type) -> Type {
        let Some(before) = before else { return found };
        if self.meanings.assign(&before, &found) {
            return most_general(&before, &found);
        }
        // Mixed types are named later, as `format` takes such lists.
        Type::Dyn
    }

    pub(super) fn check_object(&mut self, node: &Node, name: &str, fields: &[Field]) -> Type {
        let result = match self.lookup(name) {
            None => return self.undeclared(node, name),
            Some(Type::Meta(Some(found))) => *found,
            Some(Type::Error) => Type::Error,
            Some(other) => {
                self.report(node.at, format!("'{}' is not a type", other.name()));
                Type::Error
            }
        };
        let object = match &result {
            Type::Object(name) => Some(name.clone()),
            Type::Error => None,
            other => {
                self.report(node.at, format!("'{}' is not a message type", other.name()));
                None
            }
        };
        for field in fields {
            let mut found = self.check(&field.value);
            let wanted = match &object {
                Some(object) => self.object_field(field.at, object, &field.name),
                None => Type::Error,
            };
            if field.is_optional {
                found = self.unwrapped(&field.value, found);
            }
            if !self.meanings.assign(&wanted, &found) {
                let name = &field.name;
                let message =
                    format!("expected type of field '{name}' is '{wanted}' but provided type is '{found}'");
                self.report(field.at, message);
            }
        }
        if object.is_some() { result } else { Type::Error }
    }
}
