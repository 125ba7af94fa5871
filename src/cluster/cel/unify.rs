//! Which type fits where, and what type parameters stand for.
//!
//! A parameter gets its meaning by the first type that it has to fit, and a more general one afterwards. The order in which types
//! are compared decides between several meanings, so it is that of the API server's checker.

use std::collections::BTreeMap;

use super::types::Type;

/// What type parameters stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meanings(BTreeMap<String, Type>);

impl Meanings {
    /// Whether a value of type `a` can be used as `b`. Meanings are kept only if it can.
    pub(crate) fn assign(&mut self, a: &Type, b: &Type) -> bool {
        self.assign_all(std::slice::from_ref(a), std::slice::from_ref(b))
    }

    /// The same for a list of values, all or none.
    pub(crate) fn assign_all(&mut self, a: &[Type], b: &[Type]) -> bool {
        let mut tried = self.clone();
        let fits = tried.fits_all(a.iter(), b.iter());
        if fits {
            *self = tried;
        }
        fits
    }

    /// Replaces parameters by what they stand for. With `or_dyn`, one that stands for nothing becomes `dyn`.
    pub(crate) fn substitute(&self, of: &Type, or_dyn: bool) -> Type {
        if let Type::Parameter(name) = of {
            return match self.0.get(name) {
                Some(meaning) => self.substitute(meaning, or_dyn),
                None if or_dyn => Type::Dyn,
                None => of.clone(),
            };
        }
        of.map_parameters(&mut |parameter| self.substitute(parameter, or_dyn))
    }

    fn fits_all<'a>(
        &mut self,
        a: impl ExactSizeIterator<Item = &'a Type>,
        b: impl ExactSizeIterator<Item = &'a Type>,
    ) -> bool {
        a.len() == b.len() && a.zip(b).all(|(a, b)| self.fits(a, b))
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        if let Type::Parameter(name) = b {
            match self.bind(name, a) {
                Binding::Fits => return true,
                Binding::Refused => return false,
                Binding::Circular => {}
            }
        }
        if let Type::Parameter(name) = a {
            return self.bind(name, b) == Binding::Fits;
        }
        if a.is_dyn_or_error() || b.is_dyn_or_error() {
            return true;
        }
        match (a, b) {
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) => self.fits(a, b),
            (Type::Map(key_a, value_a), Type::Map(key_b, value_b)) => {
                self.fits(key_a, key_b) && self.fits(value_a, value_b)
            }
            (Type::Opaque(name_a, a), Type::Opaque(name_b, b)) => {
                name_a == name_b && self.fits_all(a.iter(), b.iter())
            }
            (a, b) => a == b,
        }
    }

    /// Tries whether the parameter can stand for `of`.
    fn bind(&mut self, name: &str, of: &Type) -> Binding {
        if matches!(of, Type::Parameter(same) if same == name) {
            return Binding::Fits;
        }
        let Some(meaning) = self.0.get(name).cloned() else {
            if !self.is_free_of(name, of) {
                return Binding::Circular;
            }
            self.0.insert(name.to_owned(), of.clone());
            return Binding::Fits;
        };
        if meaning == *of {
            return Binding::Fits;
        }
        if !self.fits(of, &meaning) {
            return Binding::Refused;
        }
        let general = most_general(of, &meaning);
        if self.is_free_of(name, &general) {
            self.0.insert(name.to_owned(), general);
        }
        Binding::Fits
    }

    /// Whether the parameter occurs nowhere in `within`.
    fn is_free_of(&self, name: &str, within: &Type) -> bool {
        match within {
            Type::Parameter(other) if other == name => false,
            Type::Parameter(other) => self
                .0
                .get(other)
                .is_none_or(|meaning| self.is_free_of(name, meaning)),
            other => other.parameters().iter().all(|part| self.is_free_of(name, part)),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Binding {
    Fits,
    Refused,
    /// The parameter has no meaning yet, and cannot get one that contains itself.
    Circular,
}

fn is_nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null | Type::Opaque(..) | Type::Object(_) | Type::Any | Type::Duration | Type::Timestamp
    )
}

/// Returns the more general of two types that fit each other.
pub(crate) fn most_general(a: &Type, b: &Type) -> Type {
    if is_as_general(a, b) { a.clone() } else { b.clone() }
}

fn is_as_general(a: &Type, b: &Type) -> bool {
    let open = |of: &Type| of.is_dyn() || matches!(of, Type::Parameter(_));
    if open(a) {
        return true;
    }
    if open(b) {
        return false;
    }
    match (a, b) {
        (Type::List(a), Type::List(b)) => is_as_general(a, b),
        (Type::Map(key_a, value_a), Type::Map(key_b, value_b)) => {
            is_as_general(key_a, key_b) && is_as_general(value_a, value_b)
        }
        (Type::Opaque(name_a, a), Type::Opaque(name_b, b)) => {
            name_a == name_b && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_as_general(a, b))
        }
        (Type::Meta(_), Type::Meta(_)) => true,
        (a, b) => a == b,
    }
}
