//! The one HTTP client: how it connects, and what its failures are.
//!
//! Owns timeouts, proxies, name look-ups and which TLS is used. Failures are told apart by their types, not by their texts.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use url::Url;

use crate::environment;
use crate::oidc::errors::Error;
use crate::oidc::event::Person;
use crate::oidc::http::blocking::on_thread;
use crate::oidc::http::proxy::{ProxyVariables, uses_proxy};
use crate::oidc::http::response::shown;
use crate::oidc::http::tls_fault::{TlsFault, causes};
use crate::oidc::http::tls_trust::{
    NamedAuthorities, client_config, system_bundle_ends, tell_of_system_bundle,
};
use crate::settings::{Provider, TlsTrust};
use crate::untrusted_text::UntrustedText;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Gateways add many; the library's own limit is 100.
const MAX_RESPONSE_HEADERS: usize = 256;

/// Builds the client.
#[expect(clippy::disallowed_methods, reason = "the access point to the network")]
pub(in crate::oidc) fn build(
    provider: &Provider,
    trust: &TlsTrust,
    person: Person<'_>,
) -> Result<reqwest::Client, Error> {
    let issuer = provider.issuer.url();
    let builder = reqwest::Client::builder()
        .default_headers(extra_headers(&provider.headers)?)
        .user_agent(concat!("kubesesame/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(person.request_timeout)
        .pool_max_idle_per_host(1)
        .http1_max_headers(MAX_RESPONSE_HEADERS)
        .dns_resolver(SystemResolver);
    let mut builder = with_proxy(builder, issuer);
    let named = NamedAuthorities::read(trust, person)?;
    let system = named.is_empty();
    builder = if trust.insecure {
        builder.tls_danger_accept_invalid_certs(true)
    } else if issuer.scheme() == "http" && named.is_empty() {
        // Plain http on this machine needs no roots; a system without any must not fail for it.
        builder.tls_certs_only([])
    } else {
        if system {
            if !system_bundle_ends() {
                return Err(no_authorities(system, "a file of certificates has no end"));
            }
            tell_of_system_bundle(person);
        }
        let config = client_config(named).map_err(|error| no_authorities(system, &error.to_string()))?;
        builder.tls_backend_preconfigured(config)
    };
    builder
        .build()
        .map_err(|error| Error::Client(UntrustedText::new(&chain(&error))))
}

/// Decides for each URL whether it is asked through a proxy.
fn with_proxy(builder: reqwest::ClientBuilder, issuer: &Url) -> reqwest::ClientBuilder {
    let value = |names: &[&str]| environment::first_set(names);
    let proxies = [
        value(&["HTTPS_PROXY", "https_proxy"]),
        value(&["ALL_PROXY", "all_proxy"]),
    ];
    let no_proxy = value(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let variables = ProxyVariables::new(proxies.into_iter().flatten(), no_proxy);
    match variables.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::custom(move |url| {
            let through = url.scheme() == "https" && uses_proxy(url, &variables.no_proxy);
            through.then(|| proxy.clone())
        })),
        // The system's settings count, unless the provider is to be asked directly.
        None if uses_proxy(issuer, &variables.no_proxy) => builder,
        None => builder.no_proxy(),
    }
}

/// Why there are no certificates to trust.
fn no_authorities(system: bool, why: &str) -> Error {
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(|name| {
        let value = environment::first_set(&[name])?;
        Some(format!("{name}={value}"))
    });
    let set: Vec<_> = set.collect();
    if system && !set.is_empty() {
        return Error::CertificateVariables(UntrustedText::new(&set.join(" and ")));
    }
    Error::Client(UntrustedText::new(why))
}

fn extra_headers(pairs: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let refused = || Error::RequestHeader(header_name(name));
        let header = HeaderName::try_from(name).map_err(|_| refused())?;
        headers.insert(header, HeaderValue::try_from(value).map_err(|_| refused())?);
    }
    Ok(headers)
}

/// What may be shown of what stands for a header: in `Authorization: Basic abc=` a secret comes before the `=` (RFC 9110 5.6.2).
fn header_name(typed: &str) -> UntrustedText {
    let is_of_name = |byte: &char| byte.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*byte);
    let mut name: String = typed.chars().take_while(is_of_name).collect();
    if name.len() < typed.len() {
        name.push('…');
    }
    UntrustedText::with_limit(&name, 60)
}

/// The system's name look-up, whose failures have a type of ours.
#[derive(Debug)]
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            match look_up(host.clone()).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(source) => Err(LookupFailed { host, source }.into()),
            }
        })
    }
}

async fn look_up(host: String) -> io::Result<Vec<SocketAddr>> {
    let ask = move || (host.as_str(), 0).to_socket_addrs().map(Iterator::collect);
    on_thread(ask)
        .await
        .unwrap_or_else(|| Err(io::Error::other("the name look-up ended early")))
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
pub(in crate::oidc) enum Failure {
    Timeout {
        limit: Duration,
        connected: bool,
    },
    Tls(TlsFault),
    UnknownHost {
        host: UntrustedText,
        cause: UntrustedText,
    },
    /// An answer came, but not one in HTTP.
    NotHttp {
        cause: UntrustedText,
    },
    Unreachable {
        cause: UntrustedText,
        sent: bool,
    },
}

/// Whether a connection ended before anything of an answer came.
pub(in crate::oidc) fn ended_without_answer(error: &reqwest::Error) -> bool {
    let closed = find::<hyper::Error>(error)
        .is_some_and(|error| error.is_incomplete_message() || error.is_canceled() || error.is_closed());
    let reset = find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
        )
    });
    !error.is_connect() && !error.is_timeout() && (closed || reset)
}

/// Reads a failure of the client.
pub(in crate::oidc) fn failure(error: reqwest::Error, request_timeout: Duration) -> Failure {
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
    let cause = UntrustedText::new(&chain(&error));
    if let Some(LookupFailed { host, source }) = find(&error) {
        return Failure::UnknownHost {
            host: UntrustedText::with_limit(host, 255),
            cause: UntrustedText::new(&source.to_string()),
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
    pub(in crate::oidc) fn about(self, url: &Url) -> Error {
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
