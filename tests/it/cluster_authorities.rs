//! Certificate authorities that a cluster's entry in the kubeconfig names.

use std::fs;

use serde_json::{Value, json};

use crate::cluster_config::{ALLOW, IGNORED, of_cluster, provider, told, untyped, with};
use crate::support::Sandbox;

/// Whoever adds an authority for the issuer reads what is sent there, such as the refresh token of a session.
#[test]
fn a_session_is_of_the_authorities_that_it_began_with() {
    let (sandbox, other) = (Sandbox::with_tls(), Sandbox::with_tls());
    let data = |sandbox: &Sandbox| data_encoding::BASE64.encode(&fs::read(sandbox.path("ca.pem")).unwrap());
    let call = |authorities: &Value| {
        let config = with(provider(&sandbox), "certificate-authority-data", authorities);
        let config = with(config, "oidc-extra-scope", &json!(["offline_access"]));
        untyped(&sandbox, &config).arg(ALLOW)
    };
    let own = json!(data(&sandbox));
    let first = call(&own).run().token();
    sandbox.expire();
    let added = json!([data(&sandbox), data(&other)]);
    assert_ne!(call(&added).run().token(), first);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 0));
    call(&own).run().token();
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 1));
}

#[test]
fn an_authority_of_a_cluster_is_trusted_for_its_issuer_alone() {
    let sandbox = Sandbox::with_tls();
    let other = Sandbox::with_tls();
    let data = |sandbox: &Sandbox| data_encoding::BASE64.encode(&fs::read(sandbox.path("ca.pem")).unwrap());
    let pinned = format!("--certificate-authority={}", other.path("ca.pem").display());
    let config = with(
        provider(&sandbox),
        "certificate-authority-data",
        &json!(data(&sandbox)),
    );
    let authority = json!({ "certificate-authority-data": data(&sandbox) });
    for config in [&config, &authority] {
        for call in [
            sandbox.get_token().arg(&pinned),
            sandbox.get_token().arg(&pinned).arg(ALLOW),
            sandbox
                .get_token()
                .env("KUBESESAME_CERTIFICATE_AUTHORITY_DATA", &data(&other))
                .arg(ALLOW),
            sandbox.get_token().arg(ALLOW),
        ] {
            let outcome = of_cluster(call, "https://a.example", config).run();
            // The first call tells it, and no other one.
            outcome.fails(1, &["is not trusted", IGNORED][..=told(&outcome, IGNORED)]);
        }
    }
    assert_eq!(sandbox.tabs(), 0);
    untyped(&sandbox, &config).arg(ALLOW).arg(&pinned).run().token();
    // Not the other way round either.
    let mine = format!("--certificate-authority={}", sandbox.path("ca.pem").display());
    let config = provider(&sandbox);
    let outcome = of_cluster(
        sandbox.get_token().without("--oidc-"),
        "https://b.example",
        &config,
    )
    .arg(ALLOW)
    .arg(&mine)
    .run();
    outcome.fails(
        1,
        &[
            "is not trusted",
            "these flags are not used: --certificate-authority\n",
        ],
    );
}
