//! Faults of the provider and on the way to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::are_found;
use crate::support::Sandbox;
use okta::{Endpoint, FaultBody, FaultKind};

#[test]
fn faults_on_the_way_to_a_provider_are_found() {
    are_found(&[
        (
            "issuer-url",
            "failure",
            "=https://acme.okta.com/oauth2/default",
            |set_up| {
                let issuer = set_up.sandbox.okta.issuer();
                set_up.replace(&issuer, "https://acme-admin.okta.com");
                set_up.arguments.push("--offline".to_owned());
            },
        ),
        (
            "issuer-url",
            "warning",
            "use https://acme.okta.com/oauth2/default",
            |set_up| {
                let issuer = set_up.sandbox.okta.issuer();
                set_up.replace(&issuer, "https://acme.okta.com");
                set_up.arguments.push("--offline".to_owned());
            },
        ),
        ("proxy", "warning", "proxy.example.com", |set_up| {
            set_up.variables.push(("HTTPS_PROXY", "ftp://x".to_owned()));
        }),
        ("connection", "failure", "check the port", |set_up| {
            let port = crate::support::free_port();
            let issuer = set_up.sandbox.okta.issuer();
            set_up.replace(&issuer, &format!("https://127.0.0.1:{port}"));
        }),
        ("connection", "failure", "HTTPS_PROXY", |set_up| {
            let issuer = set_up.sandbox.okta.issuer();
            set_up.replace(&issuer, "https://provider.invalid");
            set_up
                .variables
                .push(("HTTPS_PROXY", "http://127.0.0.1:9".to_owned()));
        }),
        ("tls", "failure", "--certificate-authority", |set_up| {
            let other = Sandbox::with_tls();
            fs::copy(other.path("ca.pem"), set_up.sandbox.path("ca.pem")).unwrap();
        }),
        ("tls", "failure", "", |set_up| {
            fs::remove_file(set_up.sandbox.path("ca.pem")).unwrap();
        }),
        ("client-auth", "failure", "", |set_up| {
            let flag = "--skip-open-browser\n      - --oidc-client-secret-file=nowhere";
            set_up.replace("--skip-open-browser", flag);
        }),
        ("discovery", "failure", "captive", |set_up| {
            set_up.fail(Endpoint::Discovery, FaultKind::status(200, FaultBody::Html));
        }),
        ("discovery", "failure", "--oidc-issuer-url", |set_up| {
            set_up.fail(Endpoint::Discovery, FaultKind::status(404, FaultBody::Empty));
        }),
        ("issuer-spelling", "failure", "only the slash", |set_up| {
            let issuer = set_up.sandbox.okta.issuer();
            set_up.announce("issuer", format!("{issuer}/").into());
        }),
    ]);
}

#[test]
fn a_client_that_cannot_sign_is_found() {
    are_found(&[
        ("client-auth", "failure", "", |set_up| {
            let flag = "--skip-open-browser\n      - --oidc-client-private-key-file=nowhere";
            set_up.replace("--skip-open-browser", flag);
        }),
        ("client-auth", "warning", "--oidc-client-auth-method", |set_up| {
            let file = set_up.sandbox.path("secret");
            fs::write(&file, "0123456789-0123456789-0123456789").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            let flags = format!(
                "--skip-open-browser\n      - --oidc-client-auth-method=client_secret_jwt\n      - --oidc-client-secret-file={}",
                file.display()
            );
            set_up.replace("--skip-open-browser", &flags);
            set_up.announce(
                "token_endpoint_auth_methods_supported",
                serde_json::json!(["client_secret_basic"]),
            );
        }),
    ]);
}

#[test]
fn faults_in_what_a_provider_says_are_found() {
    are_found(&[
        ("endpoints", "failure", "--grant-type", |set_up| {
            set_up.announce("authorization_endpoint", Value::Null);
        }),
        ("grant-type", "warning", "enable the grant", |set_up| {
            set_up.announce("grant_types_supported", serde_json::json!(["implicit"]));
        }),
        ("pkce", "warning", "kubesesame sends it", |set_up| {
            set_up.announce("code_challenge_methods_supported", serde_json::json!(["plain"]));
        }),
        ("scopes", "warning", "--oidc-extra-scope", |set_up| {
            set_up.announce("scopes_supported", serde_json::json!(["openid"]));
        }),
        ("client-auth", "warning", "--oidc-client-secret-file", |set_up| {
            set_up.announce(
                "token_endpoint_auth_methods_supported",
                serde_json::json!(["client_secret_basic"]),
            );
        }),
        (
            "signing-algorithm",
            "warning",
            "--oidc-signing-algs=ES256",
            |set_up| {
                set_up.announce(
                    "id_token_signing_alg_values_supported",
                    serde_json::json!(["ES256"]),
                );
            },
        ),
        ("clock", "warning", "synchronize", |set_up| {
            set_up
                .sandbox
                .okta
                .behave(|behaviour| behaviour.clock_offset_secs = 42);
        }),
        ("clock", "failure", "synchronize", |set_up| {
            set_up
                .sandbox
                .okta
                .behave(|behaviour| behaviour.clock_offset_secs = -900);
        }),
        ("key-set", "failure", "", |set_up| {
            set_up.fail(Endpoint::Keys, FaultKind::Raw("{\"keys\":[]}".to_owned()));
        }),
    ]);
}
