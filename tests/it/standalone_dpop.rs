//! The standalone mode at a provider with DPoP (RFC 9449): an `auth-provider` entry has no place for a key, so nothing is bound.

use crate::standalone::standalone;
use crate::support::Sandbox;
use okta::Dpop;

#[test]
fn tokens_are_not_bound_where_the_provider_announces_it() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Supported);
    let (_, call) = standalone(&sandbox, &[]);
    assert_eq!(call.run().code, Some(0));
    let requests = sandbox.okta.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.headers.iter().all(|(name, _)| name != "dpop"))
    );
}

#[test]
fn a_provider_that_requires_it_is_told_of_with_what_helps() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Required);
    let (_, call) = standalone(&sandbox, &[]);
    let outcome = call.run();
    outcome.fails(1, &["use an `exec` entry: kubesesame kubeconfig convert"]);
    assert!(!outcome.stderr.contains("--oidc-dpop"), "{outcome}");
}
