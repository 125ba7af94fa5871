//! The commands of `kubesesame-cluster`, called through `kubesesame`, which links none of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Sandbox;

/// `kubesesame` in a directory of its own. Not a copy: while it is written, another test may start a process, which has the file open for a moment
/// too, and no system runs a program that is open for writing.
fn alone(sandbox: &Sandbox) -> String {
    let program = sandbox.path("alone/kubesesame");
    fs::create_dir(sandbox.path("alone")).unwrap();
    fs::hard_link(env!("CARGO_BIN_EXE_kubesesame"), &program).unwrap();
    program.to_str().unwrap().to_owned()
}

/// A program that says how it was called, and ends with exit code 7.
fn imitation(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/bin/sh\nprintf '[%s]' \"$@\"\nexit 7\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(program: &str, args: &[&str], search_path: &str, dir: &Path) -> Output {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", search_path)
        .current_dir(dir);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_program_beside_is_run_with_all_arguments_and_its_exit_code() {
    let sandbox = Sandbox::new();
    let by_name = |args: &[&str]| sandbox.bare(args).run();
    let help = by_name(&["help", "rbac"]);
    assert_eq!(help.code, Some(0), "{help}");
    assert!(help.stdout.contains("Usage: kubesesame rbac"), "{help}");
    let refused = by_name(&["cluster", "no-such-command", "-v1"]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("no-such-command"), "{refused}");
}

#[test]
fn else_the_program_of_the_search_path_is_run_but_never_one_of_the_current_directory() {
    let sandbox = Sandbox::new();
    let program = alone(&sandbox);
    let (on_path, here) = (sandbox.path("path"), sandbox.path("here"));
    imitation(&on_path.join("kubesesame-cluster"));
    imitation(&here.join("kubesesame-cluster"));
    let output = run(
        &program,
        &["rbac", "generate", "-v1", "--", "a b"],
        on_path.to_str().unwrap(),
        &here,
    );
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "[rbac][generate][-v1][--][a b]"
    );
    let output = run(&program, &["rbac"], ".:", &here);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"
    error: this command is one of kubesesame-cluster, which is neither beside kubesesame nor on the PATH
    hint: put the kubesesame-cluster of the same release into the directory of kubesesame; from source: cargo install --path . --bin kubesesame-cluster
    ");
    assert!(output.stdout.is_empty());
}

/// Names that only the code for clusters has. Release builds are measured by `benches/cached`.
#[test]
fn kubesesame_links_nothing_of_the_program_for_clusters() {
    // The search of the standard library is optimised, also where this test is not.
    let read = |program: &str| String::from_utf8_lossy(&fs::read(program).unwrap()).into_owned();
    let kubesesame = read(env!("CARGO_BIN_EXE_kubesesame"));
    let cluster = read(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    // The last is a message of the parser of expressions. The name of its crate, antlr4rust, is also in the debug information of functions that the
    // linker left out.
    for name in [
        "kubeadmConfigPatches",
        "AWS::EKS::IdentityProviderConfig",
        "no viable alternative at input",
    ] {
        assert!(cluster.contains(name), "{name}");
        assert!(!kubesesame.contains(name), "{name}");
    }
    let name = "age-encryption.org";
    assert!(!kubesesame.contains(name), "{name}");
}
