//! The provider's discovery document and keys: how long they are kept, and when they are fetched anew.

use std::fs;

use crate::support::Sandbox;
use okta::{Defect, Endpoint, Fault, FaultBody, FaultKind};

#[test]
fn a_passing_fault_keeps_the_documents_and_a_moved_endpoint_drops_them() {
    for (fault, discoveries) in [
        (FaultKind::status(503, FaultBody::Empty), 0),
        (FaultKind::status(404, FaultBody::Okta), 1),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, fault)]);
        sandbox.get_token().run().fails(1, &[]);
        sandbox.get_token().run().token();
        assert_eq!(sandbox.okta.count(Endpoint::Discovery), discoveries);
    }
}

#[test]
fn rotated_keys_are_fetched_once_and_then_known() {
    rotated_keys_are_fetched_once(&Sandbox::new());
}

/// Hydra keeps the name of a key that it replaces.
#[test]
fn a_new_key_under_the_name_of_the_old_one_is_fetched() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.id_token_defect = Defect::ConstantKid;
        behaviour.refresh_defect = Defect::ConstantKid;
    });
    rotated_keys_are_fetched_once(&sandbox);
}

fn rotated_keys_are_fetched_once(sandbox: &Sandbox) {
    sandbox.signed_in();
    sandbox.okta.rotate_keys();
    for _ in 0..2 {
        sandbox.expire();
        sandbox.get_token().run().token();
    }
    assert_eq!((sandbox.okta.count(Endpoint::Keys), sandbox.tabs()), (1, 1));
}

#[test]
fn documents_are_fetched_again_when_their_time_is_over() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery_cache_control = Some("no-store".to_owned());
        behaviour.keys_cache_control = Some("max-age=0".to_owned());
    });
    sandbox.signed_in();
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!(
        (
            sandbox.okta.count(Endpoint::Discovery),
            sandbox.okta.count(Endpoint::Keys)
        ),
        (1, 1)
    );
}

#[test]
fn a_broken_document_cache_is_fetched_anew() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::write(sandbox.cache_file(".provider.json"), b"\xff\x00{").unwrap();
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// Whoever has the old address may go on to publish keys there.
#[test]
fn keys_of_an_address_that_the_document_no_longer_names_are_not_used() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let moved = format!("{}/oauth2/v1/keys", sandbox.okta.origin());
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery.insert("jwks_uri".to_owned(), moved.into());
    });
    // A sign-in reads the document anew.
    let other_session = sandbox.get_token().arg("--oidc-extra-scope=email");
    for _ in 0..2 {
        other_session.clone().arg("--force-refresh").run().token();
    }
    let requests = sandbox.okta.requests();
    let keys = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Keys);
    let paths: Vec<&str> = keys.map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/oauth2/v1/keys"]);
}
