//! The one HTTP client, and how its answers and failures become ours.
//!
//! Owns timeouts, size caps, trust and the rule that no redirect is followed: a token endpoint that redirects
//! would have secrets sent elsewhere (RFC 9700 4.12). Tells method, URL without query, status and time; never a
//! header or a body.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, StatusCode, redirect};
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::{
    check_status, header, is_json, max_age, not_json, oauth_error, refused, request_id, shown,
};
use super::error::Error;
use super::event::{Event, Person};
use crate::clock::Clock;
use crate::files;
use crate::foreign_text::ForeignText;
use crate::settings::{Authority, Provider, Trust, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer that is read. Discovery documents and key sets are a few KB, tokens with 300 groups some 20 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client for one provider.
pub(crate) struct Http<'a> {
    client: reqwest::Client,
    person: Person<'a>,
    /// How far the provider's clock (header `Date`) is ahead of ours, in seconds, as last seen; 0 until then.
    clock_ahead: AtomicI64,
    clock: Clock,
}

/// A 200 answer to a GET.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    /// `max-age` of `Cache-Control`.
    pub(crate) max_age: Option<i64>,
}

impl<'a> Http<'a> {
    /// `clock` is compared with the provider's.
    pub(crate) fn new(
        provider: &Provider,
        trust: &Trust,
        person: Person<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: build(provider, trust)?,
            person,
            clock_ahead: AtomicI64::new(0),
            clock,
        })
    }

    /// How far the provider's clock is ahead of ours, in seconds; 0 when nothing was heard of it.
    pub(crate) fn clock_ahead(&self) -> i64 {
        self.clock_ahead.load(Ordering::Relaxed)
    }

    /// Gets a JSON document.
    pub(crate) async fn get(&self, url: &Url) -> Result<Document, Error> {
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json")
            .build();
        let request = request.map_err(|error| unreachable(url, error))?;
        let (status, headers, body) = self.send(url, request).await?;
        check_status(url, status, &headers, &body, (self.clock)())?;
        if status != StatusCode::OK && is_json(&headers) {
            return Err(refused(url, status, &headers, &body));
        }
        if status != StatusCode::OK {
            let start = ForeignText::with_limit(&String::from_utf8_lossy(&body), 200);
            return Err(not_json(url, status, &headers, Some(start)));
        }
        Ok(Document {
            body,
            max_age: max_age(&headers),
        })
    }

    async fn send(
        &self,
        url: &Url,
        request: reqwest::Request,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let method = request.method().clone();
        let began = Instant::now();
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(|error| unreachable(url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Error::AnswerTooLarge {
                    url: shown(url),
                    limit: MAX_ANSWER,
                });
            }
            body.extend_from_slice(&chunk);
        }
        self.person.tell(Event::Responded {
            method: method.as_str(),
            url: &shown(url),
            status: status.as_u16(),
            millis: began.elapsed().as_millis(),
            request_id: request_id(&headers),
        });
        if let Some(date) = header(&headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()) {
            let theirs = date
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs());
            let ahead = theirs.cast_signed().saturating_sub((self.clock)());
            self.clock_ahead.store(ahead, Ordering::Relaxed);
        }
        Ok((status, headers, body))
    }

    /// Posts to the token endpoint. Every answer but a good one leaves here as an error of ours, since `oauth2`
    /// would lose the status, and a 429 with `invalid_grant` is a rate limit and no dead session.
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::Internal("endpoint"))?;
        let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&url, error))?;
        let (status, headers, body) = self.send(&url, request).await?;
        check_status(&url, status, &headers, &body, (self.clock)())?;
        if let Some(error) = oauth_error(status, &headers, &body) {
            return Err(Error::OAuth(error));
        }
        if status != StatusCode::OK || !is_json(&headers) {
            // Not quoted: it may repeat what we sent, or hold tokens.
            return Err(not_json(&url, status, &headers, None));
        }
        let mut answer = http::Response::new(without_odd_lifetime(body));
        *answer.status_mut() = status;
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

/// Mends an `expires_in` that is no whole number: some providers send text, and `oauth2` would fail the whole answer for
/// it, and with it a rotated refresh token.
fn without_odd_lifetime(body: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<Map<String, Value>>(&body) {
        Ok(mut answer) if answer.get("expires_in").is_some_and(|seconds| !seconds.is_u64()) => {
            let seconds = answer.remove("expires_in");
            if let Some(seconds) = seconds
                .as_ref()
                .and_then(Value::as_str)
                .and_then(|text| text.parse::<u64>().ok())
            {
                answer.insert("expires_in".to_owned(), seconds.into());
            }
            serde_json::to_vec(&answer).unwrap_or(body)
        }
        _ => body,
    }
}

/// The same client for polls of a device code: an error answer is `oauth2`'s to read, which knows which of them mean to go
/// on, and everything else counts as a network that fails for a while.
pub(crate) struct Polling<'a>(pub(super) &'a Http<'a>);

impl Polling<'_> {
    async fn poll(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        match self.0.post(request).await {
            Err(Error::OAuth(error)) => {
                let body = json!({ "error": error.error, "error_description": error.description });
                let mut answer = http::Response::new(body.to_string().into_bytes());
                *answer.status_mut() = StatusCode::BAD_REQUEST;
                answer
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Ok(answer)
            }
            result => result,
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Polling<'_> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.poll(request))
    }
}

#[expect(clippy::disallowed_methods, reason = "the door to the network")]
fn build(provider: &Provider, trust: &Trust) -> Result<reqwest::Client, Error> {
    let issuer = &provider.issuer;
    let mut builder = reqwest::Client::builder()
        .default_headers(extra_headers(&provider.headers)?)
        .user_agent(concat!("kubesesame/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_max_idle_per_host(1)
        .tls_danger_accept_invalid_certs(trust.insecure);
    if is_loopback(issuer.url()) {
        builder = builder.no_proxy();
    }
    let certificates = certificates(trust)?;
    if !certificates.is_empty() {
        // As the peer does: a named authority takes the place of the system's.
        builder = builder.tls_certs_only(certificates);
    } else if issuer.url().scheme() == "http" {
        // Plain http on this machine needs no roots; a system without any must not fail for it.
        builder = builder.tls_certs_only([]);
    }
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

fn certificates(trust: &Trust) -> Result<Vec<Certificate>, Error> {
    let mut certificates = Vec::new();
    for authority in &trust.authorities {
        let (name, pem) = match authority {
            Authority::File(path) => {
                let pem = files::read_named(path).map_err(Error::AuthorityFile)?;
                (format!("--certificate-authority `{}`", path.display()), pem)
            }
            Authority::Data(text) => {
                let name = "--certificate-authority-data".to_owned();
                let packed: String = text.split_whitespace().collect();
                match BASE64.decode(packed.as_bytes()) {
                    Ok(pem) => (name, pem),
                    Err(_) => {
                        return Err(Error::AuthorityNotPem {
                            name,
                            why: "not base64",
                        });
                    }
                }
            }
        };
        match Certificate::from_pem_bundle(&pem) {
            Ok(bundle) if !bundle.is_empty() => certificates.extend(bundle),
            _ => {
                return Err(Error::AuthorityNotPem {
                    name,
                    why: "no PEM certificate in it",
                });
            }
        }
    }
    Ok(certificates)
}

fn unreachable(url: &Url, error: reqwest::Error) -> Error {
    let url = shown(url);
    let error = error.without_url();
    if error.is_timeout() {
        let limit = if error.is_connect() {
            CONNECT_TIMEOUT
        } else {
            TOTAL_TIMEOUT
        };
        return Error::Timeout {
            url,
            seconds: limit.as_secs(),
        };
    }
    let cause = ForeignText::new(&chain(&error));
    if cause.as_str().contains("certificate") {
        return Error::Untrusted { url, cause };
    }
    if cause.as_str().contains("dns") || cause.as_str().contains("failed to lookup") {
        return Error::UnknownHost { url, cause };
    }
    let sent = !error.is_connect() && !error.is_builder();
    Error::Unreachable { url, cause, sent }
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
