//! The loopback server that waits for the authorization response.
//!
//! Owns the sockets, their limits and the pages. Any number of requests that are no authorization response are refused without an effect.
//! The first response with our `state` is used. Its page is sent when the outcome of the login is known. Requests are not logged, because
//! they contain the code.

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
use crate::oidc::event::{Interaction, Warning};
use crate::oidc::http::blocking::on_thread;
use crate::oidc::loopback::authorization_response::{
    AuthorizationResult, CallbackExpectation, RequestKind, classify_request,
};
use crate::oidc::loopback::connection_owner::{self, Endpoints, Owner};
use crate::oidc::loopback::connections::{
    ConnectionSlot, ConnectionSlots, HEADER_TIMEOUT, Stage, accept_all, has_begun,
};
use crate::oidc::loopback::ignored::IgnoredResponses;
use crate::oidc::loopback::page::{self, AfterSignIn, Outcome};
use crate::oidc::loopback::start_page::StartPage;

/// A browser stores up to 180 cookies of 4 KiB for a host, and sends them to every port of the host.
const MAX_HEADER_BYTES: usize = 768 * 1024;
const MAX_HEADERS: usize = 1024;

/// A running server.
#[derive(Debug)]
pub(in crate::oidc) struct Callback {
    shared: Arc<Shared>,
    responses: mpsc::Receiver<AuthorizationResult>,
    refused: mpsc::Receiver<RefusedResponse>,
    outcome: watch::Sender<Option<Outcome>>,
    /// These tasks own the sockets.
    accept_tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    expected: CallbackExpectation,
    start: Option<StartPage>,
    /// Has a capacity of one, so that only the first response is used.
    responses: mpsc::Sender<AuthorizationResult>,
    /// Gets each kind of refused response once.
    refused: mpsc::Sender<RefusedResponse>,
    outcome: watch::Receiver<Option<Outcome>>,
    after: AfterSignIn,
    wrong_states: AtomicUsize,
    other_redirects: AtomicUsize,
    other_users: AtomicUsize,
    not_navigations: AtomicUsize,
    unknown_users: AtomicUsize,
    /// The number of connections whose page about the outcome is not completely sent.
    waiting_for_page: watch::Sender<usize>,
    /// Limits the concurrent owner lookups for the start page. Its URL is in the list of processes, which all users can read, and many
    /// requests for it must not delay the authorization response.
    start_lookups: Arc<Semaphore>,
    /// Limits the concurrent owner lookups for authorization responses.
    response_lookups: Arc<Semaphore>,
}

/// An authorization response with our `state` that was refused.
#[derive(Debug)]
enum RefusedResponse {
    OtherUser(u32),
    OwnerUnknown,
    NotNavigation,
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
        let (responses, receiver) = mpsc::channel(1);
        let (refused, refused_receiver) = mpsc::channel(2);
        let (outcome, outcome_receiver) = watch::channel(None);
        // With TLS there is no start page: the browser would warn about an unknown certificate twice.
        let plain = sockets.first().filter(|_| tls.is_none());
        let shared = Arc::new(Shared {
            expected,
            start: plain.and_then(|socket| StartPage::new(socket, authorization_url)),
            responses,
            refused,
            outcome: outcome_receiver,
            after,
            wrong_states: AtomicUsize::new(0),
            other_redirects: AtomicUsize::new(0),
            other_users: AtomicUsize::new(0),
            not_navigations: AtomicUsize::new(0),
            unknown_users: AtomicUsize::new(0),
            waiting_for_page: watch::Sender::new(0),
            start_lookups: Arc::new(Semaphore::new(1)),
            response_lookups: Arc::new(Semaphore::new(4)),
        });
        let slots = Arc::new(ConnectionSlots::default());
        let mut accept_tasks = JoinSet::new();
        for socket in sockets {
            let socket = TcpListener::from_std(socket).map_err(|_| Error::Internal("listener"))?;
            let (shared, tls) = (Arc::clone(&shared), tls.cloned());
            let slots = Arc::clone(&slots);
            accept_tasks.spawn(async move {
                let serve = |stream, slot, endpoints| {
                    serve(
                        stream,
                        tls.clone(),
                        ConnectionHandler::new(&shared, slot, endpoints),
                    )
                };
                match accept_all(socket, slots, serve).await {}
            });
        }
        Ok(Self {
            shared,
            responses: receiver,
            refused: refused_receiver,
            outcome,
            accept_tasks,
        })
    }

    /// Returns what an authorization response must match.
    pub(in crate::oidc) fn expected(&self) -> &CallbackExpectation {
        &self.shared.expected
    }

    /// Returns the URL of the start page, which does not contain the `state`, if there is a start page.
    pub(in crate::oidc) fn start_url(&self) -> Option<&Url> {
        self.shared.start.as_ref().map(StartPage::url)
    }

    /// Waits for the authorization response. Reports refused responses to the person.
    pub(in crate::oidc) async fn response(&mut self, interaction: Interaction<'_>) -> AuthorizationResult {
        loop {
            tokio::select! {
                biased;
                response = self.responses.recv() => {
                    return response.unwrap_or(Err(Error::Internal("callback server")));
                }
                // `Shared` has a sender, so the channel stays open.
                Some(refused) = self.refused.recv() => interaction.warn(match refused {
                    RefusedResponse::OtherUser(uid) => Warning::ResponseFromOtherUser { uid },
                    RefusedResponse::OwnerUnknown => Warning::ResponseFromUnknownUser,
                    RefusedResponse::NotNavigation => Warning::ResponseNotNavigation(&self.shared.expected.authority),
                }),
            }
        }
    }

    /// Returns the numbers of responses that were not used.
    pub(in crate::oidc) fn ignored(&self) -> IgnoredResponses {
        IgnoredResponses {
            wrong_states: self.shared.wrong_states.load(Ordering::Relaxed),
            other_redirects: self.shared.other_redirects.load(Ordering::Relaxed),
            other_users: self.shared.other_users.load(Ordering::Relaxed),
            not_navigations: self.shared.not_navigations.load(Ordering::Relaxed),
        }
    }

    /// Shows the outcome in the browser, waits up to half a second until the page is sent, and closes the sockets.
    pub(in crate::oidc) async fn finish(mut self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
        let mut waiting = self.shared.waiting_for_page.subscribe();
        let sent = waiting.wait_for(|connections| *connections == 0);
        // A page that is not read is no failure of the login.
        drop(timeout(Duration::from_millis(500), sent).await);
        self.accept_tasks.shutdown().await;
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, handler: ConnectionHandler) {
    if !has_begun(&stream, &handler.slot).await {
        return;
    }
    match tls {
        None => serve_http(stream, handler).await,
        // A failed TLS handshake (an untrusted certificate, or plain HTTP) ends only this connection.
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HEADER_TIMEOUT, tls.accept(stream)).await {
                serve_http(stream, handler).await;
            }
        }
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    handler: ConnectionHandler,
) {
    let router = Router::new().fallback(handle).with_state(handler.clone());
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    // An error means that the connection broke. It needs no handling: nothing can be sent any more.
    drop(served);
}

/// Counts a connection that waits for the page about the outcome, until it is dropped with the connection. `Callback::finish` waits only
/// for these connections.
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

/// Handles the requests of one connection.
#[derive(Debug, Clone)]
struct ConnectionHandler {
    shared: Arc<Shared>,
    slot: Arc<ConnectionSlot>,
    endpoints: Option<Endpoints>,
    /// Set when the connection has brought an authorization response.
    page: Arc<OnceLock<PageWait>>,
}

impl ConnectionHandler {
    fn new(shared: &Arc<Shared>, slot: ConnectionSlot, endpoints: Option<Endpoints>) -> Self {
        Self {
            shared: Arc::clone(shared),
            slot: Arc::new(slot),
            endpoints,
            page: Arc::default(),
        }
    }

    /// Returns the owner of the client's socket. Called only for a request that passes all other checks, because the lookup takes a while.
    async fn owner(&self, stage: Stage, lookups: &Arc<Semaphore>) -> Owner {
        let Some(endpoints) = self.endpoints else {
            return Owner::Unknown;
        };
        self.slot.set_stage(stage);
        // The thread holds the permit until the lookup ends, even if this future is dropped before.
        let permit = Arc::clone(lookups).acquire_owned().await.map(Arc::new).ok();
        let look_up = move || {
            let _permit = permit;
            connection_owner::look_up_owner(endpoints)
        };
        on_thread(look_up).await.unwrap_or(Owner::LookupFailed)
    }
}

async fn handle(State(handler): State<ConnectionHandler>, request: Request) -> Response<Body> {
    let shared = Arc::clone(&handler.shared);
    let (parts, _body) = request.into_parts();
    if let Some(start) = shared.start.as_ref().filter(|start| start.matches_path(&parts)) {
        return match start.refusal_status(&parts) {
            Some(status) => page::empty(status),
            None => match handler.owner(Stage::StartPage, &shared.start_lookups).await {
                Owner::OtherUser(_) | Owner::Closed => page::other_user(),
                Owner::LookupFailed => page::unknown_user(),
                Owner::Allowed | Owner::Unknown => start.response(),
            },
        };
    }
    match classify_request(&parts, &shared.expected) {
        RequestKind::Unexpected(status) => page::empty(status),
        RequestKind::WrongState => {
            shared.wrong_states.fetch_add(1, Ordering::Relaxed);
            page::empty(StatusCode::BAD_REQUEST)
        }
        RequestKind::OtherRedirect => {
            shared.other_redirects.fetch_add(1, Ordering::Relaxed);
            page::other_redirect()
        }
        RequestKind::NotNavigation => {
            if shared.not_navigations.fetch_add(1, Ordering::Relaxed) == 0 {
                let _is_over = shared.refused.try_send(RefusedResponse::NotNavigation);
            }
            page::not_navigation()
        }
        RequestKind::Response(response) => {
            handler.page.get_or_init(|| PageWait::new(&shared));
            match handler.owner(Stage::Response, &shared.response_lookups).await {
                Owner::Allowed | Owner::Unknown => handler.deliver(response).await,
                Owner::OtherUser(uid) => {
                    // Only the first one is reported.
                    if shared.other_users.fetch_add(1, Ordering::Relaxed) == 0 {
                        let _is_over = shared.refused.try_send(RefusedResponse::OtherUser(uid));
                    }
                    page::other_user()
                }
                Owner::Closed => page::other_user(),
                Owner::LookupFailed => {
                    if shared.unknown_users.fetch_add(1, Ordering::Relaxed) == 0 {
                        let _is_full = shared.refused.try_send(RefusedResponse::OwnerUnknown);
                    }
                    page::unknown_user()
                }
            }
        }
    }
}

impl ConnectionHandler {
    /// Passes the authorization response to the login, waits for the outcome, and returns its page.
    async fn deliver(self, response: AuthorizationResult) -> Response<Body> {
        let shared = &self.shared;
        self.slot.set_stage(Stage::AwaitsOutcome);
        // If the channel is full, an earlier response is being exchanged. This one is dropped, and gets the same page.
        drop(shared.responses.try_send(response));
        let mut outcome = shared.outcome.clone();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome
                .as_ref()
                .unwrap_or(&Outcome::Failed)
                .response(&shared.after),
            Err(_) => Outcome::Failed.response(&shared.after),
        }
    }
}

#[cfg(feature = "fuzzing")]
pub(in crate::oidc) mod fuzzing;
#[cfg(test)]
mod tests;
