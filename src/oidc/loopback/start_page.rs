//! The page that the desktop's browser is opened at: it leads to the provider (rule L26).
//!
//! Every user of a machine sees the arguments of all processes, so the authorization URL with its state and nonce is none of
//! them. What they see is the address of this page, which answers no other user.

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
    /// A page with an address of its own at this socket.
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

    /// Whether a request is for this page.
    pub(in crate::oidc) fn is_at(&self, parts: &Parts) -> bool {
        authorization_response::same(parts.uri.path(), self.url.path())
    }

    /// Why such a request is not answered, by the same rules as the provider's answer. Who forwards the port may call it `localhost`.
    pub(in crate::oidc) fn refusal(&self, parts: &Parts) -> Option<StatusCode> {
        let localhost = format!(
            "localhost:{}",
            self.url.port_or_known_default().unwrap_or_default()
        );
        authorization_response::refusal(parts, &[self.url.authority(), &localhost], self.url.path())
    }

    /// Sends the browser to the provider.
    pub(in crate::oidc) fn response(&self) -> Response<Body> {
        let mut response = page::blank(StatusCode::FOUND);
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
    fn its_address_is_on_this_machine_and_new_each_time() {
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
