//! Decodes a document strictly: each value has the type of its field, and no field is unknown or there twice.
//!
//! The texts are the API server's. It names the first wrong type in the alphabetical order of fields, and unknown fields only if no type
//! is wrong.

use super::model::{Configuration, configuration};
use super::yaml::{self, Document, Scalar, Value, ValueKind};

/// Why a file is not read, in the API server's words, and where that is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) line: Option<usize>,
    pub(crate) text: String,
}

/// A configuration that was read.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) configuration: Configuration,
    /// `v1`, `v1beta1` or `v1alpha1`.
    pub(crate) version: &'static str,
    pub(crate) second_document: Option<usize>,
    root: Value,
}

enum Shape {
    Text(&'static str),
    Bool,
    Object(&'static Object),
    List(&'static Self),
}

struct Object {
    name: &'static str,
    fields: &'static [(&'static str, Shape)],
}

const TEXT: Shape = Shape::Text("string");

static CONFIGURATION: Object = Object {
    name: "AuthenticationConfiguration",
    fields: &[
        ("apiVersion", TEXT),
        ("kind", TEXT),
        ("jwt", Shape::List(&Shape::Object(&JWT))),
        ("anonymous", Shape::Object(&ANONYMOUS)),
    ],
};

static JWT: Object = Object {
    name: "JWTAuthenticator",
    fields: &[
        ("issuer", Shape::Object(&ISSUER)),
        ("claimValidationRules", Shape::List(&Shape::Object(&CLAIM_RULE))),
        ("claimMappings", Shape::Object(&MAPPINGS)),
        ("userValidationRules", Shape::List(&Shape::Object(&USER_RULE))),
    ],
};

static ISSUER: Object = Object {
    name: "Issuer",
    fields: &[
        ("url", TEXT),
        ("discoveryURL", TEXT),
        ("certificateAuthority", TEXT),
        ("audiences", Shape::List(&TEXT)),
        ("audienceMatchPolicy", Shape::Text("AudienceMatchPolicyType")),
        ("egressSelectorType", Shape::Text("EgressSelectorType")),
    ],
};

static CLAIM_RULE: Object = Object {
    name: "ClaimValidationRule",
    fields: &[
        ("claim", TEXT),
        ("requiredValue", TEXT),
        ("expression", TEXT),
        ("message", TEXT),
    ],
};

static MAPPINGS: Object = Object {
    name: "ClaimMappings",
    fields: &[
        ("username", Shape::Object(&PREFIXED)),
        ("groups", Shape::Object(&PREFIXED)),
        ("uid", Shape::Object(&CLAIM_OR_EXPRESSION)),
        ("extra", Shape::List(&Shape::Object(&EXTRA))),
    ],
};

static PREFIXED: Object = Object {
    name: "PrefixedClaimOrExpression",
    fields: &[("claim", TEXT), ("prefix", TEXT), ("expression", TEXT)],
};

static CLAIM_OR_EXPRESSION: Object = Object {
    name: "ClaimOrExpression",
    fields: &[("claim", TEXT), ("expression", TEXT)],
};

static EXTRA: Object = Object {
    name: "ExtraMapping",
    fields: &[("key", TEXT), ("valueExpression", TEXT)],
};

static USER_RULE: Object = Object {
    name: "UserValidationRule",
    fields: &[("expression", TEXT), ("message", TEXT)],
};

static ANONYMOUS: Object = Object {
    name: "AnonymousAuthConfig",
    fields: &[
        ("enabled", Shape::Bool),
        ("conditions", Shape::List(&Shape::Object(&CONDITION))),
    ],
};

static CONDITION: Object = Object {
    name: "AnonymousAuthCondition",
    fields: &[("path", TEXT)],
};

/// Decodes the text of a file.
pub(crate) fn decode(text: &str) -> Result<Decoded, DecodeError> {
    let at = |line, text| DecodeError { line, text };
    if text.is_empty() {
        return Err(at(None, "empty config data".to_owned()));
    }
    let is_json = text.trim_start().starts_with('{');
    if is_json && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let text = format!("couldn't get version/kind; json parse error: {error}");
        return Err(at(Some(error.line()), text));
    }
    let document = yaml::read(text).map_err(|fault| {
        let line = fault
            .line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        at(fault.line, format!("yaml: {line}{}", fault.reason))
    })?;
    if let Some(name) = document.root.not_finite() {
        return Err(at(None, format!("json: unsupported value: {name}")));
    }
    let version = version(&document.root, text)?;
    let mut pass = Pass {
        version,
        wrong_type: None,
        unknown: Vec::new(),
    };
    pass.object(&document.root, &CONFIGURATION, "", "");
    if let Some(error) = pass.wrong_type {
        return Err(error);
    }
    if let Some(error) = strict(&document, &pass.unknown, is_json) {
        return Err(error);
    }
    let configuration = configuration(&document.root);
    Ok(Decoded {
        configuration,
        version,
        second_document: document.second,
        root: document.root,
    })
}

fn version(root: &Value, text: &str) -> Result<&'static str, DecodeError> {
    let fail = |line, text| Err(DecodeError { line, text });
    let prefix = "couldn't get version/kind; json parse error: json: cannot unmarshal";
    if !matches!(root.kind, ValueKind::Map(_)) && !root.is_null() {
        let target = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
        return fail(
            Some(root.line),
            format!("{prefix} {} into Go value of type {target}", root.json_kind()),
        );
    }
    let mut fields = [String::new(), String::new()];
    for (field, name) in fields.iter_mut().zip(["apiVersion", "kind"]) {
        match root.get(name).map(|value| (&value.kind, value)) {
            Some((ValueKind::Scalar(Scalar::Text(text)), _)) => field.clone_from(text),
            Some((ValueKind::Scalar(Scalar::Null), _)) | None => {}
            Some((_, value)) => {
                let kind = value.json_kind();
                return fail(
                    Some(value.line),
                    format!("{prefix} {kind} into Go struct field .{name} of type string"),
                );
            }
        }
    }
    let [api_version, kind] = fields;
    if kind.is_empty() {
        return fail(None, format!("Object 'Kind' is missing in '{text}'"));
    }
    if api_version.is_empty() {
        return fail(None, format!("Object 'apiVersion' is missing in '{text}'"));
    }
    if api_version.matches('/').count() > 1 {
        return fail(None, format!("unexpected GroupVersion string: {api_version}"));
    }
    let known = ["v1", "v1beta1", "v1alpha1"];
    let version = api_version.strip_prefix("apiserver.config.k8s.io/");
    match known.into_iter().find(|known| version == Some(*known)) {
        Some(version) if kind == CONFIGURATION.name => Ok(version),
        Some("v1" | "v1beta1")
            if matches!(
                kind.as_str(),
                "AuthorizationConfiguration" | "TracingConfiguration" | "EncryptionConfiguration"
            ) =>
        {
            fail(
                None,
                format!("expected AuthenticationConfiguration, got *apiserver.{kind}"),
            )
        }
        Some(_) | None => {
            let text = format!(
                r#"no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111""#
            );
            fail(None, text)
        }
    }
}

fn strict(document: &Document, unknown: &[(usize, String)], is_json: bool) -> Option<DecodeError> {
    let mut parts = Vec::new();
    if !document.repeated.is_empty() && is_json {
        parts.extend(
            document
                .repeated
                .iter()
                .map(|(_, key)| format!("duplicate field \"{key}\"")),
        );
    } else if !document.repeated.is_empty() {
        let lines: Vec<String> = document
            .repeated
            .iter()
            .map(|(line, key)| format!("\n  line {line}: key \"{key}\" already set in map"))
            .collect();
        parts.push(format!("yaml: unmarshal errors:{}", lines.concat()));
    }
    parts.extend(
        unknown
            .iter()
            .map(|(_, path)| format!("unknown field \"{path}\"")),
    );
    let line = document
        .repeated
        .first()
        .or_else(|| unknown.first())
        .map(|(line, _)| *line);
    (!parts.is_empty()).then(|| DecodeError {
        line,
        text: format!("strict decoding error: {}", parts.join(", ")),
    })
}

struct Pass {
    version: &'static str,
    wrong_type: Option<DecodeError>,
    unknown: Vec<(usize, String)>,
}

impl Pass {
    /// `path` has indexes, `json_path` has none.
    fn object(&mut self, value: &Value, object: &Object, path: &str, json_path: &str) {
        let ValueKind::Map(pairs) = &value.kind else {
            return;
        };
        for (name, value) in pairs {
            let join = |base: &str| {
                if base.is_empty() {
                    name.clone()
                } else {
                    format!("{base}.{name}")
                }
            };
            match object.fields.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => self.value(value, shape, object.name, (&join(path), &join(json_path))),
                None => self.unknown.push((value.line, join(path))),
            }
        }
    }

    fn value(&mut self, value: &Value, shape: &Shape, owner: &str, (path, json_path): (&str, &str)) {
        match (shape, &value.kind) {
            (_, ValueKind::Scalar(Scalar::Null))
            | (Shape::Text(_), ValueKind::Scalar(Scalar::Text(_)))
            | (Shape::Bool, ValueKind::Scalar(Scalar::Bool(_))) => {}
            (Shape::Object(object), ValueKind::Map(_)) => self.object(value, object, path, json_path),
            (Shape::List(shape), ValueKind::List(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(item, shape, owner, (&format!("{path}[{at}]"), json_path));
                }
            }
            _ if self.wrong_type.is_none() => {
                let (kind, target) = (value.json_kind(), shape.go_type(self.version));
                let text = format!(
                    "json: cannot unmarshal {kind} into Go struct field {owner}.{json_path} of type {target}"
                );
                self.wrong_type = Some(DecodeError {
                    line: Some(value.line),
                    text,
                });
            }
            _ => {}
        }
    }
}

impl Shape {
    fn go_type(&self, version: &str) -> String {
        match self {
            Self::Text("string") => "string".to_owned(),
            Self::Text(name) => format!("{version}.{name}"),
            Self::Bool => "bool".to_owned(),
            Self::Object(object) => format!("{version}.{}", object.name),
            Self::List(shape) => format!("[]{}", shape.go_type(version)),
        }
    }
}

impl Value {
    fn json_kind(&self) -> &'static str {
        match &self.kind {
            ValueKind::Scalar(Scalar::Null) => "null",
            ValueKind::Scalar(Scalar::Bool(_)) => "bool",
            ValueKind::Scalar(Scalar::Number(_) | Scalar::NotFinite(_)) => "number",
            ValueKind::Scalar(Scalar::Text(_)) => "string",
            ValueKind::List(_) => "array",
            ValueKind::Map(_) => "object",
        }
    }
}

impl Decoded {
    /// Returns the line of a field such as `jwt[0].issuer.url`, or that of the nearest field around it.
    pub(crate) fn line(&self, path: &str) -> usize {
        let mut value = &self.root;
        for part in path.split(['.', '[']) {
            let next = match part.strip_suffix(']') {
                Some(index) => match &value.kind {
                    ValueKind::List(items) => index.parse().ok().and_then(|at: usize| items.get(at)),
                    ValueKind::Scalar(_) | ValueKind::Map(_) => None,
                },
                None => value.get(part),
            };
            match next {
                Some(next) => value = next,
                None => break,
            }
        }
        value.line
    }
}
