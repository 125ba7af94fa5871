//! The one HTTP client, and how its answers and failures become ours.
//!
//! Owns timeouts, size caps, trust and the rule that no redirect is followed: a token endpoint that redirects
//! would have secrets sent elsewhere (RFC 9700 4.12). Tells method, URL without query, status and time; never a
//! header or a body.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use data_encoding::BASE64;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, StatusCode, redirect};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::answer::{
    check_status, form_response, header, is_json, max_age, not_json, refused, request_id, shown,
};
use super::client_auth::Form;
use super::error::Error;
use super::event::{Event, Person};
use crate::clock::Clock;
use crate::files;
use crate::foreign_text::ForeignText;
use crate::secret::Secret;
use crate::settings::{Authority, Provider, Trust, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer that is read. Discovery documents and key sets are a few KB; a token with thousands of groups has up to
/// 1 MiB, and an answer may hold two of them.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Nothing was heard of the provider's clock.
const NOT_HEARD: i64 = i64::MIN;

/// A client for one provider.
pub(crate) struct Http<'a> {
    client: reqwest::Client,
    person: Person<'a>,
    /// How far the provider's clock (header `Date`) is ahead of ours, in seconds, as last seen.
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
            clock_ahead: AtomicI64::new(NOT_HEARD),
            clock,
        })
    }

    /// How far the provider's clock is ahead of ours, in seconds; 0 when nothing was heard of it.
    pub(crate) fn clock_ahead(&self) -> i64 {
        self.heard_clock_ahead().unwrap_or_default()
    }

    /// The time by the provider's clock, in seconds since the epoch, if it was heard of.
    pub(crate) fn provider_now(&self) -> Option<i64> {
        let ahead = self.heard_clock_ahead()?;
        Some((self.clock)().saturating_add(ahead))
    }

    fn heard_clock_ahead(&self) -> Option<i64> {
        Some(self.clock_ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != NOT_HEARD)
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

    /// Posts a form, and returns the members of a successful answer; every other answer is an error of ours.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: Form,
        authorization: Option<Secret>,
    ) -> Result<Map<String, Value>, Error> {
        let mut request = self
            .client
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_owner(form.into_text()));
        if let Some(authorization) = authorization {
            let value = HeaderValue::try_from(authorization.expose());
            let mut value = value.map_err(|_| Error::Internal("client authentication"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.build().map_err(|error| unreachable(url, error))?;
        let (status, headers, body) = self.send(url, request).await?;
        form_response(url, status, &headers, &Zeroizing::new(body), (self.clock)())
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
