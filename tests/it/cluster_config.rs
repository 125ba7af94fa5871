//! What a cluster's entry in the kubeconfig may say: a stranger's word, which counts only where the user's entry leaves it open.

use serde_json::{Value, json};

use crate::support::{Call, Kubelogin, Outcome, Sandbox};

pub(crate) const ALLOW: &str = "--cluster-config=allow";
pub(crate) const IGNORED: &str = "warning: the cluster's config in the kubeconfig is ignored";

/// As kubectl calls with `provideClusterInfo: true`.
pub(crate) fn exec_info(cluster: &Value) -> String {
    json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": { "interactive": false, "cluster": cluster },
    })
    .to_string()
}

pub(crate) fn of_cluster(call: Call, server: &str, config: &Value) -> Call {
    let cluster = json!({ "server": server, "config": config });
    call.env("KUBERNETES_EXEC_INFO", &exec_info(&cluster))
}

/// A user's entry that says nothing of the provider, called for this cluster.
pub(crate) fn untyped(sandbox: &Sandbox, config: &Value) -> Call {
    of_cluster(
        sandbox.get_token().without("--oidc-"),
        "https://prod.example",
        config,
    )
}

/// The redirect URI that is this issuer's alone, where a cluster names it.
pub(crate) fn own_redirect(issuer: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, issuer.as_bytes());
    let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
    format!("http://localhost:8000/issuer/{}", &hash[..32])
}

/// What a cluster may say, of this sandbox's provider, whose app has the redirect URI for that.
pub(crate) fn provider(sandbox: &Sandbox) -> Value {
    let redirect = own_redirect(&sandbox.okta.issuer());
    sandbox.okta.behave(|behaviour| {
        if !behaviour.redirect_uris.contains(&redirect) {
            behaviour.redirect_uris.push(redirect);
        }
    });
    json!({ "oidc-issuer-url": sandbox.okta.issuer(), "oidc-client-id": sandbox.okta.client_id() })
}

pub(crate) fn with(mut config: Value, key: &str, value: &Value) -> Value {
    config[key] = value.clone();
    config
}

pub(crate) fn told(outcome: &Outcome, text: &str) -> usize {
    outcome.stderr.matches(text).count()
}

#[test]
fn a_cluster_s_config_counts_unless_the_user_s_entry_names_an_issuer_or_ignores_it() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox, &provider(&sandbox));
    let outcome = call.clone().arg("--cluster-config=ignore").run();
    insta::assert_snapshot!(outcome, @"
    stderr: error: --oidc-issuer-url is missing
    stderr: hint: the cluster's entry in the kubeconfig names one, but --cluster-config=ignore is set: name one in the user's exec entry, or leave that flag out
    exit: 2
    ");
    call.clone().arg("--cluster-config=yes").run().fails(
        2,
        &[
            "invalid value 'yes' for '--cluster-config <WHETHER>'",
            "[possible values: allow, ignore]",
        ],
    );
    // The variable is the user's word as well.
    call.clone()
        .env("KUBESESAME_CLUSTER_CONFIG", "ignore")
        .run()
        .fails(2, &["is missing"]);
    assert_eq!((sandbox.tabs(), sandbox.okta.requests().len()), (0, 0));
    let token = call.run().token();
    assert_eq!((call.arg(ALLOW).run().token(), sandbox.tabs()), (token, 1));
}

#[test]
fn an_ignored_cluster_config_is_told_once_and_only_beside_something_else() {
    let sandbox = Sandbox::new();
    for key in ["oidc-issuer-url", "oidc-client-id", "certificate-authority-data"] {
        let config = json!({ key: ["\u{1b}]0;owned\u{7}", { "a": [[]] }] });
        let call = of_cluster(sandbox.get_token(), "https://a.example", &config).arg("--force-refresh");
        let outcome = call.run();
        outcome.token();
        assert_eq!(
            (told(&outcome, IGNORED), told(&outcome, "\u{1b}")),
            (1, 0),
            "{outcome}"
        );
        let quiet = call.arg("--cluster-config=ignore").run();
        quiet.token();
        assert_eq!(quiet.stderr, "");
    }
    // Neither by the long way nor by the short one.
    for _ in 0..2 {
        let cached = of_cluster(sandbox.get_token(), "https://a.example", &provider(&sandbox)).run();
        cached.token();
        assert_eq!(cached.stderr, "");
    }
    // What other plugins read there is none of our business.
    for config in [
        json!({ "audience": "sts", "apiVersion": "x/v1", "kind": "Config" }),
        json!("text"),
        json!(null),
    ] {
        let outcome = of_cluster(sandbox.get_token(), "https://a.example", &config)
            .arg("--force-refresh")
            .run();
        outcome.token();
        assert_eq!(outcome.stderr, "", "{config}");
    }
}

#[test]
fn issuer_client_scopes_and_authority_come_from_one_place() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.custom_scopes.push("groups".to_owned()));
    let scopes = |scopes: Value| with(provider(&sandbox), "oidc-extra-scope", &scopes);
    let call = |config: &Value| untyped(&sandbox, config).arg(ALLOW);
    let first = call(&scopes(json!(["groups", "email"]))).run();
    first.token();
    assert_eq!(call(&scopes(json!("email,groups"))).run().token(), first.token());
    // What the user's entry has of these is the user's issuer's alone.
    let typed = call(&scopes(json!(["groups", "email"])))
        .arg("--oidc-client-id=other")
        .arg("--oidc-extra-scope=offline_access")
        .env("KUBESESAME_CERTIFICATE_AUTHORITY", "/nowhere/ca.pem");
    assert_eq!(typed.run().token(), first.token());
    let refreshed = typed.arg("--force-refresh").run();
    assert_eq!(refreshed.code, Some(0), "{refreshed}");
    let warning = "warning: the cluster's entry chose the issuer, so these flags are not used: --oidc-client-id, --oidc-extra-scope, --certificate-authority\n";
    assert_eq!(told(&refreshed, warning), 1, "{refreshed}");
    // And the user's issuer is the user's alone, whatever the cluster adds.
    let config = json!({ "oidc-issuer-url": "https://evil.example", "oidc-client-id": sandbox.okta.client_id(), "oidc-extra-scope": ["email"] });
    for own in [
        call(&config).arg(&format!("--oidc-issuer-url={}", sandbox.okta.issuer())),
        call(&config).env("KUBESESAME_OIDC_ISSUER_URL", &sandbox.okta.issuer()),
    ] {
        let outcome = own.clone().run();
        outcome.fails(
            2,
            &[
                "error: --oidc-client-id is missing",
                "leave --oidc-issuer-url out",
            ],
        );
        let session = own
            .arg(&format!("--oidc-client-id={}", sandbox.okta.client_id()))
            .run();
        session.token();
        assert_eq!(told(&session, "evil"), 0, "{session}");
    }
    let no_client = json!({ "oidc-issuer-url": sandbox.okta.issuer() });
    call(&no_client).arg("--oidc-client-id=typed").run().fails(
        2,
        &[
            "error: --oidc-client-id is missing",
            "beside `oidc-issuer-url` in the cluster's config",
        ],
    );
}

#[test]
fn a_session_is_handed_to_its_own_cluster_alone() {
    let sandbox = Sandbox::new();
    let config = provider(&sandbox);
    let call = |cluster: &Value| {
        let mut cluster = cluster.clone();
        cluster["config"] = config.clone();
        let call = sandbox.get_token().without("--oidc-").arg(ALLOW);
        call.env("KUBERNETES_EXEC_INFO", &exec_info(&cluster))
    };
    // Who the server is, is known by its address and by what proves it.
    let clusters = [
        json!({ "server": "https://prod.example" }),
        json!({ "server": "https://evil.example" }),
        json!({ "server": "https://prod.example", "insecure-skip-tls-verify": true }),
        json!({ "server": "https://prod.example", "certificate-authority-data": "ZXZpbA==" }),
        json!({ "server": "https://prod.example", "tls-server-name": "evil.example" }),
        // A server that need not prove itself is whatever the proxy makes of it.
        json!({ "server": "https://prod.example", "insecure-skip-tls-verify": true, "proxy-url": "http://127.0.0.1:9" }),
        json!({}),
    ];
    let tokens: Vec<String> = clusters
        .iter()
        .map(|cluster| call(cluster).run().token())
        .collect();
    assert_eq!(sandbox.tabs(), clusters.len());
    assert_eq!(sandbox.session_count(".kube/cache/kubesesame"), clusters.len());
    // The short way's entry could not be held against a command line that names no issuer.
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 0);
    for _ in 0..2 {
        for (cluster, token) in clusters.iter().zip(&tokens) {
            assert_eq!(call(cluster).run().token(), *token, "{cluster}");
        }
    }
    // The way there is none of the server's.
    let proxied = json!({ "server": "https://prod.example", "proxy-url": "http://127.0.0.1:9" });
    assert_eq!(call(&proxied).run().token(), tokens[0]);
    // The user's own session is another one, and each cluster has it.
    let own = sandbox.get_token().run().token();
    for cluster in &clusters {
        let call = sandbox
            .get_token()
            .arg(ALLOW)
            .env("KUBERNETES_EXEC_INFO", &exec_info(cluster));
        assert_eq!(call.run().token(), own);
    }
    assert_eq!(sandbox.tabs(), clusters.len() + 1);
}

#[test]
fn a_session_of_kubelogin_is_not_taken_over_for_a_cluster_that_chose_the_issuer() {
    let kubelogin = Kubelogin::new().live();
    let config = with(
        provider(&kubelogin.sandbox),
        "oidc-extra-scope",
        &json!(["offline_access"]),
    );
    let outcome = untyped(&kubelogin.sandbox, &config).arg(ALLOW).run();
    assert_ne!(outcome.token(), kubelogin.token);
    assert!(!kubelogin.moved());
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
    assert!(kubelogin.moved());
}

/// At once, whatever it has: nothing of it is looked at.
#[test]
fn a_cluster_cannot_say_anything_else() {
    let sandbox = Sandbox::new();
    nix::unistd::mkfifo(&sandbox.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let plain = untyped(&sandbox, &provider(&sandbox)).run();
    for (key, value) in [
        ("account", json!("mallory")),
        ("browser-command", json!("touch /tmp/x")),
        ("certificate-authority", json!(sandbox.path("fifo"))),
        ("grant-type", json!("password")),
        ("insecure-skip-tls-verify", json!(true)),
        ("listen-address", json!("0.0.0.0:1")),
        ("oidc-auth-request-extra-params", json!({ "prompt": "none" })),
        ("oidc-client-secret", json!("x")),
        (
            "oidc-redirect-url",
            json!("http://localhost:1/\u{1b}]0;owned\u{7}"),
        ),
        ("oidc-s\u{1b}lip", json!("x")),
        ("oidc-use-access-token", json!(true)),
        ("token-cache-dir", json!("/nowhere")),
        ("username", json!("mallory")),
    ] {
        let config = with(provider(&sandbox), key, &value);
        for call in [
            untyped(&sandbox, &config),
            untyped(&sandbox, &config).arg(ALLOW),
            of_cluster(sandbox.get_token(), "https://prod.example", &config),
        ] {
            let outcome = call.run();
            let shown: String = key.chars().filter(|c| !c.is_control()).collect();
            let named = format!("the cluster's config has `{shown}`, which a cluster cannot set");
            outcome.fails(2, &[&named, "--cluster-config=ignore"]);
            assert_eq!(told(&outcome, "\u{1b}"), 0, "{outcome}");
        }
        let ignored = of_cluster(sandbox.get_token(), "https://prod.example", &config);
        ignored.arg("--cluster-config=ignore").run().token();
    }
    let config = with(provider(&sandbox), "audience", &json!("of another plugin"));
    assert_eq!(untyped(&sandbox, &config).run().token(), plain.token());
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn what_cannot_be_used_in_it_is_named() {
    let sandbox = Sandbox::new();
    let call = |key: &str, value: Value| {
        let config = with(provider(&sandbox), key, &value);
        untyped(&sandbox, &config)
            .arg(ALLOW)
            .env("KUBESESAME_OIDC_CLIENT_ID", "x")
            .run()
    };
    insta::assert_snapshot!(call("oidc-issuer-url", json!("ftp://x\u{1b}[2J")), @"
    stderr: error: `oidc-issuer-url` in the cluster's config cannot be used: --oidc-issuer-url `ftp://x[2J` is not a URL
    stderr: caused by: invalid international domain name
    stderr: hint: correct it in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec
    exit: 2
    ");
    insta::assert_snapshot!(call("oidc-client-id", json!({ "a": ["b"] })), @"
    stderr: error: `oidc-client-id` in the cluster's config cannot be used: it is no text
    stderr: hint: correct it in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec
    exit: 2
    ");
    for (key, value, words) in [
        (
            "oidc-issuer-url",
            json!(["https://a", "https://b"]),
            "it is no text",
        ),
        ("oidc-extra-scope", json!("\"email"), "its quotes do not pair up"),
        (
            "oidc-extra-scope",
            json!([["email"]]),
            "it is neither a text nor a list of texts",
        ),
        ("certificate-authority-data", json!("%\u{1b}%"), "not base64"),
    ] {
        let outcome = call(key, value);
        let cause = format!("`{key}` in the cluster's config cannot be used");
        let unused = "these flags are not used: --oidc-client-id";
        let words = [&cause, words, "client.authentication.k8s.io/exec", unused];
        outcome.fails(2, &words[..3 + told(&outcome, unused)]);
        assert_eq!(told(&outcome, "\u{1b}"), 0);
    }
    // One without an issuer says nothing.
    let outcome = untyped(&sandbox, &json!({ "oidc-client-id": "c" }))
        .arg(ALLOW)
        .run();
    outcome.fails(2, &["--oidc-issuer-url is missing"]);
    assert_eq!(sandbox.tabs(), 0);
}
