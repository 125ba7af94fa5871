//! The defaults that `cluster tune` tells are those of the API server's own help.

use std::process::Command;

use serde_json::Value;

use crate::parts;

/// Returns the help of a flag, with its default.
fn help_of<'h>(help: &'h str, flag: &str) -> &'h str {
    let mut lines = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"));
    let of_flag = lines.find(|line| line.split_whitespace().next() == Some(flag));
    of_flag.unwrap_or_else(|| panic!("kube-apiserver has no flag {flag}"))
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn each_flag_has_the_default_of_the_api_server() {
    let run = |command: &mut Command| {
        let output = command.env_clear().output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let help = run(Command::new(parts::part("kube-apiserver")).arg("--help"));
    let mut tune = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    let document = run(tune.args(["cluster", "tune", "--kubernetes-version=1.36", "--output=json"]));
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut compared = 0;
    for flag in document["flags"].as_array().unwrap() {
        let name = flag["flag"].as_str().unwrap();
        // The help tells no default that is empty, false, or Go's own.
        if let Some((_, default)) = help_of(&help, name).rsplit_once("(default ") {
            assert_eq!(default.trim_end_matches(')'), flag["default"], "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 9);
    let worth = document["worthSetting"].as_array().unwrap().iter();
    let settings: Vec<&str> = worth.map(|one| one["setting"].as_str().unwrap()).collect();
    for flag in settings.join(" ").split(' ') {
        let flag = flag.trim_start_matches("--");
        help_of(&help, flag.split('=').next().unwrap());
    }
}
