//! The files of `cluster authn`, judged by the programs that take them: kubeadm, and what AWS publishes of its interfaces.
//!
//! Each judge also refuses a file with one fault, so that it is known to look.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::parts;

const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
cluster: production
platform: {name: kubeadm, kubernetes: '1.36'}
issuers:
- name: okta
  url: https://dev-123.okta.com/oauth2/default
  clientIds: [0oaexample]
  username: {claim: sub, prefix: 'okta:'}
  groups: {claim: groups, prefix: 'okta:'}
  requiredClaims: {hd: example.com}
";

/// Returns a directory with the files for a platform.
fn files_for(platform: &str, form: &str) -> TempDir {
    let dir = TempDir::with_prefix("kubesesame-validators-").unwrap();
    fs::write(dir.path().join("kubesesame.yaml"), DESCRIPTION).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"))
        .args(["cluster", "authn", "--dir=."])
        .args([format!("--platform={platform}"), format!("--form={form}")])
        .env_clear()
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    dir
}

/// Returns whether a program takes a text, as a file or on standard input, and what it says.
fn judged(command: &mut Command, dir: &Path, text: &str) -> (bool, String) {
    let file = dir.join("judged.yaml");
    fs::write(&file, text).unwrap();
    let output = command
        .stdin(Stdio::from(fs::File::open(&file).unwrap()))
        .current_dir(dir)
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&told).into_owned(),
    )
}

/// A judge takes a text, and refuses it with one word replaced.
fn is_taken_but_not_with(judge: impl Fn() -> Command, dir: &Path, text: &str, right: &str, wrong: &str) {
    let (taken, told) = judged(&mut judge(), dir, text);
    assert!(taken, "{told}\n{text}");
    assert!(text.contains(right), "{text}");
    let (taken, told) = judged(&mut judge(), dir, &text.replace(right, wrong));
    assert!(!taken, "{wrong} is taken: {told}");
}

fn kubeadm() -> Command {
    let mut command = Command::new(parts::part("kubeadm"));
    command
        .args(["config", "validate", "--config=judged.yaml"])
        .env_clear();
    command
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn kubeadm_takes_its_part_of_the_configuration_in_both_forms() {
    for form in ["config", "flags"] {
        let dir = files_for("kubeadm", form);
        // Without a version kubeadm asks the network for the newest.
        let text =
            fs::read_to_string(dir.path().join("kubeadm.yaml")).unwrap() + "kubernetesVersion: v1.36.3\n";
        is_taken_but_not_with(kubeadm, dir.path(), &text, "extraArgs", "extraArguments");
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn cloud_formation_takes_the_template() {
    let dir = files_for("cloudformation", "flags");
    let text = fs::read_to_string(dir.path().join("cloudformation.yaml")).unwrap();
    let linter = || {
        let mut command = Command::new(parts::part("aws").join("bin/cfn-lint"));
        command.args(["--non-zero-exit-code=warning", "judged.yaml"]);
        command
    };
    is_taken_but_not_with(linter, dir.path(), &text, "ClientId", "ClientID");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_interface_of_eks_takes_the_arguments_of_the_aws_command() {
    let dir = files_for("eks-cli", "flags");
    let script = fs::read_to_string(dir.path().join("associate.sh")).unwrap();
    let arguments = Command::new("sh")
        .args(["-euc", &format!("aws() {{ printf '%s\\n' \"$@\"; }}\n{script}")])
        .output()
        .unwrap();
    assert!(arguments.status.success(), "{arguments:?}");
    let text = String::from_utf8(arguments.stdout).unwrap();
    let judge = || {
        let mut command = Command::new(parts::part("aws").join("bin/python"));
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/aws/associate.py"));
        command
    };
    is_taken_but_not_with(judge, dir.path(), &text, "clientId", "clientID");
}
