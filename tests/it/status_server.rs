//! `status --server`: who the API server says the person is, asked by kubectl.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::status::{stable, two_users};
use crate::support::{Call, Sandbox};

/// A kubectl that prints this, or does something else.
fn with_kubectl(sandbox: &Sandbox, script: &str) -> Call {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let kubectl = bin.join("kubectl");
    fs::write(
        &kubectl,
        format!(
            "#!/bin/sh\necho \"$@\" >>{}\n{script}\n",
            sandbox.path("asked").display()
        ),
    )
    .unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    sandbox
        .bare(&["status", "--server", "--context=dev"])
        .env("PATH", &path)
}

const REVIEW: &str = r#"echo '{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"oidc:alice","groups":["devs","system:authenticated"]}}}'"#;

#[test]
fn the_cluster_is_asked_by_kubectl() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    let early = with_kubectl(&sandbox, REVIEW).run();
    insta::assert_snapshot!(stable(&sandbox, &early), @"
    stderr: error: user `okta` has to sign in before the API server can be asked
    stderr: hint: sign in: kubesesame login
    exit: 3
    ");
    sandbox.signed_in();
    let answered = with_kubectl(&sandbox, REVIEW).run();
    insta::assert_snapshot!(stable(&sandbox, &answered), @"
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

    The API server says that you are
      context   dev
      user      oidc:alice
      group     devs
      group     system:authenticated
    exit: 0
    ");
    let old =
        format!("case \"$1\" in auth) echo 'error: unknown command \"whoami\"' >&2; exit 1;; esac; {REVIEW}");
    let fallback = with_kubectl(&sandbox, &old).arg("--output=json").run();
    assert!(
        fallback.stdout.contains("\"username\": \"oidc:alice\""),
        "{fallback}"
    );
    insta::assert_snapshot!(fs::read_to_string(sandbox.path("asked")).unwrap(), @"
    auth whoami --output=json --request-timeout=10s --context=dev
    auth whoami --output=json --request-timeout=10s --context=dev
    create --filename=- --output=json --validate=false --request-timeout=10s --context=dev
    ");
}

/// As kubectl does it: another context that names the user may be a stranger's.
#[test]
fn a_user_without_a_context_is_asked_about_at_the_cluster_of_the_current_one() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    let own = fs::read_to_string(sandbox.path(".kube/config")).unwrap();
    let stranger = "contexts: [{name: aaa, context: {user: okta, cluster: evil}}]\nclusters: [{name: evil, cluster: {server: https://127.0.0.1:1}}]\n";
    fs::write(sandbox.path("stranger"), stranger).unwrap();
    fs::write(sandbox.path("own"), own).unwrap();
    sandbox.signed_in();
    let files = format!(
        "{}:{}",
        sandbox.path("stranger").display(),
        sandbox.path("own").display()
    );
    let call = with_kubectl(&sandbox, REVIEW)
        .without("--context")
        .arg("--user=okta")
        .env("KUBECONFIG", &files);
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let asked = fs::read_to_string(sandbox.path("asked")).unwrap();
    assert!(
        asked.contains("--context=dev") && !asked.contains("aaa"),
        "{asked}"
    );
}

/// The API server can be asked about any user; only ours have sessions.
#[test]
fn a_user_of_another_kind_is_asked_about_and_has_no_session() {
    let sandbox = Sandbox::unattended();
    let text = "current-context: dev\ncontexts: [{name: dev, context: {user: cert}}]\nusers: [{name: cert, user: {client-certificate: x}}]\n";
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    fs::write(sandbox.path(".kube/config"), text).unwrap();
    let outcome = with_kubectl(&sandbox, REVIEW).run();
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    The API server says that you are
      context   dev
      user      oidc:alice
      group     devs
      group     system:authenticated
    exit: 0
    ");
    let outcome = sandbox.bare(&["status", "--context=dev"]).run();
    insta::assert_snapshot!(stable(&sandbox, &outcome), @"
    stderr: error: user `cert` of `[HOME]/.kube/config` cannot be signed in: its credential does not come from kubesesame
    stderr: hint: no user of the kubeconfig is signed in by kubesesame: kubesesame setup makes one
    exit: 1
    ");
}

#[test]
fn a_cluster_that_cannot_be_asked_says_why() {
    let sandbox = Sandbox::new();
    two_users(&sandbox);
    sandbox.signed_in();
    let mut told = String::new();
    for (heading, script) in [
        (
            "unauthorized",
            "echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1",
        ),
        (
            "too old",
            "echo 'error: the server could not find the requested resource' >&2; exit 1",
        ),
        (
            "refused",
            "echo 'The connection to the server localhost:1 was refused' >&2; exit 1",
        ),
        ("nonsense", "echo nonsense"),
    ] {
        told += &sandbox.told(heading, &with_kubectl(&sandbox, script).run());
    }
    let absent = with_kubectl(&sandbox, "")
        .env("PATH", "/nowhere")
        .through(&["/bin/sh", "-c", "exec \"$@\"", "sh"])
        .run();
    told += &sandbox.told("no kubectl", &absent);
    insta::assert_snapshot!(told, @"
    unauthorized
    stderr: error: the API server says Unauthorized: it does not accept the token
    stderr: hint: compare the API server's --oidc-* flags or AuthenticationConfiguration with the token: issuer, client id (audience), claims
    exit: 1

    too old
    stderr: error: the API server does not say who you are: it is older than Kubernetes 1.28, or has no SelfSubjectReview
    stderr: hint: try what you may do instead: kubectl auth can-i --list
    exit: 1

    refused
    stderr: error: the API server could not be asked: The connection to the server localhost:1 was refused
    stderr: hint: see more: kubectl auth whoami -v=6
    exit: 1

    nonsense
    stderr: error: what kubectl printed is no SelfSubjectReview
    stderr: hint: see more: kubectl auth whoami -v=6
    exit: 1

    no kubectl
    stderr: error: there is no kubectl on the PATH
    stderr: hint: install kubectl, or add its directory to PATH
    exit: 1
    ");
}
