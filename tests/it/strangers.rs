//! Names that strangers may have written: text that would move the cursor, and paths that would keep a reader waiting.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::support::{Call, Sandbox, finish};

/// Sets the terminal's title, clears the screen, and turns the direction of text.
const TRICKS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J\u{202e}";

#[track_caller]
fn assert_no_control_characters(sandbox: &Sandbox, call: &Call) {
    // As if standard error were a terminal that shows colours.
    let outcome = call.clone().env("CLICOLOR_FORCE", "1").run();
    let is_trick = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!outcome.stderr.chars().any(is_trick), "{:?}", outcome.stderr);
    // clap removes the title sequence together with its text, so only the word before it (`marked`) is left.
    assert!(
        outcome.stderr.contains("owned") || outcome.stderr.contains("'marked"),
        "it is not told at all by {call:?}:\n{outcome}"
    );
    fs::remove_dir_all(sandbox.cache_dir()).ok();
}

#[test]
fn control_characters_in_flags_and_variables_are_not_printed() {
    let sandbox = Sandbox::unattended();
    let call = sandbox.get_token().arg("--authentication-timeout-sec=1");
    let bad = |name: &str| format!("{name}{TRICKS}");
    for (flag, value) in [
        ("browser-command", bad("/nowhere/x")),
        ("certificate-authority", bad("/nowhere/x")),
        ("grant-type", bad("marked")),
        ("listen-address", bad("x")),
        ("oidc-client-secret-file", bad("/nowhere/x")),
        ("oidc-extra-scope", format!("\"{TRICKS}")),
        ("oidc-issuer-url", bad("ftp://x")),
        ("oidc-issuer-url", bad("http://127.0.0.1:1/")),
        ("oidc-redirect-url", bad("nonsense")),
        ("oidc-redirect-url", bad("http://localhost:0/x")),
        ("token-cache-dir", bad("/proc/nowhere")),
        ("authentication-timeout-sec", bad("marked")),
        ("force-refresh", bad("marked")),
    ] {
        let mut with = call.clone().with(&format!("--{flag}"), &value);
        if flag == "oidc-redirect-url" {
            with = with.without("--listen-address");
        }
        assert_no_control_characters(&sandbox, &with);
        let name = format!("KUBESESAME_{}", flag.replace('-', "_").to_uppercase());
        let mut by_variable = call.clone().without(&format!("--{flag}=")).env(&name, &value);
        if flag == "oidc-redirect-url" {
            by_variable = by_variable.without("--listen-address");
        }
        assert_no_control_characters(&sandbox, &by_variable);
    }
    let local = call.clone().arg("--local-server-key=/nowhere/x");
    assert_no_control_characters(&sandbox, &local.arg(&bad("--local-server-cert=/nowhere/x")));
    assert_no_control_characters(
        &sandbox,
        &call
            .clone()
            .arg("--grant-type=password")
            .arg(&bad("--password-file=/nowhere/x"))
            .arg("--username=x"),
    );
    assert_no_control_characters(&sandbox, &call.clone().arg(&bad("marked")));
    // A shell would drop a variable of such a name.
    let unread = call.env(&bad("KUBESESAME_X"), "x").through(&["env"]);
    assert_no_control_characters(&sandbox, &unread);
    assert_no_control_characters(&sandbox, &sandbox.bare(&[&bad("marked")]));
    assert_no_control_characters(
        &sandbox,
        &sandbox.bare(&["clean", &bad("--token-cache-dir=/proc/nowhere")]),
    );
    assert_no_control_characters(
        &sandbox,
        &sandbox.bare(&["kubeconfig", "convert", &bad("--kubeconfig=/nowhere/x")]),
    );
}

#[test]
fn a_flag_takes_only_a_regular_file_and_never_blocks() {
    let sandbox = Sandbox::unattended();
    let fifo = sandbox.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = UnixListener::bind(sandbox.path("socket")).unwrap();
    std::os::unix::fs::symlink(&fifo, sandbox.path("link")).unwrap();
    fs::write(sandbox.path("key"), "x").unwrap();
    fs::set_permissions(sandbox.path("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let path = |name: &str| sandbox.path(name).display().to_string();
    // A terminal that nobody types at, as standard input.
    let call = sandbox.get_token().at_terminal();
    for name in [
        path("fifo"),
        path("link"),
        path("socket"),
        "/dev/zero".into(),
        "/dev/null".into(),
        "/dev/stdin".into(),
        path(""),
    ] {
        for flag in ["certificate-authority", "local-server-cert"] {
            let call = call.clone().arg(&format!("--{flag}={name}"));
            let call = if flag == "local-server-cert" {
                call.arg(&format!("--local-server-key={}", path("key")))
            } else {
                call
            };
            call.run()
                .fails(2, &[&format!("`{name}` is not a file"), &format!("--{flag}")]);
        }
    }
    for name in [path("fifo"), path("socket"), "/dev/zero".into()] {
        for flag in ["oidc-client-secret-file", "password-file"] {
            let call = call.clone().arg(&format!("--{flag}={name}")).arg("--username=x");
            call.run()
                .fails(2, &[&format!("cannot read the file of --{flag}")]);
        }
    }
    assert_eq!(sandbox.tabs(), 0);
}

/// As a shell hands it over for `<(…)`.
#[test]
fn a_pipe_that_the_caller_hands_over_is_read_to_its_end() {
    let sandbox = Sandbox::with_tls();
    for (name, redirection) in [
        ("/dev/stdin", ""),
        ("/dev/fd/3", "3<&0 </dev/null"),
        ("/proc/self/fd/3", "3<&0 </dev/null"),
    ] {
        if name.starts_with("/proc") && !cfg!(target_os = "linux") {
            continue;
        }
        let script =
            format!("{{ head -c 100 \"$CA\"; sleep 0.1; tail -c +101 \"$CA\"; }} | \"$@\" {redirection}");
        let call = sandbox
            .get_token()
            .arg(&format!("--certificate-authority={name}"))
            .arg("--force-refresh")
            .env("CA", &sandbox.path("ca.pem").display().to_string());
        call.through(&["sh", "-c", &script, "sh"]).run().token();
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for_without_end() {
    let sandbox = Sandbox::with_tls();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"-----BEGIN").unwrap();
    let call = sandbox.get_token().arg("--certificate-authority=/dev/stdin");
    let child = call.with_skipped_sleeps().with_stdin(reader.into()).spawn();
    finish(child).fails(
        2,
        &["cannot read `/dev/stdin`", "timed out", "--certificate-authority"],
    );
    drop(writer);
}
