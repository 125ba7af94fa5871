//! Kubeconfigs that are no files, have odd names or texts, or are very large.

use std::fs;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{backup, config, convert, restore, write};
use crate::files::chmod;
use crate::support::{Outcome, Sandbox, mode};

#[test]
fn a_kubeconfig_that_is_no_file_is_refused_by_its_type() {
    let sandbox = Sandbox::new();
    mkfifo(&sandbox.path("pipe"), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    fs::create_dir(sandbox.path("dir")).unwrap();
    let pipe = sandbox.path("pipe").to_string_lossy().into_owned();
    let dir = sandbox.path("dir").to_string_lossy().into_owned();
    for (path, what, hint) in [
        (
            &*pipe,
            "is not a file but a pipe",
            "write what it gives to a file first",
        ),
        (&dir, "is not a file but a directory", "name another file"),
        ("/dev/zero", "is not a file but a device", "name another file"),
    ] {
        for command in ["convert", "restore"] {
            let call = sandbox.bare(&["kubeconfig", command]);
            call.clone()
                .arg(&format!("--kubeconfig={path}"))
                .run()
                .fails(1, &[what, hint]);
            call.env("KUBECONFIG", path).run().fails(1, &[what, hint]);
        }
    }
    // A pipe without a name, as a shell's `<(…)`.
    let call = sandbox.bare(&["kubeconfig", "convert", "--dry-run", "--kubeconfig=/dev/stdin"]);
    let outcome = call.through(&["sh", "-c", "echo users: | \"$@\"", "sh"]).run();
    outcome.fails(
        1,
        &[
            "`/dev/stdin` is not a file but a pipe",
            "write what it gives to a file first",
        ],
    );
    // One that grows without an end, as far as anybody can see.
    let large = write(&sandbox, "large", "");
    fs::File::options()
        .write(true)
        .open(&large)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let large = format!("--kubeconfig={}", large.display());
    convert(&sandbox, &[&large]).fails(1, &["is larger than 16777216 bytes"]);
}

#[test]
fn nothing_in_a_kubeconfig_or_its_name_moves_the_cursor() {
    let harmless = |outcome: &Outcome| {
        let text = outcome.to_string();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\r']), "{text:?}");
    };
    let name = "bad\u{1b}[2J\u{202e}name";
    let sandbox = Sandbox::new();
    let path = write(
        &sandbox,
        name,
        "kind: Config\ncontexts:\n- {name: \"c\\e[2J\\u202E\", context: {user: \"u\\e[2J\"}}\nusers:\n- name: \"u\\e[2J\\u202E\"\n  user:\n    \
         exec:\n      apiVersion: x\n      command: kubelogin\n      args:\n      - get-token\n      - --oidc-issuer-url=https://i\n      \
         - --oidc-client-id=c\n      - \"--oidc-client-secret=$\\e[2J\"\n      - \"--certificate-authority=$HOME/\\e[2J\"\n      \
         env: [{name: \"KUBELOGIN_\\e[2J\", value: x}]\n- name: \"k\\e[2J\"\n  user: {exec: {command: kubelogin, args: [get-token, \
         \"--\\e[2J\"], apiVersion: x}}\n",
    );
    let flag = format!("--kubeconfig={}", path.display());
    for args in [
        &["--dry-run"][..],
        &["--user=x\u{1b}[2J"],
        &["--context=x\u{1b}[2J"],
        &["--user=k\u{1b}[2J"],
        &[],
        &[],
    ] {
        let outcome = convert(&sandbox, &[&[flag.as_str()], args].concat());
        harmless(&outcome);
    }
    assert!(fs::read_to_string(&path).unwrap().contains("command: kubesesame"));
    write(
        &sandbox,
        name,
        format!("{}# edited\n", fs::read_to_string(&path).unwrap()),
    );
    harmless(restore(&sandbox, &[&flag]).fails(1, &["was changed after its conversion"]));
    chmod(&backup(&path), 0o602);
    harmless(restore(&sandbox, &[&flag]).fails(1, &["chmod go-w $'", "\\033[2J"]));
    chmod(&backup(&path), 0o600);
    write(&sandbox, &format!("{name}.lock"), "");
    harmless(restore(&sandbox, &[&flag, "--force"]).fails(1, &["is locked", "mv $'"]));
    fs::remove_file(sandbox.path(&format!("{name}.lock"))).unwrap();
    let outcome = restore(&sandbox, &[&flag, "--force"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    harmless(&outcome);
    harmless(restore(&sandbox, &[&flag]).fails(1, &["there is no backup"]));
    fs::remove_file(&path).unwrap();
    harmless(restore(&sandbox, &[&flag]).fails(2, &["is missing"]));
    assert_eq!(mode(&sandbox.path("")) & 0o077, 0);
}

#[test]
fn twenty_thousand_users_are_read_as_one_is() {
    let sandbox = Sandbox::new();
    let users: Vec<String> = (0..20_000)
        .map(|number| format!("- name: u{number}\n  user: {{token: hunter2}}\n"))
        .collect();
    let users = users.concat();
    let legacy = "- name: l\n  user:\n    auth-provider:\n      name: oidc\n      config: {idp-issuer-url: 'https://i', client-id: c}\n";
    let path = config(&sandbox, format!("users:\n{users}{legacy}"));
    let outcome = convert(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    convert(&sandbox, &["--user=nobody"]).fails(2, &["u19, and 19981 more"]);
    fs::write(&path, format!("{}# edited\n", fs::read_to_string(&path).unwrap())).unwrap();
    restore(&sandbox, &[]).fails(1, &["-# edited"]);
}
