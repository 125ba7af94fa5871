//! Refresh tokens that wait to be revoked: what the provider refuses for good does not wait for ever, and holds up no other.

use std::fs;

use crate::logout::{files, logout, logout_of, revocations, told};
use crate::logout_faults::provider_revokes;
use crate::support::{Call, Sandbox};
use okta::{Endpoint, Fault, FaultBody, FaultKind};

fn refused(error: &str, status: u16) -> FaultKind {
    let body = FaultBody::OAuth {
        error: error.to_owned(),
        description: "The token type is unknown.".to_owned(),
    };
    FaultKind::status(status, body)
}

fn with_pending(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    provider_revokes(&sandbox, false);
    for _ in 0..count {
        sandbox.get_token().run().token();
        assert_eq!(logout(&sandbox, &[]).run().code, Some(1));
    }
    sandbox.okta.clear_requests();
    sandbox
}

fn revoked(sandbox: &Sandbox) -> usize {
    revocations(sandbox)
        .iter()
        .filter(|sent| sent.status == 200)
        .count()
}

#[test]
fn a_final_refusal_gives_one_token_up_and_the_next_ones_are_revoked() {
    for again in ["get-token", "logout"] {
        let sandbox = with_pending(3);
        let fault = Fault::once(Endpoint::Revoke, refused("unsupported_token_type", 400));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let outcome = match again {
            "get-token" => {
                let outcome = sandbox.get_token().run();
                outcome.token();
                outcome
            }
            _ => logout(&sandbox, &[]).run(),
        };
        let given_up = outcome.stderr.matches("unsupported_token_type").count();
        assert_eq!((given_up, revoked(&sandbox)), (1, 2), "{again} {outcome}");
        assert!(
            outcome
                .stderr
                .contains("may stay valid until the provider ends it"),
            "{outcome}"
        );
        assert!(
            !files(&sandbox).iter().any(|kind| kind.starts_with("revocation")),
            "{again}"
        );
        assert_eq!(outcome.code, Some(i32::from(again == "logout")), "{outcome}");
    }
}

#[test]
fn a_logout_whose_revocation_is_refused_for_good_leaves_nothing_that_waits() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let fault = Fault::always(Endpoint::Revoke, refused("unsupported_token_type", 400));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = logout(&sandbox, &[]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: ended the session of 00ualice at [ISSUER] on this machine
    stderr: warning: its refresh token is not revoked, and may stay valid until the provider ends it: unsupported_token_type: The token type is unknown. (request id [ID])
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    exit: 1
    ");
    assert_eq!(files(&sandbox), [""; 0]);
}

/// The client's settings are wrong, or the provider is down: the token may be revoked later.
#[test]
fn a_refusal_of_the_client_or_a_passing_one_gives_no_token_up() {
    for (error, status) in [
        ("invalid_client", 401),
        ("unauthorized_client", 400),
        ("temporarily_unavailable", 400),
        ("unsupported_token_type", 503),
        ("access_denied", 403),
        ("ip_blocked", 403),
        ("ip_blocked", 401),
        ("bad gateway", 400),
        ("invalid_request", 403),
    ] {
        let sandbox = with_pending(2);
        let fault = Fault::always(Endpoint::Revoke, refused(error, status));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        sandbox.get_token().run().token();
        let waiting = files(&sandbox)
            .iter()
            .filter(|kind| kind.starts_with("revocation"))
            .count();
        assert_eq!((waiting, revocations(&sandbox).len()), (2, 1), "{error}");
    }
}

/// A gateway answers for the provider, or the provider says that it has failed.
#[test]
fn an_answer_that_confirms_nothing_leaves_the_token_waiting() {
    for (code, content_type, body) in [
        (200, "text/html", "<html>sign in to the network</html>"),
        (200, "application/json", r#"{"error":"unsupported_token_type"}"#),
        (200, "application/json", r#"{"errorCode":"E0000047"}"#),
        (202, "application/json", "{}"),
        (206, "text/html", "<html>"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let kind = FaultKind::Answer {
            code,
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        };
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Revoke, kind)]);
        let outcome = logout(&sandbox, &[]).run();
        assert_eq!(files(&sandbox), ["revocation.json"], "{outcome}");
        assert_eq!(outcome.code, Some(1), "{outcome}");
        assert!(
            outcome.stderr.contains("could not be revoked") && outcome.stderr.contains("tries again"),
            "{outcome}"
        );
        provider_revokes(&sandbox, true);
        assert_eq!(logout(&sandbox, &[]).run().code, Some(0));
    }
}

/// A client secret from a command that counts its runs.
fn with_counted_command(sandbox: &Sandbox, prints: &str) -> Call {
    let runs = sandbox.path("runs").display().to_string();
    let command = format!("sh -c 'echo run >>{runs}; echo {prints}'");
    let call = sandbox
        .get_token()
        .by_web_app(&sandbox.okta)
        .without("--oidc-client-secret=");
    call.with("--oidc-client-secret-command", &command)
}

fn runs(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("runs")).map_or(0, |runs| runs.lines().count())
}

#[test]
fn the_command_of_a_client_secret_runs_once_for_a_provider() {
    let sandbox = Sandbox::new();
    provider_revokes(&sandbox, false);
    let call = with_counted_command(&sandbox, &sandbox.okta.web_client_secret());
    for _ in 0..2 {
        call.run().token();
        assert_eq!(logout_of(&sandbox, &call, &[]).run().code, Some(1));
    }
    call.run().token();
    // Another session of the same client at the same provider.
    let second = call.clone().arg("--oidc-extra-scope=email");
    second.run().token();
    provider_revokes(&sandbox, true);
    sandbox.okta.clear_requests();
    fs::remove_file(sandbox.path("runs")).unwrap();
    let kubeconfig = crate::logout::with_kubeconfig(&sandbox, &call);
    let text = fs::read_to_string(&kubeconfig).unwrap();
    let first = format!(
        "users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
         command: kubesesame, args: [{}]}}}}}}, ",
        second.entry_args()
    );
    fs::write(&kubeconfig, text.replace("users: [", &first)).unwrap();
    let outcome = sandbox
        .bare(&["logout", "--all"])
        .env("KUBECONFIG", &kubeconfig)
        .run();
    assert_eq!(
        (outcome.code, revoked(&sandbox), runs(&sandbox)),
        (Some(0), 4, 1),
        "{outcome}"
    );
}

#[test]
fn a_command_that_fails_is_not_run_again_for_the_next_session() {
    let sandbox = Sandbox::new();
    provider_revokes(&sandbox, false);
    let call = with_counted_command(&sandbox, &sandbox.okta.web_client_secret());
    for _ in 0..2 {
        call.run().token();
        assert_eq!(logout_of(&sandbox, &call, &[]).run().code, Some(1));
    }
    call.run().token();
    fs::remove_file(sandbox.path("runs")).unwrap();
    let failing = with_counted_command(&sandbox, "; exit 7");
    let outcome = logout_of(&sandbox, &failing, &[]).run();
    assert_eq!((outcome.code, runs(&sandbox)), (Some(1), 1), "{outcome}");
    assert_eq!(
        files(&sandbox)
            .iter()
            .filter(|kind| kind.starts_with("revocation"))
            .count(),
        3
    );
}

/// What waits from an earlier logout holds nothing up that was selected now.
#[test]
fn a_session_is_set_aside_before_a_provider_is_asked_for_what_waits() {
    let sandbox = with_pending(2);
    sandbox.get_token().run().token();
    let session = sandbox.session_file();
    let fault = Fault::always(Endpoint::Revoke, FaultKind::Hang);
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    sandbox.okta.clear_requests();
    let mut child = logout(&sandbox, &["--all"]).spawn();
    while revocations(&sandbox).is_empty() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let is_there = session.exists();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_there);
    assert_eq!(files(&sandbox).len(), 3);
}
