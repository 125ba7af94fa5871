//! An `AuthenticationConfiguration` as it was written. A field that is absent or null is empty, as in the API server.

use super::yaml::{Scalar, Value, ValueKind};

#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) jwt: Vec<Jwt>,
    pub(crate) anonymous: Option<Anonymous>,
}

#[derive(Debug, Default)]
pub(crate) struct Jwt {
    pub(crate) issuer: Issuer,
    pub(crate) claim_rules: Vec<ClaimRule>,
    pub(crate) username: Mapping,
    pub(crate) groups: Mapping,
    pub(crate) uid: Mapping,
    pub(crate) extra: Vec<Extra>,
    pub(crate) user_rules: Vec<UserRule>,
}

#[derive(Debug, Default)]
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) discovery_url: String,
    pub(crate) certificate_authority: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) audience_match_policy: String,
    pub(crate) egress_selector_type: String,
}

#[derive(Debug, Default)]
pub(crate) struct ClaimRule {
    pub(crate) claim: String,
    pub(crate) required_value: String,
    pub(crate) expression: String,
    pub(crate) message: String,
}

/// The source of the user name, the groups, or the UID.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    pub(crate) claim: String,
    pub(crate) prefix: Option<String>,
    pub(crate) expression: String,
}

#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub(crate) key: String,
    pub(crate) value_expression: String,
}

#[derive(Debug, Default)]
pub(crate) struct UserRule {
    pub(crate) expression: String,
    pub(crate) message: String,
}

#[derive(Debug, Default)]
pub(crate) struct Anonymous {
    pub(crate) enabled: bool,
    /// The path of each condition.
    pub(crate) conditions: Vec<String>,
}

/// Makes a configuration of a document whose types are right.
pub(super) fn configuration(root: &Value) -> Configuration {
    Configuration {
        jwt: items(root.get("jwt")).map(jwt).collect(),
        anonymous: root
            .get("anonymous")
            .filter(|value| !value.is_null())
            .map(|value| Anonymous {
                enabled: matches!(
                    value.get("enabled").map(|value| &value.kind),
                    Some(ValueKind::Scalar(Scalar::Bool(true)))
                ),
                conditions: items(value.get("conditions"))
                    .map(|it| text(it, "path"))
                    .collect(),
            }),
    }
}

fn jwt(value: &Value) -> Jwt {
    let mappings = value.get("claimMappings");
    let mapping = |name| {
        mappings
            .and_then(|value| value.get(name))
            .map(mapping)
            .unwrap_or_default()
    };
    Jwt {
        issuer: value.get("issuer").map(issuer).unwrap_or_default(),
        claim_rules: items(value.get("claimValidationRules"))
            .map(|it| ClaimRule {
                claim: text(it, "claim"),
                required_value: text(it, "requiredValue"),
                expression: text(it, "expression"),
                message: text(it, "message"),
            })
            .collect(),
        username: mapping("username"),
        groups: mapping("groups"),
        uid: mapping("uid"),
        extra: items(mappings.and_then(|value| value.get("extra")))
            .map(|it| Extra {
                key: text(it, "key"),
                value_expression: text(it, "valueExpression"),
            })
            .collect(),
        user_rules: items(value.get("userValidationRules"))
            .map(|it| UserRule {
                expression: text(it, "expression"),
                message: text(it, "message"),
            })
            .collect(),
    }
}

fn issuer(value: &Value) -> Issuer {
    Issuer {
        url: text(value, "url"),
        discovery_url: text(value, "discoveryURL"),
        certificate_authority: text(value, "certificateAuthority"),
        audiences: items(value.get("audiences"))
            .map(|it| it.text().unwrap_or_default())
            .collect(),
        audience_match_policy: text(value, "audienceMatchPolicy"),
        egress_selector_type: text(value, "egressSelectorType"),
    }
}

fn mapping(value: &Value) -> Mapping {
    Mapping {
        claim: text(value, "claim"),
        prefix: value.get("prefix").and_then(Value::text),
        expression: text(value, "expression"),
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::text).unwrap_or_default()
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value.map(|value| &value.kind) {
        Some(ValueKind::List(items)) => items.iter(),
        _ => [].iter(),
    }
}

impl Value {
    fn text(&self) -> Option<String> {
        match &self.kind {
            ValueKind::Scalar(Scalar::Text(text)) => Some(text.clone()),
            ValueKind::Scalar(_) | ValueKind::List(_) | ValueKind::Map(_) => None,
        }
    }
}
