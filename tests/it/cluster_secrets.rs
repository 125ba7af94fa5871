//! An issuer that a cluster named gets none of the user's secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::cluster_config::{ALLOW, provider, untyped, with};
use crate::support::Sandbox;
use okta::Endpoint;

#[test]
fn no_secret_goes_to_an_issuer_that_the_cluster_named() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("secret");
    fs::write(&file, sandbox.okta.web_client_secret()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = sandbox.okta.web_client_secret();
    let config = with(
        provider(&sandbox),
        "oidc-client-id",
        &json!(sandbox.okta.web_client_id()),
    );
    let call = untyped(&sandbox, &config).arg(ALLOW);
    let header = format!("X-Key={secret}");
    for (flag, value) in [
        ("oidc-client-secret", &*secret),
        ("oidc-client-secret-file", "~/secret"),
        ("oidc-request-header", &header),
    ] {
        let variable = format!("KUBESESAME_{}", flag.replace('-', "_").to_uppercase());
        for call in [
            call.clone().arg(&format!("--{flag}={value}")),
            call.clone().env(&variable, value),
        ] {
            let outcome = call.run();
            let warning = format!("these flags are not used: --{flag}\n");
            outcome.fails(1, &["invalid_client", &warning]);
            let requests = sandbox.okta.requests();
            assert!(requests.iter().any(|request| request.endpoint == Endpoint::Token));
            let headers = requests.iter().flat_map(|request| &request.headers);
            let mut names = headers.map(|(name, _)| name.as_str());
            assert!(
                !names.any(|name| ["authorization", "x-key"].contains(&name)),
                "{flag}"
            );
            fs::remove_dir_all(sandbox.cache_dir()).unwrap();
            sandbox.okta.clear_requests();
        }
    }
}

#[test]
fn no_password_goes_to_an_issuer_that_the_cluster_named() {
    let sandbox = Sandbox::new();
    let user = sandbox.okta.behaviour().user;
    let call = untyped(&sandbox, &provider(&sandbox))
        .arg(ALLOW)
        .arg("--username=alice@example.com");
    for call in [
        call.clone().arg(&format!("--password={}", user.password)),
        call.clone().env("KUBESESAME_PASSWORD", &user.password),
        call.arg("--password-file=~/secret"),
    ] {
        let words = [
            "this grant asks for a password",
            "these flags are not used: --password",
        ];
        call.run().fails(3, &words);
    }
    assert_eq!(sandbox.grants("password"), 0);
}

#[test]
fn a_secret_that_is_not_sent_is_in_no_name_of_a_file() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox, &provider(&sandbox)).arg(ALLOW);
    let with_secret = call.arg("--oidc-client-secret=weak");
    for _ in 0..2 {
        with_secret.run().token();
    }
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 0);
    for _ in 0..2 {
        sandbox.get_token().run().token();
    }
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 1);
}
