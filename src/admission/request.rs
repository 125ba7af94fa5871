//! A request that changes something, as admission sees it.

use std::fmt;

use serde_json::Value;

use super::identities::Person;
use super::resources;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Delete, Self::Connect];

    /// As in an `AdmissionReview` and in a policy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == text)
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) group: String,
    pub(crate) kind: String,
    /// Empty for a kind that no rule names.
    pub(super) resource: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    pub(crate) namespace: Option<String>,
    /// Empty where the API server is to choose one.
    pub(crate) name: String,
    /// Null for a deletion.
    pub(super) object: Value,
    /// Null for a creation, and where it is not known.
    pub(super) old_object: Value,
    /// Who asks, if the text says so.
    pub(crate) person: Option<Person>,
}

/// Why an object is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("it has no `{0}`")]
    Missing(&'static str),
    #[error("`{0}` is not as an AdmissionReview has it")]
    Invalid(&'static str),
}

impl Request {
    /// Makes one of an object that is to be created, changed or deleted, or of an `AdmissionReview`, which says itself what is done.
    ///
    /// # Errors
    /// If it is neither.
    pub(super) fn of(object: Value, operation: Operation) -> Result<Self, RequestError> {
        let version = text(&object, "apiVersion").ok_or(RequestError::Missing("apiVersion"))?;
        let kind = text(&object, "kind").ok_or(RequestError::Missing("kind"))?;
        let group = version.split_once('/').map_or("", |(group, _)| group);
        if kind == "AdmissionReview" && group == "admission.k8s.io" {
            return Self::of_review(&object["request"]);
        }
        let resource = resources::of_kind(group, kind).map_or("", |known| known.name);
        let metadata = &object["metadata"];
        Ok(Self {
            operation,
            group: group.to_owned(),
            kind: kind.to_owned(),
            resource: resource.to_owned(),
            subresource: String::new(),
            namespace: text(metadata, "namespace").map(str::to_owned),
            name: text(metadata, "name").unwrap_or_default().to_owned(),
            person: None,
            old_object: match operation {
                Operation::Delete => object.clone(),
                Operation::Create | Operation::Update | Operation::Connect => Value::Null,
            },
            object: match operation {
                Operation::Delete => Value::Null,
                Operation::Create | Operation::Update | Operation::Connect => object,
            },
        })
    }

    fn of_review(request: &Value) -> Result<Self, RequestError> {
        let operation = text(request, "operation").ok_or(RequestError::Missing("request.operation"))?;
        let operation = Operation::parse(operation).ok_or(RequestError::Invalid("request.operation"))?;
        let kind = text(&request["kind"], "kind").ok_or(RequestError::Missing("request.kind"))?;
        let resource = &request["resource"];
        let name = text(resource, "resource").ok_or(RequestError::Missing("request.resource"))?;
        let user = &request["userInfo"];
        let person = text(user, "username").map(|name| Person {
            user: name.to_owned(),
            groups: texts(&user["groups"]),
        });
        // The name of an object that is one of a collection is only in the object.
        let named = [
            request,
            &request["object"]["metadata"],
            &request["oldObject"]["metadata"],
        ];
        let object_name = named.into_iter().filter_map(|value| text(value, "name"));
        Ok(Self {
            operation,
            group: text(resource, "group").unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            resource: name.to_owned(),
            subresource: text(request, "subResource").unwrap_or_default().to_owned(),
            namespace: text(request, "namespace").map(str::to_owned),
            name: object_name.map(str::to_owned).next().unwrap_or_default(),
            object: request["object"].clone(),
            old_object: request["oldObject"].clone(),
            person,
        })
    }

    /// Whether it is a change, and what was there before is not known.
    pub(crate) fn has_unknown_past(&self) -> bool {
        self.operation == Operation::Update && self.old_object.is_null()
    }

    pub(super) fn pod_spec(&self) -> Option<&Value> {
        resources::pod_spec(&self.object, &self.group, &self.resource)
    }

    pub(super) fn old_pod_spec(&self) -> Option<&Value> {
        resources::pod_spec(&self.old_object, &self.group, &self.resource)
    }
}

/// As `CREATE Deployment shop/web`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation.name(), self.kind)?;
        if !self.subresource.is_empty() {
            write!(f, " ({}/{})", self.resource, self.subresource)?;
        }
        match (&self.namespace, self.name.as_str()) {
            (Some(namespace), "") => write!(f, " in {namespace}"),
            (Some(namespace), name) => write!(f, " {namespace}/{name}"),
            (None, "") => Ok(()),
            (None, name) => write!(f, " {name}"),
        }
    }
}

/// Returns a text that is not empty.
fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
