//! Cases that the suite lacks: the authorization response, and what else comes to the listener.

use std::sync::LazyLock;

use url::Url;

use super::case::{Case, Played, accepts, all_came_out, elsewhere, play, refuses};
use super::found::{Found, of_sign_in, of_url};
use super::plays::at;
use crate::support::{Sandbox, finish, free_port, redirect_of, visit, visit_with};
use okta::{AuthorizeError, Callback, Endpoint};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = parameters();
    cases.extend(requests());
    cases.extend(connections());
    cases
}

fn parameters() -> Vec<Case> {
    vec![
        refuses(
            "ours: `error` with the right `state`",
            "show the error and end the sign-in",
            "access_denied: User is not assigned",
            at(|behaviour| {
                behaviour.authorize_error = Some(AuthorizeError {
                    error: "access_denied".to_owned(),
                    description: "User is not assigned to the client application.".to_owned(),
                });
            }),
        ),
        accepts(
            "ours: `error` with another `state`",
            "not end the sign-in of the person (RFC 6749 10.12)",
            || stray("/?error=access_denied&state=another", &[], 400),
        ),
        accepts(
            "ours: `error` without `state`",
            "not end the sign-in of the person",
            || stray("/?error=access_denied", &[], 400),
        ),
        refuses(
            "ours: `code` and `error` together",
            "refuse the response",
            "a code and an error",
            at(|behaviour| behaviour.callback = Callback::CodeAndError),
        ),
        refuses(
            "ours: neither `code` nor `error`",
            "refuse the response",
            "neither a code nor an error",
            at(|behaviour| behaviour.callback = Callback::NoCode),
        ),
        refuses(
            "ours: `code` twice",
            "not use a response with a parameter twice (RFC 6749 3.1)",
            "nobody signed in within",
            code_twice,
        ),
        accepts(
            "ours: `iss` not announced, and right",
            "accept the response (RFC 9207 2.4)",
            at(|behaviour| behaviour.callback = Callback::CorrectIss),
        ),
        refuses(
            "ours: `iss` not announced, and wrong",
            "refuse the response (RFC 9207 2.4)",
            "came from issuer",
            at(|behaviour| behaviour.callback = Callback::WrongIss),
        ),
    ]
}

fn requests() -> Vec<Case> {
    const IMAGE: &[(&str, &str)] = &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    vec![
        accepts(
            "ours: a response with another `Host`",
            "refuse it (DNS rebinding)",
            || stray("RESPONSE", &[("host", "evil.example:8000")], 421),
        ),
        accepts(
            "ours: `Sec-Fetch-Mode: no-cors`",
            "refuse what a page loads in the background",
            || stray("RESPONSE", &[("sec-fetch-mode", "no-cors")], 403),
        ),
        accepts(
            "ours: a response from an `<img>`",
            "refuse what is no navigation of a tab",
            || stray("RESPONSE", IMAGE, 403),
        ),
        accepts("ours: a response in a frame", "refuse it", || {
            stray("RESPONSE", &[("sec-fetch-dest", "iframe")], 403)
        }),
        accepts(
            "ours: a prefetch of the response",
            "refuse it, and take the visit that follows",
            || stray("RESPONSE", &[("sec-purpose", "prefetch")], 503),
        ),
        accepts("ours: another path", "answer 404, and go on", || {
            stray("/favicon.ico", &[], 404)
        }),
        accepts(
            "ours: a response again after it was used",
            "send the code once",
            response_again,
        ),
        elsewhere(
            "ours: a POST to the listener",
            "answer 405, and go on",
            "callback_load::what_is_no_plain_get_request_ends_nothing",
        ),
        elsewhere(
            "ours: the response twice at the same time",
            "send the code once, and show the same page",
            "callback::the_same_answer_twice_shows_the_same_page_and_is_exchanged_once",
        ),
    ]
}

fn connections() -> Vec<Case> {
    vec![
        elsewhere(
            "ours: idle and slow connections before the response",
            "serve the person all the same",
            "callback::idle_and_slow_connections_do_not_hold_the_login_up",
        ),
        elsewhere(
            "ours: a flood of connections",
            "serve the person all the same",
            "callback_load::a_flood_of_connections_does_not_keep_the_person_out",
        ),
        elsewhere(
            "ours: a browser that comes by IPv6",
            "listen on both families for `localhost`",
            "loopback::a_browser_may_come_by_either_family",
        ),
        refuses(
            "ours: two sign-ins on one port",
            "not share a port, so that each gets its own response",
            "no address is free",
            two_on_one_port,
        ),
    ]
}

/// A browser that first makes a stray request, which is answered with this status, and then comes back from the provider. `RESPONSE` stands
/// for the right response, which these headers spoil.
fn stray(target: &'static str, headers: &'static [(&'static str, &'static str)], status: u16) -> Found {
    let sandbox = Sandbox::with_habit(Box::new(move |url| {
        let response = redirect_of(url);
        let address = Url::parse(&of_url(url, "redirect_uri")).unwrap();
        let stray = match target {
            "RESPONSE" => response.clone(),
            path => address.join(path).unwrap().into(),
        };
        assert_eq!(visit_with(&stray, headers).status, status);
        assert_eq!(visit(&response).status, 200);
    }));
    let outcome = sandbox.get_token().run();
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
    of_sign_in(&sandbox, &outcome).and(format!("the other request got {status}"))
}

fn response_again() -> Found {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let response = redirect_of(url);
        assert_eq!(visit(&response).status, 200);
        // The listener is gone, or shows the same page.
        drop(okta::visit::visit(&response, &[]));
    }));
    let outcome = sandbox.get_token().run();
    sandbox.wait_for_visits(1);
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
    of_sign_in(&sandbox, &outcome)
}

/// The first goes on when the second has been refused.
fn two_on_one_port() -> Found {
    let sandbox = Sandbox::unattended();
    let address = format!("127.0.0.1:{}", free_port());
    let call = sandbox.get_token().with("--listen-address", &address);
    let first = call.spawn();
    let url = sandbox.wait_for_tabs(1);
    let second = of_sign_in(&sandbox, &call.arg("--oidc-extra-scope=email").run());
    assert_eq!(visit(&url).status, 200);
    finish(first).token();
    second
}

fn code_twice() -> Found {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.callback = Callback::DuplicateCode);
    let outcome = sandbox.too_late(sandbox.get_token());
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    of_sign_in(&sandbox, &outcome)
}

#[test]
fn authorization_responses_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
