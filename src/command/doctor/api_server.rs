//! Asks the API server of a context by the user's kubectl.
//!
//! kubectl gets a kubeconfig of its own with the cluster alone, so that it runs no plugin: a plugin could open a browser or spend a refresh
//! token. A stored token goes with it in a private file beside the session, which is removed afterwards.

use std::time::Duration;

use serde_json::{Value, json};

use super::kubeconfig_facts::Files;
use super::session_facts::FoundSession;
use crate::doctor::{ApiServerFacts, WhoamiResult};
use crate::error_chain::in_one_line;
use crate::files;
use crate::kubeconfig::MergedCluster;
use crate::kubectl::{self, Identity, Kubectl};
use crate::untrusted_text::UntrustedText;

/// For each call of kubectl; one that is older than 1.27 is called twice.
const TIMEOUT: Duration = Duration::from_secs(5);

/// In place of a token.
const NO_TOKEN: &str = "none";

/// Nobody was asked, for this reason.
pub(super) fn not_asked(reason: &'static str) -> ApiServerFacts {
    ApiServerFacts {
        server: None,
        whoami: WhoamiResult::NotAsked(reason),
        was_token_sent: false,
    }
}

/// Asks who the user of the stored token is, or without one whether anybody answers.
pub(super) fn ask(cluster: &MergedCluster, files: &Files, session: Option<&FoundSession>) -> ApiServerFacts {
    // A token is not sent in plain text.
    let token = session
        .and_then(|session| session.token.as_ref())
        .filter(|_| cluster.server.starts_with("https://"));
    let text = kubeconfig(cluster, files, token.map(|(token, _)| token.expose()));
    let text = text.to_string();
    let file = match token {
        Some((_, store)) => store.write_temporary(text.as_bytes()),
        None => files::write_temporary(text.as_bytes()),
    };
    let whoami = match file {
        Err(error) => WhoamiResult::NoKubectl(error.to_string()),
        Ok(file) => {
            let kubectl = Kubectl {
                kubeconfig: Some(file.to_path_buf()),
                ..Kubectl::default()
            };
            whoami_result(kubectl.who_am_i_within(TIMEOUT), token.is_some())
        }
    };
    ApiServerFacts {
        server: Some(UntrustedText::with_limit(&server_name(&cluster.server), 80).to_string()),
        whoami,
        was_token_sent: token.is_some(),
    }
}

/// Returns the address without user, password and query.
fn server_name(server: &str) -> String {
    match url::Url::parse(server) {
        Ok(url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
        }
        Err(_) => "the API server".to_owned(),
    }
}

/// Returns a kubeconfig with this cluster, and with a user who has only this token, or none.
fn kubeconfig(cluster: &MergedCluster, files: &Files, token: Option<&str>) -> Value {
    let authority = files.certificate_authority_path(cluster);
    let authority = authority.map(|path| path.to_string_lossy().into_owned());
    let mut fields = serde_json::Map::new();
    fields.insert("server".to_owned(), cluster.server.clone().into());
    for (name, text) in [
        ("certificate-authority", authority),
        (
            "certificate-authority-data",
            cluster.certificate_authority_data.clone(),
        ),
        ("tls-server-name", cluster.tls_server_name.clone()),
        ("proxy-url", cluster.proxy_url.clone()),
    ] {
        if let Some(text) = text {
            fields.insert(name.to_owned(), text.into());
        }
    }
    if cluster.insecure_skip_tls_verify {
        fields.insert("insecure-skip-tls-verify".to_owned(), true.into());
    }
    // Without a credential kubectl asks for a user name. The API server refuses this one, and so shows that it is there.
    let user = json!({ "token": token.unwrap_or(NO_TOKEN) });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "doctor", "cluster": fields }],
        "users": [{ "name": "doctor", "user": user }],
        "contexts": [{ "name": "doctor", "context": { "cluster": "doctor", "user": "doctor" } }],
        "current-context": "doctor",
    })
}

/// Words of kubectl for an API server that did not answer in HTTP.
const UNREACHABLE: [&str; 5] = [
    "unable to connect to the server",
    "was refused",
    "no such host",
    "deadline exceeded",
    "dial tcp",
];

/// Words of kubectl for a certificate whose issuer it does not know, the second on macOS.
const UNKNOWN_AUTHORITY: [&str; 2] = ["unknown authority", "certificate is not trusted"];
/// Words of kubectl for a certificate that it rejects.
const BAD_CERTIFICATE: [&str; 2] = ["x509: ", "failed to verify certificate"];

/// Returns what came of asking. Without a token, the API server has to refuse, and so shows that it is there.
fn whoami_result(asked: Result<Identity, kubectl::Error>, was_token_sent: bool) -> WhoamiResult {
    match asked {
        Ok(Identity { username, groups }) => WhoamiResult::Known {
            username,
            groups: groups.len(),
        },
        Err(kubectl::Error::Unauthorized) if was_token_sent => WhoamiResult::Unauthorized,
        Err(kubectl::Error::Timeout) => WhoamiResult::TimedOut,
        Err(error @ (kubectl::Error::NoKubectl | kubectl::Error::CannotStart(_))) => {
            WhoamiResult::NoKubectl(in_one_line(&error))
        }
        Err(kubectl::Error::Failed(said)) if contains_any(said.as_str(), &UNKNOWN_AUTHORITY) => {
            WhoamiResult::UnknownAuthority(said.to_string())
        }
        Err(kubectl::Error::Failed(said)) if contains_any(said.as_str(), &BAD_CERTIFICATE) => {
            WhoamiResult::BadCertificate(said.to_string())
        }
        Err(kubectl::Error::Failed(said)) if contains_any(said.as_str(), &UNREACHABLE) => {
            WhoamiResult::Unreachable(said.to_string())
        }
        Err(error) => WhoamiResult::Reached(in_one_line(&error)),
    }
}

fn contains_any(said: &str, words: &[&str]) -> bool {
    let said = said.to_ascii_lowercase();
    words.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_that_does_not_answer_is_told_from_one_that_refuses() {
        let failed = |said: &str| whoami_result(Err(kubectl::Error::Failed(UntrustedText::new(said))), true);
        for said in [
            "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?",
            "dial tcp: lookup x: no such host",
        ] {
            assert_eq!(failed(said), WhoamiResult::Unreachable(said.to_owned()));
        }
        let begin = "Unable to connect to the server: tls: failed to verify certificate: x509: certificate";
        let unknown = format!("{begin} signed by unknown authority");
        assert_eq!(failed(&unknown), WhoamiResult::UnknownAuthority(unknown.clone()));
        let other = format!("{begin} has expired or is not yet valid");
        assert_eq!(failed(&other), WhoamiResult::BadCertificate(other.clone()));
        assert!(matches!(
            failed("Error from server (Forbidden): forbidden"),
            WhoamiResult::Reached(_)
        ));
        assert_eq!(
            whoami_result(Err(kubectl::Error::Unauthorized), true),
            WhoamiResult::Unauthorized
        );
        assert!(matches!(
            whoami_result(Err(kubectl::Error::Unauthorized), false),
            WhoamiResult::Reached(_)
        ));
        assert_eq!(
            whoami_result(Err(kubectl::Error::Timeout), true),
            WhoamiResult::TimedOut
        );
    }
}
