//! The page of this machine that posts the ID token to the provider's page for signing out.
//!
//! It has a new random path, and is served once, to a browser of this user, by the rules of the start page. It loads nothing and has one
//! constant script, which posts the form; without scripts there is a button. Connections that send nothing keep no browser out, as at a
//! sign-in.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use url::Url;

use crate::oidc::http::blocking::on_thread;
use crate::oidc::loopback::connection_owner::{self, Endpoints, Owner};
use crate::oidc::loopback::connections::{ConnectionSlot, Stage, accept_all, has_begun};
use crate::oidc::loopback::page;
use crate::oidc::loopback::start_page::StartPage;
use crate::secret::Secret;

/// A connection that sends no request, or does not take the page, is closed after this time.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(in crate::oidc) struct LogoutPage {
    socket: tokio::net::TcpListener,
    /// Its address, and who may ask for it.
    start: StartPage,
    /// The page, which has the ID token.
    html: Secret,
}

#[derive(Debug, Clone)]
struct Handler {
    page: Arc<Shared>,
    slot: Arc<ConnectionSlot>,
    endpoints: Option<Endpoints>,
    /// Whether this connection was given the page.
    has_page: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Shared {
    start: StartPage,
    html: Secret,
    lookups: Semaphore,
    /// Told when a browser has taken the page.
    sent: mpsc::UnboundedSender<()>,
}

impl LogoutPage {
    /// Creates the page of a form with these fields. Must be called in a runtime. `None` if the socket cannot be used.
    pub(in crate::oidc) fn new(socket: TcpListener, endpoint: &Url, fields: &[(&str, &str)]) -> Option<Self> {
        socket.set_nonblocking(true).ok()?;
        let start = StartPage::new(&socket, endpoint)?;
        Some(Self {
            start,
            socket: tokio::net::TcpListener::from_std(socket).ok()?,
            html: Secret::new(page::form_html(endpoint, fields)),
        })
    }

    pub(in crate::oidc) fn url(&self) -> &Url {
        self.start.url()
    }

    /// Serves until one browser has got the page.
    pub(in crate::oidc) async fn serve_once(self) {
        let (sent, mut was_sent) = mpsc::unbounded_channel();
        let page = Arc::new(Shared {
            start: self.start,
            html: self.html,
            lookups: Semaphore::new(1),
            sent,
        });
        let serve = |stream, slot: ConnectionSlot, endpoints| {
            let handler = Handler {
                page: Arc::clone(&page),
                slot: Arc::new(slot),
                endpoints,
                has_page: Arc::default(),
            };
            async move {
                let _is_late = timeout(CONNECTION_TIMEOUT, serve(stream, handler)).await;
            }
        };
        tokio::select! {
            biased;
            _ = was_sent.recv() => {}
            never = accept_all(self.socket, Arc::default(), serve) => match never {},
        }
    }
}

async fn serve(stream: TcpStream, handler: Handler) {
    if !has_begun(&stream, &handler.slot).await {
        return;
    }
    let router = Router::new().fallback(handle).with_state(handler.clone());
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if served.is_ok() && handler.has_page.load(Ordering::Relaxed) {
        let _is_over = handler.page.sent.send(());
    }
}

async fn handle(State(handler): State<Handler>, request: Request) -> Response<Body> {
    let (parts, _body) = request.into_parts();
    let page = &handler.page;
    if !page.start.matches_path(&parts) {
        return page::empty(StatusCode::NOT_FOUND);
    }
    if let Some(status) = page.start.refusal_status(&parts) {
        return page::empty(status);
    }
    match owner(&handler).await {
        Owner::OtherUser(_) | Owner::Closed | Owner::LookupFailed => page::empty(StatusCode::FORBIDDEN),
        Owner::Allowed | Owner::Unknown => {
            handler.slot.set_stage(Stage::AwaitsOutcome);
            handler.has_page.store(true, Ordering::Relaxed);
            page::form(page.html.expose())
        }
    }
}

async fn owner(handler: &Handler) -> Owner {
    let Some(endpoints) = handler.endpoints else {
        return Owner::Unknown;
    };
    handler.slot.set_stage(Stage::StartPage);
    // Any user can ask, and each look-up takes a thread.
    let _permit = handler.page.lookups.acquire().await;
    let look_up = move || connection_owner::look_up_owner(endpoints);
    on_thread(look_up).await.unwrap_or(Owner::LookupFailed)
}
