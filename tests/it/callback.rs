//! Requests of strangers at the callback address: none of them ends a login or learns anything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use url::Url;

use crate::support::{Call, Outcome, Sandbox, finish, redirect_of, visit, visit_with};
use okta::visit::Page;
use okta::{AuthorizeError, Callback, Defect, Endpoint, Fault, FaultBody, FaultKind};

/// The redirect URI and the state of an authorization URL.
fn answer_address(authorization_url: &str) -> (Url, String) {
    let url = Url::parse(authorization_url).unwrap();
    let value = |name| {
        url.query_pairs()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .into_owned()
    };
    (Url::parse(&value("redirect_uri")).unwrap(), value("state"))
}

#[test]
fn requests_of_strangers_are_refused_and_the_login_goes_on() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let (address, state) = answer_address(url);
        let visited = |path_and_query: &str, headers: &[(&str, &str)]| {
            visit_with(address.join(path_and_query).unwrap().as_str(), headers).status
        };
        let answer = format!("/?code=stolen&state={state}");
        assert_eq!(visited("/favicon.ico", &[]), 404);
        assert_eq!(visited("/", &[]), 400);
        assert_eq!(visited("/?code=x&state=wrong", &[]), 400);
        assert_eq!(visited("/?error=access_denied&state=wrong", &[]), 400);
        assert_eq!(visited("/?error=access_denied", &[]), 400);
        assert_eq!(visited(&format!("{answer}&state={state}"), &[]), 400);
        assert_eq!(visited(&answer, &[("host", "evil.example:8000")]), 421);
        assert_eq!(visited(&answer, &[("sec-fetch-mode", "no-cors")]), 403);
        assert_eq!(visited(&answer, &[("sec-fetch-dest", "iframe")]), 403);
        assert_eq!(visited(&answer, &[("sec-purpose", "prefetch")]), 503);
        assert_eq!(visit(url).status, 200);
    }));
    sandbox.get_token().run().token();
    assert_eq!(sandbox.grants("authorization_code"), 1);
}

#[test]
fn idle_and_slow_connections_do_not_hold_the_login_up() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let (address, _) = answer_address(url);
        let connect = || TcpStream::connect(("127.0.0.1", address.port().unwrap())).unwrap();
        let idle: Vec<_> = (0..4).map(|_| connect()).collect();
        let mut slow = connect();
        slow.write_all(b"GET / HT").unwrap();
        assert_eq!(visit(url).status, 200);
        drop((idle, slow));
    }));
    sandbox.get_token().run().token();
}

#[test]
fn a_huge_request_is_refused() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let (address, _) = answer_address(url);
        let mut stream = TcpStream::connect(("127.0.0.1", address.port().unwrap())).unwrap();
        // The server may hang up in the middle; what counts is its answer.
        drop(stream.write_all(format!("GET /?{} HTTP/1.1\r\n", "x".repeat(1024 * 1024)).as_bytes()));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        assert!(
            !answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        assert_eq!(visit(url).status, 200);
    }));
    sandbox.get_token().run().token();
}

#[test]
fn the_same_answer_twice_shows_the_same_page_and_is_exchanged_once() {
    let (both_sent, are_both_sent) = channel();
    let sandbox = Sandbox::with_habit(Box::new(move |url| {
        // A real browser's answer, sent twice at the same time, as some virus scanners do.
        let location = Url::parse(&redirect_of(url)).unwrap();
        let port = location.port().unwrap();
        let ask = |_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (path, query, host) = (location.path(), location.query().unwrap(), location.authority());
            write!(stream, "GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
            stream
        };
        let twice: Vec<TcpStream> = (0..2).map(ask).collect();
        // Who comes after them to the same socket is answered after both have been read.
        let icon = format!("http://127.0.0.1:{port}/favicon.ico");
        let host = location.authority();
        assert_eq!(visit_with(&icon, &[("host", host)]).status, 404);
        both_sent.send(()).unwrap();
        for mut stream in twice {
            let mut page = String::new();
            stream.read_to_string(&mut page).unwrap();
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        }
    }));
    // The second comes while the first is worked on.
    sandbox.hold_token_answers();
    let child = sandbox.get_token().by_timers_of(&sandbox).spawn();
    are_both_sent.recv().unwrap();
    sandbox.let_answers_go();
    finish(child).token();
    assert_eq!(sandbox.grants("authorization_code"), 1);
}

#[cfg(target_os = "linux")]
impl Sandbox {
    /// A sign-in whose time is over after the browser has shown what came of its one tab.
    pub(crate) fn too_late(&self, call: Call) -> Outcome {
        let limit = "--authentication-timeout-sec=60";
        let child = call.arg(limit).by_timers_of(self).spawn();
        self.wait_for_visits(1);
        self.let_pass(60);
        finish(child)
    }
}

#[cfg(target_os = "linux")]
#[test]
fn answers_without_our_state_are_ignored_and_told_at_the_end() {
    for trick in [Callback::WrongState, Callback::NoState] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| behaviour.callback = trick);
        let outcome = sandbox.too_late(sandbox.get_token());
        outcome.fails(1, &["nobody signed in within 60 s", "one answer was ignored"]);
        assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    }
}

#[test]
fn an_answer_that_makes_no_sense_ends_the_login() {
    let cases = [
        (Callback::CodeAndError, "a code and an error"),
        (Callback::NoCode, "neither a code nor an error"),
        (Callback::WrongIss, "came from issuer"),
    ];
    for (trick, words) in cases {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| behaviour.callback = trick);
        sandbox.get_token().run().fails(1, &[words]);
        assert_eq!(sandbox.okta.count(Endpoint::Token), 0, "{trick:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_repeated_code_is_no_answer() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.callback = Callback::DuplicateCode);
    let outcome = sandbox.too_late(sandbox.get_token());
    outcome.fails(1, &["nobody signed in within 60 s"]);
    // Each of the causes has a line of its own.
    let hints = outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("hint: "));
    let starts: Vec<_> = hints.filter_map(|hint| hint.get(..33)).collect();
    let about = "if it shows an error about the ";
    assert_eq!(
        starts,
        [
            "finish the sign-in in the browser",
            &format!("{about}re"),
            &format!("{about}cl")
        ],
        "{outcome}"
    );
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
}

#[test]
fn iss_is_checked_when_it_is_there_and_missed_when_it_was_promised() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.advertise_iss = true);
    sandbox.get_token().run().fails(1, &["does not name its issuer"]);
    sandbox
        .okta
        .behave(|behaviour| behaviour.callback = Callback::CorrectIss);
    sandbox.get_token().in_new_command().at_terminal().run().token();
}

/// The page that the browser ended on.
fn last_page(change: impl FnOnce(&Sandbox)) -> (Page, Option<i32>) {
    last_page_of(change, Sandbox::get_token)
}

fn last_page_of(change: impl FnOnce(&Sandbox), call: fn(&Sandbox) -> Call) -> (Page, Option<i32>) {
    let page = Arc::new(Mutex::new(None));
    let sandbox = Sandbox::with_habit(Box::new({
        let page = Arc::clone(&page);
        move |url| *page.lock().unwrap() = Some(visit(url))
    }));
    change(&sandbox);
    let code = call(&sandbox).run().code;
    drop(sandbox);
    let page = page.lock().unwrap().take().expect("a page");
    (page, code)
}

#[test]
fn the_page_tells_the_truth_and_nothing_else() {
    let (page, code) = last_page(|_| ());
    assert_eq!((page.status, code), (200, Some(0)));
    assert!(page.body.contains("You are signed in"));
    assert!(page.body.contains("kubectl goes on in your terminal"));
    // The mock's tokens have no login name unless a scope asks for one.
    assert!(
        page.body.contains("as <strong>00ualice</strong> until <time "),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains("state") && !page.body.contains("code="),
        "{}",
        page.body
    );
    let (page, code) = last_page_of(|_| (), Sandbox::setup);
    assert_eq!((page.status, code), (200, Some(0)));
    assert!(page.body.contains("You are signed in") && !page.body.contains("kubectl goes on"));

    let (page, code) = last_page(|sandbox| {
        sandbox.okta.behave(|behaviour| {
            behaviour.authorize_error = Some(AuthorizeError {
                error: "<script>alert(1)</script>".to_owned(),
                description: "<b>injected</b>".to_owned(),
            });
        });
    });
    assert_eq!((page.status, code), (403, Some(1)));
    assert!(
        page.body.contains("was refused") && !page.body.contains("injected") && !page.body.contains("alert")
    );

    let (page, code) = last_page(|sandbox| {
        sandbox
            .okta
            .behave(|behaviour| behaviour.id_token_defect = Defect::BadSignature);
    });
    assert_eq!((page.status, code), (502, Some(1)));
    assert!(page.body.contains("The sign-in failed"));

    let (page, _) = last_page(|sandbox| {
        sandbox.okta.behave(|behaviour| {
            let fault = FaultKind::status(503, FaultBody::Html);
            behaviour.faults = vec![Fault::always(Endpoint::Token, fault)];
        });
    });
    assert_eq!(page.status, 502);
}

#[test]
fn the_page_has_the_headers_that_keep_it_harmless() {
    let (page, _) = last_page(|_| ());
    let mut headers: Vec<_> = page
        .headers
        .iter()
        .filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()))
        .collect();
    headers.sort();
    insta::assert_debug_snapshot!(headers, @r#"
    [
        (
            "cache-control",
            "no-store",
        ),
        (
            "connection",
            "close",
        ),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'sha256-4c7Cu8HTN/jaCVioizbsrg1p8OV3OYQXij5TDM7gZX0='; script-src 'sha256-GEwz1L4yYtZgewXxAV9pBb0cRRtbZqRMiaoRev2eobw='; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (
            "content-type",
            "text/html; charset=utf-8",
        ),
        (
            "cross-origin-opener-policy",
            "same-origin",
        ),
        (
            "cross-origin-resource-policy",
            "same-origin",
        ),
        (
            "referrer-policy",
            "no-referrer",
        ),
        (
            "x-content-type-options",
            "nosniff",
        ),
        (
            "x-frame-options",
            "DENY",
        ),
    ]
    "#);
}

/// One that another program left for the address of the listener.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_a_service_worker_fetches_is_taken_or_told() {
    let headers = |mode: &'static str| [("sec-fetch-mode", mode), ("sec-fetch-dest", "empty")];
    let passed_on = Sandbox::with_habit(Box::new(move |url| {
        let answer = redirect_of(url);
        assert_eq!(visit_with(&answer, &headers("navigate")).status, 200);
    }));
    passed_on.get_token().run().token();

    let fetched = Sandbox::with_habit(Box::new(move |url| {
        let page = visit_with(&redirect_of(url), &headers("same-origin"));
        assert_eq!(page.status, 403);
        assert!(
            page.body.contains("Clear the browser's data for this site"),
            "{}",
            page.body
        );
    }));
    let outcome = fetched.too_late(fetched.get_token());
    let cure = "clear the browser's data for ";
    outcome.fails(1, &["one answer was refused", "as it opens a page", cure]);
    assert_eq!(
        outcome.stderr.matches(cure).count(),
        2,
        "at once and at the end: {outcome}"
    );
}
