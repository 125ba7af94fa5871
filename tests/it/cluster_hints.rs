//! What a cluster's config chose is changed there, and what is told says so.

use serde_json::json;

use crate::cluster_config::{ALLOW, exec_info, provider, told};
use crate::support::Sandbox;

/// The scopes are changed where they were chosen, and Okta's console is Okta's users' alone.
#[test]
fn a_sign_in_without_a_refresh_token_names_where_the_scopes_are_chosen() {
    let sandbox = Sandbox::new();
    let cluster = json!({ "server": "https://prod.example", "config": provider(&sandbox) });
    let by_cluster = sandbox.get_token().without("--oidc-").arg(ALLOW);
    let by_cluster = by_cluster.env("KUBERNETES_EXEC_INFO", &exec_info(&cluster)).run();
    let by_flags = sandbox.get_token().without("--oidc-extra-scope").run();
    for (outcome, words) in [
        (by_cluster, "`oidc-extra-scope` in the cluster's config"),
        (by_flags, "add --oidc-extra-scope=offline_access"),
    ] {
        assert_eq!(told(&outcome, "sent no refresh token"), 1, "{outcome}");
        assert_eq!(
            (told(&outcome, words), told(&outcome, "Okta")),
            (1, 0),
            "{outcome}"
        );
    }
}

/// What the cluster chose is corrected there.
#[test]
fn a_hint_about_what_the_cluster_chose_names_its_config() {
    let sandbox = Sandbox::new();
    let mut config = provider(&sandbox);
    config["oidc-issuer-url"] = format!("{}x", sandbox.okta.issuer()).into();
    let cluster = json!({ "server": "https://prod.example", "config": config });
    let call = sandbox.get_token().without("--oidc-").arg(ALLOW);
    let outcome = call.env("KUBERNETES_EXEC_INFO", &exec_info(&cluster)).run();
    outcome.fails(
        1,
        &[
            "HTTP 404",
            "check `oidc-issuer-url` for a typo (in the cluster's config",
        ],
    );
    assert_eq!(told(&outcome, "--oidc-issuer-url"), 0, "{outcome}");
}
