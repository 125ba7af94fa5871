//! Calls without a command for the same entry of a kubeconfig take turns.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::unistd::Uid;

use crate::standalone::{sign_in, standalone};
use crate::standalone_writing::ended;
use crate::support::{Call, Sandbox, finish, wait_until};
use okta::{Endpoint, Fault, FaultKind, Rotation};

/// Four calls at the same moment, one of which refreshes: a refresh token is spent once, and whoever comes next finds its successor.
fn four_calls_refresh_once(sandbox: &Sandbox, variant: impl Fn(usize, Call) -> Call) {
    let (_, call) = ended(sandbox);
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_lifetime_secs = 3600);
    sandbox.hold_token_answers();
    let calls: Vec<_> = (0..4)
        .map(|number| variant(number, call.clone()).spawn())
        .collect();
    wait_until("one of them refreshes", || sandbox.grants("refresh_token") > 0);
    sandbox.let_answers_go();
    for call in calls {
        let outcome = finish(call);
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

#[test]
fn calls_at_the_same_moment_refresh_once() {
    let sandbox = Sandbox::new();
    // Anybody can make a directory of this name, so the calls do not take turns by it.
    let planted = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    fs::create_dir(&planted).unwrap();
    fs::set_permissions(&planted, fs::Permissions::from_mode(0o777)).unwrap();
    four_calls_refresh_once(&sandbox, |_, call| call);
}

#[test]
fn without_a_place_for_turns_a_sign_in_works_all_the_same() {
    let planted: [fn(&std::path::Path); 2] = [
        |place| fs::write(place, "").unwrap(),
        |place| {
            fs::create_dir(place).unwrap();
            fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
        },
    ];
    for plant in planted {
        let sandbox = Sandbox::new();
        plant(&sandbox.path(&format!("kubesesame-{}", Uid::effective())));
        fs::create_dir_all(sandbox.cache_dir().parent().unwrap()).unwrap();
        plant(&sandbox.cache_dir());
        let (file, call) = standalone(&sandbox, &[]);
        sign_in(&file, &call);
    }
}

/// Shells of one person differ in their variables; the kubeconfig is the same.
#[test]
fn calls_with_other_cache_directories_take_turns_too() {
    let sandbox = Sandbox::new();
    four_calls_refresh_once(&sandbox, |number, call| {
        let dir = sandbox.path(&format!("cache-{number}"));
        call.env("KUBECACHEDIR", dir.to_str().unwrap())
    });
}

/// It was rotated, and written into the entry, before its ID token turned out to be of no use.
#[test]
fn the_refresh_token_that_a_call_has_written_itself_is_of_no_other_program() {
    let sandbox = Sandbox::new();
    let (_, call) = ended(&sandbox);
    sandbox.okta.behave(|behaviour| {
        behaviour.refresh = Rotation::Rotate;
        let no_token = FaultKind::Replace {
            field: "id_token".to_owned(),
            value: "abc".into(),
        };
        behaviour.faults = vec![Fault::always(Endpoint::Token, no_token)];
    });
    let outcome = call.run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_eq!(sandbox.grants("refresh_token"), 1, "{outcome}");
}
