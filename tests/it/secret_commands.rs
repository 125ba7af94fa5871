//! A client secret, a private key or a password that a command prints, or that is in the OS keyring.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client_assertions::{Key, by_key};
use crate::support::{Call, Sandbox, finish, wait_until};
use okta::Endpoint;

/// A command that counts its runs, warns, and prints a text.
fn counted(sandbox: &Sandbox, text: &str) -> String {
    fs::write(sandbox.path("printed"), text).unwrap();
    format!(
        "sh -c 'echo run >>{}; echo unlocking >&2; cat {}'",
        sandbox.path("runs").display(),
        sandbox.path("printed").display()
    )
}

fn runs(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("runs")).map_or(0, |runs| runs.lines().count())
}

fn web_app(sandbox: &Sandbox) -> Call {
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    call.without("--oidc-client-secret=")
}

#[test]
fn a_command_is_run_when_the_provider_is_asked_and_not_by_cached_calls() {
    let sandbox = Sandbox::new();
    let secret = sandbox.okta.web_client_secret();
    let command = counted(&sandbox, &format!("{secret}\n"));
    let call = web_app(&sandbox).with("--oidc-client-secret-command", &command);
    for _ in 0..3 {
        let outcome = call.run();
        outcome.token();
        assert!(!outcome.stderr.contains("unlocking"), "{outcome}");
    }
    assert_eq!(
        (runs(&sandbox), sandbox.cache_files(".fast-path.json").len()),
        (1, 1)
    );
    sandbox.expire();
    call.run().token();
    assert_eq!((runs(&sandbox), sandbox.tabs()), (2, 1));
    for entry in fs::read_dir(sandbox.cache_dir()).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&file).contains(&*secret));
    }
}

#[test]
fn a_command_does_not_inherit_our_settings() {
    let sandbox = Sandbox::new();
    let secret = sandbox.okta.web_client_secret();
    // It prints the secret only where none of our variables is set.
    let command = format!("sh -c 'env | grep -qE \"^(KUBESESAME_|KUBERNETES_EXEC_INFO)\" || echo {secret}'");
    let call = web_app(&sandbox).with("--oidc-client-secret-command", &command);
    call.env("KUBESESAME_PASSWORD", "p").run().token();
}

#[test]
fn a_person_sees_what_the_command_says() {
    let sandbox = Sandbox::new();
    let command = counted(&sandbox, &sandbox.okta.web_client_secret());
    let call = web_app(&sandbox).with("--oidc-client-secret-command", &command);
    let outcome = call.at_terminal().run();
    outcome.token();
    assert!(outcome.stderr.starts_with("unlocking\n"), "{outcome}");
}

#[test]
fn a_key_and_a_password_come_from_a_command_too() {
    let sandbox = Sandbox::new();
    let by_file = by_key(&sandbox, &Key::p256());
    let call = by_file.without("--oidc-client-private-key-file");
    let key = sandbox.path("client-key");
    call.arg(&format!(
        "--oidc-client-private-key-command=cat {}",
        key.display()
    ))
    .run()
    .token();

    let sandbox = Sandbox::new();
    let user = sandbox.okta.behaviour().user;
    let command = counted(&sandbox, &format!("{}\n", user.password));
    let call = sandbox.get_token().arg("--grant-type=password");
    let call = call.arg(&format!("--username={}", user.login));
    call.with("--password-command", &command).run().token();
    assert_eq!((sandbox.grants("password"), runs(&sandbox)), (1, 1));
}

/// Runs a call of an app with a secret that signs in nobody, and returns what is told.
fn refusal(sandbox: &Sandbox, heading: &str, args: &[&str]) -> String {
    let call = args.iter().fold(web_app(sandbox), |call, arg| call.arg(arg));
    let told = sandbox.told(heading, &call.without_env("DBUS_SESSION_BUS_ADDRESS").run());
    assert_eq!((sandbox.tabs(), sandbox.okta.count(Endpoint::Token)), (0, 0));
    told
}

#[test]
fn a_command_that_gives_nothing_says_why_before_anybody_signs_in() {
    let sandbox = Sandbox::new();
    let told = |heading: &str, args: &[&str]| refusal(&sandbox, heading, args);
    let all = [
        told(
            "it fails",
            &["--oidc-client-secret-command=sh -c 'echo s3cret; echo vault is sealed >&2; exit 3'"],
        ),
        told(
            "it is missing",
            &["--oidc-client-secret-command=no-such-program-here x"],
        ),
        told(
            "it prints an entry of several lines",
            &["--oidc-client-secret-command=printf s3cret\\\\nuser:jane"],
        ),
        told(
            "it prints no text",
            &["--oidc-client-secret-command=printf \\\\377"],
        ),
        told("it prints nothing", &["--oidc-client-secret-command=true"]),
        told("it prints too much", &["--oidc-client-secret-command=yes"]),
        told(
            "it prints no key",
            &["--oidc-client-private-key-command=echo no key"],
        ),
    ];
    insta::assert_snapshot!(all.concat(), @"
    it fails
    stderr: error: the command of --oidc-client-secret-command gives nothing: it ended with exit code 3: vault is sealed
    stderr: hint: run the command by hand: it has to print the secret and end with exit code 0; most often the password manager is locked or signed out
    exit: 1

    it is missing
    stderr: error: the command of --oidc-client-secret-command gives nothing: `no-such-program-here` cannot be started: No such file or directory (os error 2)
    stderr: hint: give a program of the PATH or its path, and its arguments; no shell runs it, so write sh -c '…' for what needs one
    exit: 1

    it prints an entry of several lines
    stderr: error: the command of --oidc-client-secret-command gives nothing: it printed 2 lines, and the secret is one
    stderr: hint: have it print the secret alone; where the secret is the first line, as in an entry of pass: sh -c 'COMMAND | head -n1'
    exit: 1

    it prints no text
    stderr: error: the command of --oidc-client-secret-command gives nothing: what it printed is not text
    stderr: hint: run the command by hand: it has to print the secret, and nothing else
    exit: 1

    it prints nothing
    stderr: error: the command of --oidc-client-secret-command gives nothing: it printed no text
    stderr: hint: run the command by hand: it has to print the secret, and nothing else
    exit: 1

    it prints too much
    stderr: error: the command of --oidc-client-secret-command gives nothing: it printed more than 65536 bytes
    stderr: hint: run the command by hand: it has to print the secret, and nothing else
    exit: 1

    it prints no key
    stderr: error: the output of the command of --oidc-client-private-key-command cannot be used: it has neither a private key in PEM nor a JWK
    stderr: hint: give the private key whose public part the provider has for the app; to make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out client-key.pem
    exit: 2
    ");
}

#[test]
fn a_source_that_cannot_be_read_or_is_one_of_two_is_a_mistake_of_usage() {
    let sandbox = Sandbox::new();
    let told = |heading: &str, args: &[&str]| refusal(&sandbox, heading, args);
    let all = [
        told("an open quote", &["--oidc-client-secret-command=pass 'x"]),
        told("no item", &["--oidc-client-secret-keyring=okta"]),
        told(
            "two sources",
            &[
                "--oidc-client-secret-command=pass x",
                "--oidc-client-secret-keyring=okta/x",
            ],
        ),
        told(
            "a secret and a key",
            &[
                "--oidc-client-secret-command=pass x",
                "--oidc-client-private-key-command=pass y",
            ],
        ),
    ];
    insta::assert_snapshot!(all.concat(), @"
    an open quote
    stderr: error: --oidc-client-secret-command cannot be split into words
    stderr: hint: close the quotes; words are split as a shell would
    exit: 2

    no item
    stderr: error: --oidc-client-secret-keyring `okta` is not SERVICE/ACCOUNT
    stderr: hint: name an item by its service and its account, for example --oidc-client-secret-keyring=okta/kubectl
    exit: 2

    two sources
    stderr: error: --oidc-client-secret-command and --oidc-client-secret-keyring are both there
    stderr: hint: leave one of them out
    exit: 2

    a secret and a key
    stderr: error: --oidc-client-secret-command and --oidc-client-private-key-command are both there
    stderr: hint: leave one of them out
    exit: 2
    ");
}

#[test]
fn a_secret_among_the_arguments_is_warned_of_once() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    let first = call.clone().at_terminal().run();
    let warning = "warning: --oidc-client-secret is among the arguments, where the other users of this machine can read it: keep the \
                   secret in a private file (--oidc-client-secret-file); `kubesesame kubeconfig convert --secret-to-file` moves it there for \
                   an entry of kubelogin\n";
    assert!(first.stderr.contains(warning), "{first}");
    let second = call.at_terminal().run();
    assert_eq!(second.stderr, "", "not with each call");
}

/// It is asked for with the flag that the entry has, and not with another program's.
#[test]
fn login_warns_of_a_secret_among_its_arguments_too() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    let call = call
        .without_env("KUBERNETES_EXEC_INFO")
        .instead_of_command("login");
    let warning = "warning: --oidc-client-secret is among the arguments";
    let outcome = call.clone().at_terminal().run();
    assert!(
        outcome.code == Some(0) && outcome.stderr.contains(warning),
        "{outcome}"
    );
    let elsewhere = call.run();
    assert!(
        elsewhere.code == Some(0) && !elsewhere.stderr.contains(warning),
        "{elsewhere}"
    );
}

#[test]
fn a_source_of_a_password_that_no_grant_uses_is_told() {
    for flag in ["--password-command=printf x", "--password-file=~/password"] {
        let sandbox = Sandbox::new();
        let name = flag.split('=').next().unwrap();
        let outcome = sandbox.get_token().arg(flag).run();
        outcome.token();
        let note = format!("{name} has no effect without --username or --grant-type=password\n");
        assert!(outcome.stderr.contains(&note), "{outcome}");
        assert_eq!(
            sandbox.get_token().arg(flag).run().stderr,
            "",
            "not with each call"
        );
    }
}

/// `kill` reaches this process alone, and not its group.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_ends_a_call_ends_the_command_for_its_secret_too() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("pids");
    let command = format!("sh -c 'echo $$ >{0}; sleep 600; true'", file.display());
    let child = web_app(&sandbox)
        .with("--oidc-client-secret-command", &command)
        .spawn();
    let mut pid = String::new();
    // While the command is started, the C library blocks signals too, so that the mask alone does not tell.
    let threads = format!("/proc/{}/task", child.id());
    wait_until("the command runs, and signals are watched", || {
        pid = fs::read_to_string(&file).unwrap_or_default();
        let threads = fs::read_dir(&threads).into_iter().flatten().flatten();
        let mut names =
            threads.map(|thread| fs::read_to_string(thread.path().join("comm")).unwrap_or_default());
        pid.ends_with('\n') && names.any(|name| name.trim() == "signals")
    });
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    finish(child);
    wait_until("the command has ended", || {
        // Nobody may be there to wait for it: then it stays as a zombie.
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    });
}
