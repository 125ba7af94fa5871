//! Builds the HTTP client, and classifies its failures.
//!
//! Owns timeouts, proxies, name resolution and the TLS configuration. Failures are classified by
//! type, except proxy authentication, for which the library has no public type.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use url::Url;

use crate::environment;
use crate::error_chain::{chain, in_one_line};
use crate::files;
use crate::oidc::errors::network::{NetworkError, UnreachableReason};
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::Interaction;
use crate::oidc::http::blocking::on_thread;
use crate::oidc::http::proxy::{ProxyVariables, uses_proxy};
use crate::oidc::http::response::shown;
use crate::oidc::http::tls_fault::TlsFault;
use crate::oidc::http::tls_trust::{
    NamedCas, client_config, report_unusable_system_certificates, system_certificates_are_finite,
};
use crate::settings::{Provider, TlsTrust};
use crate::untrusted_text::UntrustedText;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Some gateways add many headers. The default of the library is 100.
const MAX_RESPONSE_HEADERS: usize = 256;

/// Builds the client.
#[expect(clippy::disallowed_methods, reason = "the access point to the network")]
pub(in crate::oidc) fn build(
    provider: &Provider,
    trust: &TlsTrust,
    interaction: Interaction<'_>,
) -> Result<reqwest::Client, SetupError> {
    let issuer = provider.issuer.url();
    let builder = reqwest::Client::builder()
        .default_headers(extra_headers(&provider.headers)?)
        .user_agent(concat!("kubesesame/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(interaction.request_timeout)
        .pool_max_idle_per_host(1)
        .http1_max_headers(MAX_RESPONSE_HEADERS)
        .dns_resolver(SystemResolver);
    let mut builder = with_proxy(builder, issuer);
    let named = NamedCas::read(trust, interaction)?;
    let uses_system_roots = named.is_empty();
    builder = if trust.insecure {
        builder.tls_danger_accept_invalid_certs(true)
    } else if issuer.scheme() == "http" && named.is_empty() {
        // Plain http on this machine needs no root certificates, so it must work on a system without any.
        builder.tls_certs_only([])
    } else {
        if uses_system_roots {
            if !system_certificates_are_finite() {
                return Err(tls_setup_error(
                    uses_system_roots,
                    "a file of certificates has no end",
                ));
            }
            report_unusable_system_certificates(interaction);
        }
        let config =
            client_config(named).map_err(|error| tls_setup_error(uses_system_roots, &error.to_string()))?;
        builder.tls_backend_preconfigured(config)
    };
    builder
        .build()
        .map_err(|error| SetupError::Tls(UntrustedText::new(&in_one_line(&error))))
}

/// Configures the proxy, which is chosen for each URL.
fn with_proxy(builder: reqwest::ClientBuilder, issuer: &Url) -> reqwest::ClientBuilder {
    let (variables, _) = proxy_variables();
    match variables.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::custom(move |url| {
            let needs_proxy = url.scheme() == "https" && uses_proxy(url, &variables.no_proxy);
            needs_proxy.then(|| proxy.clone())
        })),
        // The system's proxy settings apply, unless `NO_PROXY` excludes the provider.
        None if uses_proxy(issuer, &variables.no_proxy) => builder,
        None => builder.no_proxy(),
    }
}

/// Returns the variables, and whether one of them is set that should name a proxy.
fn proxy_variables() -> (ProxyVariables, bool) {
    let value = |names: &[&str]| environment::first_nonempty_value(names);
    let proxies = [
        value(&["HTTPS_PROXY", "https_proxy"]),
        value(&["ALL_PROXY", "all_proxy"]),
    ];
    let is_set = proxies.iter().any(Option::is_some);
    let no_proxy = value(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    (
        ProxyVariables::new(proxies.into_iter().flatten(), no_proxy),
        is_set,
    )
}

/// The way to the provider, as the environment chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProxyChoice {
    /// No variable names a proxy.
    None,
    /// A variable names this proxy, and the provider is excepted from it.
    Excepted(UntrustedText),
    Used(UntrustedText),
    /// A variable is set, and is not the address of a proxy.
    Unusable,
}

/// Returns the proxy on the way to an issuer. Its user and password are not part of it.
pub(crate) fn proxy_for(issuer: &Url) -> ProxyChoice {
    let (variables, is_set) = proxy_variables();
    let Some(proxy) = variables.proxy else {
        return if is_set {
            ProxyChoice::Unusable
        } else {
            ProxyChoice::None
        };
    };
    let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = proxy.host_str().unwrap_or_default();
    let address = UntrustedText::new(&format!("{}://{host}{port}", proxy.scheme()));
    if issuer.scheme() == "https" && uses_proxy(issuer, &variables.no_proxy) {
        ProxyChoice::Used(address)
    } else {
        ProxyChoice::Excepted(address)
    }
}

/// Returns the error that TLS cannot be set up, most often because no certificate authority is trusted.
fn tls_setup_error(uses_system_roots: bool, why: &str) -> SetupError {
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(|name| {
        let value = environment::first_nonempty_value(&[name])?;
        Some(format!("{name}={value}"))
    });
    let set: Vec<_> = set.collect();
    if uses_system_roots && !set.is_empty() {
        return SetupError::CertificateVariables(UntrustedText::new(&set.join(" and ")));
    }
    SetupError::Tls(UntrustedText::new(why))
}

fn extra_headers(pairs: &[(String, String)]) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let refused = || SetupError::RequestHeader(header_name(name));
        let header = HeaderName::try_from(name).map_err(|_| refused())?;
        headers.insert(header, HeaderValue::try_from(value).map_err(|_| refused())?);
    }
    Ok(headers)
}

/// Returns the part of an invalid header name that may be shown: its start, up to the first character that a name cannot have (RFC 9110
/// 5.6.2). In `Authorization: Basic abc=`, everything before the `=` was taken for the name, and contains a secret.
fn header_name(typed: &str) -> UntrustedText {
    let is_name_character = |byte: &char| byte.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*byte);
    let mut name: String = typed.chars().take_while(is_name_character).collect();
    if name.len() < typed.len() {
        name.push('…');
    }
    UntrustedText::with_limit(&name, 60)
}

/// The system's name resolution. Its failures have the type `LookupError`.
#[derive(Debug)]
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            match look_up(host.clone()).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(source) => Err(LookupError { host, source }.into()),
            }
        })
    }
}

async fn look_up(host: String) -> io::Result<Vec<SocketAddr>> {
    let resolve = move || (host.as_str(), 0).to_socket_addrs().map(Iterator::collect);
    on_thread(resolve)
        .await
        .unwrap_or_else(|| Err(io::Error::other("the name look-up ended early")))
}

/// The name of the provider or of a proxy could not be resolved.
#[derive(Debug)]
struct LookupError {
    host: String,
    source: io::Error,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for LookupError {}

/// Why a request has no response.
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
    /// The response is not HTTP.
    NotHttp {
        cause: UntrustedText,
    },
    Unreachable {
        cause: UntrustedText,
        reason: UnreachableReason,
        sent: bool,
    },
}

/// Whether the connection ended before any part of the response was received.
pub(in crate::oidc) fn ended_before_response(error: &reqwest::Error) -> bool {
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

/// Classifies an error of the HTTP library.
pub(in crate::oidc) fn classify(error: reqwest::Error, request_timeout: Duration) -> Failure {
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
    let cause = UntrustedText::new(&in_one_line(&error));
    if let Some(LookupError { host, source }) = find(&error) {
        return Failure::UnknownHost {
            host: UntrustedText::with_limit(host, 255),
            cause: UntrustedText::new(&source.to_string()),
        };
    }
    if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        return Failure::NotHttp { cause };
    }
    // The TCP connection was established, so the server closed it during the TLS handshake.
    let mut io_causes = chain(&error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    let handshake_ended = io_causes.any(|io| {
        matches!(
            io.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
        )
    });
    if error.is_connect() && handshake_ended {
        return Failure::Tls(TlsFault::Closed);
    }
    Failure::Unreachable {
        cause,
        reason: unreachable_reason(&error),
        sent: !error.is_connect() && !error.is_builder(),
    }
}

fn unreachable_reason(error: &(dyn std::error::Error + 'static)) -> UnreachableReason {
    let is_file_limit = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(files::is_file_limit)
    };
    // The library's type for this error (`TunnelError`) is private, so its text has to tell.
    let is_proxy_authentication = |cause: &(dyn std::error::Error + 'static)| {
        cause.to_string().contains("proxy authorization required")
    };
    if chain(error).any(is_proxy_authentication) {
        UnreachableReason::ProxyAuthentication
    } else if chain(error).any(is_file_limit) {
        UnreachableReason::TooManyOpenFiles
    } else {
        UnreachableReason::Other
    }
}

impl Failure {
    /// Converts the failure to an error that names the URL.
    pub(in crate::oidc) fn about(self, url: &Url) -> NetworkError {
        let host = url.host_str().map(str::to_owned);
        let url = shown(url);
        match self {
            Self::Timeout { limit, connected } => NetworkError::Timeout {
                url,
                seconds: limit.as_secs(),
                connected,
            },
            Self::Tls(fault) => NetworkError::Tls { url, fault },
            Self::UnknownHost {
                host: looked_up,
                cause,
            } if host.as_deref() != Some(looked_up.as_str()) => NetworkError::UnknownProxy {
                url,
                proxy: looked_up,
                cause,
            },
            Self::UnknownHost { cause, .. } => NetworkError::UnknownHost { url, cause },
            Self::NotHttp { cause } => NetworkError::NotHttp { url, cause },
            Self::Unreachable { cause, reason, sent } => NetworkError::Unreachable {
                url,
                cause,
                reason,
                sent,
            },
        }
    }
}

/// Finds the first cause with the type `T`.
fn find<'e, T: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(<dyn std::error::Error>::downcast_ref)
}
