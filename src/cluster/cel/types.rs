//! The types of CEL, as they are declared and as error messages spell them.

use std::fmt;

/// A type. Names of objects and opaque types are those of the declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// What an expression with an error has. It goes with everything, so that one fault is reported once.
    Error,
    Dyn,
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    /// Such as `optional_type(int)` or `net.IP`.
    Opaque(String, Vec<Self>),
    /// A type with fields, such as `kubernetes.UserInfo`.
    Object(String),
    /// The type of a type.
    Meta(Option<Box<Self>>),
    /// A type that is still to be found.
    Parameter(String),
}

impl Type {
    pub(crate) fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    pub(crate) fn optional(inner: Self) -> Self {
        Self::Opaque("optional_type".to_owned(), vec![inner])
    }

    /// Returns what an optional holds.
    pub(crate) fn unwrap_optional(&self) -> Option<&Self> {
        match self {
            Self::Opaque(name, parameters) if name == "optional_type" => parameters.first(),
            _ => None,
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Any)
    }

    pub(crate) fn is_dyn_or_error(&self) -> bool {
        self.is_dyn() || matches!(self, Self::Error)
    }

    pub(crate) fn parameters(&self) -> Vec<&Self> {
        match self {
            Self::List(item) | Self::Meta(Some(item)) => vec![item],
            Self::Map(key, value) => vec![key, value],
            Self::Opaque(_, parameters) => parameters.iter().collect(),
            Self::Error
            | Self::Dyn
            | Self::Any
            | Self::Null
            | Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Double
            | Self::String
            | Self::Bytes
            | Self::Duration
            | Self::Timestamp
            | Self::Object(_)
            | Self::Meta(None)
            | Self::Parameter(_) => vec![],
        }
    }

    /// Returns the name without parameters.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Error => "!error!",
            Self::Dyn => "dyn",
            Self::Any => "any",
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
            Self::List(_) => "list",
            Self::Map(..) => "map",
            Self::Meta(_) => "type",
            Self::Opaque(name, _) | Self::Object(name) | Self::Parameter(name) => name,
        }
    }

    /// Returns this type with each parameter replaced by what `change` makes of it.
    pub(crate) fn map_parameters(&self, change: &mut impl FnMut(&Self) -> Self) -> Self {
        match self {
            Self::List(item) => Self::list(change(item)),
            Self::Map(key, value) => {
                let key = change(key);
                Self::map(key, change(value))
            }
            Self::Opaque(name, parameters) => {
                Self::Opaque(name.clone(), parameters.iter().map(change).collect())
            }
            Self::Meta(Some(inner)) => Self::Meta(Some(Box::new(change(inner)))),
            other => other.clone(),
        }
    }

    /// Reads a type as the table of functions spells it.
    pub(crate) fn parse(text: &str) -> Self {
        let (name, parameters) = match text.split_once('(') {
            Some((name, rest)) => (name, split_list(rest.strip_suffix(')').unwrap_or(rest))),
            None => (text, Vec::new()),
        };
        let mut parameters = parameters.into_iter().map(Self::parse);
        let mut next = || parameters.next().unwrap_or(Self::Dyn);
        match name {
            "dyn" => Self::Dyn,
            "any" | "google.protobuf.Any" => Self::Any,
            "null_type" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Timestamp" => Self::Timestamp,
            "list" => Self::list(next()),
            "map" => {
                let key = next();
                Self::map(key, next())
            }
            "type" => Self::Meta(parameters.next().map(Box::new)),
            "optional_type" | "net.IP" | "net.CIDR" => Self::Opaque(name.to_owned(), parameters.collect()),
            _ => match name.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
                Some(parameter) => Self::Parameter(parameter.to_owned()),
                None => Self::Object(name.to_owned()),
            },
        }
    }
}

/// Splits `A, list(B, C)` at the commas that are in no parentheses.
pub(crate) fn split_list(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

/// As messages of the API server spell a type.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let parameters: Vec<String> = self.parameters().iter().map(ToString::to_string).collect();
        if parameters.is_empty() {
            return Ok(());
        }
        write!(f, "({})", parameters.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Type;

    #[test]
    fn a_declared_type_is_read_and_spelt_as_in_messages() {
        for (declared, spelt) in [
            ("map(string, list(<A>))", "map(string, list(A))"),
            ("google.protobuf.Duration", "duration"),
            ("optional_type(list(string))", "optional_type(list(string))"),
            ("type(<A>)", "type(A)"),
            ("type", "type"),
            ("net.IP", "net.IP"),
            ("kubernetes.Semver", "kubernetes.Semver"),
        ] {
            assert_eq!(Type::parse(declared).to_string(), spelt);
        }
    }
}
