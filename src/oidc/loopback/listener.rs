//! The sockets that receive the redirect.
//!
//! Owns the choice of the address and the redirect URI (RFC 8252 7.3, 8.3). If a port is in use, only another configured port replaces it,
//! because the provider refuses a port that is not registered.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use url::Url;

use crate::settings::{ListenAddress, Redirect};
use crate::untrusted_text::UntrustedText;

/// The bound sockets, and the redirect URI.
#[derive(Debug)]
pub(crate) struct BoundListener {
    /// One socket, or two for `localhost`, which a browser may resolve to IPv4 or IPv6.
    pub(crate) sockets: Vec<TcpListener>,
    /// Sent unchanged in the authorization request and in the token request.
    pub(crate) redirect_uri: String,
    /// The `Host` header of the redirected request.
    pub(crate) authority: String,
    /// The path of the redirected request.
    pub(crate) path: String,
    /// Other machines can connect to the sockets.
    pub(crate) is_reachable_by_others: bool,
    /// Why the preferred addresses could not be bound, if there were any.
    pub(crate) failed_addresses: Option<String>,
}

/// Why no address could be bound.
#[derive(Debug)]
pub(crate) struct BindFailure {
    failures: Vec<(ListenAddress, String)>,
    redirect_uris: Vec<String>,
}

impl fmt::Display for BindFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.failures))
    }
}

fn describe(failures: &[(ListenAddress, String)]) -> String {
    let failures: Vec<_> = failures
        .iter()
        .map(|(address, why)| format!("{}:{} {why}", address.host, address.port))
        .collect();
    failures.join("; ")
}

impl std::error::Error for BindFailure {}

impl BindFailure {
    pub(crate) fn hint(&self) -> String {
        format!(
            "end what holds the port, or name another with --listen-address and register its redirect URI; now these \
             are needed at the provider: {}",
            self.redirect_uris.join(", ")
        )
    }
}

/// Binds the first address that is free.
pub(crate) fn listen(addresses: &[ListenAddress], redirect: &Redirect) -> Result<BoundListener, BindFailure> {
    let mut failures = Vec::new();
    for address in addresses {
        match bind(address, redirect) {
            Ok(sockets) => {
                return Ok(BoundListener {
                    failed_addresses: (!failures.is_empty()).then(|| describe(&failures)),
                    ..BoundListener::new(sockets, redirect)
                });
            }
            Err(error) => failures.push((address.clone(), explain_bind_error(&error, address.port))),
        }
    }
    Err(BindFailure {
        failures,
        redirect_uris: redirect_uris(addresses, redirect),
    })
}

/// Returns the redirect URIs that the provider has to know.
fn redirect_uris(addresses: &[ListenAddress], redirect: &Redirect) -> Vec<String> {
    match redirect {
        Redirect::Fixed(text, _) => vec![text.clone()],
        Redirect::Host { .. } => addresses
            .iter()
            .map(|address| redirect_uri_at_port(redirect, address.port))
            .collect(),
    }
}

/// Which addresses a sign-in could listen on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenerProbe {
    /// What has to be registered at the provider.
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) state: ListenerState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenerState {
    Free,
    /// Another address is used, since this is wrong with those before it.
    Alternative(String),
    /// No address can be used, for this reason, and what to do about it.
    Unavailable(String, String),
}

/// Binds an address and releases it.
pub(crate) fn probe_listener(addresses: &[ListenAddress], redirect: &Redirect) -> ListenerProbe {
    let state = match listen(addresses, redirect) {
        Ok(listener) => match listener.failed_addresses {
            None => ListenerState::Free,
            Some(failed) => ListenerState::Alternative(failed),
        },
        Err(failure) => ListenerState::Unavailable(failure.to_string(), failure.hint()),
    };
    ListenerProbe {
        redirect_uris: redirect_uris(addresses, redirect),
        state,
    }
}

fn bind(address: &ListenAddress, redirect: &Redirect) -> io::Result<Vec<TcpListener>> {
    let resolved: Vec<SocketAddr> = (address.host.as_str(), address.port).to_socket_addrs()?.collect();
    let first = resolved
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| resolved.first());
    let first = *first.ok_or_else(|| io::Error::other("has no address"))?;
    let socket = TcpListener::bind(first)?;
    let port = socket.local_addr()?.port();
    let mut sockets = vec![socket];
    // A browser may resolve `localhost` to ::1 first. Another program that listens there would get our authorization response.
    if is_localhost(redirect) && first.ip() == IpAddr::from([127, 0, 0, 1]) {
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(socket) => sockets.push(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            // This machine has no IPv6, so no browser uses it.
            Err(_) => {}
        }
    }
    for socket in &sockets {
        socket.set_nonblocking(true)?;
    }
    Ok(sockets)
}

fn is_localhost(redirect: &Redirect) -> bool {
    match redirect {
        Redirect::Host { host, .. } => host == "localhost",
        Redirect::Fixed(_, url) => url.host_str() == Some("localhost"),
    }
}

/// Returns the redirect URI. Without a configured path it has no slash at its end, like the one of kubelogin.
fn redirect_uri_at_port(redirect: &Redirect, port: u16) -> String {
    match redirect {
        Redirect::Host { scheme, host, path } => format!("{scheme}://{host}:{port}{path}"),
        Redirect::Fixed(text, _) => text.clone(),
    }
}

fn explain_bind_error(error: &io::Error, port: u16) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return format!("cannot be used ({error})");
    }
    match listeners::get_process_by_port(port, listeners::Protocol::TCP) {
        Ok(process) => format!(
            "is taken by {} (process {})",
            UntrustedText::with_limit(&process.name, 40),
            process.pid
        ),
        Err(_) => "is taken by another program".to_owned(),
    }
}

impl BoundListener {
    fn new(sockets: Vec<TcpListener>, redirect: &Redirect) -> Self {
        let local = sockets.first().and_then(|socket| socket.local_addr().ok());
        let port = local.map_or(0, |address| address.port());
        let redirect_uri = redirect_uri_at_port(redirect, port);
        let url = Url::parse(&redirect_uri).ok();
        let authority = url
            .as_ref()
            .map_or_else(String::new, |url| url.authority().to_owned());
        let path = url
            .as_ref()
            .map_or_else(|| "/".to_owned(), |url| url.path().to_owned());
        Self {
            sockets,
            redirect_uri,
            authority,
            path,
            is_reachable_by_others: local.is_some_and(|address| !address.ip().is_loopback()),
            failed_addresses: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free() -> ListenAddress {
        ListenAddress {
            host: "127.0.0.1".into(),
            port: 0,
        }
    }

    fn localhost() -> Redirect {
        Redirect::Host {
            scheme: "http",
            host: "localhost".into(),
            path: String::new(),
        }
    }

    #[test]
    fn the_default_redirect_names_localhost_and_the_port_that_was_bound() {
        let listener = listen(&[free()], &localhost()).unwrap();
        let port = listener.sockets[0].local_addr().unwrap().port();
        assert_eq!(listener.redirect_uri, format!("http://localhost:{port}"));
        assert_eq!(listener.authority, format!("localhost:{port}"));
        assert_eq!(listener.path, "/");
    }

    #[test]
    fn the_redirect_of_one_issuer_has_its_path() {
        let listener = listen(&[free()], &localhost().of_issuer("https://i")).unwrap();
        let path = &listener.path;
        assert!(path.starts_with("/issuer/") && path.len() == 40, "{path}");
        let port = listener.sockets[0].local_addr().unwrap().port();
        assert_eq!(listener.redirect_uri, format!("http://localhost:{port}{path}"));
    }

    #[test]
    fn a_configured_redirect_uri_is_unchanged_and_determines_path_and_host() {
        let text = "http://127.0.0.1:7/cb";
        let redirect = Redirect::Fixed(text.into(), Url::parse(text).unwrap());
        let listener = listen(&[free()], &redirect).unwrap();
        assert_eq!(listener.redirect_uri, text);
        assert_eq!(
            (listener.authority.as_str(), listener.path.as_str()),
            ("127.0.0.1:7", "/cb")
        );
        assert_eq!(listener.sockets.len(), 1);
    }

    #[test]
    fn a_taken_port_is_named_with_its_holder_and_the_next_is_tried() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let taken = ListenAddress {
            host: "127.0.0.1".into(),
            port,
        };
        let other = listen(&[taken.clone(), free()], &localhost()).unwrap();
        let why = other.failed_addresses.unwrap();
        assert!(why.contains(&format!("{port} is taken by")), "{why}");
        assert_eq!(listen(&[free()], &localhost()).unwrap().failed_addresses, None);
        let error = listen(&[taken], &localhost()).unwrap_err();
        assert!(
            error.to_string().contains(&format!("{port} is taken by")),
            "{error}"
        );
        assert!(
            error.hint().contains(&format!("http://localhost:{port}")),
            "{}",
            error.hint()
        );
        if cfg!(target_os = "linux") {
            assert!(
                error.to_string().contains(&std::process::id().to_string()),
                "{error}"
            );
        }
    }
}
