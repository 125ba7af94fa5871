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
    let of_type = |found: Type| Some(Type::Meta(Some(Box::new(found))));
    let parameter = |name: &str| Type::Parameter(name.to_owned());
    match (name, variable) {
        ("claims", Variable::Claims) => Some(Type::map(Type::String, Type::Any)),
        ("user", Variable::User) => Some(Type::Object(USER_INFO.to_owned())),
        (USER_INFO, Variable::User) => of_type(Type::Object(USER_INFO.to_owned())),
        (
            "bool"
            | "bytes"
            | "double"
            | "int"
            | "null_type"
            | "string"
            | "uint"
            | "google.protobuf.Duration"
            | "google.protobuf.Timestamp"
            | "net.IP"
            | "net.CIDR",
            _,
        ) => of_type(Type::parse(name)),
        ("list", _) => of_type(Type::list(parameter("A"))),
        ("map", _) => of_type(Type::map(parameter("A"), parameter("B"))),
        ("optional_type", _) => of_type(Type::optional(parameter("V"))),
        ("type", _) => of_type(Type::Meta(None)),
        _ => None,
    }
}

/// A field of an object.
pub(crate) enum FieldType {
    Known(Type),
    /// The object has no such field.
    Undefined,
    /// Nothing is known of the object's fields.
    UnknownObject,
}

/// Returns the type of a field.
pub(crate) fn field_type(variable: Variable, object: &str, field: &str) -> FieldType {
    if object != USER_INFO || variable != Variable::User {
        return FieldType::UnknownObject;
    }
    match field {
        "username" | "uid" => FieldType::Known(Type::String),
        "groups" => FieldType::Known(Type::list(Type::String)),
        "extra" => FieldType::Known(Type::map(Type::String, Type::list(Type::String))),
        _ => FieldType::Undefined,
    }
}
