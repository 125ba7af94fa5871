//! The one HTTP client: how it connects, and what its failures are.
//!
//! Owns timeouts, proxies, name look-ups and which TLS is used. Failures are told apart by their types, not by their texts.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use url::Url;

use super::answer::shown;
use super::error::Error;
use super::event::Person;
use super::tls_fault::{TlsFault, causes};
use super::tls_trust::{NamedAuthorities, client_config};
use crate::foreign_text::ForeignText;
use crate::settings::{Provider, Trust, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds the client.
#[expect(clippy::disallowed_methods, reason = "the access point to the network")]
pub(super) fn build(
    provider: &Provider,
    trust: &Trust,
    person: Person<'_>,
) -> Result<reqwest::Client, Error> {
    let issuer = provider.issuer.url();
    let mut builder = reqwest::Client::builder()
        .default_headers(extra_headers(&provider.headers)?)
        .user_agent(concat!("kubesesame/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(person.request_timeout)
        .pool_max_idle_per_host(1)
        .dns_resolver(SystemResolver);
    if is_loopback(issuer) {
        builder = builder.no_proxy();
    }
    let named = NamedAuthorities::read(trust, person)?;
    builder = if trust.insecure {
        builder.tls_danger_accept_invalid_certs(true)
    } else if issuer.scheme() == "http" && named.is_empty() {
        // Plain http on this machine needs no roots; a system without any must not fail for it.
        builder.tls_certs_only([])
    } else {
        let config =
            client_config(named).map_err(|error| Error::Client(ForeignText::new(&error.to_string())))?;
        builder.tls_backend_preconfigured(config)
    };
    builder
        .build()
        .map_err(|error| Error::Client(ForeignText::new(&chain(&error))))
}

fn extra_headers(pairs: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let refused = || Error::RequestHeader(ForeignText::with_limit(name, 60));
        let header = HeaderName::try_from(name).map_err(|_| refused())?;
        headers.insert(header, HeaderValue::try_from(value).map_err(|_| refused())?);
    }
    Ok(headers)
}

/// The system's name look-up, whose failures have a type of ours.
#[derive(Debug)]
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await;
            match found.map(Iterator::collect::<Vec<SocketAddr>>) {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(source) => Err(LookupFailed { host, source }.into()),
            }
        })
    }
}

/// A name that could not be looked up: the provider's, or a proxy's.
#[derive(Debug)]
struct LookupFailed {
    host: String,
    source: io::Error,
}

impl fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for LookupFailed {}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Timeout {
        limit: Duration,
        connected: bool,
    },
    Tls(TlsFault),
    UnknownHost {
        host: ForeignText,
        cause: ForeignText,
    },
    /// An answer came, but not one in HTTP.
    NotHttp {
        cause: ForeignText,
    },
    Unreachable {
        cause: ForeignText,
        sent: bool,
    },
}

/// Reads a failure of the client.
pub(super) fn failure(error: reqwest::Error, request_timeout: Duration) -> Failure {
    let error = error.without_url();
    if error.is_timeout() {
        let connected = !error.is_connect();
        return Failure::Timeout {
            limit: if connected {
                request_timeout
            } else {
                CONNECT_TIMEOUT
            },
            connected,
        };
    }
    if let Some(fault) = TlsFault::find(&error) {
        return Failure::Tls(fault);
    }
    let cause = ForeignText::new(&chain(&error));
    if let Some(LookupFailed { host, source }) = find(&error) {
        return Failure::UnknownHost {
            host: ForeignText::with_limit(host, 255),
            cause: ForeignText::new(&source.to_string()),
        };
    }
    if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        return Failure::NotHttp { cause };
    }
    // The connection is there, so it is the handshake that the other side has given up.
    let mut io_causes = causes(&error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    let handshake_ended = io_causes.any(|io| {
        matches!(
            io.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
        )
    });
    if error.is_connect() && handshake_ended {
        return Failure::Tls(TlsFault::Closed);
    }
    let sent = !error.is_connect() && !error.is_builder();
    Failure::Unreachable { cause, sent }
}

impl Failure {
    pub(super) fn about(self, url: &Url) -> Error {
        let host = url.host_str().map(str::to_owned);
        let url = shown(url);
        match self {
            Self::Timeout { limit, connected } => Error::Timeout {
                url,
                seconds: limit.as_secs(),
                connected,
            },
            Self::Tls(fault) => Error::Tls { url, fault },
            Self::UnknownHost {
                host: looked_up,
                cause,
            } if host.as_deref() != Some(looked_up.as_str()) => Error::UnknownProxy {
                url,
                proxy: looked_up,
                cause,
            },
            Self::UnknownHost { cause, .. } => Error::UnknownHost { url, cause },
            Self::NotHttp { cause } => Error::NotHttp { url, cause },
            Self::Unreachable { cause, sent } => Error::Unreachable { url, cause, sent },
        }
    }
}

/// Finds the first cause of a type.
fn find<'e, T: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e T> {
    causes(error).find_map(<dyn std::error::Error>::downcast_ref)
}

/// The innermost causes say what happened; the outer ones only that it was a request.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.dedup();
    texts.join(": ")
}
