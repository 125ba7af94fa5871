//! `setup`: one login that leaves nothing behind, and what follows from it.

use crate::support::{Outcome, Sandbox, free_port};
use okta::Endpoint;

/// Replaces the claims that differ from run to run, and the browser of the sandbox.
pub(crate) fn stable(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let text = sandbox.filtered(outcome);
    let lines = text.lines().filter(|line| !line.contains("--browser-command"));
    let lines = lines.map(|line| {
        let claim = line.trim_start_matches("stderr:").split_whitespace().next();
        match claim {
            Some(name @ ("at_hash" | "auth_time" | "exp" | "iat" | "jti" | "nonce")) => format!("  {name} …"),
            _ => line.trim_end().to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn setup_shows_claims_user_and_the_line_for_kubectl_and_touches_no_session() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.setup().arg("--groups-prefix=okta:").run();
    insta::assert_snapshot!("setup_screen", stable(&sandbox, &outcome));
    assert!(!sandbox.cache_dir().exists());
}

/// As the client's secret, which is not printed either.
#[test]
fn the_headers_of_requests_are_not_printed() {
    let sandbox = Sandbox::new();
    let header = "X-Api-Key=SECRET";
    for call in [
        sandbox.setup().arg(&format!("--oidc-request-header={header}")),
        sandbox.setup().env("KUBESESAME_OIDC_REQUEST_HEADER", header),
    ] {
        let outcome = call.run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(!outcome.to_string().contains("SECRET"), "{outcome}");
        assert!(
            !outcome.stdout.contains("--exec-arg=--oidc-request-header"),
            "{outcome}"
        );
        assert!(
            outcome
                .stdout
                .contains("The request headers are left out, since they may be secrets: set\nKUBESESAME_OIDC_REQUEST_HEADER"),
            "{outcome}"
        );
    }
    let wrong = sandbox
        .setup()
        .env("KUBESESAME_OIDC_REQUEST_HEADER", "SECRET")
        .run();
    wrong.fails(2, &["KUBESESAME_OIDC_REQUEST_HEADER", "is not NAME=VALUE"]);
    assert!(!wrong.stderr.contains("SECRET"), "{wrong}");
}

#[test]
fn offline_access_is_tried_and_left_out_where_it_is_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.offline_access_allowed = false);
    // The second sign-in has the address of the first.
    let address = format!("127.0.0.1:{}", free_port());
    let outcome = sandbox.setup().with("--listen-address", &address).run();
    insta::assert_snapshot!(sandbox.filtered_stderr(&outcome), @"
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid offline_access
    stderr: redirect URI, to be registered at the provider: http://localhost:[PORT]
    stderr: signing in at [ISSUER] in your browser
    stderr: trying again without the scope `offline_access`, since the provider refused the sign-in: invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner.
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid
    stderr: redirect URI, to be registered at the provider: http://localhost:[PORT]
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in; the token is verified
    stderr: the provider refuses the scope `offline_access`, so you will sign in again each time a token ends; to change that, ask whoever runs the provider to allow it for this app
    exit: 0
    ");
    assert!(!outcome.stdout.contains("offline_access"), "{outcome}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
}

/// Nobody's browser says no here: these grants are refused by the token endpoint, or by the one for device codes.
#[test]
fn offline_access_is_left_out_for_the_other_grants_too() {
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        behaviour.offline_access_allowed = false;
        behaviour.device_interval_secs = Some(0);
    });
    let user = sandbox.okta.behaviour().user;
    let with_password = sandbox
        .setup()
        .arg(&format!("--username={}", user.login))
        .arg(&format!("--password={}", user.password));
    let with_device_code = sandbox.setup().arg("--grant-type=device-code");
    let told = [with_password, with_device_code].map(|call| {
        let outcome = call.run();
        assert!(!outcome.stdout.contains("offline_access"), "{outcome}");
        sandbox.filtered_stderr(&outcome)
    });
    insta::assert_snapshot!(told.join("\n"), @"
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid offline_access
    stderr: trying again without the scope `offline_access`, since the provider refused the request for tokens: invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner. (request id [ID])
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid
    stderr: signed in; the token is verified
    stderr: the provider refuses the scope `offline_access`, so you will sign in again each time a token ends; to change that, ask whoever runs the provider to allow it for this app
    exit: 0
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid offline_access
    stderr: trying again without the scope `offline_access`, since the provider refused the sign-in: invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner. (request id [ID])
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid
    stderr: sign in at [ORIGIN]/activate with the code [CODE]
    stderr: or open this URL, which has the code in it:
    stderr: [ORIGIN]/activate?user_code=[CODE]
    stderr: signed in; the token is verified
    stderr: the provider refuses the scope `offline_access`, so you will sign in again each time a token ends; to change that, ask whoever runs the provider to allow it for this app
    exit: 0
    ");
}

#[test]
fn a_program_is_asked_for_no_session_that_it_could_refresh() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.custom_scopes.push("k8s".to_owned()));
    let call = sandbox
        .setup()
        .by_web_app(&sandbox.okta)
        .arg("--grant-type=client-credentials")
        .arg("--oidc-extra-scope=k8s")
        .arg("--oidc-use-access-token");
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(
        outcome.stderr.replace(&sandbox.okta.issuer(), "[ISSUER]"),
        "discovery document of [ISSUER]: ok\nsigned in; the token is verified\n"
    );
    // With `openid`, which Okta refuses for a program, and without.
    assert_eq!(sandbox.okta.count(Endpoint::Token), 2);
}

#[test]
fn older_spellings_are_written_as_the_new_ones() {
    let sandbox = Sandbox::new();
    let old = sandbox.setup().without("--listen-address").arg("--listen-port=0");
    let outcome = old.arg("--oidc-redirect-url-hostname=127.0.0.1").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for arg in [
        "--exec-arg=--listen-address=127.0.0.1:0 ",
        // Without a port that is known there is no newer way to say it.
        "--exec-arg=--oidc-redirect-url-hostname=127.0.0.1 ",
    ] {
        assert!(outcome.stdout.contains(arg), "{arg}: {outcome}");
    }
}

#[test]
fn a_list_in_quotes_is_written_without_them() {
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .setup()
        .arg("--oidc-extra-scope=\"email offline_access\", profile")
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for scope in ["email", "offline_access", "profile"] {
        let line = format!("--exec-arg=--oidc-extra-scope={scope}");
        assert!(outcome.stdout.contains(&line), "{line}: {outcome}");
    }
}

#[test]
fn a_scope_of_ones_own_that_is_refused_is_not_blamed_on_offline_access() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.setup().arg("--oidc-extra-scope=groups").run();
    outcome.fails(
        1,
        &[
            "invalid_scope",
            "hint: remove `groups` from --oidc-extra-scope, which the provider does not announce",
        ],
    );
    assert!(!outcome.stderr.contains("trying again"), "{outcome}");
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn the_line_holds_what_was_typed_and_works_from_any_directory() {
    let sandbox = Sandbox::with_tls();
    let call = sandbox
        .setup()
        .arg("--certificate-authority=ca.pem")
        .arg("--authentication-timeout-sec=60");
    let outcome = call
        .through(&["sh", "-c", "cd \"$HOME\" && exec \"$@\"", "sh"])
        .run();
    let ca = format!(
        "--exec-arg=--certificate-authority={}",
        sandbox.path("ca.pem").display()
    );
    assert!(
        outcome.stdout.contains(&ca) && outcome.stdout.contains("--authentication-timeout-sec=60"),
        "{outcome}"
    );
}

#[test]
fn a_token_without_groups_is_noted() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.groups_in_id_token = false);
    let outcome = sandbox.setup().run();
    assert!(
        outcome.stdout.contains("the token has no `groups` claim"),
        "{outcome}"
    );
}

#[test]
fn an_email_that_is_not_verified_will_be_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.user.email_verified = false);
    let outcome = sandbox
        .setup()
        .arg("--oidc-extra-scope=email")
        .arg("--username-claim=email")
        .run();
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid email offline_access
    stderr: redirect URI, to be registered at the provider: http://localhost:[PORT]
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in; the token is verified, and it can be refreshed
    stderr: Claims of the token:
    stderr:
    stderr:   amr             pwd
      at_hash …
    stderr:   aud             0oakubesesamemock
      auth_time …
    stderr:   email           alice@example.com
    stderr:   email_verified  false
      exp …
    stderr:   groups          k8s-developers, k8s-oncall
      iat …
    stderr:   idp             00omockokta
    stderr:   iss             [ISSUER]
      jti …
      nonce …
    stderr:   sub             00ualice
    stderr:   ver             1
    stderr:
    stderr: What an API server makes of it:
    stderr:
    stderr:   warning  issuer     [ISSUER] is http, and an API
    stderr:                       server takes https only
    stderr:                       -> this provider is good for a trial without a cluster;
    stderr:                          use one with https for a cluster
    stderr:   ok       audience   0oakubesesamemock
    stderr:   ok       signature  RS256
    stderr:   refused  username   the claim `email_verified` is not true: it is false
    stderr:                       -> have the address verified at the provider, which has to
    stderr:                          send the boolean true, or use --username-claim=sub
    stderr:   ok       groups     2 groups
    stderr:   warning  prefixes   groups have no prefix, so a group that is called
    stderr:                       `system:masters` at the provider has all rights
    stderr:                       -> set one, such as --groups-prefix=oidc: (and
    stderr:                          --username-prefix=oidc:)
    stderr:
    stderr: kubectl would get `Unauthorized` with this token: correct what is refused, and
    stderr: run setup again.
    stderr: error: the API server will refuse this token: the claim `email_verified` is not true: it is false
    stderr: hint: have the address verified at the provider, which has to send the boolean true, or use --username-claim=sub
    exit: 1
    ");
}

#[test]
fn a_secret_is_not_repeated() {
    let sandbox = Sandbox::new();
    let secret = sandbox.okta.web_client_secret();
    let call = sandbox
        .setup()
        .with("--oidc-client-id", &sandbox.okta.web_client_id());
    let outcome = call.arg(&format!("--oidc-client-secret={secret}")).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        !outcome.to_string().contains(&secret) && outcome.stdout.contains("$CLIENT_SECRET"),
        "{outcome}"
    );
}
