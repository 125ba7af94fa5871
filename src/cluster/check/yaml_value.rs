//! A value of YAML with its line, once aliases and merge keys are resolved.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    /// Infinity or NaN, which JSON does not have.
    NotFinite(&'static str),
}

#[derive(Debug, Clone)]
pub(super) struct Value {
    /// From 1.
    pub(super) line: usize,
    pub(super) kind: ValueKind,
}

#[derive(Debug, Clone)]
pub(super) enum ValueKind {
    Scalar(Scalar),
    List(Vec<Value>),
    /// Keys are in alphabetical order, as the API server reads them.
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn count(&self) -> usize {
        1 + match &self.kind {
            ValueKind::Scalar(_) => 0,
            ValueKind::List(items) => items.iter().map(Self::count).sum(),
            ValueKind::Map(pairs) => pairs.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    pub(super) fn into_key(self) -> Result<String, String> {
        match self.kind {
            ValueKind::Scalar(Scalar::Text(text) | Scalar::Number(text)) => Ok(text),
            ValueKind::Scalar(Scalar::Bool(value)) => Ok(value.to_string()),
            ValueKind::Scalar(Scalar::Null | Scalar::NotFinite(_)) => Err("unsupported map key".to_owned()),
            ValueKind::List(_) | ValueKind::Map(_) => Err("invalid map key".to_owned()),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            ValueKind::Map(pairs) => pairs
                .binary_search_by(|(name, _)| name.as_str().cmp(key))
                .ok()
                .map(|at| &pairs[at].1),
            ValueKind::Scalar(_) | ValueKind::List(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, ValueKind::Scalar(Scalar::Null))
    }

    /// Returns infinity or NaN if it is somewhere in this value.
    pub(super) fn not_finite(&self) -> Option<&'static str> {
        match &self.kind {
            ValueKind::Scalar(Scalar::NotFinite(name)) => Some(name),
            ValueKind::Scalar(_) => None,
            ValueKind::List(items) => items.iter().find_map(Self::not_finite),
            ValueKind::Map(pairs) => pairs.iter().find_map(|(_, value)| value.not_finite()),
        }
    }
}
