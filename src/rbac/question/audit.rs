//! The question in an event of the API server's audit log (`audit.k8s.io/v1`): the request, and who made it.

use serde::Deserialize;

use crate::rbac::policy::request::{Request, ResourceTarget, Target, User};

const DECISION: &str = "authorization.k8s.io/decision";
const REASON: &str = "authorization.k8s.io/reason";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    #[serde(default, rename = "requestURI")]
    request_uri: String,
    user: EventUser,
    impersonated_user: Option<EventUser>,
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    annotations: std::collections::HashMap<String, String>,
}

#[derive(Deserialize)]
struct EventUser {
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct ObjectRef {
    resource: String,
    namespace: String,
    name: String,
    api_group: String,
    subresource: String,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audited {
    pub(super) user: User,
    pub(super) request: Request,
    pub(super) note: Option<String>,
}

/// Reads an event. `None` if it is none.
pub(super) fn read(text: &str) -> Option<Audited> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let event: Event = serde_json::from_str(text).ok()?;
    let target = match event.object_ref {
        None => {
            let path = event.request_uri.split('?').next().unwrap_or_default();
            if path.is_empty() {
                return None;
            }
            Target::Path(path.to_owned())
        }
        Some(object) => Target::Resource(ResourceTarget {
            // The authorizer had no name: it was read from the object later, or there was none.
            name: if matches!(event.verb.as_str(), "create" | "deletecollection")
                && object.subresource.is_empty()
            {
                String::new()
            } else {
                object.name
            },
            group: object.api_group,
            resource: object.resource,
            subresource: object.subresource,
            namespace: object.namespace,
        }),
    };
    // The one who was authorized is the impersonated one.
    let user = event.impersonated_user.unwrap_or(event.user);
    let note = event.annotations.get(DECISION).map(|decision| {
        let reason = event.annotations.get(REASON).filter(|reason| !reason.is_empty());
        let reason = reason.map_or_else(String::new, |reason| format!(", {reason}"));
        format!("the event says that the API server decided: {decision}{reason}")
    });
    Some(Audited {
        user: User {
            name: user.username,
            groups: user.groups,
        },
        request: Request {
            verb: event.verb,
            target,
        },
        note,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let Audited { user, request, note } = read(text)?;
        let target = match request.target {
            Target::Path(path) => path,
            Target::Resource(target) => format!(
                "{} [{}] {:?} {:?}",
                target.combined(),
                target.group,
                target.name,
                target.namespace
            ),
        };
        Some(format!(
            "{} {:?} {} {target} {note:?}",
            user.name, user.groups, request.verb
        ))
    }

    #[test]
    fn an_event_is_the_request_that_was_authorized() {
        let cases = [
            (
                r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500",
                "verb":"list","user":{"username":"okta:sarah","uid":"1","groups":["okta:devs","system:authenticated"]},"objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},
                "responseStatus":{"code":403},"annotations":{"authorization.k8s.io/decision":"forbid","authorization.k8s.io/reason":""}}"#,
                Some(
                    r#"okta:sarah ["okta:devs", "system:authenticated"] list pods [] "" "shop" Some("the event says that the API server decided: forbid")"#,
                ),
            ),
            (
                r#"{"requestURI":"/apis/apps/v1/namespaces/shop/deployments/web/scale","verb":"patch","user":{"username":"admin"},
                "impersonatedUser":{"username":"okta:joe","groups":["a"]},"objectRef":{"resource":"deployments","namespace":"shop","name":"web","apiGroup":"apps","subresource":"scale"},
                "annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by x"}}"#,
                Some(
                    r#"okta:joe ["a"] patch deployments/scale [apps] "web" "shop" Some("the event says that the API server decided: allow, RBAC: allowed by x")"#,
                ),
            ),
            (
                r#"{"requestURI":"/api/v1/namespaces/shop/pods","verb":"create","user":{"username":"u"},"objectRef":{"resource":"pods","namespace":"shop","name":"web"}}"#,
                Some(r#"u [] create pods [] "" "shop" None"#),
            ),
            (
                r#"{"requestURI":"/api/v1/namespaces/shop/pods/web/exec?command=sh","verb":"create","user":{"username":"u"},"objectRef":{"resource":"pods","namespace":"shop","name":"web","subresource":"exec"}}"#,
                Some(r#"u [] create pods/exec [] "web" "shop" None"#),
            ),
            (
                r#"{"requestURI":"/healthz?verbose","verb":"get","user":{"username":"system:anonymous","groups":["system:unauthenticated"]}}"#,
                Some(r#"system:anonymous ["system:unauthenticated"] get /healthz None"#),
            ),
            (r#"{"verb":"get"}"#, None),
            ("get pods", None),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text).as_deref(), expected, "{text}");
        }
    }
}
