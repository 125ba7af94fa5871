//! One connection to the listener, for the fuzzer: any bytes instead of a browser's request.

#![expect(clippy::missing_panics_doc, reason = "a panic is a finding of the fuzzer")]

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};

use super::{
    AfterSignIn, Arc, AuthorizationResult, Callback, CallbackExpectation, ConnectionHandler, ConnectionSlots,
    Outcome, Url, serve_http,
};
use crate::fuzzing::assert_shown;
use crate::oidc::event::ReturnTo;
use crate::oidc::grants::paste::PasteReader;
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::secret::Secret;

/// No mutation makes it by chance.
const STATE: &str = "Zq8-state-of-this-sign-in";

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without a socket can be built");
}

/// A request that the listener reads from a connection, and the same text as a person's paste.
pub fn callback(data: &[u8]) {
    let lenient = expectation(false, MixUpDefence::NotNeeded);
    let strict = expectation(true, MixUpDefence::DistinctRedirectUri);
    // What the request would have to say.
    let has_state =
        form_urlencoded::parse(data).any(|(name, value)| name.contains(STATE) || value.contains(STATE));
    let serve = |expected: &CallbackExpectation| {
        let (page, response) = RUNTIME.with(|runtime| runtime.block_on(exchange(data, expected)));
        check_page(&page);
        if let Some(response) = &response {
            assert!(has_state, "a request without our state is the response");
            check_response(response);
        }
        response
    };
    let (lenient_response, strict_response) = (serve(&lenient), serve(&strict));
    if let Some(Ok(code)) = strict_response {
        let lenient_code = lenient_response.and_then(Result::ok);
        assert_eq!(Some(code), lenient_code, "more is accepted with more checks");
    }
    paste(&String::from_utf8_lossy(data), &lenient, &strict);
}

fn expectation(iss_required: bool, defence: MixUpDefence) -> CallbackExpectation {
    CallbackExpectation {
        authority: "localhost:8000".to_owned(),
        path: "/cb".to_owned(),
        state: Secret::new(STATE),
        issuer: "https://issuer.example".to_owned(),
        iss_required,
        defence,
    }
}

/// Returns the page, and the authorization response if the request was one.
async fn exchange(data: &[u8], expected: &CallbackExpectation) -> (Vec<u8>, Option<AuthorizationResult>) {
    let after = AfterSignIn {
        url: None,
        return_to: ReturnTo::Kubectl,
    };
    let url = Url::parse("https://issuer.example/authorize").expect("it is a URL");
    let mut callback =
        Callback::serve(Vec::new(), None, expected.clone(), after, &url).expect("there is no socket to fail");
    callback.outcome.send_replace(Some(Outcome::Failed));
    let slots = Arc::new(ConnectionSlots::default());
    let (slot, _eviction) = slots.acquire().expect("a slot is free");
    let handler = ConnectionHandler::new(&callback.shared, slot, None);
    let (mut browser, server) = duplex(data.len().max(1024));
    let request = async {
        let mut page = Vec::new();
        // The listener may close the connection at any time.
        drop(browser.write_all(data).await);
        drop(browser.shutdown().await);
        drop(browser.read_to_end(&mut page).await);
        page
    };
    let (page, ()) = tokio::join!(request, serve_http(server, handler));
    (page, callback.responses.try_recv().ok())
}

fn check_page(page: &[u8]) {
    let page = String::from_utf8_lossy(page);
    assert!(page.is_empty() || page.starts_with("HTTP/1."), "{page:?}");
    assert!(!page.contains(STATE), "the page repeats the request");
}

fn check_response(response: &AuthorizationResult) {
    match response {
        Ok(code) => assert!(!code.expose().is_empty()),
        Err(error) => assert_shown(&error.to_string()),
    }
}

fn paste(text: &str, lenient: &CallbackExpectation, strict: &CallbackExpectation) {
    let now = std::time::Instant::now();
    for expected in [lenient, strict] {
        let mut reader = PasteReader::default();
        for line in text.lines() {
            let response = reader.read_line(line, expected, now);
            check_response(&response);
        }
    }
}
