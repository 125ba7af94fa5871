//! `logout`: revokes the refresh token, and removes the session.

use std::fs;

use crate::support::{Call, Outcome, Sandbox};
use okta::{Dpop, Endpoint, Fault, FaultBody, FaultKind, Recorded};

/// A kubeconfig whose current context has an entry with this call.
pub(crate) fn with_kubeconfig(sandbox: &Sandbox, entry: &Call) -> String {
    let args = entry.entry_args();
    let path = sandbox.path("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n\
         clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
         contexts: [{{name: prod, context: {{cluster: c, user: okta}}}}]\n\
         users: [{{name: okta, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
         command: kubesesame, args: [{args}]}}}}}}]\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn logout(sandbox: &Sandbox, args: &[&str]) -> Call {
    logout_of(sandbox, &sandbox.get_token(), args)
}

/// Ends the session of an entry with this call.
pub(crate) fn logout_of(sandbox: &Sandbox, entry: &Call, args: &[&str]) -> Call {
    let kubeconfig = with_kubeconfig(sandbox, entry);
    let args = [&["logout"], args].concat();
    sandbox.bare(&args).env("KUBECONFIG", &kubeconfig)
}

pub(crate) fn revocations(sandbox: &Sandbox) -> Vec<Recorded> {
    let requests = sandbox.okta.requests().into_iter();
    requests
        .filter(|request| request.endpoint == Endpoint::Revoke)
        .collect()
}

/// What the person sees, without the time.
pub(crate) fn told(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let text = sandbox.told("logout", outcome);
    let words: Vec<&str> = text.split(' ').collect();
    let is_time = |word: &str| word.len() == 5 && word.as_bytes()[2] == b':';
    let words = words
        .into_iter()
        .map(|word| if is_time(word) { "[TIME]" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// The kinds of the files of sessions that are there.
pub(crate) fn files(sandbox: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(sandbox.cache_dir()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kinds: Vec<String> = names
        .filter_map(|name| name.split_once('.').map(|(_, kind)| kind.to_owned()))
        .filter(|kind| !["lock", "provider.json", "fast-path.json"].contains(&kind.as_str()))
        .collect();
    kinds.sort();
    kinds
}

#[test]
fn the_refresh_token_is_revoked_and_the_next_call_opens_a_browser() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let refresh_token = sandbox.session()["refresh_token"].as_str().unwrap().to_owned();
    let outcome = logout(&sandbox, &[]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: ended the session of 00ualice at [ISSUER]: its refresh token is revoked
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    exit: 0
    ");
    let sent = revocations(&sandbox);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].form.contains(&("token".to_owned(), refresh_token)));
    assert_eq!(sent[0].status, 200);
    assert_eq!(files(&sandbox), [""; 0]);
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn the_family_of_the_refresh_token_is_dead() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let stolen = sandbox.session();
    assert_eq!(logout(&sandbox, &[]).run().code, Some(0));
    let outcome = sandbox.get_token().run();
    outcome.token();
    // A copy of the ended session is refused by the provider, so that its owner has to sign in.
    sandbox.change_session(|session| *session = stolen);
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 3);
}

#[test]
fn a_provider_that_cannot_be_asked_is_asked_at_the_next_sign_in_or_logout() {
    for again in ["get-token", "logout"] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let fault = Fault::always(Endpoint::Revoke, FaultKind::status(503, FaultBody::Empty));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let outcome = logout(&sandbox, &[]).run();
        if again == "logout" {
            insta::assert_snapshot!(told(&sandbox, &outcome), @"
            logout
            stderr: ended the session of 00ualice at [ISSUER] on this machine
            stderr: warning: its refresh token could not be revoked: [ISSUER]/v1/revoke answered with HTTP 503 (request id [ID]); the next sign-in or logout tries again; try again later
            stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
            exit: 1
            ");
        }
        assert_eq!(files(&sandbox), ["revocation.json"], "{outcome}");
        sandbox.okta.behave(|behaviour| behaviour.faults = Vec::new());
        sandbox.okta.clear_requests();
        match again {
            "get-token" => drop(sandbox.get_token().run().token()),
            _ => assert_eq!(logout(&sandbox, &[]).run().code, Some(0)),
        }
        assert_eq!(revocations(&sandbox).len(), 1, "{again}");
        assert!(!files(&sandbox).contains(&"revocation.json".to_owned()));
    }
}

#[test]
fn a_provider_without_an_endpoint_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| {
        let absent = serde_json::Value::Null;
        behaviour
            .discovery
            .insert("revocation_endpoint".to_owned(), absent);
    });
    insta::assert_snapshot!(told(&sandbox, &logout(&sandbox, &[]).run()), @"
    logout
    stderr: ended the session of 00ualice at [ISSUER] on this machine; the provider cannot revoke its refresh token, which stays valid until the provider ends it
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    exit: 1
    ");
    assert_eq!(files(&sandbox), [""; 0]);
}

#[test]
fn sessions_are_chosen_by_entry_account_issuer_or_all() {
    for (args, ends) in [
        (&["--all"][..], true),
        (&["--context=prod"], true),
        (&["--user=okta"], true),
        (&["--account=00ualice"], true),
        (&["--account=bob"], false),
        (&["--issuer=https://other.example"], false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let outcome = logout(&sandbox, args).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(
            revocations(&sandbox).len(),
            usize::from(ends),
            "{args:?} {outcome}"
        );
        assert_eq!(files(&sandbox).is_empty(), ends, "{args:?}");
    }
}

#[test]
fn a_session_without_an_entry_is_revoked_as_a_public_client() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let outcome = sandbox.bare(&["logout", "--all"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(revocations(&sandbox).len(), 1);
}

#[test]
fn the_client_authenticates_as_for_tokens_and_proves_its_key() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Required);
    sandbox.signed_in();
    assert_eq!(logout(&sandbox, &[]).run().code, Some(0));
    let sent = revocations(&sandbox);
    assert!(sent[0].headers.iter().any(|(name, _)| name == "dpop"));
}

#[test]
fn nothing_to_end_is_no_failure() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(told(&sandbox, &logout(&sandbox, &[]).run()), @"
    logout
    stderr: there is no session to end
    exit: 0
    ");
}

#[test]
fn clean_names_the_sessions_that_it_leaves_elsewhere() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.path("elsewhere");
    let dir = format!("--token-cache-dir={}", elsewhere.display());
    sandbox
        .get_token()
        .without("--token-cache-dir")
        .arg(&dir)
        .run()
        .token();
    let path = sandbox.path("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\nusers: [{{name: okta, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, \
         interactiveMode: IfAvailable, command: kubesesame, args: [{}, '{dir}']}}}}}}]\n",
        sandbox.entry_args()
    );
    fs::write(&path, text).unwrap();
    let kubeconfig = path.to_str().unwrap();
    let outcome = sandbox.bare(&["clean"]).env("KUBECONFIG", kubeconfig).run();
    let named = format!(
        "1 session of the kubeconfig is left in {}: kubesesame logout --all",
        elsewhere.display()
    );
    assert!(outcome.stderr.contains(&named), "{outcome}");
    let outcome = sandbox
        .bare(&["logout", "--all"])
        .env("KUBECONFIG", kubeconfig)
        .run();
    assert_eq!(
        (outcome.code, revocations(&sandbox).len()),
        (Some(0), 1),
        "{outcome}"
    );
}

#[test]
fn a_selected_entry_alone_says_which_directory_is_meant_and_how_the_provider_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let (dir, ran) = (sandbox.path("mine"), sandbox.path("ran"));
    let flag = format!("--token-cache-dir={}", dir.display());
    let mine = sandbox.get_token().without("--token-cache-dir").arg(&flag);
    mine.run().token();
    let stranger = sandbox
        .get_token()
        .arg(&format!("--oidc-client-secret-command=touch {}", ran.display()))
        .entry_args();
    let kubeconfig = with_kubeconfig(&sandbox, &mine);
    let text = fs::read_to_string(&kubeconfig).unwrap();
    let first = format!(
        "users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
         command: kubesesame, args: [{stranger}]}}}}}}, "
    );
    fs::write(&kubeconfig, text.replace("users: [", &first)).unwrap();
    let call = sandbox
        .bare(&["logout", "--context=prod"])
        .env("KUBECONFIG", &kubeconfig);
    assert_eq!(call.run().code, Some(0));
    assert_eq!(revocations(&sandbox).len(), 1);
    assert!(!ran.exists());
    // The session of the other entry is in another directory, and stays.
    assert_eq!(sandbox.cache_files(".session.json").len(), 1);
    let left = fs::read_dir(&dir).unwrap();
    let is_session = |name: String| name.ends_with(".session.json");
    assert!(
        !left
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .any(is_session)
    );
    // All sessions are ended, and no entry that nobody selected has a program run.
    let call = sandbox.bare(&["logout", "--all"]).env("KUBECONFIG", &kubeconfig);
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.stderr.contains("so none of them is followed"),
        "{outcome}"
    );
    assert_eq!(revocations(&sandbox).len(), 2);
    assert!(!ran.exists());
    assert_eq!(sandbox.cache_files(".session.json").len(), 0);
}
