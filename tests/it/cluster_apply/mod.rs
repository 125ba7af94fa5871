//! `--apply`, with a kubectl that says what a test wants.

mod failures;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Outcome, Sandbox, Terminal};

const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
platform: {name: config}
issuers:
- name: okta
  url: https://org.okta.com/oauth2/default
  clientIds: [0oa1]
  username: {claim: sub, prefix: 'okta:'}
  groups: {claim: groups, prefix: 'okta:'}
groups:
- {name: k8s-developers, role: developer, namespaces: [shop]}
- {name: k8s-emergency, role: break-glass}
network:
- {namespace: shop}
admission:
  secretDeletion: [k8s-platform]
  exemptUsers: [deployer]
";

/// Notes each call, and answers with files.
const KUBECTL: &str = "\
#!/bin/sh
echo \"$*\" >> calls
case $1 in
config) echo '{\"current-context\": \"prod\", \"clusters\": [{\"cluster\": {\"server\": \"https://c.example\"}}]}' ;;
diff|apply)
  cat > \"$1-input\"
  if test -e \"$1-waits\"; then echo $$ > waiting; exec sleep 600; fi
  cat \"$1-out\" 2>/dev/null
  cat \"$1-err\" >&2 2>/dev/null
  exit $(cat \"$1-code\") ;;
esac
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::unattended();
    fs::write(sandbox.path("kubesesame.yaml"), DESCRIPTION).unwrap();
    fs::create_dir(sandbox.path("bin")).unwrap();
    let kubectl = sandbox.path("bin/kubectl");
    fs::write(&kubectl, KUBECTL).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let diff = "diff -u -N /tmp/LIVE-1/v1.Role.shop.a /tmp/MERGED-2/v1.Role.shop.a\n--- /tmp/LIVE-1/v1.Role.shop.a\t2026\n\
                +++ /tmp/MERGED-2/v1.Role.shop.a\t2026\n@@ -0,0 +1 @@\n+kind: Role\n";
    says(&sandbox, "diff", 1, diff, "");
    says(
        &sandbox,
        "apply",
        0,
        "role.rbac.authorization.k8s.io/a serverside-applied\n",
        "",
    );
    sandbox
}

fn says(sandbox: &Sandbox, command: &str, code: i32, out: &str, err: &str) {
    fs::write(sandbox.path(&format!("{command}-code")), code.to_string()).unwrap();
    fs::write(sandbox.path(&format!("{command}-out")), out).unwrap();
    fs::write(sandbox.path(&format!("{command}-err")), err).unwrap();
}

fn command(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    command
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("PATH", format!("{}:/usr/bin:/bin", sandbox.path("bin").display()))
        .current_dir(sandbox.path(""));
    command
}

fn start(sandbox: &Sandbox, args: &[&str], stdin: Stdio) -> Child {
    command(sandbox, args)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn outcome(child: Child) -> Outcome {
    ended(child.wait_with_output().unwrap())
}

fn ended(output: Output) -> Outcome {
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    outcome(start(sandbox, args, Stdio::null()))
}

fn calls(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("calls")).unwrap_or_default()
}

#[test]
fn an_apply_shows_the_difference_and_how_to_go_back() {
    let sandbox = sandbox();
    let applied = run(
        &sandbox,
        &[
            "rbac",
            "generate",
            "--apply",
            "--yes",
            "--context=prod",
            "--kubeconfig=k c",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&applied), @r#"
    role.rbac.authorization.k8s.io/a serverside-applied
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: --- now:  v1.Role.shop.a
    stderr: +++ then: v1.Role.shop.a
    stderr: @@ -0,0 +1 @@
    stderr: +kind: Role
    stderr: what follows:
    stderr: - roles only add rights: nobody is stopped by what is added, and nothing is
    stderr:   deleted
    stderr: - a group that is no longer in the description loses the roles of these
    stderr:   bindings; a role that no group has any more stays with its bindings until it
    stderr:   is removed
    stderr: applying; if this is interrupted, run the same command again: it does what is left
    stderr: to go back, apply the earlier description; to remove all of it:
    stderr:   kubectl --kubeconfig='k c' --context=prod delete clusterrolebindings,clusterroles -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    stderr:   kubectl --kubeconfig='k c' --context=prod delete rolebindings -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    stderr:   kubectl --kubeconfig='k c' --context=prod patch serviceaccount default -n NAMESPACE -p '{"automountServiceAccountToken": null}'
    exit: 0
    "#);
    insta::assert_snapshot!(calls(&sandbox), @"
    config view --minify --output=json --request-timeout=10s --kubeconfig=k c --context=prod
    diff --server-side --field-manager=kubesesame --filename=- --request-timeout=300s --kubeconfig=k c --context=prod
    apply --server-side --field-manager=kubesesame --filename=- --request-timeout=300s --kubeconfig=k c --context=prod
    ");
    let generated = run(&sandbox, &["rbac", "generate"]).stdout;
    for input in ["diff-input", "apply-input"] {
        assert_eq!(fs::read_to_string(sandbox.path(input)).unwrap(), generated);
    }
    says(&sandbox, "diff", 0, "", "");
    let again = run(&sandbox, &["rbac", "generate", "--apply", "--yes"]);
    let last = calls(&sandbox);
    let last = last.lines().last().unwrap();
    assert!(
        last.ends_with(" --context=prod"),
        "the context is not pinned: {last}"
    );
    insta::assert_snapshot!(sandbox.filtered(&again), @"
    nothing to do: the cluster has all of it already
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    exit: 0
    ");
}

#[test]
fn whom_policies_stop_is_said_before_they_are_applied() {
    let sandbox = sandbox();
    let denied = run(
        &sandbox,
        &["admission", "generate", "--mode=deny", "--apply", "--yes"],
    );
    insta::assert_snapshot!(sandbox.filtered(&denied), @"
    role.rbac.authorization.k8s.io/a serverside-applied
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: --- now:  v1.Role.shop.a
    stderr: +++ then: v1.Role.shop.a
    stderr: @@ -0,0 +1 @@
    stderr: +kind: Role
    stderr: what follows:
    stderr: - people who are in none of these groups change nothing: okta:k8s-developers,
    stderr:   okta:k8s-emergency
    stderr: - people who are in none of these groups delete no Secrets and no namespaces:
    stderr:   okta:k8s-platform
    stderr: - never stopped: users whose names begin otherwise than okta:…, the users
    stderr:   deployer, and members of system:masters, kubeadm:cluster-admins,
    stderr:   okta:k8s-emergency
    stderr: - requests are refused from now on. --mode=warn of the same rules, applied
    stderr:   again, makes warnings of the refusals
    stderr: - no policy applies to policies, so whoever has the right by a role can always
    stderr:   go back. Keep a way in that needs no provider
    stderr: applying; if this is interrupted, run the same command again: it does what is left
    stderr: to go back, apply the earlier description; to remove all of it:
    stderr:   kubectl --context=prod delete validatingadmissionpolicybindings,validatingadmissionpolicies -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=admission-policies
    exit: 0
    ");
    let closed = run(&sandbox, &["cluster", "network", "--apply", "--yes"]);
    insta::assert_snapshot!(sandbox.filtered(&closed), @"
    role.rbac.authorization.k8s.io/a serverside-applied
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: --- now:  v1.Role.shop.a
    stderr: +++ then: v1.Role.shop.a
    stderr: @@ -0,0 +1 @@
    stderr: +kind: Role
    stderr: what follows:
    stderr: - pods of shop are closed: each connection in or out that the description does
    stderr:   not allow is refused, if the network plugin enforces policies
    stderr: applying; if this is interrupted, run the same command again: it does what is left
    stderr: to go back, apply the earlier description; to remove all of it:
    stderr:   kubectl --context=prod delete networkpolicies -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=network-access
    exit: 0
    ");
}

#[test]
fn without_a_terminal_or_a_yes_nothing_is_done() {
    let sandbox = sandbox();
    let unattended = run(&sandbox, &["rbac", "generate", "--apply"]);
    assert_eq!(calls(&sandbox), "", "kubectl was started");
    let told = sandbox.told("no terminal", &unattended);
    let needless = run(&sandbox, &["rbac", "generate", "--yes"]);
    let told = told + &sandbox.told("--yes alone", &needless);
    insta::assert_snapshot!(told, @"
    no terminal
    stderr: error: --apply asks before it changes a cluster, and there is no terminal to ask at; nothing was done
    stderr: hint: add --yes once you have seen the difference: the same command without --apply, | kubectl diff --server-side -f -
    exit: 2

    --yes alone
    stderr: error: the following required arguments were not provided: --apply
    stderr: hint: see kubesesame rbac --help
    exit: 2
    ");
    for (answer, code) in [("n\n", 1), ("\n", 1), ("\u{4}", 1), ("yes\n", 0)] {
        let Terminal { mut far, near } = Terminal::open();
        far.write_all(answer.as_bytes()).unwrap();
        let answered = outcome(start(&sandbox, &["rbac", "generate", "--apply"], near.into()));
        assert_eq!(answered.code, Some(code), "{answer:?}: {}", answered.stderr);
        let has_applied = calls(&sandbox).contains("\napply ");
        assert_eq!(has_applied, code == 0, "{answer:?}");
        if answer == "n\n" {
            insta::assert_snapshot!(sandbox.filtered(&answered), @"
            stderr: cluster: prod at https://c.example
            stderr: comparing (kubectl diff --server-side; this may sign you in)
            stderr: --- now:  v1.Role.shop.a
            stderr: +++ then: v1.Role.shop.a
            stderr: @@ -0,0 +1 @@
            stderr: +kind: Role
            stderr: what follows:
            stderr: - roles only add rights: nobody is stopped by what is added, and nothing is
            stderr:   deleted
            stderr: - a group that is no longer in the description loses the roles of these
            stderr:   bindings; a role that no group has any more stays with its bindings until it
            stderr:   is removed
            stderr: apply this? [y/N] error: nothing was applied, since nobody said yes
            stderr: hint: run it again and answer `y`, or give --yes
            exit: 1
            ");
        }
    }
}

/// Whether a process has not ended; its parent is gone, so that it may be there as a zombie.
fn is_running(process: Pid) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &process.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[test]
fn an_apply_that_is_interrupted_ends_kubectl_and_is_run_again() {
    let sandbox = sandbox();
    fs::write(sandbox.path("apply-waits"), "").unwrap();
    let apply = ["rbac", "generate", "--apply", "--yes"];
    let mut child = start(&sandbox, &apply, Stdio::null());
    let deadline = Instant::now() + Duration::from_mins(1);
    let waiting = loop {
        let text = fs::read_to_string(sandbox.path("waiting")).unwrap_or_default();
        if let Ok(pid) = text.trim().parse::<i32>() {
            break Pid::from_raw(pid);
        }
        assert!(Instant::now() < deadline, "kubectl was not started");
        thread::sleep(Duration::from_millis(10));
    };
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "the signal has its effect");
    while is_running(waiting) {
        assert!(Instant::now() < deadline, "kubectl lives on");
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(sandbox.path("apply-waits")).unwrap();
    assert_eq!(run(&sandbox, &apply).code, Some(0));
}
