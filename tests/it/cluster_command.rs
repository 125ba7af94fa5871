//! The commands of `kubesesame-cluster`, as a person sees them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

pub(crate) fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    command
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(sandbox.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

const ISSUER: [&str; 2] = [
    "--oidc-issuer-url=https://org.okta.com/oauth2/default",
    "--oidc-client-id=0oa1",
];

#[test]
fn a_description_is_written_from_flags_once_and_read_by_the_other_commands() {
    let sandbox = Sandbox::unattended();
    let more = ["--platform=k3s", "--group=k8s=break-glass", "--offline"];
    let init = [&["cluster", "init"][..], &ISSUER, &more].concat();
    insta::assert_snapshot!(sandbox.filtered(&run(&sandbox, &init)), @"
    stderr: wrote kubesesame.yaml; next: kubesesame cluster authn, kubesesame rbac generate
    exit: 0
    ");
    let again = run(&sandbox, &init);
    insta::assert_snapshot!(sandbox.filtered(&again), @"
    stderr: error: the file cannot be written
    stderr: caused by: cannot write `kubesesame.yaml`
    stderr: caused by: File exists (os error 17)
    stderr: hint: name another file with --file
    exit: 1
    ");
    let authn = run(&sandbox, &["cluster", "authn", "--dir=."]);
    insta::assert_snapshot!(sandbox.filtered(&authn), @"
    stderr: note: this is for Kubernetes 1.34 and later; for 1.30 to 1.33 say so: --kubernetes-version=1.33
    stderr: wrote ./50-kubesesame.yaml
    stderr: wrote ./authentication.yaml
    exit: 0
    ");
    let written = fs::read_to_string(sandbox.path("50-kubesesame.yaml")).unwrap();
    let made = run(&sandbox, &["cluster", "authn", "--dir=new/place"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(sandbox.path("new/place/authentication.yaml").exists());
    let again = run(&sandbox, &["cluster", "authn", "--dir=new/place"]);
    insta::assert_snapshot!(sandbox.filtered(&again), @"
    stderr: note: this is for Kubernetes 1.34 and later; for 1.30 to 1.33 say so: --kubernetes-version=1.33
    stderr: error: the file cannot be written
    stderr: caused by: cannot write `new/place/50-kubesesame.yaml`
    stderr: caused by: File exists (os error 17)
    stderr: hint: name another directory with --dir
    exit: 1
    ");
    assert!(written.contains("authentication-config=/etc/rancher/k3s/authentication.yaml"));
    let rbac = run(&sandbox, &["rbac", "generate"]);
    assert!(rbac.stdout.contains("name: okta:k8s\n"), "{rbac}");
}

#[test]
fn a_session_gives_the_issuer_the_client_and_the_groups_to_choose_from() {
    let sandbox = Sandbox::with_tls();
    let token = sandbox
        .get_token()
        .arg(&format!(
            "--certificate-authority={}",
            sandbox.path("ca.pem").display()
        ))
        .run()
        .token();
    fs::write(sandbox.path("token"), token).unwrap();
    let init = run(
        &sandbox,
        &["cluster", "init", "--token-file=token", "--file=-", "--offline"],
    );
    insta::assert_snapshot!(sandbox.filtered(&init), @r#"
    # Who may use this cluster. Made by: kubesesame cluster init
    # The fields: docs/kubesesame.schema.json. Next: kubesesame cluster authn, kubesesame rbac generate
    apiVersion: kubesesame/v1alpha1
    kind: ClusterAccess
    # platform:
    #   name: kubeadm
    #   kubernetes: "1.34"
    issuers:
    - name: oidc
      url: [ISSUER]
      clientIds:
      - "0oakubesesamemock"
      groups:
        claim: groups
        prefix: "oidc:"
      username:
        claim: sub
        prefix: "oidc:"
    # What the members of a group may do: developer, platform-engineer, namespace-admin, break-glass
    # groups:
    # - name: k8s-developers
    #   namespaces:
    #   - YOUR-NAMESPACE
    #   role: developer
    # - name: k8s-oncall
    #   namespaces:
    #   - YOUR-NAMESPACE
    #   role: developer
    stderr: issuer, client id and claims are from token
    exit: 0
    "#);
    let outcome = run(&sandbox, &["cluster", "init"]);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: error: no issuer is given, and there is no session that names one
    stderr: caused by: there is no kubeconfig: `[HOME]/.kube/config` is missing
    stderr: hint: give --oidc-issuer-url and --oidc-client-id, or sign in: kubesesame login
    exit: 2
    ");
    assert!(!Path::new(&sandbox.path("kubesesame.yaml")).exists());
}

#[test]
fn an_issuer_is_written_only_as_the_provider_writes_it() {
    let sandbox = Sandbox::with_tls();
    let init = |issuer: &str, more: &str| {
        let issuer = format!("--oidc-issuer-url={issuer}");
        let words = [
            "cluster",
            "init",
            "--oidc-client-id=c",
            "--file=new.yaml",
            &issuer,
            more,
        ];
        run(&sandbox, &words)
    };
    let (issuer, ca) = (sandbox.okta.issuer(), "--certificate-authority=ca.pem");
    insta::assert_snapshot!(sandbox.filtered(&init(&format!("{issuer}/"), ca)), @"
    stderr: error: the discovery document is of issuer `[ISSUER]`, not of `[ISSUER]/`
    stderr: hint: only the slash at the end differs: use --oidc-issuer-url=[ISSUER] here and in the API server
    exit: 1
    ");
    assert!(!sandbox.path("new.yaml").exists());
    insta::assert_snapshot!(sandbox.filtered(&init(&issuer, "--certificate-authority=none.pem")), @"
    stderr: error: the certificate authorities cannot be read
    stderr: caused by: cannot read `none.pem`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: correct the path that --certificate-authority has, or make the file: a relative path begins in the current directory
    exit: 1
    ");
    // Another network may reach the provider.
    insta::assert_snapshot!(sandbox.filtered(&init("https://127.0.0.1:9", ca)), @"
    stderr: note: the issuer was not compared with the provider's discovery document: cannot reach https://127.0.0.1:[PORT]/.well-known/openid-configuration: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    stderr: wrote new.yaml; next: kubesesame cluster authn, kubesesame rbac generate
    exit: 0
    ");
    fs::remove_file(sandbox.path("new.yaml")).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&init(&issuer, ca)), @"
    stderr: wrote new.yaml; next: kubesesame cluster authn, kubesesame rbac generate
    exit: 0
    ");
    let written = fs::read_to_string(sandbox.path("new.yaml")).unwrap();
    assert!(written.contains("BEGIN CERTIFICATE"), "{written}");
}

#[test]
fn what_cannot_be_used_is_refused_with_what_to_do() {
    let sandbox = Sandbox::unattended();
    fs::write(
        sandbox.path("typo.yaml"),
        "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nisuers: []\n",
    )
    .unwrap();
    let no_groups = [&["rbac", "generate"][..], &ISSUER].concat();
    let no_prefix = [
        &["cluster", "authn", "--platform=eks-cli", "--groups-prefix="][..],
        &ISSUER,
    ]
    .concat();
    let both = [&["cluster", "authn", "--file=x"][..], &ISSUER].concat();
    let cases: [&[&str]; 7] = [
        &["cluster", "authn"],
        &["cluster", "authn", "--file=typo.yaml"],
        &["cluster", "authn", "--platform=kubeadmin"],
        &both,
        &no_prefix,
        &no_groups,
        &["cluster", "initt"],
    ];
    let told: String = cases
        .iter()
        .map(|args| sandbox.told(&args[..2].join(" "), &run(&sandbox, args)))
        .collect();
    insta::assert_snapshot!(told, @"
    cluster authn
    stderr: error: the description cannot be read
    stderr: caused by: cannot read `kubesesame.yaml`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: write kubesesame.yaml with: kubesesame cluster init; or name another file by --file, or an issuer by --oidc-issuer-url
    exit: 1

    cluster authn
    stderr: error: typo.yaml:3: `isuers` is no field of a description
    stderr: hint: did you mean `issuers`?
    exit: 2

    cluster authn
    stderr: error: the platform `kubeadmin` is unknown
    stderr: hint: did you mean `kubeadm`? There are static-pod, config, kubeadm, kind, k3s, rke2, talos, eks-cli, eksctl, cloudformation, terraform
    exit: 2

    cluster authn
    stderr: error: --file and --oidc-issuer-url are given, and only one of them can be the source
    stderr: hint: leave one of them out
    exit: 2

    cluster authn
    stderr: error: the prefix of `groups` lets a name of the provider begin with `system:`, such as the group system:masters, which may do everything
    stderr: hint: set a prefix, such as `okta:`: EKS has no rule that refuses such names
    exit: 2

    rbac generate
    stderr: error: the description has no groups
    stderr: hint: add `groups` to it; the fields: docs/kubesesame.schema.json
    exit: 2

    cluster initt
    stderr: error: unrecognized subcommand 'initt'
    stderr: hint: did you mean `init`? otherwise see kubesesame cluster --help
    exit: 2
    ");
}
