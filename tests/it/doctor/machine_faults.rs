//! Faults of the machine, the session, its token and the cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{SetUp, are_found};
use okta::{Endpoint, FaultBody, FaultKind};

#[test]
fn faults_of_a_machine_are_found() {
    are_found(&[
        ("listener-port", "failure", "end what holds the port", |set_up| {
            let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = taken.local_addr().unwrap().port();
            std::mem::forget(taken);
            set_up.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
        }),
        // A flag on the command line replaces that of the entry.
        ("endpoints", "failure", "--grant-type", |set_up| {
            set_up.announce("device_authorization_endpoint", serde_json::Value::Null);
            set_up.arguments.push("--grant-type=device-code".to_owned());
        }),
        ("browser", "warning", "device-code", |set_up| {
            set_up.replace("      - --skip-open-browser\n", "");
        }),
        ("browser", "warning", "correct --browser-command", |set_up| {
            set_up.replace("--skip-open-browser", "--browser-command=no-such-browser");
        }),
        ("storage", "warning", "keyring", |set_up| {
            set_up.replace(
                "--skip-open-browser",
                "--skip-open-browser\n      - --token-cache-storage=none",
            );
        }),
        ("storage", "failure", "chmod", |set_up| {
            let dir = set_up.sandbox.cache_dir();
            fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
        }),
        ("keyring", "failure", "", |set_up| {
            set_up.replace(
                "--skip-open-browser",
                "--skip-open-browser\n      - --token-cache-storage=keyring",
            );
        }),
    ]);
}

#[test]
fn faults_of_a_session_and_its_token_are_found() {
    are_found(&[
        ("session", "warning", "kubesesame clean", |set_up| {
            let file = set_up.sandbox.session_file();
            fs::rename(&file, file.with_added_extension("quarantined")).unwrap();
        }),
        ("background-refresh", "warning", "the token itself", |set_up| {
            let now = crate::support::now();
            let name = set_up.sandbox.session_file().display().to_string();
            let file = name.replace("session.json", "background-refresh.json");
            let text = format!(r#"{{"version":1,"at":{now},"stage":"Failed"}}"#);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("session", "warning", "signs in anew", |set_up| {
            fs::write(set_up.sandbox.session_file(), "{}").unwrap();
        }),
        ("session", "failure", "chmod 600", |set_up| {
            let file = set_up.sandbox.session_file();
            fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        }),
        (
            "refresh",
            "warning",
            "add --oidc-extra-scope=offline_access",
            |set_up| {
                set_up.replace("--oidc-extra-scope=offline_access", "--oidc-extra-scope=profile");
            },
        ),
        ("refresh", "warning", "Refresh Token", |set_up| {
            set_up.sandbox.change_session(|session| {
                session.as_object_mut().unwrap().remove("refresh_token");
            });
        }),
        (
            "token-issuer",
            "failure",
            "here and in the API server",
            |set_up| {
                let issuer = set_up.sandbox.okta.issuer();
                set_up.change_claim("iss", format!("{issuer}/").into());
            },
        ),
        ("token-audience", "failure", "client id", |set_up| {
            set_up.change_claim("aud", "another".into());
        }),
        ("username", "failure", "--username-claim", |set_up| {
            set_up.arguments.push("--username-claim=email".to_owned());
        }),
        ("groups", "warning", "add one to the ID token", |set_up| {
            set_up.arguments.push("--groups-claim=roles".to_owned());
        }),
        ("groups", "warning", "--groups-prefix=oidc:", |set_up| {
            set_up.change_claim("groups", serde_json::json!(["system:masters"]));
        }),
        ("token-size", "warning", "only the groups", |set_up| {
            set_up.change_claim("groups", serde_json::json!(["x".repeat(8000)]));
        }),
    ]);
}

#[test]
fn faults_of_a_cluster_are_found() {
    are_found(&[
        ("api-server", "failure", "check network", |set_up| {
            set_up.kubectl = "echo 'The connection to the server 127.0.0.1:6443 was refused' >&2; exit 1";
        }),
        (
            "api-server",
            "failure",
            "`certificate-authority-data`",
            |set_up| {
                set_up.kubectl = "echo 'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by \
                              unknown authority' >&2; exit 1";
            },
        ),
        ("api-server", "failure", "`tls-server-name`", |set_up| {
            set_up.kubectl = "echo 'Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid \
                              for kubernetes, not lb.example.com' >&2; exit 1";
        }),
        ("cluster-user", "warning", "--username-claim", |set_up| {
            set_up.arguments.push("--username-prefix=okta:".to_owned());
        }),
        ("cluster-user", "failure", "invalid bearer token", |set_up| {
            set_up.kubectl = "echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1";
        }),
    ]);
}

#[test]
fn a_failed_sign_in_is_remembered_with_how_long() {
    let set_up = SetUp::healthy();
    set_up.sandbox.okta.end_sessions();
    set_up.sandbox.expire();
    set_up.sandbox.okta.behave(|behaviour| behaviour.assigned = false);
    let ca = format!(
        "--certificate-authority={}",
        set_up.sandbox.path("ca.pem").display()
    );
    let failed = set_up.sandbox.get_token().arg(&ca).run();
    assert_eq!(failed.code, Some(1), "{failed}");
    let outcome = set_up.call(&[]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let note = "the last sign-in failed";
    assert!(
        outcome.stdout.contains("warning  last-sign-in") && outcome.stdout.contains(note),
        "{outcome}"
    );
}

#[test]
fn an_outage_of_the_provider_is_remembered() {
    let set_up = SetUp::healthy();
    set_up.sandbox.expire();
    set_up.fail(Endpoint::Token, FaultKind::status(503, FaultBody::Empty));
    let ca = format!(
        "--certificate-authority={}",
        set_up.sandbox.path("ca.pem").display()
    );
    let failed = set_up.sandbox.get_token().arg(&ca).run();
    assert_eq!(failed.code, Some(1), "{failed}");
    let found = set_up.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str()),
        ("provider-outage", "warning")
    );
}

#[test]
fn a_token_with_an_algorithm_that_no_api_server_accepts_is_found() {
    let set_up = SetUp::healthy();
    set_up.sandbox.change_session(|session| {
        let token = session["token"].as_str().unwrap().to_owned();
        let (_, rest) = token.split_once('.').unwrap();
        session["token"] = format!("eyJhbGciOiJFZERTQSJ9.{rest}").into();
    });
    let found = set_up.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str()),
        ("token-algorithm", "failure")
    );
}
