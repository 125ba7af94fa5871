//! The ExecCredential API: the request from kubectl and the response to it.
//!
//! Owns the two API versions. Never decides whether a credential is valid.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalogue::Id;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// The request in `KUBERNETES_EXEC_INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) version: ApiVersion,
    /// Whether kubectl passed its standard input, so that a prompt is possible.
    pub(crate) interactive: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: ApiVersion::V1,
            interactive: false,
        }
    }
}

/// The supported versions of `client.authentication.k8s.io`. The response has the version of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ApiVersion {
    #[serde(rename = "client.authentication.k8s.io/v1")]
    V1,
    #[serde(rename = "client.authentication.k8s.io/v1beta1")]
    V1Beta1,
}

impl ApiVersion {
    fn as_str(self) -> &'static str {
        match self {
            Self::V1 => V1,
            Self::V1Beta1 => V1BETA1,
        }
    }
}

const V1: &str = "client.authentication.k8s.io/v1";
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`KUBERNETES_EXEC_INFO` is not an ExecCredential")]
    Malformed(#[source] serde_json::Error),
    #[error("`KUBERNETES_EXEC_INFO` has no `apiVersion`")]
    NoVersion,
    #[error("the kubeconfig asks for API version `{0}`, which kubesesame does not speak")]
    UnknownVersion(UntrustedText),
    #[error("`KUBERNETES_EXEC_INFO` holds a `{0}`, not an ExecCredential")]
    UnknownKind(UntrustedText),
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Malformed(_) | Self::NoVersion | Self::UnknownKind(_) => {
                "kubectl sets this variable; unset it to run kubesesame by hand".to_owned()
            }
            Self::UnknownVersion(_) => {
                "set `apiVersion: client.authentication.k8s.io/v1` in the kubeconfig's `exec` entry"
                    .to_owned()
            }
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Malformed(_) | Self::NoVersion | Self::UnknownKind(_) => Id::EXEC_INFO_INVALID,
            Self::UnknownVersion(_) => Id::API_VERSION_UNSUPPORTED,
        }
    }
}

impl Request {
    /// Parses the variable's text. If it is unset or empty, the request is for v1 without a prompt.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ExecInfo {
            #[serde(default)]
            api_version: String,
            #[serde(default)]
            kind: Option<String>,
            #[serde(default)]
            spec: Option<Spec>,
        }
        #[derive(Deserialize)]
        struct Spec {
            #[serde(default)]
            interactive: bool,
        }

        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let info: ExecInfo = serde_json::from_str(text).map_err(Error::Malformed)?;
        if let Some(kind) = info.kind.filter(|kind| kind != "ExecCredential") {
            return Err(Error::UnknownKind(UntrustedText::new(&kind)));
        }
        let version = match info.api_version.as_str() {
            V1 => ApiVersion::V1,
            V1BETA1 => ApiVersion::V1Beta1,
            "" => return Err(Error::NoVersion),
            other => return Err(Error::UnknownVersion(UntrustedText::new(other))),
        };
        Ok(Self {
            version,
            interactive: info.spec.is_some_and(|spec| spec.interactive),
        })
    }
}

/// The cluster of the request, if the user's exec entry has `provideClusterInfo`. It comes from the `clusters` of the kubeconfig, which
/// another person may have written, so it is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its configuration for plugins (`spec.cluster.config`).
    pub(crate) config: Map<String, Value>,
    /// The identity of the server that gets the token: its address, and how TLS authenticates it. Equal texts mean equal servers.
    pub(crate) server: String,
}

impl Cluster {
    /// Returns the cluster if it has a configuration for plugins.
    ///
    /// [`Request::parse`] reports whether the variable is an ExecCredential at all.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        // Most requests have none, so this avoids a second parse.
        let text = text.filter(|text| text.contains("\"config\""))?;
        let mut info: Value = serde_json::from_str(text).ok()?;
        let cluster = info.pointer_mut("/spec/cluster")?;
        let Some(Value::Object(config)) = cluster.get_mut("config").map(Value::take) else {
            return None;
        };
        let mut identity = vec![
            "server",
            "tls-server-name",
            "insecure-skip-tls-verify",
            "certificate-authority-data",
        ];
        // The proxy is part of the identity only if TLS does not authenticate the server: then it can redirect to any server. Otherwise it
        // cannot read the token, and only depends on the network.
        let is_unverified = cluster.get("insecure-skip-tls-verify") == Some(&Value::Bool(true));
        // An unused `proxy-url` is not added, so that the keys of stored sessions do not change.
        let text = |field| cluster.get(field).and_then(Value::as_str).unwrap_or_default();
        let is_proxied = !text("server").starts_with("https://") && !text("proxy-url").is_empty();
        if is_unverified || is_proxied {
            identity.push("proxy-url");
        }
        let value = |field| cluster.get(field).cloned().unwrap_or_default();
        let server: Value = identity.into_iter().map(value).collect();
        Some(Self {
            config,
            server: server.to_string(),
        })
    }
}

/// Returns the response to kubectl: one line of JSON.
///
/// client-go reuses the token until `expires_at` without a margin, so it must be earlier than the token's `exp`.
pub(crate) fn credential(version: ApiVersion, token: &Secret, expires_at: Timestamp) -> String {
    // Formatting a JSON `Value` cannot fail, so there is never an empty response.
    let token = Value::from(token.expose());
    format!(
        "{{\"apiVersion\":\"{}\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"expirationTimestamp\":\"{}\",\"token\":{token}}}}}\n",
        version.as_str(),
        expires_at.rfc3339()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::clock::at;
    use crate::properties;

    #[test]
    fn an_unset_variable_means_v1_without_a_prompt() {
        let request = Request::parse(None).unwrap();
        assert_eq!(
            request,
            Request {
                version: ApiVersion::V1,
                interactive: false
            }
        );
    }

    #[test]
    fn both_versions_are_read_and_unknown_fields_ignored() {
        let text = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1",
            "spec":{"interactive":true,"cluster":{"server":"https://x"}},"new":1}"#;
        let request = Request::parse(Some(text)).unwrap();
        assert_eq!(
            request,
            Request {
                version: ApiVersion::V1Beta1,
                interactive: true
            }
        );
    }

    #[test]
    fn an_unsupported_version_is_an_error() {
        let text = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}"#;
        assert!(matches!(
            Request::parse(Some(text)),
            Err(Error::UnknownVersion(_))
        ));
        assert!(matches!(Request::parse(Some("{}")), Err(Error::NoVersion)));
        assert!(matches!(
            Request::parse(Some("nonsense")),
            Err(Error::Malformed(_))
        ));
    }

    #[test]
    fn a_server_is_identified_by_its_address_and_its_tls_settings() {
        let parsed = |cluster: &str| Cluster::parse(Some(&format!(r#"{{"spec":{{"cluster":{cluster}}}}}"#)));
        let server = |fields: &str| {
            parsed(&format!(r#"{{"config":{{"a":1}},{fields}}}"#))
                .unwrap()
                .server
        };
        let usual = server(r#""server":"https://x""#);
        assert_eq!(
            usual,
            server(r#""server":"https://x","proxy-url":"http://p","disable-compression":true"#)
        );
        for other in [
            r#""server":"https://y""#,
            r#""server":"https://x","tls-server-name":"y""#,
            r#""server":"https://x","insecure-skip-tls-verify":true"#,
            r#""server":"https://x","certificate-authority-data":"eQ==""#,
        ] {
            assert_ne!(usual, server(other), "{other}");
        }
        // Without TLS, a proxy is the server, and without one, the text is that of all sessions so far.
        for plain in ["http://x", "x:8080"] {
            let plain = format!(r#""server":"{plain}""#);
            let direct = server(&plain);
            assert_ne!(
                direct,
                server(&format!(r#"{plain},"proxy-url":"http://p""#)),
                "{plain}"
            );
            assert_eq!(direct, server(&format!(r#"{plain},"proxy-url":"""#)), "{plain}");
            assert_eq!(direct.matches("null").count(), 3, "{direct}");
        }
        for nothing in [
            r#"{"server":"https://x"}"#,
            r#"{"config":null}"#,
            r#"{"config":["config"]}"#,
            "[]",
        ] {
            assert_eq!(parsed(nothing), None, "{nothing}");
        }
        assert_eq!(Cluster::parse(None), None);
        assert_eq!(Cluster::parse(Some("nonsense \"config\"")), None);
    }

    #[test]
    fn the_response_is_one_line_of_exact_bytes() {
        let line = credential(ApiVersion::V1Beta1, &Secret::new("a.b.c"), at(1_700_000_000));
        assert_eq!(
            line,
            "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\
             \"status\":{\"expirationTimestamp\":\"2023-11-14T22:13:20Z\",\"token\":\"a.b.c\"}}\n"
        );
    }

    #[test]
    fn any_token_is_escaped_in_the_response() {
        for version in [ApiVersion::V1, ApiVersion::V1Beta1] {
            let token = "a\"b\\c\n\u{1}ü";
            let response: Value =
                serde_json::from_str(&credential(version, &Secret::new(token), at(0))).unwrap();
            assert_eq!(response["status"]["token"], token);
            assert_eq!(response["apiVersion"], serde_json::to_value(version).unwrap());
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            properties::text().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let name = prop_oneof![
                Just("config".to_owned()),
                Just("server".to_owned()),
                properties::text()
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map(name, inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_text_is_a_request_or_an_error(text in properties::text(), value in any_json(), field in 0..4) {
            let placed = match field {
                0 => value,
                1 => json!({ "apiVersion": value }),
                2 => json!({ "apiVersion": V1, "spec": value }),
                _ => json!({ "apiVersion": V1, "spec": { "cluster": value } }),
            };
            for text in [text, placed.to_string()] {
                let request = Request::parse(Some(&text));
                prop_assert!(request.is_ok() || !request.unwrap_err().hint().is_empty());
                Cluster::parse(Some(&text));
            }
        }

        #[test]
        fn the_fields_of_a_request_are_read_as_kubectl_wrote_them(
            version in prop_oneof![Just(ApiVersion::V1), Just(ApiVersion::V1Beta1)],
            interactive in any::<bool>(),
            server in properties::text(),
            config in prop::collection::btree_map(properties::text(), any_json(), 0..4),
        ) {
            let config: Map<String, Value> = config.into_iter().collect();
            let cluster = json!({ "server": server, "config": config });
            let text = json!({
                "kind": "ExecCredential",
                "apiVersion": version,
                "spec": { "interactive": interactive, "cluster": cluster },
            });
            let text = text.to_string();
            prop_assert_eq!(Request::parse(Some(&text)).unwrap(), Request { version, interactive });
            let read = Cluster::parse(Some(&text)).unwrap();
            prop_assert_eq!(read.config, config);
            let identity: Vec<Value> = serde_json::from_str(&read.server).unwrap();
            prop_assert_eq!(&identity[0], &Value::from(server));
        }

        #[test]
        fn any_token_and_expiry_are_a_credential(token in properties::text(), expires_at in any::<i64>()) {
            let line = credential(ApiVersion::V1, &Secret::new(token.as_str()), at(expires_at));
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            let response: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&response["status"]["token"], &Value::from(token));
        }
    }
}
