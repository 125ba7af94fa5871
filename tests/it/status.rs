//! `status`: the sessions, whose they are, and which users of the kubeconfig use them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Outcome, Sandbox, with_claims};

/// A user of a kubeconfig that runs this with the sandbox's arguments and more.
pub(crate) fn user(sandbox: &Sandbox, name: &str, command: &str, more: &str) -> String {
    format!(
        "- name: {name}\n  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {command}, args: [{}{more}]}}}}\n",
        sandbox.entry_args()
    )
}

pub(crate) fn write(sandbox: &Sandbox, file: &str, current: &str, contexts: &[(&str, &str)], users: &str) {
    let contexts = contexts
        .iter()
        .map(|(context, user)| format!("- {{name: {context}, context: {{user: {user}, cluster: c}}}}\n"));
    let contexts: String = contexts.collect();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {current}\ncontexts:\n{contexts}users:\n{users}"
    );
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    fs::write(sandbox.path(file), text).unwrap();
}

/// A user with a session and two contexts, and one of another directory without a session.
pub(crate) fn two_users(sandbox: &Sandbox) {
    let other = format!(", '--token-cache-dir={}'", sandbox.path("other").display());
    let users =
        user(sandbox, "okta", "kubesesame", "") + &user(sandbox, "okta-prod", "/opt/kubesesame", &other);
    let contexts = [("dev", "okta"), ("dev-eu", "okta"), ("prod", "okta-prod")];
    write(sandbox, ".kube/config", "dev", &contexts, &users);
}

/// Replaces what differs from run to run.
pub(crate) fn stable(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let text = sandbox.filtered(outcome);
    let lines = text.lines().map(|line| {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        match name {
            "\"validUntil\"" | "\"validForSeconds\"" | "validUntil" | "validForSeconds"
                if !line.contains("null") =>
            {
                format!("{indent}{name}: …")
            }
            "\"path\"" | "path" => format!("{indent}{name}: …"),
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn fits(outcome: &Outcome) {
    for line in outcome.stdout.lines() {
        // Commands and paths stay in one piece.
        assert!(
            line.chars().count() <= 80 || line.contains("kubesesame"),
            "{line}"
        );
    }
}

#[test]
fn sessions_are_shown_with_their_users_and_users_without_one() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    sandbox.signed_in();
    let outcome = sandbox.bare(&["status"]).run();
    fits(&outcome);
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    00ualice
      issuer    [ISSUER]
      client    0oakubesesamemock
      groups    k8s-developers, k8s-oncall
      token     valid for [N] minutes, until [TIME] UTC
      refresh   possible, without a sign-in
      stored    in a file that only you can read
      directory [HOME]/.kube/cache/kubesesame
      user      okta
      contexts  dev (current), dev-eu

    User okta-prod has no session
      context   prod
      sign in   kubesesame login --context=prod
    exit: 0
    ");
    let same = sandbox.bare(&["whoami"]).run();
    assert_eq!(same.stdout, outcome.stdout);
    assert_eq!(sandbox.okta.requests().len(), 0, "nobody is asked");
    let one = sandbox.bare(&["status", "--context=prod"]).run();
    insta::assert_snapshot!(stable(&sandbox, &one), @"
    You are not signed in: there is no session.

    User okta-prod has no session
      context   prod
      sign in   kubesesame login --context=prod

    next: kubesesame login --context=prod
    exit: 0
    ");
}

#[test]
fn a_session_that_ended_says_what_to_do() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    sandbox.signed_in();
    let hour_ago = crate::support::now() - 7200;
    sandbox.change_session(|session| session["expires_at"] = hour_ago.into());
    let refreshable = sandbox.bare(&["status", "--context=dev"]).run();
    sandbox.change_session(|session| drop(session.as_object_mut().unwrap().remove("refresh_token")));
    let ended = sandbox.bare(&["status", "--context=dev-eu"]).run();
    sandbox.change_session(|session| session["expires_at"] = (hour_ago + 10_000).into());
    let last = sandbox.bare(&["status", "--context=dev"]).run();
    let shown = [refreshable, ended, last].map(|outcome| {
        let text = stable(&sandbox, &outcome);
        let lines = text
            .lines()
            .filter(|line| line.contains("token ") || line.contains("refresh") || line.contains("sign in"));
        lines
            .map(|line| line.split(", at ").next().unwrap().to_owned() + "\n")
            .collect::<String>()
    });
    insta::assert_snapshot!(shown.join("\n"), @"
    token     expired 2 hours ago
    refresh   possible, without a sign-in

    token     expired 2 hours ago
    refresh   not possible: a sign-in is needed
    sign in   kubesesame login

    token     valid for [N] minutes, until [TIME] UTC
    refresh   not possible: a sign-in is needed when the token ends
    ");
}

/// An archive that somebody unpacks among the temporary files may contain such a record.
#[test]
fn a_planted_session_among_the_temporary_files_is_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let dir = sandbox.path(&format!("kubesesame-{}", nix::unistd::Uid::effective()));
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(
        sandbox.session_file(),
        dir.join(sandbox.session_file().file_name().unwrap()),
    )
    .unwrap();
    let outcome = sandbox.bare(&["status"]).run();
    assert_eq!(
        outcome.stdout, "You are not signed in: there is no session.\n\nnext: kubesesame setup\n",
        "{outcome}"
    );
}

#[test]
fn nothing_at_all_is_a_status_too() {
    let sandbox = Sandbox::unattended();
    let nothing = sandbox.bare(&["status"]).run();
    insta::assert_snapshot!(stable(&sandbox, &nothing), @"
    You are not signed in: there is no session.

    next: kubesesame setup
    exit: 0
    ");
    let json = sandbox.bare(&["status", "--output=yaml"]).run();
    insta::assert_snapshot!(stable(&sandbox, &json), @"
    currentContext: null
    sessions: []
    users: []
    exit: 0
    ");
    let missing = sandbox.bare(&["status", "--kubeconfig=nowhere"]).run();
    missing.fails(2, &["nowhere"]);
    fs::write(sandbox.path("empty"), "users: []\n").unwrap();
    let file_alone = sandbox
        .bare(&[
            "status",
            &format!("--kubeconfig={}", sandbox.path("empty").display()),
        ])
        .run();
    assert_eq!(file_alone.stdout, nothing.stdout, "{file_alone}");
    sandbox
        .bare(&["status", "--user=x"])
        .run()
        .fails(1, &["there is no kubeconfig"]);
}

#[test]
fn entries_of_several_files_and_of_all_kinds_are_told_apart() {
    let sandbox = Sandbox::new();
    let kubelogin = user(&sandbox, "old", "kubectl", "").replace("args: [", "args: [oidc-login, ");
    let users = [
        kubelogin,
        user(&sandbox, "none", "kubesesame", ", --token-cache-storage=none"),
        "- {name: broken, user: {exec: {command: kubesesame, args: [get-token, --oidc-client-secret=hunter2, --nosuch=hunter2]}}}\n"
            .to_owned(),
        "- {name: legacy, user: {auth-provider: {name: oidc, config: {idp-issuer-url: x}}}}\n".to_owned(),
        "- {name: cert, user: {client-certificate: x}}\n".to_owned(),
    ];
    write(
        &sandbox,
        "second",
        "old",
        &[("old", "old"), ("dev", "none")],
        &users.concat(),
    );
    write(
        &sandbox,
        "first",
        "dev",
        &[("dev", "okta")],
        &user(&sandbox, "okta", "kubesesame", ""),
    );
    fs::write(sandbox.path("bad"), "users: [").unwrap();
    sandbox.signed_in();
    let list = ["bad", "first", "second"].map(|name| sandbox.path(name).display().to_string());
    let outcome = sandbox.bare(&["status"]).env("KUBECONFIG", &list.join(":")).run();
    fits(&outcome);
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    00ualice
      issuer    [ISSUER]
      client    0oakubesesamemock
      groups    k8s-developers, k8s-oncall
      token     valid for [N] minutes, until [TIME] UTC
      refresh   possible, without a sign-in
      stored    in a file that only you can read
      directory [HOME]/.kube/cache/kubesesame
      users     okta, old
      contexts  dev (current), old

    User none has no session
      stored    nowhere: --token-cache-storage=none signs in with each call

    User broken has no session
      problem   kubesesame does not take its `--nosuch`
      hint      correct its `args` in the kubeconfig; the flags: kubesesame
                get-token --help

    User legacy has no session
      stored    in the kubeconfig (`auth-provider`)
      change    kubesesame kubeconfig convert
    stderr: warning: `[HOME]/bad` is not valid YAML (line 1, column 8); kubectl cannot read it either; mend that line first
    exit: 0
    ");
}

/// Claims and names of a kubeconfig are from outside.
#[test]
fn control_characters_of_claims_and_names_are_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.change_session(|session| {
        let token = with_claims(session["token"].as_str().unwrap(), |claims| {
            claims["email"] = format!("evil\u{1b}[2J\u{202e}\n{}", "x".repeat(300)).into();
        });
        session["token"] = token.into();
    });
    let name = "\"n\\e[2J\\u202e\"";
    write(
        &sandbox,
        ".kube/config",
        "dev",
        &[("dev", name)],
        &user(&sandbox, name, "kubesesame", ", --account=x"),
    );
    for args in [
        &["status"][..],
        &["status", "-o", "json"],
        &["status", "-o", "yaml"],
    ] {
        let outcome = sandbox.bare(args).run();
        if args.len() == 1 {
            fits(&outcome);
        }
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(!outcome.stdout.contains(['\u{1b}', '\u{202e}']), "{outcome}");
    }
}

#[test]
fn a_sealed_session_without_its_key_says_so() {
    let sandbox = Sandbox::new();
    let keyring = ", --token-cache-storage=keyring";
    write(
        &sandbox,
        ".kube/config",
        "dev",
        &[("dev", "okta")],
        &user(&sandbox, "okta", "kubesesame", keyring),
    );
    sandbox.signed_in();
    let plain = sandbox.session_file();
    let sealed = plain.with_extension("sealed");
    fs::rename(&plain, &sealed).unwrap();
    fs::write(&sealed, [b"kubesesame sealed 1\n".as_slice(), &[7; 80]].concat()).unwrap();
    let outcome = sandbox.bare(&["status"]).run();
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    A sealed session
      issuer    [ISSUER]
      client    0oakubesesamemock
      token     not known: the session is sealed
      stored    sealed; its key is in the OS keyring
      directory [HOME]/.kube/cache/kubesesame
      user      okta
      context   dev (current)
    exit: 0
    ");
    fs::write(&sealed, "nonsense").unwrap();
    let broken = sandbox.bare(&["status"]).run();
    insta::assert_snapshot!(stable(&sandbox, &broken), @"
    A session that cannot be used
      issuer    [ISSUER]
      client    0oakubesesamemock
      token     cannot be used: it is broken
      stored    sealed; its key is in the OS keyring
      directory [HOME]/.kube/cache/kubesesame
      user      okta
      context   dev (current)
      sign in   kubesesame login
    exit: 0
    ");
    fs::set_permissions(sandbox.cache_dir(), fs::Permissions::from_mode(0o777)).unwrap();
    let open = sandbox.bare(&["status"]).run();
    assert_eq!(open.code, Some(0), "{open}");
    assert!(open.stderr.contains("chmod"), "{open}");
}
