//! Several accounts of one person at one provider, each with a session of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Call, Sandbox};
use okta::{Defect, Endpoint, Fault, FaultKind};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// A browser in which this account is signed in, whatever hint the provider gets.
fn signed_in_as(sandbox: &Sandbox, login: &str) {
    sandbox.okta.behave(|behaviour| {
        behaviour.user.sub = format!("00u{login}");
        login.clone_into(&mut behaviour.user.login);
    });
}

fn call(sandbox: &Sandbox, account: &str) -> Call {
    sandbox
        .get_token()
        .arg("--oidc-extra-scope=email,profile")
        .arg(&format!("--account={account}"))
}

fn hints(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.okta.requests();
    let sign_ins = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Authorize);
    let hints = sign_ins.flat_map(|request| &request.query);
    hints
        .filter(|(name, _)| name == "login_hint")
        .map(|(_, value)| value.clone())
        .collect()
}

#[test]
fn each_account_has_a_session_of_its_own() {
    let sandbox = Sandbox::new();
    signed_in_as(&sandbox, ALICE);
    let alice = call(&sandbox, ALICE).run().token();
    signed_in_as(&sandbox, BOB);
    let bob = call(&sandbox, "bob").run().token();
    assert_ne!(alice, bob);
    assert_eq!(hints(&sandbox), [ALICE, "bob"]);
    assert_eq!(call(&sandbox, ALICE).run().token(), alice);
    assert_eq!(call(&sandbox, "bob").run().token(), bob);
    // Without a word the one session of old is meant.
    sandbox.get_token().run().token();
    assert_eq!((sandbox.tabs(), hints(&sandbox).len()), (3, 2));
}

/// Somebody copies files about; one that was written before accounts were noted still counts.
#[test]
fn a_record_of_one_account_in_the_place_of_anothers_is_not_used() {
    let sandbox = Sandbox::new();
    signed_in_as(&sandbox, ALICE);
    call(&sandbox, ALICE).run().token();
    let alice = fs::read(sandbox.session_file()).unwrap();
    fs::remove_file(sandbox.session_file()).unwrap();
    signed_in_as(&sandbox, BOB);
    call(&sandbox, BOB).run().token();
    fs::write(sandbox.session_file(), &alice).unwrap();
    let outcome = call(&sandbox, BOB).run();
    assert!(
        outcome.stderr.contains("it belongs to another account"),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 3);
    sandbox.change_session(|session| drop(session.as_object_mut().unwrap().remove("account")));
    assert_eq!(call(&sandbox, BOB).run().token(), outcome.token());
}

#[test]
fn another_account_than_the_one_that_was_asked_for_is_not_stored() {
    let sandbox = Sandbox::new();
    signed_in_as(&sandbox, BOB);
    call(&sandbox, ALICE).run().fails(
        1,
        &[
            "signed in as `bob@example.com`, not as `alice@example.com`",
            "sign out",
        ],
    );
    assert!(sandbox.cache_files(".session.json").is_empty());
}

/// An access token says whose it is too, alone and beside an ID token.
#[test]
fn an_access_token_of_another_account_is_not_stored() {
    let names = |name: &str| serde_json::Map::from_iter([("preferred_username".to_owned(), name.into())]);
    for (alone, name, accepted) in [
        (true, BOB, false),
        (false, BOB, false),
        (true, "alice", false),
        // Only one of them has the whole name.
        (false, ALICE, true),
        (true, ALICE, true),
    ] {
        let sandbox = Sandbox::new();
        signed_in_as(&sandbox, ALICE);
        sandbox.okta.behave(|behaviour| {
            behaviour.id_token_defect = Defect::MissingAtHash;
            behaviour.access_token_claims = names(name);
            behaviour
                .access_token_claims
                .insert("sub".to_owned(), "00u-any".into());
            let missing = FaultKind::Missing("id_token".to_owned());
            behaviour.faults = if alone {
                vec![Fault::always(Endpoint::Token, missing)]
            } else {
                vec![]
            };
        });
        let outcome = call(&sandbox, ALICE).arg("--oidc-use-access-token").run();
        assert_eq!(outcome.code == Some(0), accepted, "{alone} {name}: {outcome}");
        if !accepted {
            outcome.fails(1, &["not as `alice@example.com`"]);
            assert!(sandbox.cache_files(".session.json").is_empty());
        }
    }
}

#[test]
fn a_hint_of_ones_own_is_sent_in_place_of_the_account() {
    let sandbox = Sandbox::new();
    signed_in_as(&sandbox, ALICE);
    call(&sandbox, ALICE)
        .arg("--oidc-auth-request-extra-params=login_hint=other")
        .run()
        .token();
    assert_eq!(hints(&sandbox), ["other"]);
}

#[test]
fn each_user_name_of_the_password_grant_has_a_session_of_its_own() {
    let sandbox = Sandbox::unattended();
    let password = sandbox.okta.behaviour().user.password;
    let file = sandbox.path("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let call = |name: &str| {
        let call = sandbox.get_token().arg("--grant-type=password");
        call.arg("--password-file=~/password").arg(name)
    };
    signed_in_as(&sandbox, ALICE);
    let alice = call(&format!("--username={ALICE}")).run().token();
    signed_in_as(&sandbox, BOB);
    assert_ne!(call(&format!("--username={BOB}")).run().token(), alice);
    // The account is the user name, where none is given.
    assert_eq!(call(&format!("--account={ALICE}")).run().token(), alice);
    assert_eq!(sandbox.grants("password"), 2);
}

#[test]
fn a_password_file_is_private_and_there_alone() {
    let sandbox = Sandbox::unattended();
    let file = sandbox.path("password");
    fs::write(&file, "x").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let call = sandbox
        .get_token()
        .arg("--username=alice")
        .arg("--password-file=~/password");
    call.run()
        .fails(2, &["cannot read the file of --password-file", "chmod 600"]);
    call.arg("--password=x")
        .run()
        .fails(2, &["--password and --password-file are both there"]);
}

#[test]
fn a_program_has_no_account() {
    let sandbox = Sandbox::unattended();
    let call = call(&sandbox, ALICE).arg("--grant-type=client-credentials");
    call.run()
        .fails(2, &["--account is there", "leave one of them out"]);
}
