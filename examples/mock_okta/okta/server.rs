//! The listener, its thread, and the headers of every response.
//!
//! One thread with one runtime serves all connections, because handling a request is short and never waits. Binds only loopback addresses.
//! Owns the network faults that need a socket: no response, a closed connection, half a body.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread::JoinHandle,
    time::Duration,
};

use axum::body::{Body, Bytes, to_bytes};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Options,
    behaviour::Behaviour,
    bodies, errors,
    exchange::{Answer, Asked, Endpoint},
    faults::FaultKind,
    provider::Provider,
    router,
    tls::Identity,
};

/// The largest request body that is read. The largest valid one is a client assertion of a few KB.
const LARGEST_REQUEST: usize = 1 << 20;

/// The background thread; dropping it stops the thread.
pub(crate) struct Running {
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
    ca_pem: Option<String>,
}

impl Running {
    pub(crate) fn ca_pem(&self) -> Option<String> {
        self.ca_pem.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in that thread has already been printed. A second panic here would abort the test run.
            let _ended = thread.join();
        }
    }
}

/// Binds, then serves from a thread of its own.
pub(crate) fn start(options: &Options) -> io::Result<(Arc<Provider>, Running)> {
    let (listeners, port) = bind(options)?;
    let identity = if options.tls {
        Some(Identity::generate(&options.host).map_err(io::Error::other)?)
    } else {
        None
    };
    let scheme = if options.tls { "https" } else { "http" };
    let provider = Arc::new(Provider::new(format!("{scheme}://{}:{port}", options.host)));
    let (ca_pem, acceptor) = identity
        .map(|identity| (identity.ca_pem, identity.acceptor))
        .unzip();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel();
    let shared = Arc::clone(&provider);
    let thread = std::thread::Builder::new()
        .name("mock-okta".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                for listener in listeners {
                    tokio::spawn(accept(listener, acceptor.clone(), Arc::clone(&shared)));
                }
                let _dropped = stopped.await;
            });
        })?;
    Ok((
        provider,
        Running {
            stop: Some(stop),
            thread: Some(thread),
            ca_pem,
        },
    ))
}

/// Binds 127.0.0.1, and `::1` as well when the issuer says `localhost`: a client may try that address first.
fn bind(options: &Options) -> io::Result<(Vec<TcpListener>, u16)> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    if options.host == "localhost"
        && let Ok(second) = TcpListener::bind((Ipv6Addr::LOCALHOST, port))
    {
        listeners.push(second);
    }
    for listener in &listeners {
        listener.set_nonblocking(true)?;
    }
    Ok((listeners, port))
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, provider: Arc<Provider>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: waits until some are free.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let provider = Arc::clone(&provider);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => serve(stream, provider).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, provider).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, provider: Arc<Provider>) {
    let service = service_fn(|request| {
        let provider = Arc::clone(&provider);
        async move { reply(&provider, request).await }
    });
    // An error means that the client or a fault has closed the connection, which needs no handling.
    let _closed = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Responds to a request. An error closes the connection without a response.
async fn reply(provider: &Provider, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let asked = read(request).await?;
    if asked.endpoint == Endpoint::Control {
        return Ok(written(provider.answer(&Behaviour::default(), &asked)));
    }
    let fault = provider.take_fault(asked.endpoint);
    let number = provider.record(&asked);
    let answer = work(provider, &asked, fault).await?;
    provider.record_status(number, answer.status);
    Ok(written(answer))
}

async fn read(request: Request<Incoming>) -> io::Result<Asked> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), LARGEST_REQUEST)
        .await
        .map_err(io::Error::other)?;
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let is_form = headers.iter().any(|(name, value)| {
        name == "content-type" && value.starts_with("application/x-www-form-urlencoded")
    });
    let (endpoint, server) = router::endpoint(head.uri.path());
    Ok(Asked {
        endpoint,
        server,
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: parameters(head.uri.query().unwrap_or_default().as_bytes()),
        form: if is_form { parameters(&body) } else { Vec::new() },
        headers,
        body: body.to_vec(),
    })
}

fn parameters(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// Handles a request, unless a fault prevents it.
async fn work(provider: &Provider, asked: &Asked, fault: Option<FaultKind>) -> io::Result<Answer> {
    match &fault {
        Some(FaultKind::Hang) => std::future::pending().await,
        Some(FaultKind::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(FaultKind::Slow { millis }) => tokio::time::sleep(Duration::from_millis(*millis)).await,
        _ => {}
    }
    // The behaviour is read after the wait, so that a test can change it during the wait.
    let rules = provider.behaviour();
    if let Some(answer) = fault
        .as_ref()
        .and_then(|fault| fault.instead_of_work(rules.now()))
    {
        return Ok(with_common_headers(answer, &rules));
    }
    let mut answer = provider.answer(&rules, asked);
    if let Some(fault) = &fault {
        answer = fault.spoil(answer);
    }
    match &fault {
        Some(FaultKind::ResetAfterCommit) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(FaultKind::SlowAfterCommit { millis }) => {
            tokio::time::sleep(Duration::from_millis(*millis)).await;
        }
        Some(FaultKind::Held) => {
            while provider.holds(asked.endpoint) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        _ => {}
    }
    Ok(with_common_headers(answer, &rules))
}

/// Adds the headers that Okta sends with every response: the request id that its support needs, the rate limit, and the date of its clock.
fn with_common_headers(answer: Answer, rules: &Behaviour) -> Answer {
    let mut answer = answer.header("X-Okta-Request-Id", &bodies::random()[..26]);
    let reset = rules.now().saturating_add(60).to_string();
    for (name, value) in [
        ("X-Rate-Limit-Limit", "600"),
        ("X-Rate-Limit-Remaining", "599"),
        ("X-Rate-Limit-Reset", reset.as_str()),
    ] {
        if !answer.has(name) {
            answer = answer.header(name, value);
        }
    }
    let now = Duration::from_secs(rules.now().unsigned_abs());
    answer.header("Date", &httpdate::fmt_http_date(std::time::UNIX_EPOCH + now))
}

fn written(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = if answer.cut_short {
        let length = answer.body.len();
        response = response.header("Content-Length", length);
        Body::new(HalfBody {
            half: Some(Bytes::copy_from_slice(&answer.body[..length / 2])),
            flushed: false,
        })
    } else {
        Body::from(answer.body)
    };
    // Only a redirect target with a line break can be an error here. It comes from the request or from a test.
    response
        .body(body)
        .unwrap_or_else(|_| written(errors::okta_by_status(400)))
}

/// A body that fails in the middle, so that the connection is closed before the announced length.
struct HalfBody {
    half: Option<Bytes>,
    flushed: bool,
}

impl hyper::body::Body for HalfBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // Pauses once, so that hyper sends the first half. After an error it would drop it.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}
