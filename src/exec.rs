//! ExecCredential in and out: the wire contract with kubectl.
//!
//! Owns the two API versions. Never decides whether a credential is good.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::rfc3339;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// What kubectl said in `KUBERNETES_EXEC_INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) version: ApiVersion,
    /// Standard input was passed to us, so a prompt may be shown.
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

/// The versions of `client.authentication.k8s.io` that we answer, each in kind.
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
}

impl Request {
    /// Reads the variable's text; unset means v1 without a prompt.
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

/// The cluster that kubectl asks for, where the user's entry says `provideClusterInfo`. Whoever wrote the kubeconfig's `clusters`
/// wrote it, often a stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// What its entry says to plugins.
    pub(crate) config: Map<String, Value>,
    /// Who is given the token: the server's address, and how it proves itself. The same text is the same server.
    pub(crate) server: String,
}

impl Cluster {
    /// Returns the cluster if its entry says anything to plugins.
    ///
    /// Whether the variable is an ExecCredential at all is for [`Request::parse`] to say.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        // Most calls have none, and need not be parsed twice.
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
        // A proxy changes with the network, and sees nothing of what is sent to a server that has proven itself; one that need not is
        // whatever the proxy makes of it.
        if cluster.get("insecure-skip-tls-verify") == Some(&Value::Bool(true)) {
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

/// Returns the answer to kubectl: one line of JSON.
///
/// `expires_at` is in seconds since the epoch. client-go reuses the token until then and has no margin of its
/// own, so it must be earlier than the token's `exp`.
pub(crate) fn credential(version: ApiVersion, token: &Secret, expires_at: i64) -> String {
    // Only a JSON value becomes a text without a way to fail; an empty answer must be impossible.
    let token = Value::from(token.expose());
    format!(
        "{{\"apiVersion\":\"{}\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"expirationTimestamp\":\"{}\",\"token\":{token}}}}}\n",
        version.as_str(),
        rfc3339(expires_at)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_means_v1_without_a_prompt() {
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
    fn another_version_is_refused() {
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
    fn a_server_is_known_by_its_address_and_by_what_proves_it() {
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
    fn the_answer_is_one_line_of_exact_bytes() {
        let line = credential(ApiVersion::V1Beta1, &Secret::new("a.b.c"), 1_700_000_000);
        assert_eq!(
            line,
            "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\
             \"status\":{\"expirationTimestamp\":\"2023-11-14T22:13:20Z\",\"token\":\"a.b.c\"}}\n"
        );
    }

    #[test]
    fn any_token_comes_back_from_the_answer() {
        for version in [ApiVersion::V1, ApiVersion::V1Beta1] {
            let token = "a\"b\\c\n\u{1}ü";
            let answer: Value = serde_json::from_str(&credential(version, &Secret::new(token), 0)).unwrap();
            assert_eq!(answer["status"]["token"], token);
            assert_eq!(answer["apiVersion"], serde_json::to_value(version).unwrap());
        }
    }
}
