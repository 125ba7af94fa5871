//! When `Callback::finish` stops waiting for the page to be sent.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::clock::Timestamp;
use crate::oidc::event::ReturnTo;
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::oidc::loopback::page::SignedIn;
use crate::secret::Secret;

/// A browser opens connections in advance. Such a connection closes without having carried the page.
#[tokio::test]
async fn only_a_connection_that_carries_the_page_ends_the_wait_for_it() {
    let expected = CallbackExpectation {
        authority: "localhost:1".into(),
        path: "/".into(),
        state: Secret::new("right"),
        issuer: "https://i".into(),
        iss_required: false,
        defence: MixUpDefence::NotNeeded,
    };
    let after = AfterSignIn {
        url: None,
        return_to: ReturnTo::Kubectl,
    };
    let url = Url::parse("https://i/authorize").unwrap();
    let mut callback = Callback::serve(Vec::new(), None, expected, after, &url).unwrap();
    let slots = Arc::new(ConnectionSlots::default());
    let handler =
        |callback: &Callback| ConnectionHandler::new(&callback.shared, slots.acquire().unwrap().0, None);
    // The buffer is smaller than the page, so the page is sent only when the browser reads it.
    let (mut browser, server) = duplex(16);
    tokio::spawn(serve_http(server, handler(&callback)));
    let (idle, server) = duplex(16);
    tokio::spawn(serve_http(server, handler(&callback)));
    let request = "GET /?code=c&state=right HTTP/1.1\r\nhost: localhost:1\r\n\r\n";
    browser.write_all(request.as_bytes()).await.unwrap();
    let interaction = Interaction {
        on_event: &|_| (),
        ask: |_, _| Err(std::io::ErrorKind::Unsupported.into()),
        request_timeout: Duration::ZERO,
        return_to: ReturnTo::Kubectl,
        reports_are_discarded: false,
    };
    assert_eq!(callback.response(interaction).await.unwrap().expose(), "c");

    let finished = callback.finish(Outcome::SignedIn(SignedIn {
        name: None,
        valid_until: Timestamp::EPOCH,
    }));
    tokio::pin!(finished);
    let mut first = [0; 1];
    // The page is partly sent before the idle connection closes.
    tokio::select! {
        biased;
        () = &mut finished => panic!("nobody has read the page"),
        read = browser.read_exact(&mut first) => drop(read.unwrap()),
    }
    drop(idle);
    assert!(
        timeout(Duration::from_millis(100), &mut finished).await.is_err(),
        "the page is not sent yet"
    );
    let mut page = Vec::new();
    let read = browser.read_to_end(&mut page);
    let (read, ()) = tokio::join!(read, finished);
    assert!(read.unwrap() > 0);
    assert!(String::from_utf8_lossy(&page).contains("You are signed in"));
}
