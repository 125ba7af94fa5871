//! The loopback server that waits for the provider's answer.
//!
//! Owns the sockets, their limits and the pages. A request that `authorization_response` does not take for the answer gets a short
//! refusal and changes nothing, however many come. The first answer with our `state` wins; the page waits until the login knows how
//! it ended. Logs no request: it holds the code.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::event::{Event, Person};
use crate::oidc::http::blocking::on_thread;
use crate::oidc::loopback::authorization_response::{Answer, CallbackExpectation, Verdict, examine};
use crate::oidc::loopback::connection_owner::{self, Ends, Owner};
use crate::oidc::loopback::connections::{Place, Places, Stage};
use crate::oidc::loopback::ignored::Ignored;
use crate::oidc::loopback::page::{self, AfterSignIn, Outcome};
use crate::oidc::loopback::start_page::StartPage;

const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// A browser keeps 180 cookies of 4 KiB for a host, and sends them to each of its ports.
const HEADER_BYTES: usize = 768 * 1024;
const MAX_HEADERS: usize = 1024;

/// A server that is waiting.
#[derive(Debug)]
pub(in crate::oidc) struct Callback {
    shared: Arc<Shared>,
    answers: mpsc::Receiver<Answer>,
    refused: mpsc::Receiver<RefusedAnswer>,
    outcome: watch::Sender<Option<Outcome>>,
    /// They hold the sockets.
    accepting: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    expected: CallbackExpectation,
    start: Option<StartPage>,
    /// Holds one answer; a second one finds it full.
    answers: mpsc::Sender<Answer>,
    /// Each kind of answer that was refused, once.
    refused: mpsc::Sender<RefusedAnswer>,
    outcome: watch::Receiver<Option<Outcome>>,
    /// What the page says, or where the browser goes in place of it.
    after: AfterSignIn,
    wrong_states: AtomicUsize,
    other_redirects: AtomicUsize,
    other_users: AtomicUsize,
    not_pages: AtomicUsize,
    undecided: AtomicUsize,
    /// How many connections have asked for the page that says how the sign-in ended, and do not have all of it.
    waiting_for_page: watch::Sender<usize>,
    /// How many visitors of the start page are looked up at a time. Its address is in the list of processes, which all users see; a
    /// flood of them must not keep the answer waiting.
    start_looks: Arc<Semaphore>,
    /// The same of answers.
    answer_looks: Arc<Semaphore>,
}

/// An answer with our state that was not taken.
#[derive(Debug)]
enum RefusedAnswer {
    OtherUser(u32),
    Undecided,
    NotAPage,
}

impl Callback {
    /// Starts to serve. The start page, if there is one, leads to `authorization_url`.
    pub(in crate::oidc) fn serve(
        sockets: Vec<std::net::TcpListener>,
        tls: Option<&TlsAcceptor>,
        expected: CallbackExpectation,
        after: AfterSignIn,
        authorization_url: &Url,
    ) -> Result<Self, Error> {
        let (answers, receiver) = mpsc::channel(1);
        let (refused, refused_receiver) = mpsc::channel(2);
        let (outcome, outcome_receiver) = watch::channel(None);
        // A certificate that the browser does not know would be warned about once more.
        let plain = sockets.first().filter(|_| tls.is_none());
        let shared = Arc::new(Shared {
            expected,
            start: plain.and_then(|socket| StartPage::new(socket, authorization_url)),
            answers,
            refused,
            outcome: outcome_receiver,
            after,
            wrong_states: AtomicUsize::new(0),
            other_redirects: AtomicUsize::new(0),
            other_users: AtomicUsize::new(0),
            not_pages: AtomicUsize::new(0),
            undecided: AtomicUsize::new(0),
            waiting_for_page: watch::Sender::new(0),
            start_looks: Arc::new(Semaphore::new(1)),
            answer_looks: Arc::new(Semaphore::new(4)),
        });
        let places = Arc::new(Places::default());
        let mut accepting = JoinSet::new();
        for socket in sockets {
            let socket = TcpListener::from_std(socket).map_err(|_| Error::Internal("listener"))?;
            accepting.spawn(accept(
                socket,
                tls.cloned(),
                Arc::clone(&shared),
                Arc::clone(&places),
            ));
        }
        Ok(Self {
            shared,
            answers: receiver,
            refused: refused_receiver,
            outcome,
            accepting,
        })
    }

    /// What the answer has to show, wherever it comes from.
    pub(in crate::oidc) fn expected(&self) -> &CallbackExpectation {
        &self.shared.expected
    }

    /// Where a browser can begin without the state of the sign-in in its command line.
    pub(in crate::oidc) fn start_url(&self) -> Option<&Url> {
        self.shared.start.as_ref().map(StartPage::url)
    }

    /// Waits for the answer.
    pub(in crate::oidc) async fn answer(&mut self, person: Person<'_>) -> Answer {
        loop {
            tokio::select! {
                biased;
                answer = self.answers.recv() => {
                    return answer.unwrap_or(Err(Error::Internal("callback server")));
                }
                // The sender keeps the channel open, and sends each kind once.
                Some(refused) = self.refused.recv() => person.tell(match refused {
                    RefusedAnswer::OtherUser(uid) => Event::AnswerOfOtherUser { uid },
                    RefusedAnswer::Undecided => Event::AnswerOfUndecidedUser,
                    RefusedAnswer::NotAPage => Event::AnswerNotAsPage(&self.shared.expected.authority),
                }),
            }
        }
    }

    /// The answers that were not taken.
    pub(in crate::oidc) fn ignored(&self) -> Ignored {
        Ignored {
            wrong_states: self.shared.wrong_states.load(Ordering::Relaxed),
            other_redirects: self.shared.other_redirects.load(Ordering::Relaxed),
            other_users: self.shared.other_users.load(Ordering::Relaxed),
            not_pages: self.shared.not_pages.load(Ordering::Relaxed),
        }
    }

    /// Shows the browser how it ended, and gives the page half a second to get there. The addresses are free afterwards.
    pub(in crate::oidc) async fn finish(mut self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
        let mut waiting = self.shared.waiting_for_page.subscribe();
        let sent = waiting.wait_for(|connections| *connections == 0);
        // Nobody there to read the page is no failure of the login.
        drop(timeout(Duration::from_millis(500), sent).await);
        self.accepting.shutdown().await;
    }
}

async fn accept(socket: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>, places: Arc<Places>) {
    loop {
        let Ok((stream, peer)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if let Some((place, eviction)) = places.take() {
            let ends = stream.local_addr().ok().map(|ours| Ends { peer, ours });
            let visit = Visit::new(&shared, place, ends);
            let tls = tls.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = serve(stream, tls, visit) => {}
                    _ = eviction => {}
                }
            });
        }
        // Before the next one comes and this one may lose its place again, what it has sent is read.
        tokio::task::yield_now().await;
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, visit: Visit) {
    if !matches!(timeout(HEADER_TIMEOUT, stream.readable()).await, Ok(Ok(()))) {
        return;
    }
    visit.place.reach(Stage::Partial);
    match tls {
        None => connection(stream, visit).await,
        // A browser that does not trust the certificate, or speaks plainly, ends its own connection only.
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HEADER_TIMEOUT, tls.accept(stream)).await {
                connection(stream, visit).await;
            }
        }
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, visit: Visit) {
    let router = Router::new().fallback(handle).with_state(visit.clone());
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    // A broken connection is the browser's affair; what counts is that nothing is left to send.
    drop(served);
}

/// A connection that is to carry the page; it ends with the connection. Of all connections only these are waited for.
#[derive(Debug)]
struct PageWait(Arc<Shared>);

impl PageWait {
    fn new(shared: &Arc<Shared>) -> Self {
        shared
            .waiting_for_page
            .send_modify(|connections| *connections += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for PageWait {
    fn drop(&mut self) {
        let end = |connections: &mut usize| *connections -= 1;
        self.0.waiting_for_page.send_modify(end);
    }
}

/// One connection.
#[derive(Debug, Clone)]
struct Visit {
    shared: Arc<Shared>,
    place: Arc<Place>,
    ends: Option<Ends>,
    /// It has brought an answer.
    page: Arc<OnceLock<PageWait>>,
}

impl Visit {
    fn new(shared: &Arc<Shared>, place: Place, ends: Option<Ends>) -> Self {
        Self {
            shared: Arc::clone(shared),
            place: Arc::new(place),
            ends,
            page: Arc::default(),
        }
    }

    /// Who is at the other end. Asked only of a request that is right in everything else, since the look takes a while.
    async fn owner(&self, stage: Stage, looks: &Arc<Semaphore>) -> Owner {
        let Some(ends) = self.ends else {
            return Owner::Unknown;
        };
        self.place.reach(stage);
        // Held until the look is over, whoever waits for it.
        let turn = Arc::clone(looks).acquire_owned().await.map(Arc::new).ok();
        let look = move || {
            let _turn = turn;
            connection_owner::look(ends)
        };
        on_thread(look).await.unwrap_or(Owner::Undecided)
    }
}

async fn handle(State(visit): State<Visit>, request: Request) -> Response<Body> {
    let shared = Arc::clone(&visit.shared);
    let (parts, _body) = request.into_parts();
    if let Some(start) = shared.start.as_ref().filter(|start| start.is_at(&parts)) {
        return match start.refusal(&parts) {
            Some(status) => page::blank(status),
            None => match visit.owner(Stage::Starting, &shared.start_looks).await {
                Owner::Other(_) | Owner::Gone => page::other_user(),
                Owner::Undecided => page::undecided_user(),
                Owner::Ours | Owner::Unknown => start.response(),
            },
        };
    }
    match examine(&parts, &shared.expected) {
        Verdict::Stranger(status) => page::blank(status),
        Verdict::WrongState => {
            shared.wrong_states.fetch_add(1, Ordering::Relaxed);
            page::blank(StatusCode::BAD_REQUEST)
        }
        Verdict::OtherRedirect => {
            shared.other_redirects.fetch_add(1, Ordering::Relaxed);
            page::other_redirect()
        }
        Verdict::NotAPage => {
            if shared.not_pages.fetch_add(1, Ordering::Relaxed) == 0 {
                let _is_over = shared.refused.try_send(RefusedAnswer::NotAPage);
            }
            page::not_as_page()
        }
        Verdict::Answer(answer) => {
            visit.page.get_or_init(|| PageWait::new(&shared));
            match visit.owner(Stage::Examined, &shared.answer_looks).await {
                Owner::Ours | Owner::Unknown => visit.take(answer).await,
                Owner::Other(uid) => {
                    // Told once, by the first of them.
                    if shared.other_users.fetch_add(1, Ordering::Relaxed) == 0 {
                        let _is_over = shared.refused.try_send(RefusedAnswer::OtherUser(uid));
                    }
                    page::other_user()
                }
                Owner::Gone => page::other_user(),
                Owner::Undecided => {
                    if shared.undecided.fetch_add(1, Ordering::Relaxed) == 0 {
                        let _is_over = shared.refused.try_send(RefusedAnswer::Undecided);
                    }
                    page::undecided_user()
                }
            }
        }
    }
}

impl Visit {
    /// Hands the answer to the login, and returns the page about how that ended.
    async fn take(self, answer: Answer) -> Response<Body> {
        let shared = &self.shared;
        self.place.reach(Stage::Answered);
        // Full: the first answer is being worked on. This one shows the same page and is not exchanged.
        drop(shared.answers.try_send(answer));
        let mut outcome = shared.outcome.clone();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.unwrap_or(Outcome::Failed).response(&shared.after),
            Err(_) => Outcome::Failed.response(&shared.after),
        }
    }
}

#[cfg(test)]
mod tests;
