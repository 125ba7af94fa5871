//! Flags and commands of `kubectl oidc-login` as they stand in today's kubeconfigs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Sandbox;
use okta::{Endpoint, Recorded};

pub(crate) fn query(request: &Recorded, name: &str) -> Option<String> {
    request
        .query
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
}

pub(crate) fn authorize_request(sandbox: &Sandbox) -> Recorded {
    let requests = sandbox.okta.requests();
    requests
        .into_iter()
        .find(|request| request.endpoint == Endpoint::Authorize)
        .expect("a sign-in")
}

#[test]
fn extra_parameters_go_into_the_authorization_request_and_make_another_session() {
    let sandbox = Sandbox::new();
    let plain = sandbox.signed_in();
    let call = sandbox
        .get_token()
        .arg("--oidc-auth-request-extra-params=ttl=86400")
        .arg("--oidc-auth-request-extra-params=acr=a,b=c");
    let token = call.run().token();
    assert_ne!(token, plain);
    let request = authorize_request(&sandbox);
    let values = ["ttl", "acr", "b"].map(|name| query(&request, name).unwrap_or_default());
    assert_eq!(values, ["86400", "a", "c"]);
    assert_eq!(call.run().token(), token);
    let wrong = sandbox
        .get_token()
        .arg("--oidc-auth-request-extra-params=nonsense");
    wrong.run().fails(2, &["is not NAME=VALUE"]);
}

/// As with kubelogin, whoever names a parameter means to have that value, once.
#[test]
fn a_parameter_that_is_named_takes_the_place_of_ours() {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    let plain = authorize_request(&sandbox);
    assert_eq!(query(&plain, "access_type").as_deref(), Some("offline"));
    sandbox.okta.clear_requests();
    let extra = |pair: &str| format!("--oidc-auth-request-extra-params={pair}");
    let call = sandbox
        .get_token()
        .arg("--account=alice")
        .arg(&extra("scope=openid email offline_access"))
        .arg(&extra("access_type=online"))
        .arg(&extra("login_hint=alice@example.com"))
        .arg(&extra("prompt=login"));
    let token = call.run().token();
    let request = authorize_request(&sandbox);
    for (name, value) in [
        ("scope", "openid email offline_access"),
        ("access_type", "online"),
        ("login_hint", "alice@example.com"),
        ("prompt", "login"),
    ] {
        let values: Vec<_> = request.query.iter().filter(|(known, _)| known == name).collect();
        assert_eq!(values, [&(name.to_owned(), value.to_owned())]);
    }
    for session in sandbox.cache_files(".session.json") {
        let text = fs::read_to_string(&session).unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
        record["expires_at"] = 1.into();
        fs::write(&session, record.to_string()).unwrap();
    }
    assert_ne!(call.run().token(), token);
    assert_eq!(sandbox.grants("refresh_token"), 1);
    for (name, hint) in [
        ("state", "leave it out"),
        ("nonce", "leave it out"),
        ("response_type", "leave it out"),
        ("response_mode", "leave it out"),
        ("request", "leave it out"),
        ("request_uri", "leave it out"),
        ("code_challenge", "--oidc-pkce-method"),
        ("code_challenge_method", "--oidc-pkce-method"),
        ("redirect_uri", "--oidc-redirect-url"),
        ("client_id", "--oidc-client-id"),
    ] {
        let outcome = sandbox.get_token().arg(&extra(&format!("{name}=x"))).run();
        outcome.fails(2, &[&format!("cannot set `{name}`"), hint]);
    }
}

#[test]
fn request_headers_are_on_every_request_to_the_provider() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("--oidc-request-header=X-Tenant=blue");
    call.run().token();
    for endpoint in [Endpoint::Discovery, Endpoint::Token, Endpoint::Keys] {
        let requests = sandbox.okta.requests();
        let request = requests
            .iter()
            .find(|request| request.endpoint == endpoint)
            .expect("it was asked");
        assert!(
            request
                .headers
                .contains(&("x-tenant".to_owned(), "blue".to_owned())),
            "{endpoint:?}"
        );
    }
    let wrong = sandbox
        .get_token()
        .arg("--oidc-request-header=X Tenant=blue")
        .arg("--force-refresh");
    wrong
        .run()
        .fails(2, &["--oidc-request-header `X…` is no HTTP header"]);
    // As curl has it: what stands before the `=` is no name.
    let as_curl = sandbox
        .get_token()
        .arg("--oidc-request-header=Authorization: Basic czNjcmV0=")
        .arg("--force-refresh")
        .run();
    as_curl.fails(2, &["--oidc-request-header `Authorization…` is no HTTP header"]);
    assert!(!as_curl.stderr.contains("czNjcmV0"), "{as_curl}");
}

#[test]
fn without_storage_each_call_signs_in_and_nothing_is_kept() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("--token-cache-storage=none");
    call.run().token();
    call.run().token();
    assert_eq!(sandbox.tabs(), 2);
    assert!(!sandbox.cache_dir().exists());
    sandbox
        .get_token()
        .arg("--token-cache-storage=keyrings")
        .run()
        .fails(
            2,
            &[
                "[possible values: disk, keyring, auto, none]",
                "did you mean `keyring`?",
            ],
        );
    sandbox
        .get_token()
        .arg("--token-cache-storage=auto")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        .by_timers_of(&sandbox)
        .run()
        .token();
    assert!(sandbox.cache_dir().exists());
}

#[test]
fn the_browser_goes_on_to_the_page_that_was_asked_for() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        // Nobody listens there; that the browser was sent is all there is to see.
        let error = okta::visit::visit(url, &[]).unwrap_err();
        assert!(
            error.contains("127.0.0.1:9/welcome") || error.contains("error sending"),
            "{error}"
        );
    }));
    let call = sandbox.get_token();
    call.clone()
        .arg("--open-url-after-authentication=http://127.0.0.1:9/welcome")
        .run()
        .token();
    call.arg("--open-url-after-authentication=javascript:alert(1)")
        .run()
        .fails(2, &["is no http or https URL"]);
}

#[test]
fn spellings_that_the_peer_dropped_work_with_a_note_of_the_new_way() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push("http://127.0.0.1:1".to_owned()));
    let call = sandbox
        .get_token()
        .without("--listen-address")
        .arg("--listen-port=0");
    let call = call.arg("--oidc-redirect-url-hostname=127.0.0.1");
    let outcome = call.run();
    outcome.token();
    assert!(
        outcome
            .stderr
            .contains("--listen-port is now --listen-address=127.0.0.1:PORT"),
        "{outcome}"
    );
    assert!(
        outcome
            .stderr
            .contains("--oidc-redirect-url-hostname is now --oidc-redirect-url"),
        "{outcome}"
    );
    let redirect = query(&authorize_request(&sandbox), "redirect_uri").unwrap();
    assert!(redirect.starts_with("http://127.0.0.1:"), "{redirect}");
    assert_eq!(
        call.run().stderr,
        "",
        "a note is for the sign-in, not for every call"
    );
}

#[test]
fn the_cache_is_below_kubectls_own_where_that_is_set() {
    let sandbox = Sandbox::new();
    let cache = sandbox.path("kubectl-cache");
    let call = sandbox.get_token().env("KUBECACHEDIR", &cache.to_string_lossy());
    call.run().token();
    assert!(cache.join("kubesesame").exists() && !sandbox.cache_dir().exists());
}

#[test]
fn the_authorities_of_the_environment_are_trusted() {
    let sandbox = Sandbox::with_tls();
    let file = sandbox.path("ca.pem").display().to_string();
    sandbox.get_token().env("SSL_CERT_FILE", &file).run().token();
}

#[test]
fn a_directory_of_authorities_in_the_environment_is_trusted() {
    let sandbox = Sandbox::with_tls();
    let dir = sandbox.path("authorities");
    fs::create_dir(&dir).unwrap();
    fs::rename(sandbox.path("ca.pem"), dir.join("ca.pem")).unwrap();
    let dir = dir.display().to_string();
    sandbox.get_token().env("SSL_CERT_DIR", &dir).run().token();
}

#[test]
fn flags_without_a_meaning_here_are_accepted() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .arg("--tls-renegotiation-once")
        .arg("--tls-renegotiation-freely=true")
        .arg("--oidc-use-pkce")
        .arg("--logtostderr=true")
        .arg("--log_file=/nowhere")
        .arg("--skip_headers");
    let outcome = call.run();
    outcome.token();
    assert!(
        outcome.stderr.contains("--tls-renegotiation-freely do nothing"),
        "{outcome}"
    );
    assert_eq!(
        call.run().stderr,
        "",
        "a note is for the sign-in, not for every call"
    );
}

#[test]
fn clean_removes_our_sessions_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.get_token().arg("--oidc-extra-scope=email").run().token();
    for theirs in ["notes.txt", "a.session.json", "b.lock"] {
        fs::write(sandbox.cache_dir().join(theirs), "theirs").unwrap();
    }
    let outcome = sandbox.bare(&["clean"]).run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: removed 2 sessions: [HOME]/.kube/cache/kubesesame
    stderr: nothing was revoked: the provider still knows the sessions, and tokens that were already issued stay valid until they expire (kubesesame logout revokes)
    exit: 0
    ");
    let mut left: Vec<_> = sandbox
        .cache_files("")
        .iter()
        .map(|path| path.extension().unwrap().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["json", "lock", "lock", "lock", "txt"]);
    assert_eq!(sandbox.bare(&["clean"]).run().code, Some(0));
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 3);
}

#[test]
fn clean_of_a_directory_that_is_none_removes_nothing() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("precious"), "x").unwrap();
    let home = sandbox.path("").to_string_lossy().into_owned();
    let outcome = sandbox
        .bare(&["clean", &format!("--token-cache-dir={home}")])
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(sandbox.path("precious").exists());
    assert_eq!(
        sandbox
            .bare(&["clean", "--token-cache-dir=/nowhere/at/all"])
            .run()
            .code,
        Some(0)
    );
}

/// The kubeconfig entries of two articles that people copy from, under the name that kubectl looks for; only the provider is
/// another, and the made-up variables of the first are there too.
#[test]
fn entries_that_people_copy_run_under_the_name_that_kubectl_looks_for() {
    let sandbox = Sandbox::new();
    let link = sandbox.path("kubectl-oidc_login");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubesesame"), &link).unwrap();
    let issuer = format!("--oidc-issuer-url={}", sandbox.okta.issuer());
    let run = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = std::process::Command::new(&link);
        command
            .args(args)
            .env_clear()
            .env("HOME", sandbox.path(""))
            .env("PATH", "/usr/bin:/bin");
        command
            .envs(env.iter().copied())
            .stdin(std::process::Stdio::null());
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    // The first: a secret, a cache in a shared directory, no browser, variables that nobody reads.
    let client_id = format!("--oidc-client-id={}", sandbox.okta.web_client_id());
    let secret = format!("--oidc-client-secret={}", sandbox.okta.web_client_secret());
    let shared = sandbox.path("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
    let cache = format!("--token-cache-dir={}/kubectl-oidc-cache", shared.display());
    let args = [
        "get-token",
        &issuer,
        &client_id,
        &secret,
        "--oidc-extra-scope=offline_access",
        &cache,
    ];
    let args = [
        &args[..],
        &["--skip-open-browser", "--listen-address=127.0.0.1:0"],
    ]
    .concat();
    let env = [
        ("KUBECTL_OIDC_TOKEN_CACHE_SIZE", "1000"),
        ("KUBECTL_OIDC_TOKEN_CACHE_TTL", "3600"),
    ];
    let (child, _, url) = crate::support::url_from_stderr(run(&args, &env));
    crate::support::visit(&url);
    crate::support::finish(child).token();
    // The second: `setup`, then the entry, both listening on `localhost`.
    let client_id = format!("--oidc-client-id={}", sandbox.okta.client_id());
    for command in ["setup", "get-token"] {
        let args = [
            command,
            &issuer,
            &client_id,
            "--listen-address=localhost:0",
            "--skip-open-browser",
        ];
        let (child, _, url) = crate::support::url_from_stderr(run(&args, &[]));
        crate::support::visit(&url);
        let outcome = crate::support::finish(child);
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
}

#[test]
fn version_is_on_stdout() {
    let outcome = Sandbox::new().bare(&["version"]).run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), "kubesesame 0.1.0\n")
    );
}
