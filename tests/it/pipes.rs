//! Started by anything: descriptors that are closed, variables that are not there, command lines without end.

use std::fs;

use crate::support::Sandbox;

/// Everything in the cache directory, byte for byte, but for the notes of who asked.
fn cache(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = sandbox
        .cache_files("")
        .into_iter()
        .filter(|path| !path.to_string_lossy().ends_with(".issued"))
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A descriptor that is closed is the next one that a file gets: nothing must be written to a file in its place.
#[test]
fn closed_descriptors_spoil_no_file() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    // By the long way once, so that the short one is there.
    sandbox.get_token().run().token();
    let before = cache(&sandbox);
    for closed in [">&-", "<&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-", "1</dev/null"] {
        let script = format!("\"$@\" {closed}; exit $?");
        let outcome = sandbox.get_token().through(&["sh", "-c", &script, "sh"]).run();
        if closed.starts_with(">&-") || closed.contains(" >&-") || closed.starts_with('1') {
            assert_eq!(
                (outcome.code, &*outcome.stdout),
                (Some(1), ""),
                "{closed}: {outcome}"
            );
        } else {
            assert_eq!(outcome.token(), token, "{closed}");
        }
        assert_eq!(cache(&sandbox), before, "{closed}");
    }
    sandbox.expire();
    let script = "\"$@\" <&- 2>&-";
    let refreshed = sandbox.get_token().through(&["sh", "-c", script, "sh"]).run();
    assert_ne!(refreshed.token(), token);
}

#[test]
fn a_reader_that_is_gone_is_an_error_and_no_signal() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.get_token().run().token();
    // The reader closes its end, and then lets the writer begin.
    let go = sandbox.path("go").display().to_string();
    let script = format!(
        "mkfifo {go}; {{ read -r _ <{go}; \"$@\"; echo \"code $?\" >&2; }} | {{ exec <&-; echo >{go}; }}"
    );
    let outcome = sandbox.get_token().through(&["sh", "-c", &script, "sh"]).run();
    assert!(
        outcome
            .stderr
            .contains("error: the result could not be written to standard output"),
        "{outcome}"
    );
    assert!(outcome.stderr.contains("code 1"), "{outcome}");
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_of_standard_output() {
    let sandbox = Sandbox::new();
    let get_token = sandbox.get_token();
    for call in [
        sandbox.bare(&["version"]),
        sandbox.bare(&["--version"]),
        sandbox.bare(&["--help"]),
        sandbox.bare(&["help", "get-token"]),
        sandbox.bare(&["kubeconfig", "convert", "--help"]),
        sandbox.setup(),
        get_token,
    ] {
        let full = call
            .clone()
            .through(&["sh", "-c", "exec \"$@\" >/dev/full", "sh"])
            .run();
        full.fails(
            1,
            &[
                "the result could not be written to standard output",
                "free some space",
            ],
        );
        assert!(!full.stderr.contains("credential"), "{full}");
    }
}

/// As by `--help | head -1`: whoever reads has read enough.
#[test]
fn help_that_is_not_read_to_its_end_is_no_error() {
    let sandbox = Sandbox::new();
    let without_reader = "mkfifo \"$0\" && exec 3<>\"$0\" 4>\"$0\" 3<&- && exec \"$@\" >&4 4>&-";
    for (index, args) in [
        &["--help"][..],
        &["--version"],
        &["version"],
        &["help", "get-token"],
        &["kubeconfig", "convert", "--help"],
    ]
    .into_iter()
    .enumerate()
    {
        let fifo = sandbox.path(&format!("fifo{index}")).display().to_string();
        let call = sandbox.bare(args).through(&["sh", "-c", without_reader, &fifo]);
        let outcome = call.run();
        assert_eq!(
            (outcome.code, &*outcome.stderr),
            (Some(0), ""),
            "{args:?}: {outcome}"
        );
    }
}

#[test]
fn an_empty_environment_and_a_named_directory_are_enough() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("sessions");
    let call = sandbox
        .get_token()
        .arg(&format!("--token-cache-dir={}", dir.display()))
        .without_env("HOME")
        .without_env("KUBERNETES_EXEC_INFO");
    let token = call.run().token();
    let bare = call.without_env("PATH").without_env("TMPDIR");
    assert_eq!(bare.spawn().wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(sandbox.session_count("sessions"), 1);
    assert_eq!(call_again(&sandbox, &dir), token);
}

fn call_again(sandbox: &Sandbox, dir: &std::path::Path) -> String {
    let call = sandbox
        .get_token()
        .arg(&format!("--token-cache-dir={}", dir.display()));
    call.env("LC_ALL", "C").env("LANG", "C").run().token()
}

#[test]
fn a_command_line_of_sixteen_kibibytes_is_served_the_short_way_too() {
    let sandbox = Sandbox::new();
    let mut call = sandbox.get_token();
    for number in 0..160 {
        call = call.arg(&format!(
            "--oidc-auth-request-extra-params=p{number}={}",
            "x".repeat(90)
        ));
    }
    let token = call.run().token();
    // The long way, and the note that it leaves.
    assert_eq!(call.run().token(), token);
    assert_eq!(call.run().token(), token);
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 1);
    assert_eq!(sandbox.tabs(), 1);
    let mut session: serde_json::Value =
        serde_json::from_slice(&fs::read(sandbox.session_file()).unwrap()).unwrap();
    session["issued_at"] = (crate::support::now() - 3500).into();
    session["expires_at"] = (crate::support::now() + 100).into();
    fs::write(sandbox.session_file(), session.to_string()).unwrap();
    assert_eq!(call.run().token(), token);
    crate::support::wait_until("it is refreshed in the background", || {
        sandbox.session()["token"] != token
    });
}
