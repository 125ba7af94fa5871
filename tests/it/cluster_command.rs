//! The commands of `kubesesame-cluster`, as a person sees them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
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
    stderr: hint: name another file with --dir
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
    stderr: hint: correct the path that --certificate-authority has: a relative one begins in the directory in which kubectl was called
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

#[test]
#[expect(clippy::too_many_lines, reason = "a snapshot")]
fn settings_for_speed_are_told_with_what_they_do() {
    let sandbox = Sandbox::unattended();
    let told = run(&sandbox, &["cluster", "tune"]);
    insta::assert_snapshot!(sandbox.filtered(&told), @r#"
    Flags of kube-apiserver 1.36: 3 of 12 change anything

    changes  --max-requests-inflight=1000
        default 400: added to the other one of the two: under priority and fairness
        (always on since 1.29) the sum is what all priority levels share. 600 by
        default, 1500 with both
        instead: raise it only while apiserver_flowcontrol_rejected_requests_total
        grows and memory is left; a client that asks too much is limited by a
        FlowSchema

    changes  --max-mutating-requests-inflight=500
        default 200: added to the other one of the two: under priority and fairness
        (always on since 1.29) the sum is what all priority levels share. 600 by
        default, 1500 with both
        instead: raise it only while apiserver_flowcontrol_rejected_requests_total
        grows and memory is left; a client that asks too much is limited by a
        FlowSchema

    nothing  --authentication-token-webhook-cache-ttl=10m
        default 2m0s: is for a webhook that checks tokens; there is none, and tokens
        of a provider are checked by the API server itself
        instead: nothing to set: a token that was checked counts for 10 s without a
        new check, and no flag changes that

    nothing  --authorization-webhook-cache-authorized-ttl=10m
        default 5m0s: is for a webhook that authorizes; there is none, and RBAC is
        answered from memory
        instead: nothing to set

    nothing  --authorization-webhook-cache-unauthorized-ttl=30s
        default 30s: is for a webhook that authorizes; there is none, and RBAC is
        answered from memory
        instead: nothing to set: it is the default besides

    nothing  --audit-log-maxage=30
        default 366: without --audit-log-path nothing is logged, so there is nothing
        to keep
        instead: set --audit-policy-file and --audit-log-path first

    nothing  --audit-log-maxbackup=10
        default 100: without --audit-log-path nothing is logged, so there is nothing
        to keep
        instead: set --audit-policy-file and --audit-log-path first

    nothing  --audit-log-maxsize=100
        default 100: without --audit-log-path nothing is logged, so there is nothing
        to keep
        instead: set --audit-policy-file and --audit-log-path first; it is the
        default besides

    nothing  --audit-log-compress=true
        default false: without --audit-log-path nothing is logged, so there is
        nothing to keep
        instead: set --audit-policy-file and --audit-log-path first

    nothing  --request-timeout=60s
        default 1m0s: is the default
        instead: nothing to set: watches have --min-request-timeout

    changes  --tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        default Go's: limits clients with TLS 1.2; the suites of TLS 1.3, which
        kubectl takes, cannot be chosen. It saves no time
        instead: leave it out; if a rule asks for it, --tls-min-version=VersionTLS13
        says more, once all clients can

    nothing  --tls-min-version=VersionTLS12
        default VersionTLS12: is the default
        instead: nothing to set

    Worth setting

    --authentication-config=FILE
        in place of --oidc-*: a change needs no restart, and several issuers are
        possible (kubesesame cluster authn)

    --audit-policy-file=FILE --audit-log-path=FILE
        or nobody can say who did what. Metadata of requests is enough for that; the
        policy decides what it costs

    --audit-log-compress=true
        with an audit log: old files take a tenth of the space

    --goaway-chance=0.001
        with several API servers behind a load balancer only: clients spread over
        them again after a restart

    --max-requests-inflight --max-mutating-requests-inflight
        while requests are rejected (apiserver_flowcontrol_rejected_requests_total)
        and processor and memory are not used up

    The kubeconfig of the same list

    KUBECTL_OIDC_TOKEN_CACHE_SIZE, KUBECTL_OIDC_TOKEN_CACHE_TTL
        nothing: no program reads these variables

    tls-server-name: HOST OF THE SERVER
        nothing: it is the name that is checked anyway, and pools no connections

    proxy-url: ""
        nothing: it is as if it was not there, and HTTPS_PROXY counts

    command: kubectl, args: [oidc-login, …]
        starts kubectl twice for each command, and a list of allowed plugins
        (kuberc) would have to allow kubectl itself

    apiVersion: client.authentication.k8s.io/v1beta1
        works; v1 is stable since 1.22 and needs `interactiveMode`

    --token-cache-dir=/tmp/…
        a directory that others can make first; tokens belong below the home
        directory, or into the keyring

    --oidc-client-secret=…
        everybody on the machine can read it in the list of processes; an app of the
        kind `native` with PKCE needs none

    --skip-open-browser
        costs time at each sign-in: the address is to be copied by hand

    --listen-address=127.0.0.1:8000
        one sign-in at a time, and none while another program has the port

    Worth setting in a kubeconfig

    command: kubesesame
        one process, and one sign-in for all of them; kubesesame kubeconfig convert
        changes entries of kubelogin

    --oidc-extra-scope=offline_access
        the list has it: with a refresh token nobody signs in again each hour, and
        kubesesame refreshes in the background before the end

    disable-compression: true
        in the entry of the cluster: long lists come faster in a fast network, and
        take more of it

    The list is for kubeadm.k8s.io/v1beta3, which kubeadm refuses from 1.37 on:
    v1beta4 (1.31) has `extraArgs` as a list of name and value.
    Its --oidc-* flags have no prefixes: a group `system:masters` of the provider is
    administrator of the cluster.
    Managed control planes (EKS, GKE, AKS) take none of the flags.
    exit: 0
    "#);
    let long = |line: &&str| line.chars().count() > 80;
    let long: Vec<&str> = told.stdout.lines().filter(long).collect();
    assert_eq!(long.len(), 1, "the flag with two cipher suites: {long:?}");
    let older = run(
        &sandbox,
        &["cluster", "tune", "--kubernetes-version=1.35", "-o=json"],
    );
    assert!(older.stdout.contains("\"default\": \"0 (for ever)\""), "{older}");
    let newer = run(&sandbox, &["cluster", "tune", "--kubernetes-version=v1.37.2"]);
    assert!(newer.stdout.contains("refuses since 1.37"), "{newer}");
    let wrong = run(&sandbox, &["cluster", "tune", "--kubernetes-version=new"]);
    insta::assert_snapshot!(sandbox.filtered(&wrong), @"
    stderr: error: --kubernetes-version is `new`, which is not a version such as 1.34
    stderr: hint: write --kubernetes-version= with a version such as 1.34
    exit: 2
    ");
}
