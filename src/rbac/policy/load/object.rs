//! An object as JSON or YAML has it, and what becomes of it in the policy.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::model::{
    Binding, Facts, IGNORE_PREFIX, LabelExpression, LabelSelector, ListId, Names, Place, PolicyBuilder,
    RBAC_GROUP, RawSubject, Role, RoleKind, Rule, Scope, Subject, Symbol,
};

/// A text that is borrowed from the file where it can be.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A list that may be absent or `null`.
type List<T> = Option<Vec<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object<'a> {
    #[serde(borrow, default)]
    pub(super) api_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    rules: List<RawRule<'a>>,
    #[serde(borrow, default)]
    aggregation_rule: Option<Aggregation<'a>>,
    #[serde(borrow, default)]
    subjects: List<SubjectFields<'a>>,
    #[serde(borrow, default)]
    role_ref: Option<RoleRef<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    namespace: Option<Text<'a>>,
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Text<'a>, Option<Text<'a>>>>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow, default)]
    uid: Option<Text<'a>>,
}

/// The annotations that accept findings: which check, and the reason. Others can be large, and are passed over.
#[derive(Debug, Default)]
struct Annotations<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnnotationsVisitor)
    }
}

struct AnnotationsVisitor;

impl<'de> Visitor<'de> for AnnotationsVisitor {
    type Value = Annotations<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("annotations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut ignored = Vec::new();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if let Some(check) = key.0.strip_prefix(IGNORE_PREFIX) {
                let reason = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default();
                ignored.push((Text(Cow::Owned(check.to_owned())), reason));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Annotations(ignored))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRule<'a> {
    #[serde(borrow, default)]
    verbs: List<Text<'a>>,
    #[serde(borrow, default)]
    api_groups: List<Text<'a>>,
    #[serde(borrow, default)]
    resources: List<Text<'a>>,
    #[serde(borrow, default)]
    resource_names: List<Text<'a>>,
    #[serde(borrow, default, rename = "nonResourceURLs")]
    urls: List<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregation<'a> {
    #[serde(borrow, default)]
    cluster_role_selectors: List<RawSelector<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSelector<'a> {
    #[serde(borrow, default)]
    match_labels: Option<BTreeMap<Text<'a>, Option<Text<'a>>>>,
    #[serde(borrow, default)]
    match_expressions: List<RawExpression<'a>>,
}

#[derive(Debug, Deserialize)]
struct RawExpression<'a> {
    #[serde(borrow, default)]
    key: Option<Text<'a>>,
    #[serde(borrow, default)]
    operator: Option<Text<'a>>,
    #[serde(borrow, default)]
    values: List<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubjectFields<'a> {
    #[serde(borrow, default)]
    api_group: Option<Text<'a>>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    namespace: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleRef<'a> {
    #[serde(borrow, default)]
    api_group: Option<Text<'a>>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
}

/// The kinds that are a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    ClusterRole,
    RoleBinding,
    ClusterRoleBinding,
}

impl Kind {
    /// Returns the kind of an object. `None` if it is no part of a policy, also a kind of the same name in another API group.
    pub(super) fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/')?;
        if group != RBAC_GROUP || !matches!(version, "v1" | "v1beta1" | "v1alpha1") {
            return None;
        }
        match kind {
            "Role" => Some(Self::Role),
            "ClusterRole" => Some(Self::ClusterRole),
            "RoleBinding" => Some(Self::RoleBinding),
            "ClusterRoleBinding" => Some(Self::ClusterRoleBinding),
            _ => None,
        }
    }
}

/// The namespace of a manifest that names none, as kubectl has it.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

/// Adds an object to a policy.
///
/// # Errors
/// What is missing in it.
pub(super) fn add(
    builder: &mut PolicyBuilder,
    kind: Kind,
    object: &Object<'_>,
    place: Place,
) -> Result<(), &'static str> {
    let metadata = object.metadata.as_ref().ok_or("has no metadata.name")?;
    let name = text(metadata.name.as_ref());
    if name.is_empty() {
        return Err("has no metadata.name");
    }
    let names = &mut builder.names;
    let scope = match kind {
        Kind::ClusterRole | Kind::ClusterRoleBinding => Scope::Cluster,
        Kind::Role | Kind::RoleBinding => match text(metadata.namespace.as_ref()) {
            "" => Scope::Namespace(names.intern(DEFAULT_NAMESPACE)),
            namespace => Scope::Namespace(names.intern(namespace)),
        },
    };
    let name = names.intern(name);
    let facts = facts(names, metadata, object);
    match kind {
        Kind::Role | Kind::ClusterRole => {
            let role = Role {
                scope,
                name,
                rules: object
                    .rules
                    .iter()
                    .flatten()
                    .map(|rule| rule.intern(names))
                    .collect(),
                labels: pairs(names, metadata.labels.as_ref()),
                aggregation: object.aggregation_rule.as_ref().map(|rule| {
                    let selectors = rule.cluster_role_selectors.iter().flatten();
                    selectors.map(|selector| selector.intern(names)).collect()
                }),
                is_live: metadata.uid.is_some(),
                facts,
                place,
            };
            builder.add_role(role);
        }
        Kind::RoleBinding | Kind::ClusterRoleBinding => {
            let role_ref = object.role_ref.as_ref().ok_or("has no roleRef")?;
            let binding = Binding {
                scope,
                name,
                role_kind: role_kind(names, text(role_ref.kind.as_ref())),
                role_name: names.intern(text(role_ref.name.as_ref())),
                subjects: object
                    .subjects
                    .iter()
                    .flatten()
                    .map(|subject| subject.intern(names))
                    .collect(),
                facts,
                place,
            };
            builder.add_binding(binding);
        }
    }
    Ok(())
}

fn role_kind(names: &mut Names, kind: &str) -> RoleKind {
    match kind {
        "Role" => RoleKind::Role,
        "ClusterRole" => RoleKind::ClusterRole,
        other => RoleKind::Other(names.intern(other)),
    }
}

/// The label of what the API server makes at its start.
const BOOTSTRAPPING: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

fn facts(names: &mut Names, metadata: &Metadata<'_>, object: &Object<'_>) -> Facts {
    let mut labels = metadata.labels.iter().flatten();
    let ignored = metadata.annotations.iter().flat_map(|annotations| &annotations.0);
    let role_group = object.role_ref.as_ref().map(|role| text(role.api_group.as_ref()));
    let has_wrong_group = |subject: &SubjectFields<'_>| {
        let expected = match text(subject.kind.as_ref()) {
            "ServiceAccount" => "",
            _ => RBAC_GROUP,
        };
        let group = text(subject.api_group.as_ref());
        !group.is_empty() && group != expected
    };
    Facts {
        is_default: labels.any(|(key, value)| (&*key.0, text(value.as_ref())) == BOOTSTRAPPING),
        ignored: ignored
            .map(|(check, reason)| (names.intern(&check.0), names.intern(&reason.0)))
            .collect(),
        has_wrong_role_group: role_group.is_some_and(|group| !group.is_empty() && group != RBAC_GROUP),
        wrong_subject_group: object.subjects.iter().flatten().position(has_wrong_group),
    }
}

fn text<'a>(text: Option<&'a Text<'_>>) -> &'a str {
    text.map_or("", |text| &text.0)
}

fn pairs(names: &mut Names, map: Option<&BTreeMap<Text<'_>, Option<Text<'_>>>>) -> Vec<(Symbol, Symbol)> {
    map.into_iter()
        .flatten()
        .map(|(key, value)| (names.intern(&key.0), names.intern(text(value.as_ref()))))
        .collect()
}

fn symbols(names: &mut Names, list: Option<&Vec<Text<'_>>>) -> Vec<Symbol> {
    list.into_iter()
        .flatten()
        .map(|text| names.intern(&text.0))
        .collect()
}

fn list(names: &mut Names, list: Option<&Vec<Text<'_>>>) -> ListId {
    let symbols = symbols(names, list);
    names.intern_list(&symbols)
}

impl RawRule<'_> {
    fn intern(&self, names: &mut Names) -> Rule {
        Rule {
            verbs: list(names, self.verbs.as_ref()),
            groups: list(names, self.api_groups.as_ref()),
            resources: list(names, self.resources.as_ref()),
            resource_names: list(names, self.resource_names.as_ref()),
            urls: list(names, self.urls.as_ref()),
        }
    }
}

impl RawSelector<'_> {
    fn intern(&self, names: &mut Names) -> LabelSelector {
        let expressions = self.match_expressions.iter().flatten();
        LabelSelector {
            match_labels: pairs(names, self.match_labels.as_ref()),
            expressions: expressions
                .map(|expression| LabelExpression {
                    key: names.intern(text(expression.key.as_ref())),
                    operator: names.intern(text(expression.operator.as_ref())),
                    values: symbols(names, expression.values.as_ref()),
                })
                .collect(),
        }
    }
}

impl SubjectFields<'_> {
    fn intern(&self, names: &mut Names) -> Subject {
        let raw = RawSubject {
            kind: text(self.kind.as_ref()),
            name: text(self.name.as_ref()),
            namespace: text(self.namespace.as_ref()),
        };
        Subject::new(raw, names)
    }
}
