//! Requests and responses as plain values, without sockets.
//!
//! Every handler is a function from a request to a response, so that nothing waits while a lock is held.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The endpoint of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// OIDC discovery, of either server.
    Discovery,
    /// RFC 8414 metadata, of either server.
    OauthMetadata,
    /// The key set.
    Keys,
    /// The authorization endpoint.
    Authorize,
    /// The post of the sign-in form.
    SignIn,
    /// The token endpoint.
    Token,
    /// Userinfo.
    Userinfo,
    /// Introspection.
    Introspect,
    /// Revocation.
    Revoke,
    /// The end-session page.
    Logout,
    /// Device authorization.
    DeviceAuthorize,
    /// The page where a person types a user code, and the post of its form.
    Activate,
    /// Pushed authorization requests.
    Par,
    /// Client registration.
    Register,
    /// The control endpoints of the mock itself; never recorded.
    Control,
    /// Anything else: an unknown server id, a favicon.
    Other,
}

/// Okta's two kinds of authorization servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AuthorizationServer {
    /// The issuer without a path.
    Org,
    /// The issuer `/oauth2/default`.
    Custom,
}

/// A received request, with the status of its response; 0 if the connection was closed or still waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query parameters in order.
    pub query: Vec<(String, String)>,
    /// Form parameters in order.
    pub form: Vec<(String, String)>,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// `grant_type` of a token request.
    pub grant_type: Option<String>,
    /// HTTP status of the response.
    pub status: u16,
}

/// A complete request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub endpoint: Endpoint,
    pub server: AuthorizationServer,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub form: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// Returns a header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// Returns a form parameter.
    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// Returns a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// Returns the record of this request, without a response yet.
    pub(crate) fn record(&self) -> Recorded {
        Recorded {
            endpoint: self.endpoint,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            form: self.form.clone(),
            headers: self.headers.clone(),
            grant_type: self.form("grant_type").map(str::to_owned),
            status: 0,
        }
    }
}

/// Returns the first value of a name.
pub(crate) fn first<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// Returns the first name that occurs twice; OAuth refuses such requests (RFC 6749 3.1). `resource` may occur often (RFC 8707 2).
pub(crate) fn repeated(parameters: &[(String, String)]) -> Option<&str> {
    parameters
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| name != "resource")
        .find(|(place, (name, _))| parameters[..*place].iter().any(|(earlier, _)| earlier == name))
        .map(|(_, (name, _))| name.as_str())
}

/// A response, before the headers that every response carries.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Send only half of the body, then close.
    pub(crate) cut_short: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::empty(status)
            .header("Content-Type", content_type)
            .body(body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            cut_short: false,
        }
    }

    /// Returns a JSON response, without a charset parameter, like Okta since 2021.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    pub(crate) fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page).header("Cache-Control", "no-cache, no-store")
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::empty(status).header("Location", to)
    }

    /// Forbids caching the response (RFC 6749 5.1).
    pub(crate) fn not_cached(self) -> Self {
        self.header("Cache-Control", "no-cache, no-store")
            .header("Pragma", "no-cache")
    }

    /// Sets a header, replacing an earlier value.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns whether a header is set already.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}
