//! Refused refreshes, limits, pages of others, and what the articles about Okta and Kubernetes list as symptoms.

use super::{answer, check};
use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultBody, FaultKind};

/// Refusals of a refresh: each leads to a sign-in, with one line that says why, or names the setting.
#[test]
fn each_refusal_of_a_refresh_says_why_and_leads_on() {
    for (error, description) in [
        ("invalid_grant", "The refresh token is invalid or expired."),
        (
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server. Configured grant types: [x].",
        ),
    ] {
        let sandbox = Sandbox::new();
        let old = sandbox.signed_in();
        let fault = Fault::once(Endpoint::Token, answer(error, description));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let outcome = sandbox.get_token().arg("--force-refresh").run();
        assert_ne!(outcome.token(), old, "{outcome}");
        assert!(
            outcome.stderr.contains("the session has ended") && outcome.stderr.contains(description),
            "{outcome}"
        );
        assert_eq!(sandbox.tabs(), 2, "{outcome}");
    }
    // A refusal of the scopes alone is answered by a request without scopes, which means those that were granted.
    let sandbox = Sandbox::new();
    let old = sandbox.signed_in();
    let scopes = "Some of the scopes requested for the refresh request were not granted in the original authorize request.";
    let fault = Fault::once(Endpoint::Token, answer("access_denied", scopes));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox.get_token().arg("--force-refresh").run();
    assert_ne!(outcome.token(), old, "{outcome}");
    assert_eq!(sandbox.tabs(), 1, "{outcome}");
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let row = (
        "unauthorized_client",
        "The client is not authorized to use the provided grant type. Configured grant types: [x].",
        "grant-type-not-enabled",
    );
    let fault = Fault::always(Endpoint::Token, answer(row.0, row.1));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox.get_token().arg("--force-refresh").run();
    check(&outcome, row, "refresh token");
}

/// Answers that are no OAuth error of the provider's: rate limits, gateways, pages.
#[test]
fn each_answer_that_is_no_oauth_error_gives_its_cause_and_fix() {
    let oauth = |error: &str, description: &str| FaultBody::OAuth {
        error: error.to_owned(),
        description: description.to_owned(),
    };
    for (endpoint, status, body, words) in [
        (
            Endpoint::Token,
            429,
            oauth(
                "invalid_grant",
                "API call exceeded rate limit due to too many requests.",
            ),
            &["asks to slow down", "try again"][..],
        ),
        (
            Endpoint::Token,
            429,
            FaultBody::Okta,
            &["asks to slow down", "E0000047"],
        ),
        (Endpoint::Discovery, 403, FaultBody::Okta, &["E0000006", "hint: "]),
        (
            Endpoint::Discovery,
            404,
            FaultBody::Okta,
            &["E0000007", "--oidc-issuer-url"],
        ),
        (
            Endpoint::Discovery,
            200,
            FaultBody::Html,
            &["text/html", "captive portal"],
        ),
    ] {
        let sandbox = Sandbox::new();
        let fault = Fault::always(endpoint, FaultKind::status(status, body));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        sandbox.get_token().run().fails(1, words);
    }
    let sandbox = Sandbox::unattended();
    let fault = FaultKind::status(
        429,
        oauth(
            "too_many_user_codes",
            "Too many user codes generated. Please try again later.",
        ),
    );
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::DeviceAuthorize, fault)]);
    let outcome = sandbox.get_token().arg("--grant-type=device-code").run();
    outcome.fails(1, &["Too many user codes", "try again"]);
}

/// What the articles about Okta and Kubernetes list under "Troubleshooting", and the command of ours that finds the cause.
#[test]
fn each_symptom_of_the_articles_has_its_cause_and_fix() {
    let setup = |change: &dyn Fn(&Sandbox), args: &[&str]| {
        let sandbox = Sandbox::new();
        change(&sandbox);
        let call = args.iter().fold(sandbox.setup(), |call, arg| call.arg(arg));
        call.run()
    };
    // "no_matching_policy in Okta's log" is what the table above has as no-access-policy.
    // "claim not present in the API server's log".
    setup(&|_| (), &["--username-claim=email"])
        .fails(1, &["the token has no `email` claim", "--oidc-extra-scope=email"]);
    // "Issuer URL mismatch".
    let sandbox = Sandbox::new();
    let slash = sandbox
        .get_token()
        .with("--oidc-issuer-url", &format!("{}/", sandbox.okta.issuer()));
    slash.run().fails(1, &["issuer", "slash"]);
    // "Browser opens but token not cached": the cause is named instead of "delete the directory".
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path(".kube")).unwrap();
    std::fs::write(sandbox.path(".kube/cache"), "a file").unwrap();
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: sessions cannot be kept"),
        "{outcome}"
    );
}
