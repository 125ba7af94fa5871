//! The page that the desktop's browser is opened at. It redirects to the provider (rule L26).
//!
//! Every user of the machine can see the arguments of all processes, so the authorization URL, with its `state` and nonce, must not be an
//! argument. The argument is the URL of this page instead, and this page refuses other users.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use oauth2::CsrfToken;
use url::Url;

use crate::oidc::loopback::authorization_response;
use crate::oidc::loopback::page;

#[derive(Debug)]
pub(in crate::oidc) struct StartPage {
    url: Url,
    location: HeaderValue,
}

impl StartPage {
    /// Creates a page with a new random path at this socket.
    pub(in crate::oidc) fn new(socket: &TcpListener, authorization_url: &Url) -> Option<Self> {
        let mut address = socket.local_addr().ok()?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let token = CsrfToken::new_random_len(32);
        Some(Self {
            url: Url::parse(&format!("http://{address}/start/{}", token.secret())).ok()?,
            location: HeaderValue::from_str(authorization_url.as_str()).ok()?,
        })
    }

    pub(in crate::oidc) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the request has the path of this page.
    pub(in crate::oidc) fn matches_path(&self, parts: &Parts) -> bool {
        authorization_response::constant_time_eq(parts.uri.path(), self.url.path())
    }

    /// Returns the status to refuse the request with, or `None` if it is allowed. The rules are those of an authorization response. The
    /// host may also be `localhost`: a person who forwards the port may open the page with that name.
    pub(in crate::oidc) fn refusal_status(&self, parts: &Parts) -> Option<StatusCode> {
        let localhost = format!(
            "localhost:{}",
            self.url.port_or_known_default().unwrap_or_default()
        );
        authorization_response::refusal_status(parts, &[self.url.authority(), &localhost], self.url.path())
    }

    /// Returns the redirect to the provider.
    pub(in crate::oidc) fn response(&self) -> Response<Body> {
        let mut response = page::empty(StatusCode::FOUND);
        response
            .headers_mut()
            .insert(header::LOCATION, self.location.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_url(address: &str) -> String {
        let socket = TcpListener::bind(address).unwrap();
        let provider = Url::parse("https://i/authorize?state=s").unwrap();
        let page = StartPage::new(&socket, &provider).unwrap();
        let port = socket.local_addr().unwrap().port();
        page.url().as_str().replace(&port.to_string(), "PORT")
    }

    #[test]
    fn the_address_is_on_this_machine_and_new_each_time() {
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let url = start_url(address);
            assert!(url.starts_with("http://127.0.0.1:PORT/start/"), "{url}");
            assert!(url.len() > "http://127.0.0.1:PORT/start/".len() + 40, "{url}");
            assert_ne!(url, start_url(address));
        }
        if TcpListener::bind("[::1]:0").is_ok() {
            assert!(start_url("[::1]:0").starts_with("http://[::1]:PORT/start/"));
        }
    }
}
