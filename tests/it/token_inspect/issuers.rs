//! Which issuer is asked for keys, and what serves where none can be.

use super::{inspect, verdict, with_flags};
use crate::status::{user, write};
use crate::support::Sandbox;
#[cfg(target_os = "linux")]
use okta::Endpoint;

/// A token of a stranger must not make this machine send requests to where its author likes.
#[test]
fn an_issuer_is_contacted_only_if_the_flags_name_it_or_the_user_has_signed_in_there() {
    let stranger = Sandbox::new();
    let token = stranger.get_token().run().token();
    stranger.okta.clear_requests();
    let sandbox = Sandbox::new();
    let outcome = inspect(&sandbox, &token).run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        verdict(&outcome).starts_with("unknown: not verified, since you have not signed in at `http"),
        "{outcome}"
    );
    assert!(verdict(&outcome).contains("--oidc-issuer-url"), "{outcome}");
    assert_eq!(stranger.okta.requests().len(), 0);
    // The flags name another issuer: that one is asked.
    let outcome = with_flags(inspect(&sandbox, &token), &sandbox).run();
    assert!(verdict(&outcome).starts_with("refused: "), "{outcome}");
    assert!(outcome.stdout.contains("failed   issuer"), "{outcome}");
    assert_eq!(stranger.okta.requests().len(), 0);
    // The flags name it.
    let outcome = with_flags(inspect(&sandbox, &token), &stranger).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    // There was a sign-in there.
    let outcome = inspect(&stranger, &token).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("note     audience"), "{outcome}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_network_the_cached_keys_serve_and_their_age_is_told() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.get_token().by_clock_of(&sandbox).run().token();
    sandbox.okta.clear_requests();
    sandbox.set_clock(1800);
    let call = with_flags(inspect(&sandbox, &token), &sandbox).by_clock_of(&sandbox);
    let offline = call.clone().arg("--offline").run();
    assert_eq!(offline.code, Some(0), "{offline}");
    assert!(offline.stdout.contains("cached 30 minutes ago"), "{offline}");
    assert_eq!(sandbox.okta.requests().len(), 0);
    let fault = okta::FaultKind::status(503, okta::FaultBody::Html);
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![okta::Fault::always(Endpoint::Discovery, fault)];
    });
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.stdout.contains("cached 30 minutes ago") && outcome.stdout.contains("HTTP 503"),
        "{outcome}"
    );
    let elsewhere = call.arg("--token-cache-dir=~/elsewhere");
    for (call, words) in [
        (elsewhere.clone().arg("--offline"), "no keys of"),
        (elsewhere, "HTTP 503"),
    ] {
        let outcome = call.run();
        assert_eq!(outcome.code, Some(1), "{outcome}");
        let verdict = verdict(&outcome);
        assert!(
            verdict.starts_with("unknown: not verified: ") && verdict.contains(words),
            "{outcome}"
        );
    }
}

/// Its documents are cached for its own certificate authorities, so those of no flags are other ones.
#[test]
fn an_entry_of_the_kubeconfig_with_the_issuer_is_named_and_works() {
    let sandbox = Sandbox::with_tls();
    let authority = format!("--certificate-authority={}", sandbox.path("ca.pem").display());
    let token = sandbox.get_token().arg(&authority).run().token();
    write(
        &sandbox,
        ".kube/config",
        "other",
        &[("oidc@dev", "okta")],
        &user(&sandbox, "okta", "kubesesame", &format!(", {authority}")),
    );
    sandbox.okta.clear_requests();
    let outcome = inspect(&sandbox, &token).run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    let verdict = verdict(&outcome).replace(&sandbox.okta.issuer(), "[ISSUER]");
    insta::assert_snapshot!(verdict, @"unknown: not verified, since no flag says with which settings `[ISSUER]` is reached; an entry of the kubeconfig has them: --context=oidc@dev");
    assert_eq!(sandbox.okta.requests().len(), 0);
    let outcome = inspect(&sandbox, &token).arg("--context=oidc@dev").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    insta::assert_snapshot!(super::verdict(&outcome).replace(&sandbox.okta.issuer(), "[ISSUER]"), @"good: an API server with --username-claim=sub and the default prefix takes you for `[ISSUER]#00ualice`, in 2 groups; where it has others, give them to this command");
}
