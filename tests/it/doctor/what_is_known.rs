//! What `doctor` says of things that are known from elsewhere, or not at all.

use std::fs;

use super::{SetUp, in_whole_lines, stable};
use crate::support::Sandbox;

/// What the API server says is certain, and the flags are what somebody believes of it.
#[test]
fn a_user_name_of_the_api_server_counts_more_than_one_that_flags_give() {
    let set_up = SetUp::healthy();
    let shown = |arguments: &[&str]| {
        let outcome = set_up.call(arguments).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let lines = stable(&set_up, &outcome);
        let lines = lines
            .lines()
            .filter(|line| line.contains("user") || line.contains("fix:"));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(shown(&["--username-prefix=okta:"]), @"
    ok       context             context `prod`, user `oidc`
    ok       username            okta:00ualice
    warning  cluster-user        the API server calls you `alice`, and these flags give `okta:00ualice`
             fix:   its settings are others: correct --username-claim and
                    --username-prefix, or leave them out
    ");
    // They give the same.
    set_up.change_claim("email", "alice".into());
    insta::assert_snapshot!(shown(&["--username-claim=email"]), @"
    ok       context             context `prod`, user `oidc`
    ok       username            alice
    ok       cluster-user        `alice`, in 2 groups
    ");
}

/// A provider does not show whether it knows a client id before somebody signs in.
#[test]
fn without_a_session_the_end_says_what_is_not_proven() {
    let set_up = SetUp::healthy();
    fs::remove_file(set_up.sandbox.session_file()).unwrap();
    let end = |arguments: &[&str]| {
        let outcome = set_up.call(arguments).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let (_, end) = outcome.stdout.rsplit_once("\n\n").unwrap();
        end.replace(&*set_up.sandbox.path("").to_string_lossy(), "[HOME]/")
    };
    insta::assert_snapshot!(end(&[]), @"
    You are not signed in, so client id, token and access to the cluster are not
    proven. Sign in, then run doctor again:
      kubesesame login
    ");
    let config = format!("--kubeconfig={}", set_up.sandbox.path(".kube/config").display());
    insta::assert_snapshot!(end(&["--context=prod", &config]), @"
    You are not signed in, so client id, token and access to the cluster are not
    proven. Sign in, then run doctor again:
      kubesesame login --kubeconfig=[HOME]/.kube/config --context=prod
    ");
}

/// The cluster is asked, even if the user of its context is missing.
#[test]
fn the_reasons_of_skipped_checks_are_true() {
    let mut set_up = SetUp::healthy();
    let skipped = |set_up: &SetUp| {
        let outcome = set_up.call(&[]).run();
        let (_, skipped) = outcome.stdout.split_once("skipped ").unwrap();
        assert_eq!(outcome.code, Some(1), "{outcome}");
        format!("skipped {skipped}")
    };
    set_up.replace(", user: oidc}", ", user: bob}");
    insta::assert_snapshot!(skipped(&set_up), @"
    skipped  credential, api-version, interactive-mode, command, plugin-policy,
             flags, inline-secrets (no user is known)
    skipped  deprecated-flags, issuer-url, proxy, connection, tls, discovery,
             issuer-spelling, clock, key-set, endpoints, grant-type, pkce, scopes,
             client-auth, signing-algorithm, listener-port, redirect-uri, browser,
             storage, refresh (the settings are not known)
    skipped  keyring (sessions need no keyring)
    skipped  session, last-sign-in, provider-outage, background-refresh (no session
             is looked for)
    skipped  token-issuer, token-audience, token-algorithm, groups, token-size
             (there is no token)
    skipped  cluster-user (no token was sent to the API server)

    1 failure, 0 warnings, 5 ok, 38 skipped; more about one: kubesesame explain NAME
    ");
    set_up.kubeconfig = "apiVersion: v1\nkind: Config\n".to_owned();
    insta::assert_snapshot!(skipped(&set_up), @"
    skipped  credential, api-version, interactive-mode, command, plugin-policy,
             flags, inline-secrets (no user is known)
    skipped  deprecated-flags, issuer-url, proxy, connection, tls, discovery,
             issuer-spelling, clock, key-set, endpoints, grant-type, pkce, scopes,
             client-auth, signing-algorithm, listener-port, redirect-uri, browser,
             storage, refresh (the settings are not known)
    skipped  keyring (sessions need no keyring)
    skipped  session, last-sign-in, provider-outage, background-refresh (no session
             is looked for)
    skipped  token-issuer, token-audience, token-algorithm, username, groups,
             token-size (there is no token)
    skipped  api-server (there is no context that names a cluster)
    skipped  cluster-user (no token was sent to the API server)

    1 failure, 0 warnings, 3 ok, 40 skipped; more about one: kubesesame explain NAME
    ");
}

#[test]
fn without_a_kubeconfig_no_check_says_that_there_are_flags() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.bare(&["doctor"]).run();
    // Where the cause breaks depends on the length of the home's path.
    let text = sandbox
        .filtered(&outcome)
        .replace(&format!("\n{}", " ".repeat(16)), " ");
    insta::assert_snapshot!(in_whole_lines(&text), @"
    failure  kubeconfig          there is no kubeconfig
             cause: there is no kubeconfig: `[HOME]/.kube/config` is missing
             fix:   name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write
    ok       also variables
    skipped  context, kubeconfig-mode, api-server (there is no kubeconfig that can
             be read)
    skipped  credential, api-version, interactive-mode, command, plugin-policy,
             flags, inline-secrets (no user is known)
    skipped  deprecated-flags, issuer-url, proxy, connection, tls, discovery,
             issuer-spelling, clock, key-set, endpoints, grant-type, pkce, scopes,
             client-auth, signing-algorithm, listener-port, redirect-uri, browser,
             storage, refresh (the settings are not known)
    skipped  keyring (sessions need no keyring)
    skipped  session, last-sign-in, provider-outage, background-refresh (no session
             is looked for)
    skipped  token-issuer, token-audience, token-algorithm, username, groups,
             token-size (there is no token)
    skipped  cluster-user (no token was sent to the API server)

    1 failure, 0 warnings, 1 ok, 42 skipped; more about one: kubesesame explain NAME
    exit: 1
    ");
}
