//! `logout --browser`: the browser's own session at the provider (OpenID Connect RP-Initiated Logout 1.0).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use crate::files::chmod;
use crate::logout::{logout, logout_of, revocations, told};
use crate::support::{Call, Sandbox};
use okta::visit::{Page, submit, visit};
use okta::{Endpoint, Recorded};
use serde_json::Value;
use url::Url;

/// The action and the hidden fields of the page's form, if it has one.
fn form_of(page: &Page) -> Option<(String, Vec<(String, String)>)> {
    let quoted = |text: &str| text.split('"').nth(1).map(|text| text.replace("&amp;", "&"));
    let action = quoted(page.body.split_once("action=")?.1)?;
    let fields = page.body.split("<input type=hidden name=").skip(1).map(|field| {
        let name = field.split(' ').next().unwrap().to_owned();
        (name, quoted(field).unwrap())
    });
    Some((action, fields.collect()))
}

/// A person whose browser posts the form of the page that it comes to. The pages that it has seen come to the receiver.
fn with_browser() -> (Sandbox, mpsc::Receiver<(Page, Page)>) {
    let (seen, pages) = mpsc::channel();
    let sandbox = Sandbox::with_habit(Box::new(move |url| {
        let page = visit(url, &[]).unwrap();
        if let Some((action, fields)) = form_of(&page).filter(|_| url.contains("/start/")) {
            let last = submit(&action, &fields).unwrap();
            seen.send((page, last)).unwrap();
        }
    }));
    (sandbox, pages)
}

fn logouts(sandbox: &Sandbox) -> Vec<Recorded> {
    let requests = sandbox.okta.requests().into_iter();
    requests
        .filter(|request| request.endpoint == Endpoint::Logout)
        .collect()
}

fn field<'a>(request: &'a Recorded, name: &str) -> Option<&'a str> {
    let mut form = request.form.iter();
    form.find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn the_browser_posts_the_id_token_to_the_provider_after_the_revocation() {
    let (sandbox, pages) = with_browser();
    let id_token = sandbox.signed_in();
    let outcome = logout(&sandbox, &["--browser"]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: ended the session of 00ualice at [ISSUER]: its refresh token is revoked
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    stderr: your browser signs out at [ISSUER], which ends its session for other apps too; see its page
    exit: 0
    ");
    sandbox.wait_for_visits(2);
    let (page, last) = pages.recv().unwrap();
    assert_eq!(last.status, 200, "{}", last.body);
    let [sent] = &logouts(&sandbox)[..] else {
        panic!("one request: {outcome}")
    };
    assert_eq!((sent.method.as_str(), sent.status), ("POST", 200));
    assert_eq!(field(sent, "id_token_hint"), Some(id_token.as_str()));
    assert_eq!(field(sent, "client_id"), Some(sandbox.okta.client_id().as_str()));
    assert_eq!(field(sent, "post_logout_redirect_uri"), None, "none is invented");
    assert!(sent.query.is_empty());
    assert_eq!(revocations(&sandbox).len(), 1);
    let opened = sandbox.wait_for_tabs(2);
    assert!(
        opened.starts_with("http://127.0.0.1:") && !opened.contains(&id_token),
        "{opened}"
    );
    let header = |name: &str| {
        let mut headers = page.headers.iter();
        headers.find(|(known, _)| known == name).unwrap().1.clone()
    };
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert!(header("content-security-policy").contains("default-src 'none'"));
}

#[test]
fn the_browser_comes_back_to_an_address_only_if_one_is_given() {
    let (sandbox, _pages) = with_browser();
    sandbox.signed_in();
    let target = format!("{}/after", sandbox.okta.origin());
    sandbox
        .okta
        .behave(|behaviour| behaviour.post_logout_redirect_uris = vec![target.clone()]);
    let flag = format!("--post-logout-redirect-uri={target}");
    let outcome = logout(&sandbox, &["--browser", &flag]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    sandbox.wait_for_visits(2);
    let sent = logouts(&sandbox);
    assert_eq!(field(&sent[0], "post_logout_redirect_uri"), Some(target.as_str()));
    logout(&sandbox, &[&flag]).run().fails(2, &["--browser"]);
}

#[test]
fn without_the_flag_no_browser_opens() {
    let (sandbox, _pages) = with_browser();
    sandbox.signed_in();
    assert_eq!(logout(&sandbox, &[]).run().code, Some(0));
    assert_eq!((sandbox.tabs(), logouts(&sandbox).len()), (1, 0));
}

#[test]
fn a_provider_without_a_page_or_with_an_unsafe_one_is_told_of() {
    for (endpoint, code, words) in [
        (
            Value::Null,
            0,
            "names no page for it (`end_session_endpoint`); sign out there",
        ),
        (
            "http://logout.example/".into(),
            1,
            "`end_session_endpoint` is not https",
        ),
    ] {
        let (sandbox, _pages) = with_browser();
        sandbox.signed_in();
        sandbox.okta.behave(|behaviour| {
            behaviour
                .discovery
                .insert("end_session_endpoint".to_owned(), endpoint);
        });
        let outcome = logout(&sandbox, &["--browser"]).run();
        assert!(outcome.stderr.contains(words), "{outcome}");
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert_eq!((revocations(&sandbox).len(), sandbox.tabs()), (1, 1));
    }
}

#[test]
fn where_no_browser_can_be_opened_the_address_is_shown_without_the_id_token() {
    let sandbox = Sandbox::new();
    let id_token = sandbox.signed_in();
    // No entry names a browser, and there is no display.
    let outcome = sandbox.bare(&["logout", "--all", "--browser"]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: ended the session of 00ualice at [ISSUER]: its refresh token is revoked
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    stderr: to end the browser's session at [ISSUER], open this URL, which has no ID token in it, so that the provider may ask whom to sign out, or refuse:
    stderr: [ISSUER]/v1/logout?client_id=0oakubesesamemock
    exit: 0
    ");
    assert!(!outcome.stderr.contains(&id_token));
    assert_eq!((sandbox.tabs(), logouts(&sandbox).len()), (1, 0));
}

/// There is no ID token any more, so the page is opened without one (RP-Initiated Logout 1.0, section 2: the hints are optional).
#[test]
fn a_repeated_logout_opens_the_page_without_an_id_token_and_says_so() {
    let (sandbox, pages) = with_browser();
    for (account, hint) in [(None, None), (Some("--account=alice"), Some("alice"))] {
        sandbox.okta.clear_requests();
        let entry = sandbox.get_token();
        let entry = account.into_iter().fold(entry, Call::arg);
        let outcome = logout_of(&sandbox, &entry, &["--browser"]).run();
        if account.is_none() {
            insta::assert_snapshot!(told(&sandbox, &outcome), @"
            logout
            stderr: there is no session to end
            stderr: your browser asks [ISSUER] to sign out, without an ID token, since none is here any more: the provider may ask whom to sign out, or refuse; see its page
            exit: 0
            ");
        }
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stderr.contains("without an ID token"), "{outcome}");
        // The mock is as strict as Okta is.
        assert_eq!(pages.recv().unwrap().1.status, 400);
        let [sent] = &logouts(&sandbox)[..] else {
            panic!("one request: {outcome}")
        };
        assert_eq!(field(sent, "id_token_hint"), None);
        assert_eq!(field(sent, "client_id"), Some(sandbox.okta.client_id().as_str()));
        assert_eq!(field(sent, "logout_hint"), hint);
        assert_eq!(revocations(&sandbox).len(), 0);
    }
}

/// No entry was selected, so none says whose browser it is.
#[test]
fn a_repeated_logout_of_all_sessions_opens_nothing_and_says_so() {
    let (sandbox, _pages) = with_browser();
    let outcome = logout(&sandbox, &["--all", "--browser"]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: there is no session to end
    stderr: no browser signs out: there was no session that says where; name an entry with --context=NAME or --user=NAME
    exit: 0
    ");
    assert_eq!((sandbox.tabs(), logouts(&sandbox).len()), (0, 0));
}

/// The next logout has its ID token.
#[test]
fn a_session_that_was_not_ended_keeps_the_browsers_too() {
    let (sandbox, _pages) = with_browser();
    sandbox.signed_in();
    chmod(&sandbox.session_file(), 0o644);
    logout(&sandbox, &["--browser"])
        .run()
        .fails(1, &["was not ended"]);
    assert_eq!((sandbox.tabs(), logouts(&sandbox).len()), (1, 0));
}

#[test]
fn okta_ends_no_session_of_a_browser_without_the_id_token_so_nothing_is_opened() {
    let sandbox = Sandbox::with_provider_at("dev-1.okta.com");
    let entry = sandbox.get_token().arg("--certificate-authority=~/ca.pem");
    let outcome = logout_of(&sandbox, &entry, &["--browser"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("only with the ID token"), "{outcome}");
    assert_eq!((sandbox.tabs(), logouts(&sandbox).len()), (0, 0));
}

/// Any user of the machine can open connections that send nothing, and they do not end while the clock stands.
#[test]
fn idle_connections_keep_no_browser_out() {
    let (seen, statuses) = mpsc::channel();
    let sandbox = Sandbox::with_habit(Box::new(move |url| {
        let page = Url::parse(url).unwrap();
        if !url.contains("/start/") {
            return drop(visit(url, &[]));
        }
        let port = page.port().unwrap();
        let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
        let idle: Vec<TcpStream> = (0..40).map(|_| connect()).collect();
        let mut stream = connect();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            page.path(),
            page.authority()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = [0; 12];
        let status = stream.read_exact(&mut response).map(|()| response);
        seen.send(status.unwrap_or_default()).unwrap();
        drop(idle);
    }));
    sandbox.signed_in();
    let outcome = logout(&sandbox, &["--browser"]).by_timers_of(&sandbox).run();
    assert_eq!(statuses.recv().unwrap(), *b"HTTP/1.1 200", "{outcome}");
    assert!(outcome.stderr.contains("your browser signs out"), "{outcome}");
}

/// An access token can look like an ID token but for its type (RFC 9068 2.1), and belongs in no form of the browser.
#[test]
fn a_token_of_another_type_is_no_hint_for_the_provider() {
    let (sandbox, _pages) = with_browser();
    let id_token = sandbox.signed_in();
    let (_, rest) = id_token.split_once('.').unwrap();
    let header = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"RS256","typ":"at+jwt"}"#);
    let other = format!("{header}.{rest}");
    sandbox.change_session(|session| session["token"] = other.clone().into());
    let outcome = logout(&sandbox, &["--browser"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    sandbox.wait_for_visits(2);
    let sent = logouts(&sandbox);
    assert_eq!((sent.len(), field(&sent[0], "id_token_hint")), (1, None));
}

#[test]
fn the_browser_is_sent_to_a_web_address_only() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for address in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "app",
    ] {
        let flag = format!("--post-logout-redirect-uri={address}");
        let outcome = logout(&sandbox, &["--browser", &flag]).run();
        outcome.fails(2, &["--post-logout-redirect-uri"]);
    }
    assert!(sandbox.session_file().exists());
}
