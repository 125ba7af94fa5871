//! When a refresh that fails ends the session, and when the session stays.

use crate::support::Sandbox;
use okta::{AuthorizeError, Defect, Endpoint, Fault, FaultBody, FaultKind};

fn oauth(error: &str) -> FaultBody {
    FaultBody::OAuth {
        error: error.to_owned(),
        description: String::new(),
    }
}

/// A refusal that is definite, in whatever words: each leads to one sign-in, and the next call finds a session. One line says why, before
/// anything is asked of a person.
#[test]
fn a_refusal_ends_the_session_whatever_its_status_and_code() {
    let in_a_success = FaultKind::Raw(r#"{"error":"invalid_grant"}"#.to_owned());
    let refusals = [
        ("a wrong status", FaultKind::status(401, oauth("invalid_grant"))),
        ("a success", in_a_success),
        ("another code", FaultKind::status(400, oauth("invalid_request"))),
        (
            "no token any more",
            FaultKind::status(401, oauth("token_inactive")),
        ),
        ("a denial", FaultKind::status(403, oauth("access_denied"))),
        (
            "a person is needed",
            FaultKind::status(400, oauth("interaction_required")),
        ),
        ("a code of its own", FaultKind::status(400, oauth("unheard_of"))),
    ];
    let told = |(heading, fault): (&str, FaultKind)| {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        let once = Fault::once(Endpoint::Token, fault);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![once]);
        let outcome = sandbox.get_token().run();
        let token = outcome.token();
        assert_eq!(sandbox.tabs(), 2, "{heading}");
        let next = sandbox.get_token().run();
        assert_eq!((next.token(), next.stderr.as_str()), (token, ""));
        sandbox.told(heading, &outcome)
    };
    insta::assert_snapshot!(refusals.map(told).concat(), @"
    a wrong status
    stderr: the session has ended, so a new sign-in is needed: invalid_grant (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    a success
    stderr: the session has ended, so a new sign-in is needed: invalid_grant (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    another code
    stderr: the session has ended, so a new sign-in is needed: invalid_request (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    no token any more
    stderr: the session has ended, so a new sign-in is needed: token_inactive (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    a denial
    stderr: the session has ended, so a new sign-in is needed: access_denied (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    a person is needed
    stderr: the session has ended, so a new sign-in is needed: interaction_required (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0

    a code of its own
    stderr: the session has ended, so a new sign-in is needed: unheard_of (request id [ID])
    stderr: signing in at [ISSUER] in your browser
    exit: 0
    ");
}

/// What is no OAuth code, or speaks of the network alone, says nothing of the session.
#[test]
fn a_refusal_that_passes_keeps_the_session() {
    let of_network = FaultBody::OAuth {
        error: "access_denied".to_owned(),
        description: "outside of the permitted network zones".to_owned(),
    };
    let answer = |body: &str| FaultKind::Answer {
        code: 403,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
    };
    let refusals = [
        ("outside of the network", FaultKind::status(400, of_network)),
        (
            "an error that is no text",
            answer(r#"{"error":true,"message":"blocked"}"#),
        ),
        (
            "an error without a code",
            answer(r#"{"error":{"message":"blocked"}}"#),
        ),
    ];
    let told = |(heading, fault): (&str, FaultKind)| {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        let once = Fault::once(Endpoint::Token, fault);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![once]);
        let outcome = sandbox.get_token().run();
        outcome.fails(1, &["the session is kept"]);
        sandbox.get_token().in_new_command().run().token();
        assert_eq!(sandbox.tabs(), 1, "{heading}");
        sandbox.told(heading, &outcome)
    };
    insta::assert_snapshot!(refusals.map(told).concat(), @"
    outside of the network
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: access_denied: outside of the permitted network zones (request id [ID])
    stderr: hint: connect from a network that the provider allows for this app; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1

    an error that is no text
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: error: blocked (request id [ID])
    stderr: hint: the provider's log says more; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1

    an error without a code
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: error: blocked (request id [ID])
    stderr: hint: the provider's log says more; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1
    ");
}

/// A good token is never withheld: the provider has ended the session, and nobody signs in now.
#[test]
fn the_last_token_of_a_session_that_has_ended_is_good_to_its_end() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    sandbox.okta.end_sessions();
    sandbox.okta.behave(|behaviour| {
        behaviour.authorize_error = Some(AuthorizeError {
            error: "access_denied".to_owned(),
            description: String::new(),
        });
    });
    let forced = sandbox.get_token().arg("--force-refresh");
    forced.run().fails(1, &["the session has ended", "access_denied"]);
    let plain = sandbox.get_token().run();
    assert_eq!((plain.token(), plain.stderr.as_str()), (token, ""));
    // Its refresh token is not asked with again.
    forced
        .in_new_command()
        .at_terminal()
        .run()
        .fails(1, &["access_denied"]);
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

/// Whoever signs in in vain must not lead to a refresh that is refused each time.
#[test]
fn a_session_that_has_ended_is_put_aside_before_anybody_signs_in() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.end_sessions();
    sandbox.okta.behave(|behaviour| {
        behaviour.authorize_error = Some(AuthorizeError {
            error: "access_denied".to_owned(),
            description: String::new(),
        });
    });
    for _ in 0..2 {
        let call = sandbox.get_token().in_new_command().at_terminal();
        call.run().fails(1, &["access_denied"]);
        assert_eq!(sandbox.cache_files(".session.json").len(), 0);
        assert_eq!(sandbox.cache_files(".session.json.quarantined").len(), 1);
    }
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 3));
}

#[test]
fn a_refreshed_token_that_cannot_be_accepted_ends_the_session() {
    let cases = [
        (Defect::OtherSubject, "another person"),
        (Defect::WrongAzp, "claim `azp`"),
        (Defect::OtherAudience, "its audience is"),
        (Defect::WrongIssuer, "its issuer is"),
        (Defect::BadSignature, "its signature is wrong"),
        (Defect::MissingIat, "no `iat` claim"),
    ];
    for (defect, words) in cases {
        let sandbox = Sandbox::new();
        let old = sandbox.signed_in();
        sandbox.expire();
        sandbox.okta.behave(|behaviour| behaviour.refresh_defect = defect);
        let outcome = sandbox.get_token().arg("-v1").run();
        assert!(outcome.stderr.contains(words), "{defect:?}: {outcome}");
        assert_ne!(outcome.token(), old);
        assert_eq!(sandbox.tabs(), 2, "{defect:?}");
    }
}

/// Keycloak has one session per person and browser: a sign-in elsewhere changes what later refreshes say.
#[test]
fn what_a_provider_may_change_with_a_refresh_costs_no_sign_in() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| behaviour.keycloak_refresh = true);
    for _ in 0..2 {
        sandbox.expire();
        let outcome = sandbox.get_token().run();
        outcome.token();
        assert_eq!(outcome.stderr, "");
    }
    for defect in [
        Defect::OtherAuthTime,
        Defect::OtherNonce,
        Defect::Azp,
        Defect::OldAuthTime,
    ] {
        sandbox.okta.behave(|behaviour| behaviour.refresh_defect = defect);
        sandbox.expire();
        sandbox.get_token().run().token();
    }
    assert_eq!(sandbox.tabs(), 1);
}

/// A clock that jumps is this machine's, and no reason to ask a person.
#[test]
fn a_clock_that_is_wrong_at_a_refresh_ends_no_session() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox
        .okta
        .behave(|behaviour| behaviour.clock_offset_secs = 3 * 3600);
    sandbox
        .get_token()
        .run()
        .fails(1, &["this machine's clock is 3 h behind the provider's"]);
    sandbox.okta.behave(|behaviour| behaviour.clock_offset_secs = 0);
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_fault_of_the_configuration_keeps_the_session_and_says_how_to_sign_in_anew() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let refusals = [
        (
            "the client may not refresh",
            FaultKind::status(400, oauth("unauthorized_client")),
        ),
        (
            "invalid_client with 400",
            FaultKind::status(400, oauth("invalid_client")),
        ),
        (
            "invalid_client with 401",
            FaultKind::status(401, oauth("invalid_client")),
        ),
        ("401 without a reason", FaultKind::status(401, FaultBody::Empty)),
    ];
    let told = |(heading, refusal): (&str, FaultKind)| {
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, refusal)]);
        let outcome = sandbox.get_token().in_new_command().run();
        outcome.fails(1, &[]);
        assert_eq!(sandbox.tabs(), 1);
        sandbox.told(heading, &outcome)
    };
    insta::assert_snapshot!(refusals.map(told).concat(), @"
    the client may not refresh
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: unauthorized_client (request id [ID])
    stderr: hint: compare --oidc-client-id and the secret with the app's client authentication setting; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1

    invalid_client with 400
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: invalid_client (request id [ID])
    stderr: hint: compare --oidc-client-id and the secret with the app's client authentication setting; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1

    invalid_client with 401
    stderr: error: the session could not be refreshed
    stderr: caused by: the provider refused the request for tokens: invalid_client (request id [ID])
    stderr: hint: compare --oidc-client-id and the secret with the app's client authentication setting; the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1

    401 without a reason
    stderr: error: the session could not be refreshed
    stderr: caused by: [ISSUER]/v1/token answered with HTTP 401 and no OAuth error: it does not accept this client
    stderr: hint: compare --oidc-client-id and --oidc-client-secret with the app; a gateway in front of the provider may want a header (--oidc-request-header); the session is kept; to sign in anew: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1
    ");
    sandbox.okta.behave(|behaviour| behaviour.faults.clear());
    assert_eq!(sandbox.bare(&["clean"]).run().code, Some(0));
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 2);
}

/// RFC 6749 5.2 wants an `error`; without one nobody knows whether the grant, the client or the request was refused.
#[test]
fn a_refusal_without_a_reason_says_what_to_compare() {
    for (content_type, text) in [
        ("application/json", ""),
        ("application/json", "{}"),
        ("application/json", r#"{"error":null}"#),
        ("text/plain", " "),
    ] {
        let refusal = FaultKind::Answer {
            code: 400,
            content_type: content_type.to_owned(),
            body: text.to_owned(),
        };
        let told = [
            "/token answered with HTTP 400 and no OAuth error",
            "--oidc-client-id",
        ];
        let refuse = |sandbox: &Sandbox| {
            let refusal = Fault::always(Endpoint::Token, refusal.clone());
            sandbox.okta.behave(|behaviour| behaviour.faults = vec![refusal]);
        };
        let sandbox = Sandbox::new();
        refuse(&sandbox);
        sandbox.get_token().run().fails(1, &told);

        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        refuse(&sandbox);
        let dir = sandbox.cache_dir().display().to_string();
        let cure = format!("the session is kept; to sign in anew: kubesesame clean --token-cache-dir={dir}");
        let outcome = sandbox.get_token().run();
        outcome.fails(1, &["the session could not be refreshed", &cure]);
        outcome.fails(1, &told);
        assert_eq!(sandbox.bare(&["clean"]).run().code, Some(0));
        sandbox.okta.behave(|behaviour| behaviour.faults.clear());
        sandbox.get_token().run().token();
    }
}

#[test]
fn a_session_that_is_over_leads_to_one_login() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.end_sessions();
    sandbox.get_token().run().token();
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 2));
}

#[test]
fn a_refresh_without_an_id_token_leads_to_a_login() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let fault = Fault::once(Endpoint::Token, FaultKind::Missing("id_token".to_owned()));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(
        outcome
            .stderr
            .contains("the session has ended, so a new sign-in is needed: the provider sends no ID token"),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 2);
}

/// The provider's documents are kept for a day, and what it announces may change meanwhile.
#[test]
fn cached_documents_of_the_provider_are_not_held_against_a_new_token() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| {
        behaviour.refresh_defect = Defect::Es512;
        let name = "id_token_signing_alg_values_supported".to_owned();
        let announced = serde_json::json!(["RS256", "ES512"]);
        behaviour.discovery.insert(name, announced);
    });
    for _ in 0..2 {
        sandbox.expire();
        sandbox.get_token().run().token();
    }
    assert_eq!((sandbox.okta.count(Endpoint::Discovery), sandbox.tabs()), (1, 1));
}
