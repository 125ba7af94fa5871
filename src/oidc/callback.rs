//! The loopback server that waits for the provider's answer.
//!
//! Owns the sockets, their limits and the page. A request that `answer_rules` does not take for the answer gets a short
//! refusal and changes nothing. The first answer with our `state` wins; the page waits until the login knows how it
//! ended. Logs no request: it holds the code.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::answer_rules::{Answer, Expected, Verdict, examine};
use super::error::Error;
use super::page::{self, AfterSignIn, Outcome};

/// Requests that are not the answer, before the login gives up.
const MAX_STRANGERS: usize = 100;
const MAX_CONNECTIONS: usize = 32;
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const HEADER_BYTES: usize = 16 * 1024;

/// A server that is waiting.
#[derive(Debug)]
pub(super) struct Callback {
    shared: Arc<Shared>,
    answers: mpsc::Receiver<Answer>,
    outcome: watch::Sender<Option<Outcome>>,
    /// They hold the sockets.
    accepting: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    expected: Expected,
    /// Holds one answer; a second one finds it full.
    answers: mpsc::Sender<Answer>,
    outcome: watch::Receiver<Option<Outcome>>,
    /// What the page says, or where the browser goes in place of it.
    after: AfterSignIn,
    strangers: AtomicUsize,
    wrong_states: AtomicUsize,
    answered: AtomicBool,
    page_sent: Notify,
}

impl Callback {
    /// Starts to serve.
    pub(super) fn serve(
        sockets: Vec<std::net::TcpListener>,
        tls: Option<&TlsAcceptor>,
        expected: Expected,
        after: AfterSignIn,
    ) -> Result<Self, Error> {
        let (answers, receiver) = mpsc::channel(1);
        let (outcome, outcome_receiver) = watch::channel(None);
        let shared = Arc::new(Shared {
            expected,
            answers,
            outcome: outcome_receiver,
            after,
            strangers: AtomicUsize::new(0),
            wrong_states: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            page_sent: Notify::new(),
        });
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut accepting = JoinSet::new();
        for socket in sockets {
            let socket = TcpListener::from_std(socket).map_err(|_| Error::Internal("listener"))?;
            accepting.spawn(accept(
                socket,
                tls.cloned(),
                Arc::clone(&shared),
                Arc::clone(&permits),
            ));
        }
        Ok(Self {
            shared,
            answers: receiver,
            outcome,
            accepting,
        })
    }

    /// What the answer has to show, wherever it comes from.
    pub(super) fn expected(&self) -> &Expected {
        &self.shared.expected
    }

    /// Waits for the answer.
    pub(super) async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => Err(Error::Internal("callback server")),
        }
    }

    /// How many answers were ignored for their state.
    pub(super) fn wrong_states(&self) -> usize {
        self.shared.wrong_states.load(Ordering::Relaxed)
    }

    /// Shows the browser how it ended, and gives the page half a second to get there. The addresses are free afterwards.
    pub(super) async fn finish(mut self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
        if self.shared.answered.load(Ordering::Relaxed) {
            let sent = self.shared.page_sent.notified();
            // Nobody there to read the page is no failure of the login.
            drop(timeout(Duration::from_millis(500), sent).await);
        }
        self.accepting.shutdown().await;
    }
}

async fn accept(socket: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>, permits: Arc<Semaphore>) {
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Past the limit a connection is closed at once: idle ones end after the header timeout.
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            let (shared, tls) = (Arc::clone(&shared), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => connection(stream, shared).await,
                    // A browser that does not trust the certificate, or speaks plainly, ends its own connection only.
                    Some(tls) => {
                        if let Ok(Ok(stream)) = timeout(HEADER_TIMEOUT, tls.accept(stream)).await {
                            connection(stream, shared).await;
                        }
                    }
                }
                drop(permit);
            });
        }
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let visit = Visit {
        shared: Arc::clone(&shared),
        has_page: Arc::new(AtomicBool::new(false)),
    };
    let router = Router::new().fallback(handle).with_state(visit.clone());
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .max_headers(64)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    // A broken connection is the browser's affair; what counts is that nothing is left to send.
    drop(served);
    // Of all connections only one that was to carry the page ends the wait for it.
    if visit.has_page.load(Ordering::Relaxed) {
        shared.page_sent.notify_one();
    }
}

/// One connection.
#[derive(Debug, Clone)]
struct Visit {
    shared: Arc<Shared>,
    /// The page that tells how the sign-in ended goes over it.
    has_page: Arc<AtomicBool>,
}

async fn handle(State(visit): State<Visit>, request: Request) -> Response<Body> {
    let shared = visit.shared;
    let (parts, _body) = request.into_parts();
    match examine(&parts, &shared.expected) {
        Verdict::Stranger(status) => shared.refuse(status),
        Verdict::WrongState => {
            shared.wrong_states.fetch_add(1, Ordering::Relaxed);
            shared.refuse(StatusCode::BAD_REQUEST)
        }
        Verdict::Answer(answer) => {
            shared.answered.store(true, Ordering::Relaxed);
            // Full: the first answer is being worked on. This one shows the same page and is not exchanged.
            drop(shared.answers.try_send(answer));
            let mut outcome = shared.outcome.clone();
            match outcome.wait_for(Option::is_some).await {
                Ok(outcome) => {
                    visit.has_page.store(true, Ordering::Relaxed);
                    outcome.unwrap_or(Outcome::Failed).response(&shared.after)
                }
                Err(_) => Outcome::Failed.response(&shared.after),
            }
        }
    }
}

impl Shared {
    fn refuse(&self, status: StatusCode) -> Response<Body> {
        let strangers = self.strangers.fetch_add(1, Ordering::Relaxed) + 1;
        if strangers == MAX_STRANGERS {
            drop(self.answers.try_send(Err(Error::TooManyStrangers(strangers))));
        }
        page::blank(status)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::oidc::event::Continuation;
    use crate::secret::Secret;

    /// A browser opens connections ahead of need; one that closes says nothing about the page.
    #[tokio::test]
    async fn only_a_connection_that_carries_the_page_ends_the_wait_for_it() {
        let expected = Expected {
            authority: "localhost:1".into(),
            path: "/".into(),
            state: Secret::new("right"),
            issuer: "https://i".into(),
            promises_iss: false,
        };
        let after = AfterSignIn {
            url: None,
            continuation: Continuation::Kubectl,
        };
        let mut callback = Callback::serve(Vec::new(), None, expected, after).unwrap();
        // So small that the page stays in the server until somebody reads.
        let (mut browser, server) = duplex(16);
        tokio::spawn(connection(server, Arc::clone(&callback.shared)));
        let (idle, server) = duplex(16);
        tokio::spawn(connection(server, Arc::clone(&callback.shared)));
        let request = "GET /?code=c&state=right HTTP/1.1\r\nhost: localhost:1\r\n\r\n";
        browser.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(callback.answer().await.unwrap().expose(), "c");

        let finished = callback.finish(Outcome::SignedIn);
        tokio::pin!(finished);
        let mut first = [0; 1];
        // The page is on its way before the other connection ends.
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
}
