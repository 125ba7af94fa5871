//! `cluster tune`, as a person sees it.

use crate::cluster_command::run;
use crate::support::Sandbox;

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
