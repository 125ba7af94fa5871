//! What an expression can name: its variable, and types.

use super::types::Type;

/// The one variable of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    /// The claims of the token: a map to values of any type.
    Claims,
    /// The user that the mappings made of the token.
    User,
}

pub(super) const USER_INFO: &str = "kubernetes.UserInfo";

/// Returns the type of a name that is declared outside of the expression.
pub(crate) fn identifier(variable: Variable, name: &str) -> Option<Type> {
    let of_type = |found: Type| Some(Type::Type(Some(Box::new(found))));
    let parameter = |name: &str| Type::Parameter(name.to_owned());
    match (name, variable) {
        ("claims", Variable::Claims) => Some(Type::map(Type::String, Type::Any)),
        ("user", Variable::User) => Some(Type::Object(USER_INFO.to_owned())),
        (USER_INFO, Variable::User) => of_type(Type::Object(USER_INFO.to_owned())),
        ("bool" | "bytes" | "double" | "int" | "null_type" | "string" | "uint", _)
        | ("google.protobuf.Duration" | "google.protobuf.Timestamp", _)
        | ("net.IP" | "net.CIDR", _) => of_type(Type::parse(name)),
        ("list", _) => of_type(Type::list(parameter("A"))),
        ("map", _) => of_type(Type::map(parameter("A"), parameter("B"))),
        ("optional_type", _) => of_type(Type::optional(parameter("V"))),
        ("type", _) => of_type(Type::Type(None)),
        _ => None,
    }
}

/// Returns the type of a field: the outer `None` if the type has no fields that are known, the inner one if it has no such field.
pub(crate) fn field_type(variable: Variable, object: &str, field: &str) -> Option<Option<Type>> {
    if object != USER_INFO || variable != Variable::User {
        return None;
    }
    Some(match field {
        "username" | "uid" => Some(Type::String),
        "groups" => Some(Type::list(Type::String)),
        "extra" => Some(Type::map(Type::String, Type::list(Type::String))),
        _ => None,
    })
}
