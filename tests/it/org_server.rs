//! Okta's org authorization server, whose issuer has no path. It has fixed scopes, `groups` among them, and access tokens that no published
//! key verifies, so only its ID tokens are of use to a cluster.

use crate::support::{Call, Sandbox, claims_of};
use okta::{Defect, Endpoint};

fn org_server() -> (Sandbox, Call) {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", &sandbox.okta.org_issuer())
        .arg("--oidc-extra-scope=groups");
    (sandbox, call)
}

fn paths(sandbox: &Sandbox) -> Vec<(Endpoint, String)> {
    let requests = sandbox.okta.requests().into_iter();
    requests.map(|request| (request.endpoint, request.path)).collect()
}

#[test]
fn a_person_signs_in_and_the_id_token_is_verified_and_refreshed() {
    let (sandbox, call) = org_server();
    let outcome = call.run();
    let token = outcome.token();
    assert_eq!(
        outcome.stderr,
        format!("signing in at {} in your browser\n", sandbox.okta.org_issuer())
    );
    let claims = claims_of(&token);
    assert_eq!(claims["iss"], sandbox.okta.org_issuer());
    assert_eq!(claims["aud"], sandbox.okta.client_id());
    assert_eq!(
        claims["groups"],
        serde_json::json!(sandbox.okta.behaviour().groups())
    );
    assert_eq!(
        paths(&sandbox),
        [
            (Endpoint::Discovery, "/.well-known/openid-configuration"),
            (Endpoint::Authorize, "/oauth2/v1/authorize"),
            (Endpoint::Token, "/oauth2/v1/token"),
            (Endpoint::Keys, "/oauth2/v1/keys"),
        ]
        .map(|(endpoint, path)| (endpoint, path.to_owned()))
    );
    let cached = call.run();
    assert_eq!((cached.token(), cached.stderr.as_str()), (token.clone(), ""));
    sandbox.expire();
    sandbox.okta.clear_requests();
    let refreshed = call.run();
    assert_eq!(claims_of(&refreshed.token())["iss"], sandbox.okta.org_issuer());
    assert_ne!(refreshed.token(), token);
    assert_eq!(refreshed.stderr, "");
    assert_eq!(
        paths(&sandbox),
        [(Endpoint::Token, "/oauth2/v1/token".to_owned())]
    );
}

#[test]
fn an_id_token_with_a_wrong_signature_is_refused() {
    let (sandbox, call) = org_server();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_defect = Defect::BadSignature);
    call.run().fails(1, &["its signature is wrong"]);
    assert_eq!(sandbox.cache_files(".session.json").len(), 0);
}

/// An app may have a key of its own, which the key set shows only to who names the app. An API server never does so.
#[test]
fn an_id_token_whose_key_is_not_in_the_public_key_set_is_refused() {
    let (sandbox, call) = org_server();
    sandbox
        .okta
        .behave(|behaviour| behaviour.key_pinned_to_app = true);
    insta::assert_snapshot!(sandbox.filtered(&call.run()), @"
    stderr: signing in at [ORIGIN] in your browser
    stderr: error: the ID token cannot be trusted
    stderr: caused by: the provider's key set has no key for it
    stderr: hint: try again in a minute, if the provider has just changed its keys; else the app may have a signing key of its own: let it use the keys of the provider's key set (`jwks_uri`), where API servers look too
    exit: 1
    ");
}

#[test]
fn an_access_token_is_refused_since_only_okta_can_verify_it() {
    let (sandbox, call) = org_server();
    let outcome = call.arg("--oidc-use-access-token").run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: signing in at [ORIGIN] in your browser
    stderr: error: the access token cannot be trusted
    stderr: caused by: the provider's key set has no key for it
    stderr: hint: try again in a minute, if the provider has just changed its keys; else the app may have a signing key of its own: let it use the keys of the provider's key set (`jwks_uri`), where API servers look too; or leave --oidc-use-access-token out, if the cluster accepts ID tokens
    exit: 1
    ");
}

#[test]
fn a_scope_that_only_a_custom_server_has_is_named() {
    let (sandbox, call) = org_server();
    let outcome = call.arg("--oidc-extra-scope=device_sso").run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: signing in at [ORIGIN] in your browser
    stderr: error: the provider refused the sign-in: invalid_scope: Custom scopes are not allowed for this request.
    stderr: hint: remove the scopes from --oidc-extra-scope that OpenID Connect does not define
    exit: 1
    ");
}

/// The same client and scopes at two issuers of one Okta.
#[test]
fn a_session_of_the_org_server_is_not_that_of_a_custom_server() {
    let (sandbox, call) = org_server();
    sandbox
        .okta
        .behave(|behaviour| behaviour.custom_scopes.push("groups".to_owned()));
    let of_org = call.run().token();
    let of_custom = call
        .clone()
        .with("--oidc-issuer-url", &sandbox.okta.issuer())
        .run()
        .token();
    assert_eq!(claims_of(&of_custom)["iss"], sandbox.okta.issuer());
    assert_eq!((call.run().token(), sandbox.tabs()), (of_org, 2));
}
