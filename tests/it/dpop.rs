//! DPoP (RFC 9449): the refresh token is bound to a key of the session.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::support::{Call, Sandbox, claims_of};
use okta::{Behaviour, Dpop, Endpoint, Fault, FaultBody, FaultKind, Recorded, Rotation};

/// What goes wrong, the flags, and what is changed at the provider.
type Case = (&'static str, &'static [&'static str], fn(&mut Behaviour));

/// A provider whose apps do this with DPoP.
fn provider(dpop: Dpop) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.dpop.mode = dpop);
    sandbox
}

fn proof(request: &Recorded) -> Option<&str> {
    let mut values = request.headers.iter().filter(|(name, _)| name == "dpop");
    values.next().map(|(_, value)| value.as_str())
}

/// The token requests: the status of each, and the claims of its proof.
fn token_requests(sandbox: &Sandbox) -> Vec<(u16, Option<Value>)> {
    let requests = sandbox.okta.requests();
    let requests = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Token);
    requests
        .map(|request| (request.status, proof(request).map(claims_of)))
        .collect()
}

fn key_of(sandbox: &Sandbox) -> Vec<Value> {
    let requests = sandbox.okta.requests();
    requests
        .iter()
        .filter_map(proof)
        .map(|proof| {
            let header = proof.split('.').next().unwrap();
            let header: Value =
                serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
            header["jwk"].clone()
        })
        .collect()
}

/// A call whose session has ended, so that it refreshes.
fn refreshed(sandbox: &Sandbox, call: &Call) {
    sandbox.expire();
    call.run().token();
}

#[test]
fn an_app_that_requires_dpop_signs_in_and_refreshes_with_one_key_and_one_request_each() {
    let sandbox = provider(Dpop::Required);
    sandbox
        .okta
        .behave(|behaviour| behaviour.refresh = Rotation::Rotate);
    let call = sandbox.get_token();
    let first = call.run();
    first.token();
    let requests = token_requests(&sandbox);
    // Without a proof, with one but no nonce, and with both: the code survives.
    let shapes: Vec<_> = requests
        .iter()
        .map(|(status, proof)| {
            (
                *status,
                proof.as_ref().map(|claims| claims.get("nonce").is_some()),
            )
        })
        .collect();
    assert_eq!(
        shapes,
        [(400, None), (400, Some(false)), (200, Some(true))],
        "{first}"
    );
    for _ in 0..3 {
        refreshed(&sandbox, &call);
    }
    let requests = token_requests(&sandbox).split_off(3);
    assert_eq!(requests.len(), 3, "one each, since the nonce is known");
    let ids: std::collections::BTreeSet<String> = requests
        .iter()
        .map(|(_, proof)| proof.as_ref().unwrap()["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 3);
    let keys = key_of(&sandbox);
    assert!(keys.iter().all(|key| *key == keys[0] && key.get("d").is_none()));
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_nonce_that_changes_costs_one_request_more() {
    let sandbox = provider(Dpop::Required);
    let call = sandbox.get_token();
    call.run().token();
    sandbox
        .okta
        .behave(|behaviour| "nonce-of-tomorrow".clone_into(&mut behaviour.dpop.nonce));
    refreshed(&sandbox, &call);
    let requests = token_requests(&sandbox).split_off(3);
    let statuses: Vec<u16> = requests.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [400, 200]);
    refreshed(&sandbox, &call);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_provider_that_announces_dpop_gets_a_proof_at_once_and_the_key_with_the_request_for_the_code() {
    let sandbox = provider(Dpop::Supported);
    let call = sandbox.get_token();
    call.run().token();
    let requests = sandbox.okta.requests();
    let authorize = requests
        .iter()
        .find(|request| request.endpoint == Endpoint::Authorize)
        .unwrap();
    assert!(
        authorize
            .query
            .iter()
            .any(|(name, value)| name == "dpop_jkt" && value.len() == 43)
    );
    let first = requests
        .iter()
        .find(|request| request.endpoint == Endpoint::Token)
        .unwrap();
    assert!(proof(first).is_some());
    refreshed(&sandbox, &call);
    assert!(sandbox.session().get("dpop_key").is_some());
}

#[test]
fn without_need_nothing_is_bound() {
    for (dpop, args) in [
        (Dpop::Ignored, &[][..]),
        (Dpop::Supported, &["--oidc-dpop=never"]),
        (Dpop::Supported, &["--oidc-use-access-token"]),
    ] {
        let sandbox = provider(dpop);
        let call = args.iter().fold(sandbox.get_token(), |call, arg| call.arg(arg));
        call.run().token();
        let requests = token_requests(&sandbox);
        assert!(
            requests.iter().all(|(_, proof)| proof.is_none()),
            "{dpop:?} {args:?}"
        );
        assert!(sandbox.session().get("dpop_key").is_none());
    }
}

#[test]
fn each_grant_has_a_proof() {
    for (grant, args) in [
        (
            "password",
            &["--username=alice@example.com", "--password=correct horse"][..],
        ),
        ("device-code", &[]),
        ("client-credentials", &["--oidc-dpop=always"]),
    ] {
        let sandbox = provider(Dpop::Required);
        let mut call = sandbox.get_token().with("--grant-type", grant);
        sandbox.okta.behave(|behaviour: &mut Behaviour| {
            behaviour.password_grant_allowed = true;
            behaviour.client_credentials_allowed = true;
            behaviour.client_credentials_id_token = true;
            behaviour.device_grant_allowed = true;
            behaviour.device_verification = okta::DeviceVerification::ApproveAfterPolls(0);
        });
        if grant == "client-credentials" {
            call = call.by_web_app(&sandbox.okta).without("--oidc-extra-scope");
        }
        let call = args.iter().fold(call, |call, arg| call.arg(arg));
        let outcome = call.run();
        let (status, proof) = token_requests(&sandbox).pop().unwrap();
        assert!(status == 200 && proof.is_some(), "{grant}: {outcome}");
    }
}

#[test]
fn what_goes_wrong_is_told_with_its_cause() {
    let faults: [Case; 4] = [
        (
            "always, and the provider has none",
            &["--oidc-dpop=always"],
            |behaviour| {
                behaviour.dpop.mode = Dpop::Ignored;
            },
        ),
        ("never, and the app requires it", &["--oidc-dpop=never"], |_| ()),
        ("bearer tokens although there was a proof", &[], |behaviour| {
            behaviour.dpop.answers_bearer = true;
        }),
        ("a nonce that is never taken", &[], |behaviour| {
            behaviour.dpop.nonce_never_accepted = true;
        }),
    ];
    let mut told = String::new();
    for (heading, args, change) in faults {
        let sandbox = provider(Dpop::Required);
        sandbox.okta.behave(change);
        let call = args.iter().fold(sandbox.get_token(), |call, arg| call.arg(arg));
        told += &sandbox.told(heading, &call.run());
        assert!(token_requests(&sandbox).len() <= 3);
    }
    insta::assert_snapshot!(told, @"
    always, and the provider has none
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    stderr: hint: turn DPoP on for the app; or leave out --oidc-dpop=always, and sign in again: kubesesame login
    exit: 1

    never, and the app requires it
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the request for tokens: invalid_dpop_proof: The DPoP proof JWT header is missing. (request id [ID])
    stderr: hint: leave out --oidc-dpop=never; or turn DPoP off for this app at the provider
    exit: 1

    bearer tokens although there was a proof
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    stderr: hint: turn DPoP on for the app; or leave out --oidc-dpop=always, and sign in again: kubesesame login
    exit: 1

    a nonce that is never taken
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the request for tokens: use_dpop_nonce: Authorization server requires nonce in DPoP proof. (request id [ID])
    stderr: hint: try again; if it stays so, ask whoever runs the provider: several servers of it may not share their nonces
    exit: 1
    ");
}

#[test]
fn a_clock_that_is_ahead_is_named() {
    let sandbox = provider(Dpop::Required);
    sandbox
        .okta
        .behave(|behaviour| behaviour.clock_offset_secs = -120);
    let outcome = sandbox.get_token().run();
    outcome.fails(1, &["issued in the future", "this machine's clock"]);
}

#[test]
fn a_key_that_is_lost_ends_the_session_and_a_sign_in_follows() {
    let sandbox = provider(Dpop::Required);
    let call = sandbox.get_token();
    call.run().token();
    sandbox.change_session(|session| {
        session.as_object_mut().unwrap().remove("dpop_key");
    });
    refreshed(&sandbox, &call);
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn a_session_without_a_key_goes_on_where_the_app_requires_dpop_later() {
    let sandbox = provider(Dpop::Ignored);
    let call = sandbox.get_token();
    call.run().token();
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Required);
    refreshed(&sandbox, &call);
    assert!(sandbox.session().get("dpop_key").is_some());
    assert_eq!(sandbox.tabs(), 1);
}

/// The token that replaces a bearer token is bound to a new key, and is stored with it before it is verified.
#[test]
fn a_session_that_gets_a_key_keeps_it_where_the_verification_fails_for_a_while() {
    for rotation in [Rotation::Rotate, Rotation::Static] {
        let sandbox = provider(Dpop::Ignored);
        let call = sandbox.get_token();
        call.run().token();
        sandbox.okta.behave(|behaviour| {
            behaviour.refresh = rotation;
            behaviour.dpop.mode = Dpop::Required;
            behaviour.faults = vec![Fault::once(
                Endpoint::Keys,
                FaultKind::status(503, FaultBody::Empty),
            )];
        });
        sandbox.okta.rotate_keys();
        sandbox.expire();
        call.run().fails(1, &["503"]);
        assert!(sandbox.session().get("dpop_key").is_some(), "{rotation:?}");
        call.clone().in_new_command().run().token();
        assert_eq!(sandbox.tabs(), 1, "{rotation:?}");
    }
}

#[test]
fn with_always_a_session_without_a_key_ends_and_a_sign_in_follows() {
    let sandbox = provider(Dpop::Ignored);
    sandbox.get_token().run().token();
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Supported);
    sandbox.expire();
    let call = sandbox.get_token().arg("--oidc-dpop=always");
    let outcome = call.run();
    outcome.token();
    assert!(
        outcome.stderr.contains(
            "a new sign-in is needed: its refresh token is not bound to a key, and --oidc-dpop=always"
        ),
        "{outcome}"
    );
    assert!(sandbox.session().get("dpop_key").is_some());
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 0));
    refreshed(&sandbox, &call);
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn neither_key_nor_proof_is_in_a_log() {
    let sandbox = provider(Dpop::Required);
    let outcome = sandbox.get_token().arg("-vvv").run();
    outcome.token();
    let key = sandbox.session()["dpop_key"].as_str().unwrap().to_owned();
    assert!(!outcome.stderr.contains(&key));
    for request in sandbox.okta.requests() {
        if let Some(proof) = proof(&request) {
            assert!(!outcome.stderr.contains(proof));
        }
    }
}

/// A proof that was not used is good for its receiver for a while (RFC 9449 11.1).
#[test]
fn a_proof_that_the_provider_repeats_is_told_nowhere() {
    let sandbox = provider(Dpop::Supported);
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.repeats_proof = true);
    let outcome = sandbox.get_token().arg("-v=9").run();
    outcome.fails(1, &["invalid_dpop_proof: the proof … is over"]);
    let requests = sandbox.okta.requests();
    let proofs: Vec<&str> = requests.iter().filter_map(proof).collect();
    assert!(!proofs.is_empty());
    for part in proofs.iter().flat_map(|proof| proof.split('.')) {
        assert!(!outcome.to_string().contains(part), "{outcome}");
    }
}
