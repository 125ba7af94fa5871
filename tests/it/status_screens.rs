//! `status` for programs, its help, and the status that a bare call shows at a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::status::{stable, two_users, user, write};
use crate::support::{Sandbox, Terminal, finish};

#[test]
fn the_status_for_programs_has_stable_names() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    sandbox.signed_in();
    let json = sandbox.bare(&["status", "--context=dev", "--output=json"]).run();
    insta::assert_snapshot!(stable(&sandbox, &json), @r#"
    {
      "currentContext": "dev",
      "sessions": [
        {
          "account": "00ualice",
          "clientId": "0oakubesesamemock",
          "contexts": [
            "dev",
            "dev-eu"
          ],
          "groupCount": 2,
          "issuer": "[ISSUER]",
          "path": …
          "refreshable": true,
          "state": "valid",
          "storage": "file",
          "subject": "00ualice",
          "users": [
            "okta"
          ],
          "validForSeconds": …
          "validUntil": …
        }
      ],
      "users": [
        {
          "command": "kubesesame",
          "contexts": [
            "dev",
            "dev-eu"
          ],
          "kubeconfig": "[HOME]/.kube/config",
          "name": "okta",
          "program": "kubesesame",
          "state": "session"
        }
      ]
    }
    exit: 0
    "#);
    let parsed: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(parsed["sessions"][0]["validForSeconds"].as_i64().unwrap() > 3000);
}

#[test]
fn the_status_as_yaml_is_the_same_in_block_style() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    sandbox.signed_in();
    let yaml = sandbox.bare(&["status", "-o", "yaml"]).run();
    insta::assert_snapshot!(stable(&sandbox, &yaml), @r#"
    currentContext: dev
    sessions:
    - issuer: [ISSUER]
      account: "00ualice"
      clientId: "0oakubesesamemock"
      contexts:
      - dev
      - dev-eu
      groupCount: 2
      path: …
      refreshable: true
      state: valid
      storage: file
      subject: "00ualice"
      users:
      - okta
      validForSeconds: …
      validUntil: …
    users:
    - name: okta
      command: kubesesame
      contexts:
      - dev
      - dev-eu
      kubeconfig: [HOME]/.kube/config
      program: kubesesame
      state: session
    - name: okta-prod
      command: /opt/kubesesame
      contexts:
      - prod
      kubeconfig: [HOME]/.kube/config
      program: kubesesame
      state: no-session
    exit: 0
    "#);
}

#[test]
fn a_bare_call_at_a_terminal_shows_the_status_and_the_next_step() {
    let sandbox = Sandbox::new();
    let bare = || {
        let Terminal { far, near } = Terminal::open();
        let call = sandbox
            .bare(&[])
            .with_stdin(near)
            .through(&["sh", "-c", "exec \"$@\" 2>&0", "sh"]);
        let outcome = finish(call.spawn());
        drop(far);
        outcome.stdout
    };
    let next = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    let mut steps = vec![next(&bare())];
    let old = user(&sandbox, "okta", "kubectl", "").replace("args: [", "args: [oidc-login, ");
    write(&sandbox, ".kube/config", "dev", &[("dev", "okta")], &old);
    steps.push(next(&bare()));
    two_users(&sandbox);
    steps.push(next(&bare()));
    sandbox.signed_in();
    let shown = bare();
    steps.push(next(&shown));
    let users = user(&sandbox, "okta", "kubesesame", "") + "- {name: cert, user: {client-certificate: x}}\n";
    write(
        &sandbox,
        ".kube/config",
        "c",
        &[("c", "cert"), ("dev", "okta")],
        &users,
    );
    steps.push(next(&bare()));
    insta::assert_snapshot!(steps.join("\n"), @"
    next: kubesesame setup
    next: kubesesame kubeconfig convert
    next: kubesesame login
    next: use kubectl; to ask the cluster who you are: kubesesame status --server
    next: kubectl config use-context dev
    ");
    assert!(shown.starts_with("00ualice\n  issuer"), "{shown}");
    // Without a terminal all is as before.
    sandbox.bare(&[]).run().fails(1, &["cannot be signed in"]);
}

#[test]
fn the_help_begins_with_examples() {
    let outcome = Sandbox::unattended().bare(&["status", "--help"]).run();
    insta::assert_snapshot!(outcome, @"
    Show who you are signed in as, until when, and which users of the kubeconfig use it

    Examples:
      # All sessions, and users that have none
      kubesesame status

      # Who the API server says that you are, asked by kubectl
      kubesesame status --server --context=prod

      # The account of each session, for a script
      kubesesame status --output=json | jq -r '.sessions[].account'

    Usage: kubesesame status [OPTIONS]

    Options:
          --kubeconfig <FILE>
              File to work on [default: the files of KUBECONFIG, or ~/.kube/config]

          --context <NAME>
              Context whose user is meant [default: the current one]

          --user <NAME>
              User that is meant, whatever the context

          --server
              Ask the API server who you are, by `kubectl auth whoami`; waits 10 seconds at most

      -o, --output <FORMAT>
              Print for programs: `json` or `yaml`

      -v, --v[=<LEVEL>]
              Log to standard error: 1 steps, 2 requests, 3 headers; no secrets

      -h, --help
              Print help (see a summary with '-h')

    Without --context and --user it shows everything. It reads files alone: nothing is refreshed, and
    nobody is asked, except with --server. The key of a sealed session is not asked for either: what is
    in such a session is shown while the kernel has its key.
    exit: 0
    ");
    let login = Sandbox::unattended().bare(&["login", "--help"]).run();
    let begin: Vec<&str> = login.stdout.lines().take(16).collect();
    insta::assert_snapshot!(begin.join("\n"), @r"
    Sign in now, for a user of the kubeconfig or with the flags of get-token

    Examples:
      # For the user of the current context, as kubectl would when there is no session
      kubesesame login

      # For the user of another context
      kubesesame login --context=prod

      # Without a kubeconfig
      kubesesame login --oidc-issuer-url=https://ORG.okta.com/oauth2/default \
        --oidc-client-id=ID

    Usage: kubesesame login [OPTIONS]

    Options:
    ");
}

/// Somebody may have read it, so a sign-in refuses to go on as well.
#[test]
fn a_session_that_others_can_read_is_said_to_be_so_with_the_command_that_closes_it() {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    two_users(&sandbox);
    fs::set_permissions(sandbox.session_file(), fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = sandbox.bare(&["status", "--context=dev"]).run();
    let key = sandbox
        .session_file()
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    insta::assert_snapshot!(stable(&sandbox, &outcome).replace(&key, "[KEY].session"), @"
    A session that cannot be used
      issuer    [ISSUER]
      client    0oakubesesamemock
      token     is not used, since others may have read it
      stored    in a file that others can read (mode 0644)
      directory [HOME]/.kube/cache/kubesesame
      user      okta
      contexts  dev (current), dev-eu
      fix       chmod 600 [HOME]/.kube/cache/kubesesame/[KEY].session.json
    exit: 0
    ");
    let closed = sandbox.bare(&["status", "--context=dev", "--output=json"]).run();
    assert!(
        closed
            .stdout
            .contains("in a file that others can read (mode 0644)"),
        "{closed}"
    );
}

/// A suggested command that reads another kubeconfig would fail.
#[test]
fn suggested_commands_name_the_kubeconfig_that_was_named() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    fs::rename(sandbox.path(".kube/config"), sandbox.path("my config")).unwrap();
    let file = format!("--kubeconfig={}", sandbox.path("my config").display());
    let outcome = sandbox.bare(&["status", &file]).run();
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    You are not signed in: there is no session.

    User okta has no session
      contexts  dev, dev-eu
      sign in   kubesesame login --context=dev --kubeconfig='[HOME]/my config'

    User okta-prod has no session
      context   prod
      sign in   kubesesame login --context=prod --kubeconfig='[HOME]/my config'

    next: kubesesame login --kubeconfig='[HOME]/my config'
    exit: 0
    ");
}
