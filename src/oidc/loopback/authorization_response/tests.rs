//! Which requests are the answer.

use axum::extract::Request;

use super::*;

fn examined(uri: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::get(uri).header("host", "localhost:8000");
    for (name, value) in headers {
        if *name == "host" {
            request = Request::get(uri);
        }
        request = request.header(*name, *value);
    }
    verdict(&request.body(()).unwrap().into_parts().0, false)
}

fn verdict(parts: &Parts, iss_required: bool) -> String {
    let expected = CallbackExpectation {
        authority: "localhost:8000".into(),
        path: "/cb".into(),
        state: Secret::new("right"),
        issuer: "https://i".into(),
        iss_required,
        defence: Defence::Unneeded,
    };
    match examine(parts, &expected) {
        Verdict::OtherRedirect => "other redirect".into(),
        Verdict::Stranger(status) => status.as_u16().to_string(),
        Verdict::WrongState => "wrong state".into(),
        Verdict::NotAPage => "403, told".into(),
        Verdict::Answer(Ok(code)) => format!("code {}", code.expose()),
        Verdict::Answer(Err(error)) => error.to_string(),
    }
}

#[test]
fn a_code_with_our_state_is_the_answer() {
    assert_eq!(examined("/cb?code=c&state=right", &[]), "code c");
    assert_eq!(
        examined("/cb?code=c&state=right&session_state=x&iss=https%3A%2F%2Fi", &[]),
        "code c"
    );
    let browser = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(examined("/cb?code=c&state=right", &browser), "code c");
}

#[test]
fn requests_of_strangers_have_no_effect() {
    assert_eq!(examined("/favicon.ico", &[]), "404");
    assert_eq!(examined("/cb/?code=c&state=right", &[]), "404");
    assert_eq!(examined("/cb", &[]), "400");
    for host in [
        "evil.example:8000",
        "localhost",
        "localhost:8001",
        "127.0.0.1:8000",
    ] {
        assert_eq!(
            examined("/cb?code=c&state=right", &[("host", host)]),
            "421",
            "{host}"
        );
    }
    assert_eq!(
        examined("http://localhost:8000/cb?code=c&state=right", &[]),
        "421"
    );
    for header in [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")] {
        assert_eq!(examined("/cb?code=c&state=right", &[header]), "403, told");
        assert_eq!(examined("/cb?code=c&state=wrong", &[header]), "403");
        assert_eq!(examined("/cb?code=c", &[header]), "403");
    }
    assert_eq!(
        examined("/cb?code=c&state=right", &[("sec-purpose", "prefetch;prerender")]),
        "503"
    );
    let post = Request::post("/cb?code=c&state=right")
        .header("host", "localhost:8000")
        .body(())
        .unwrap();
    assert_eq!(verdict(&post.into_parts().0, false), "405");
}

/// One that a development server left in the browser fetches what was to be opened, most often as it came.
#[test]
fn what_a_service_worker_passes_on_is_the_answer_and_what_a_script_asks_is_not() {
    let fetched = |mode: &str, dest: &str| {
        let headers = [("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        examined("/cb?code=c&state=right", &headers)
    };
    assert_eq!(fetched("navigate", "empty"), "code c");
    for (mode, dest) in [
        ("same-origin", "empty"),
        ("cors", "empty"),
        ("no-cors", "empty"),
        ("navigate", "iframe"),
    ] {
        assert_eq!(fetched(mode, dest), "403, told", "{mode} {dest}");
    }
    assert_eq!(
        examined("/cb?code=c&state=right", &[("sec-fetch-dest", "empty")]),
        "403, told"
    );
    let mixed = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(examined("/cb?code=c&state=right", &mixed), "403, told");
}

/// A page may open one to any address, and a browser sends no fetch metadata with it.
#[test]
fn a_web_socket_is_no_answer() {
    for header in [
        ("upgrade", "websocket"),
        ("Upgrade", "h2c"),
        ("sec-websocket-key", "x"),
        ("Sec-WebSocket-Version", "13"),
        ("sec-websocket-protocol", ""),
    ] {
        assert_eq!(examined("/cb?code=c&state=right", &[header]), "403", "{header:?}");
    }
}

/// A server or proxy on the way may have added one, and nobody knows which of them another one looks at.
#[test]
fn of_repeated_headers_none_may_forbid_the_request() {
    let answer = "/cb?code=c&state=right";
    for (name, allowed, forbidden, status) in [
        ("sec-fetch-mode", "navigate", "no-cors", "403, told"),
        ("sec-fetch-dest", "document", "iframe", "403, told"),
        ("sec-purpose", "x", "prefetch", "503"),
        ("purpose", "x", "prefetch", "503"),
    ] {
        assert_eq!(
            examined(answer, &[(name, allowed), (name, allowed)]),
            "code c",
            "{name}"
        );
        for pair in [[allowed, forbidden], [forbidden, allowed]] {
            let headers = pair.map(|value| (name, value));
            assert_eq!(examined(answer, &headers), status, "{headers:?}");
            assert_eq!(
                examined(answer, &[(name, &pair.join(", "))]),
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
        let mut request = Request::get(answer);
        for host in hosts {
            request = request.header("host", host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(verdict(&parts, false), "421", "{hosts:?}");
    }
}

#[test]
fn repeated_parameters_are_refused() {
    assert_eq!(examined("/cb?code=c&code=d&state=right", &[]), "400");
    assert_eq!(examined("/cb?code=c&state=right&state=right", &[]), "400");
}

#[test]
fn the_state_is_looked_at_before_anything_else_of_the_answer() {
    for query in [
        "code=c",
        "code=c&state=wrong",
        "error=access_denied",
        "error=x&state=wron",
        "state=",
    ] {
        assert_eq!(examined(&format!("/cb?{query}"), &[]), "wrong state", "{query}");
    }
}

#[test]
fn an_answer_of_another_issuer_is_refused_and_a_promised_one_missed() {
    let answer = examined("/cb?code=c&state=right&iss=https://other", &[]);
    assert_eq!(
        answer,
        "the answer to the sign-in came from issuer `https://other`, not from `https://i`"
    );
    let request = Request::get("/cb?code=c&state=right")
        .header("host", "localhost:8000")
        .body(())
        .unwrap();
    assert!(verdict(&request.into_parts().0, true).contains("does not name its issuer"));
}

#[test]
fn an_error_is_told_and_nonsense_is_named() {
    let refused = examined(
        "/cb?error=access_denied&error_description=no+%1b%5B31mway&state=right",
        &[],
    );
    assert_eq!(
        refused,
        "the provider refused the sign-in: access_denied: no [31mway"
    );
    assert!(examined("/cb?error=x&code=c&state=right", &[]).contains("a code and an error"));
    assert!(examined("/cb?state=right", &[]).contains("neither a code nor an error"));
    assert!(examined("/cb?code=&state=right", &[]).contains("neither a code nor an error"));
}
