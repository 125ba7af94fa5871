//! kubelogin's own integration cases, row by row, against this program: whoever swaps the binary finds each of them as it was.
//!
//! PKCE is the one that differs by design: it is always sent. Cases of kubelogin's standalone mode are in `standalone`. What kubelogin
//! has no end-to-end test for is tested here too; `GAPS` says where.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::support::{Call, Sandbox, claims_of, now, visit};
use okta::{Endpoint, RefreshRepeats, Rotation};

/// What kubelogin's tests leave untested, and the test that there is for it here.
const GAPS: [(&str, &str); 19] = [
    (
        "device-code",
        "device::a_device_code_is_shown_and_polled_until_the_person_agrees",
    ),
    ("keyboard", "prompts::a_pasted_code_or_the_whole_address_signs_in"),
    (
        "client-credentials",
        "grants::a_program_asks_for_openid_and_once_more_without_where_that_is_refused",
    ),
    (
        "failing refresh",
        "refresh::a_passing_fault_opens_no_browser_and_keeps_the_session",
    ),
    (
        "access-token mode",
        "grants::an_access_token_is_returned_verified_and_refreshed",
    ),
    (
        "lock contention",
        "parallel::fifty_cold_callers_need_one_tab_and_get_one_token",
    ),
    (
        "port fallback",
        "login::the_second_listen_address_is_taken_when_the_first_is_not_free",
    ),
    (
        "redirect-url",
        "login::a_given_redirect_url_is_sent_and_answered_to_the_letter",
    ),
    (
        "timeouts, login",
        "failed_login::ten_unattended_callers_open_one_tab_and_end_soon_after_its_time",
    ),
    (
        "timeouts, network",
        "network_limits::a_provider_that_does_not_answer_ends_in_bounded_time",
    ),
    (
        "state mismatch",
        "callback::answers_without_our_state_are_ignored_and_told_at_the_end",
    ),
    (
        "error callback",
        "login::a_refused_sign_in_gives_oktas_words_and_ours",
    ),
    ("force-refresh", "refresh::force_refresh_refreshes_a_good_token"),
    (
        "storage none",
        "drop_in::without_storage_each_call_signs_in_and_nothing_is_kept",
    ),
    (
        "request headers",
        "drop_in::request_headers_are_on_every_request_to_the_provider",
    ),
    (
        "setup",
        "setup::setup_shows_claims_user_and_the_line_for_kubectl_and_touches_no_session",
    ),
    (
        "proxies",
        "proxies::a_proxy_is_used_where_the_environment_says_so",
    ),
    ("v1beta1", "exec_info::each_version_is_answered_in_kind"),
    (
        "keyring",
        "storage::without_a_keyring_nobody_is_asked_to_sign_in_and_nothing_is_written",
    ),
];

#[test]
fn each_gap_has_its_test() {
    for (gap, test) in GAPS {
        assert!(super::tests_named().contains(test), "{gap}: there is no {test}");
    }
}

/// As kubelogin's tests call: interactive, with a cache directory of the test's, any free port.
fn get_token(sandbox: &Sandbox) -> Call {
    let exec_info = json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": { "interactive": true },
    });
    sandbox
        .get_token()
        .without("--oidc-extra-scope")
        .arg(&format!("--token-cache-dir={}", sandbox.path("cache").display()))
        .env("KUBERNETES_EXEC_INFO", &exec_info.to_string())
}

/// Runs, and checks the whole credential against the token's own claims.
fn token(call: &Call) -> String {
    let outcome = call.run();
    let token = outcome.token();
    let claims = claims_of(&token);
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(credential["kind"], "ExecCredential");
    assert_eq!(credential["apiVersion"], "client.authentication.k8s.io/v1");
    let until = credential["status"]["expirationTimestamp"].as_str().unwrap();
    let until = chrono::DateTime::parse_from_rfc3339(until).unwrap().timestamp();
    // Not the token's end, as kubelogin says, but early enough to be of use.
    assert!(
        until <= claims["exp"].as_i64().unwrap() && until >= now() - 1,
        "{until} {claims}"
    );
    token
}

fn asked(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let requests = sandbox.okta.requests();
    let authorize = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Authorize);
    let values = authorize.flat_map(|request| request.query.iter());
    values
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
        .collect()
}

/// A person who looks at the page at the end.
fn reading() -> Box<dyn Fn(&str) + Send> {
    Box::new(|url| {
        let page = visit(url);
        assert_eq!(page.status, 200);
        assert!(page.body.contains("You are signed in"), "{}", page.body);
    })
}

#[test]
fn clean_with_a_directory_that_is_not_there() {
    let sandbox = Sandbox::new();
    let dir = format!("--token-cache-dir={}", sandbox.path("cache").display());
    assert_eq!(sandbox.bare(&["clean", &dir]).run().code, Some(0));
}

#[test]
fn auth_code() {
    let sandbox = Sandbox::with_habit(reading());
    token(&get_token(&sandbox));
    assert_eq!(asked(&sandbox, "scope"), ["openid"]);
    assert_eq!(asked(&sandbox, "code_challenge_method"), ["S256"]);
    assert!(asked(&sandbox, "redirect_uri")[0].starts_with("http://localhost:"));
}

#[test]
fn auth_code_over_tls_with_the_authority_in_a_file() {
    let sandbox = Sandbox::with_tls();
    let ca = format!("--certificate-authority={}", sandbox.path("ca.pem").display());
    token(&get_token(&sandbox).arg(&ca));
}

#[test]
fn tls_data() {
    let sandbox = Sandbox::with_tls();
    let pem = fs::read(sandbox.path("ca.pem")).unwrap();
    let data = data_encoding::BASE64.encode(&pem);
    token(&get_token(&sandbox).arg(&format!("--certificate-authority-data={data}")));
}

/// The two transports of kubelogin's cases, each with the flag that goes with it.
fn transports() -> [(Sandbox, String); 2] {
    let tls = Sandbox::with_tls();
    let ca = format!("--certificate-authority={}", tls.path("ca.pem").display());
    // For the other one a flag that changes nothing.
    [
        (Sandbox::new(), "--insecure-skip-tls-verify=false".to_owned()),
        (tls, ca),
    ]
}

#[test]
fn ropc() {
    for (sandbox, flag) in transports() {
        ropc_at(&sandbox, &flag);
    }
}

fn ropc_at(sandbox: &Sandbox, flag: &str) {
    let user = sandbox.okta.behaviour().user;
    let call = get_token(sandbox)
        .arg(flag)
        .arg(&format!("--username={}", user.login))
        .arg(&format!("--password={}", user.password));
    token(&call);
    let requests = sandbox.okta.requests();
    let request = requests
        .iter()
        .find(|request| request.endpoint == Endpoint::Token)
        .unwrap();
    let form = |name: &str| {
        let found = request.form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(
        (form("scope"), form("username"), form("password")),
        (Some("openid"), Some(&*user.login), Some(&*user.password))
    );
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn token_cache_lifecycle() {
    for (sandbox, flag) in transports() {
        token_cache_lifecycle_at(&sandbox, &flag);
    }
}

fn token_cache_lifecycle_at(sandbox: &Sandbox, flag: &str) {
    let call = get_token(sandbox)
        .arg("--oidc-extra-scope=offline_access")
        .arg(flag);
    let expire = || {
        let entries = fs::read_dir(sandbox.path("cache")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        let file = paths
            .find(|path| path.to_string_lossy().ends_with(".session.json"))
            .unwrap();
        let mut session: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        session["expires_at"] = 1.into();
        fs::write(&file, session.to_string()).unwrap();
        session["refresh_token"].as_str().unwrap().to_owned()
    };
    // NoCache
    let first = token(&call);
    // Valid
    sandbox.okta.clear_requests();
    assert_eq!(token(&call), first);
    assert!(sandbox.okta.requests().is_empty());
    // Refresh
    let first_refresh = expire();
    let second = token(&call);
    // RefreshAgain, answered without a refresh token: the last one stays.
    let second_refresh = expire();
    sandbox.okta.behave(|behaviour| {
        behaviour.refresh = Rotation::Static;
        behaviour.refresh_repeats = RefreshRepeats::Absent;
    });
    let third = token(&call);
    assert_eq!(expire(), second_refresh);
    assert!(first != second && second != third && first_refresh != second_refresh);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
}

#[test]
fn pkce_not_supported_by_provider_is_sent_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour
            .discovery
            .insert("code_challenge_methods_supported".to_owned(), Value::Null);
    });
    token(&get_token(&sandbox));
    assert_eq!(asked(&sandbox, "code_challenge_method"), ["S256"]);
}

#[test]
fn pkce_enforce() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour
            .discovery
            .insert("code_challenge_methods_supported".to_owned(), Value::Null);
    });
    // Deprecated by kubelogin, and stronger than the newer flag all the same.
    let call = get_token(&sandbox)
        .arg("--oidc-use-pkce")
        .arg("--oidc-pkce-method=no");
    token(&call);
    assert_eq!(asked(&sandbox, "code_challenge_method"), ["S256"]);
}

#[test]
fn extra_scopes() {
    let sandbox = Sandbox::new();
    let call = get_token(&sandbox)
        .arg("--oidc-extra-scope=email")
        .arg("--oidc-extra-scope")
        .arg("profile,openid");
    token(&call);
    assert_eq!(asked(&sandbox, "scope"), ["openid email profile"]);
}

#[test]
fn open_url_after_authentication() {
    let destination = TcpListener::bind("127.0.0.1:0").unwrap();
    let after = format!("http://{}/success", destination.local_addr().unwrap());
    let opened = thread::spawn(move || {
        let (mut stream, _) = destination.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        line
    });
    let sandbox = Sandbox::with_habit(Box::new(|url| drop(okta::visit::visit(url, &[]))));
    token(&get_token(&sandbox).arg(&format!("--open-url-after-authentication={after}")));
    assert_eq!(opened.join().unwrap(), "GET /success HTTP/1.1\r\n");
}

#[test]
fn extra_params() {
    let sandbox = Sandbox::new();
    let call = get_token(&sandbox)
        .arg("--oidc-auth-request-extra-params=ttl=86400")
        .arg("--oidc-auth-request-extra-params=reauth=false");
    token(&call);
    assert_eq!(
        (asked(&sandbox, "ttl"), asked(&sandbox, "reauth")),
        (vec!["86400".to_owned()], vec!["false".to_owned()])
    );
}
