//! What the tables play: a sign-in or a refresh at a provider that was changed in some way.

use serde_json::{Value, json};

use super::found::{Found, of_refresh, of_sign_in};
use crate::support::{Call, Sandbox};
use okta::{Behaviour, Defect, Dpop, Endpoint, Fault, FaultKind};

/// A sign-in at a provider that behaves so.
pub(super) fn at(change: impl Fn(&mut Behaviour) + Send + Sync) -> impl Fn() -> Found + Send + Sync {
    with(&[], change)
}

/// A sign-in with further arguments at a provider that behaves so.
pub(super) fn with(
    args: &'static [&'static str],
    change: impl Fn(&mut Behaviour) + Send + Sync,
) -> impl Fn() -> Found + Send + Sync {
    move || {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(&change);
        of_sign_in(&sandbox, &with_args(&sandbox, args).run())
    }
}

pub(super) fn with_args(sandbox: &Sandbox, args: &[&str]) -> Call {
    args.iter().fold(sandbox.get_token(), |call, arg| call.arg(arg))
}

/// A sign-in at a provider whose ID tokens have this defect.
pub(super) fn id_token(defect: Defect) -> impl Fn() -> Found + Send + Sync {
    at(move |behaviour| behaviour.id_token_defect = defect)
}

/// The same with the access token used, which `at_hash` is about.
pub(super) fn access_token(defect: Defect) -> impl Fn() -> Found + Send + Sync {
    with(&["--oidc-use-access-token"], move |behaviour| {
        behaviour.id_token_defect = defect;
    })
}

/// The same at a provider that announces this algorithm.
pub(super) fn announced(algorithm: &'static str, defect: Defect) -> impl Fn() -> Found + Send + Sync {
    at(move |behaviour| {
        behaviour.id_token_defect = defect;
        announce(
            behaviour,
            "id_token_signing_alg_values_supported",
            json!([algorithm]),
        );
    })
}

/// Sets a member of the discovery document.
pub(super) fn announce(behaviour: &mut Behaviour, member: &str, value: Value) {
    behaviour.discovery.insert(member.to_owned(), value);
}

/// A sign-in at a provider whose discovery document has this member.
pub(super) fn document(member: &'static str, value: Value) -> impl Fn() -> Found + Send + Sync {
    at(move |behaviour| announce(behaviour, member, value.clone()))
}

/// A sign-in while all requests of an endpoint fail in this way.
pub(super) fn fault(endpoint: Endpoint, kind: FaultKind) -> impl Fn() -> Found + Send + Sync {
    at(move |behaviour| behaviour.faults = vec![Fault::always(endpoint, kind.clone())])
}

/// A refresh at a provider that behaves so since the sign-in.
pub(super) fn refresh(change: impl Fn(&mut Behaviour) + Send + Sync) -> impl Fn() -> Found + Send + Sync {
    move || refreshed(&Sandbox::new(), &change)
}

/// Signs in, lets the token end, changes the provider, and refreshes.
pub(super) fn refreshed(sandbox: &Sandbox, change: impl FnOnce(&mut Behaviour)) -> Found {
    let call = sandbox.get_token();
    let old = call.run().token();
    sandbox.expire();
    sandbox.okta.behave(change);
    let outcome = call.run();
    if outcome.code == Some(0) {
        assert_ne!(outcome.token(), old, "{outcome}");
    }
    of_refresh(sandbox, &outcome)
}

/// A refresh whose ID token has this defect.
pub(super) fn refreshed_token(defect: Defect) -> impl Fn() -> Found + Send + Sync {
    refresh(move |behaviour| behaviour.refresh_defect = defect)
}

/// A refresh whose one request fails in this way.
pub(super) fn refresh_fault(kind: FaultKind) -> impl Fn() -> Found + Send + Sync {
    refresh(move |behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, kind.clone())])
}

/// A sign-in and a refresh at a provider whose app requires DPoP, and behaves so.
pub(super) fn dpop(change: impl Fn(&mut Behaviour) + Send + Sync) -> impl Fn() -> Found + Send + Sync {
    move || {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.dpop.mode = Dpop::Required;
            change(behaviour);
        });
        let call = sandbox.get_token();
        let outcome = call.run();
        if outcome.code != Some(0) {
            return of_sign_in(&sandbox, &outcome);
        }
        assert!(sandbox.session().get("dpop_key").is_some(), "{outcome}");
        sandbox.expire();
        of_refresh(&sandbox, &call.run())
    }
}

/// A response with this status, content type and body.
pub(super) fn response(code: u16, content_type: &str, body: &str) -> FaultKind {
    FaultKind::Answer {
        code,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    }
}
