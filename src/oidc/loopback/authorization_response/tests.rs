//! Which requests are the authorization response.

use axum::extract::Request;
use proptest::prelude::*;

use super::*;
use crate::oidc::grants::paste::PasteReader;
use crate::properties;

fn classified(uri: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::get(uri).header("host", "localhost:8000");
    for (name, value) in headers {
        if *name == "host" {
            request = Request::get(uri);
        }
        request = request.header(*name, *value);
    }
    kind_of(&request.body(()).unwrap().into_parts().0, false)
}

fn expected(iss_required: bool) -> CallbackExpectation {
    CallbackExpectation {
        authority: "localhost:8000".into(),
        path: "/cb".into(),
        state: Secret::new("right"),
        issuer: "https://i".into(),
        iss_required,
        defence: MixUpDefence::NotNeeded,
    }
}

fn kind_of(parts: &Parts, iss_required: bool) -> String {
    match classify_request(parts, &expected(iss_required)) {
        RequestKind::OtherRedirect => "other redirect".into(),
        RequestKind::Unexpected(status) => status.as_u16().to_string(),
        RequestKind::WrongState => "wrong state".into(),
        RequestKind::NotNavigation => "403, reported".into(),
        RequestKind::Response(Ok(code)) => format!("code {}", code.expose()),
        RequestKind::Response(Err(error)) => error.to_string(),
    }
}

#[test]
fn a_code_with_our_state_is_the_response() {
    assert_eq!(classified("/cb?code=c&state=right", &[]), "code c");
    assert_eq!(
        classified("/cb?code=c&state=right&session_state=x&iss=https%3A%2F%2Fi", &[]),
        "code c"
    );
    let browser = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(classified("/cb?code=c&state=right", &browser), "code c");
}

#[test]
fn unexpected_requests_have_no_effect() {
    assert_eq!(classified("/favicon.ico", &[]), "404");
    assert_eq!(classified("/cb/?code=c&state=right", &[]), "404");
    assert_eq!(classified("/cb", &[]), "400");
    for host in [
        "evil.example:8000",
        "localhost",
        "localhost:8001",
        "127.0.0.1:8000",
    ] {
        assert_eq!(
            classified("/cb?code=c&state=right", &[("host", host)]),
            "421",
            "{host}"
        );
    }
    assert_eq!(
        classified("http://localhost:8000/cb?code=c&state=right", &[]),
        "421"
    );
    for header in [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")] {
        assert_eq!(classified("/cb?code=c&state=right", &[header]), "403, reported");
        assert_eq!(classified("/cb?code=c&state=wrong", &[header]), "403");
        assert_eq!(classified("/cb?code=c", &[header]), "403");
    }
    assert_eq!(
        classified("/cb?code=c&state=right", &[("sec-purpose", "prefetch;prerender")]),
        "503"
    );
    let post = Request::post("/cb?code=c&state=right")
        .header("host", "localhost:8000")
        .body(())
        .unwrap();
    assert_eq!(kind_of(&post.into_parts().0, false), "405");
}

/// A service worker that a development server left in the browser intercepts the navigation. Most forward the request unchanged.
#[test]
fn a_navigation_that_a_service_worker_forwards_is_the_response_and_a_request_of_a_script_is_not() {
    let fetched = |mode: &str, dest: &str| {
        let headers = [("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        classified("/cb?code=c&state=right", &headers)
    };
    assert_eq!(fetched("navigate", "empty"), "code c");
    for (mode, dest) in [
        ("same-origin", "empty"),
        ("cors", "empty"),
        ("no-cors", "empty"),
        ("navigate", "iframe"),
    ] {
        assert_eq!(fetched(mode, dest), "403, reported", "{mode} {dest}");
    }
    assert_eq!(
        classified("/cb?code=c&state=right", &[("sec-fetch-dest", "empty")]),
        "403, reported"
    );
    let mixed = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(classified("/cb?code=c&state=right", &mixed), "403, reported");
}

/// A web page may open one to any address, and some browsers send no fetch metadata with it.
#[test]
fn a_web_socket_is_not_the_response() {
    for header in [
        ("upgrade", "websocket"),
        ("Upgrade", "h2c"),
        ("sec-websocket-key", "x"),
        ("Sec-WebSocket-Version", "13"),
        ("sec-websocket-protocol", ""),
    ] {
        assert_eq!(
            classified("/cb?code=c&state=right", &[header]),
            "403",
            "{header:?}"
        );
    }
}

/// A proxy may add a second header, and programs differ in which of the two they use.
#[test]
fn a_request_is_refused_if_one_of_its_repeated_headers_forbids_it() {
    let response = "/cb?code=c&state=right";
    for (name, allowed, forbidden, status) in [
        ("sec-fetch-mode", "navigate", "no-cors", "403, reported"),
        ("sec-fetch-dest", "document", "iframe", "403, reported"),
        ("sec-purpose", "x", "prefetch", "503"),
        ("purpose", "x", "prefetch", "503"),
    ] {
        assert_eq!(
            classified(response, &[(name, allowed), (name, allowed)]),
            "code c",
            "{name}"
        );
        for pair in [[allowed, forbidden], [forbidden, allowed]] {
            let headers = pair.map(|value| (name, value));
            assert_eq!(classified(response, &headers), status, "{headers:?}");
            assert_eq!(
                classified(response, &[(name, &pair.join(", "))]),
                status,
                "{headers:?}"
            );
        }
    }
    for hosts in [
        ["localhost:8000", "evil.example"],
        ["evil.example", "localhost:8000"],
        // RFC 9112 3.2.
        ["localhost:8000", "localhost:8000"],
    ] {
        let mut request = Request::get(response);
        for host in hosts {
            request = request.header("host", host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(kind_of(&parts, false), "421", "{hosts:?}");
    }
}

#[test]
fn repeated_parameters_are_refused() {
    assert_eq!(classified("/cb?code=c&code=d&state=right", &[]), "400");
    assert_eq!(classified("/cb?code=c&state=right&state=right", &[]), "400");
}

#[test]
fn the_state_is_checked_before_the_other_parameters() {
    for query in [
        "code=c",
        "code=c&state=wrong",
        "error=access_denied",
        "error=x&state=wron",
        "state=",
    ] {
        assert_eq!(classified(&format!("/cb?{query}"), &[]), "wrong state", "{query}");
    }
}

#[test]
fn a_response_of_another_issuer_or_without_the_promised_issuer_is_refused() {
    let response = classified("/cb?code=c&state=right&iss=https://other", &[]);
    assert_eq!(
        response,
        "the answer to the sign-in came from issuer `https://other`, not from `https://i`"
    );
    let request = Request::get("/cb?code=c&state=right")
        .header("host", "localhost:8000")
        .body(())
        .unwrap();
    assert!(kind_of(&request.into_parts().0, true).contains("does not name its issuer"));
}

#[test]
fn an_error_is_reported_and_an_invalid_response_is_explained() {
    let refused = classified(
        "/cb?error=access_denied&error_description=no+%1b%5B31mway&state=right",
        &[],
    );
    assert_eq!(
        refused,
        "the provider refused the sign-in: access_denied: no [31mway"
    );
    assert!(classified("/cb?error=x&code=c&state=right", &[]).contains("a code and an error"));
    assert!(classified("/cb?state=right", &[]).contains("neither a code nor an error"));
    assert!(classified("/cb?code=&state=right", &[]).contains("neither a code nor an error"));
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A query as anybody may send it: names of response parameters, separators and escapes, valid or not.
fn any_query() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("state=right".to_owned()),
        "(code|state|iss|error|error_description)=?",
        "[&=;+%?/a-f0-9]{0,6}",
        "[!-~&&[^#<>\"`{}|\\\\^]]{0,8}",
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.join("&"))
}

proptest! {
    #![proptest_config(properties::config())]

    /// The same is true for any text that a person pastes.
    #[test]
    fn no_query_is_a_response_without_our_state(query in any_query(), pasted in properties::text()) {
        let kind = classified(&format!("/cb?{query}"), &[]);
        let has_state = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "state" && value == "right");
        prop_assert!(has_state || ["400", "wrong state"].contains(&kind.as_str()), "{kind}");
        for text in [query, pasted] {
            drop(PasteReader::default().read_line(&text, &expected(true), std::time::Instant::now()));
        }
    }

    #[test]
    fn any_code_with_any_state_is_read_as_it_was_sent(code in properties::text(), state in properties::text(), issuer in properties::text()) {
        let expected = CallbackExpectation { state: Secret::new(state.as_str()), issuer: issuer.clone(), ..expected(true) };
        let query = query(&[("code", &code), ("state", &state), ("iss", &issuer)]);
        let request = Request::get(format!("/cb?{query}")).header("host", "localhost:8000").body(()).unwrap();
        match classify_request(&request.into_parts().0, &expected) {
            RequestKind::Response(Ok(read)) => prop_assert_eq!(read.expose(), code),
            RequestKind::Response(Err(Error::Authorization(AuthorizationError::Malformed(_)))) => prop_assert_eq!(code, ""),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
