//! The one HTTP client, and how its answers and failures become ours.
//!
//! Owns size caps and the rule for redirects: a token endpoint that redirects would have secrets sent elsewhere (RFC 9700 4.12),
//! so none is followed for a POST. Tells method, URL without query, status and time; never a
//! header or a body.

pub(super) mod blocking;
pub(super) mod content_encoding;
pub(super) mod echo;
pub(super) mod json_document;
pub(super) mod proxy;
pub(super) mod redirects;
pub(super) mod response;
pub(super) mod retry_after;
pub(super) mod tls_fault;
pub(super) mod tls_trust;
pub(super) mod transport;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::oidc::client_auth::Form;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::event::{Event, Person};
use crate::oidc::http::content_encoding::decoded;
use crate::oidc::http::echo::{headers_without, secrets_of_header, text_without, without};
use crate::oidc::http::redirects::{MAX_REDIRECTS, same_origin_target};
use crate::oidc::http::response::{
    check_status, form_response, header, is_json, max_age, not_json, refused, request_id, shown,
};
use crate::secret::Secret;
use crate::settings::{Provider, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// How long a person waits without being told what for.
const SILENT_WAIT: Duration = Duration::from_secs(2);

/// Largest answer that is read. Discovery documents and key sets are a few KB; a token with thousands of groups has up to
/// 1 MiB, and an answer may hold two of them.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Nothing was heard of the provider's clock.
const NOT_HEARD: i64 = i64::MIN;

/// A client for one provider.
pub(crate) struct Http<'a> {
    client: reqwest::Client,
    person: Person<'a>,
    is_okta: bool,
    /// Of the headers that go with every request.
    header_secrets: Vec<Secret>,
    /// Of the last form; a token in its answer may repeat them.
    form_secrets: Mutex<Vec<Secret>>,
    /// How far the provider's clock (header `Date`) is ahead of ours, in seconds, as last seen.
    clock_ahead: AtomicI64,
    /// There was an answer, so a connection may be open.
    answered: AtomicBool,
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
        trust: &TlsTrust,
        person: Person<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: transport::build(provider, trust, person)?,
            is_okta: provider.issuer.is_okta(),
            header_secrets: provider
                .headers
                .iter()
                .flat_map(|(_, value)| secrets_of_header(value))
                .collect(),
            form_secrets: Mutex::default(),
            person,
            clock_ahead: AtomicI64::new(NOT_HEARD),
            answered: AtomicBool::new(false),
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

    /// Gets a JSON document, in the time of one request or the given one. Redirects are followed within the same scheme, host and port,
    /// where the same server answers.
    pub(crate) async fn get(&self, url: &Url, limit: Option<Duration>) -> Result<Document, Error> {
        let limit = limit.unwrap_or(self.person.request_timeout);
        let followed = timeout(limit, self.follow(url, limit));
        let followed = self.told_of_wait(url, followed).await;
        followed.unwrap_or_else(|_| {
            Err(Error::Timeout {
                url: shown(url),
                seconds: limit.as_secs(),
                connected: true,
            })
        })
    }

    async fn follow(&self, url: &Url, limit: Duration) -> Result<Document, Error> {
        let mut visited = vec![url.clone()];
        let mut at = url.clone();
        loop {
            let request = self
                .client
                .get(at.clone())
                .header(ACCEPT, "application/json")
                .timeout(limit)
                .build();
            let request = request.map_err(|error| self.failure(&at, error))?;
            let (status, headers, body) = self.send(&at, request, &[]).await?;
            let Some(next) = same_origin_target(&at, status, &headers) else {
                return self.document(&at, status, &headers, &body).or_else(|_| {
                    let secrets = self.with_headers(&[]);
                    let headers = headers_without(&headers, &secrets);
                    self.document(&at, status, &headers, &without(&body, &secrets))
                });
            };
            if visited.contains(&next) || visited.len() > MAX_REDIRECTS {
                return Err(Error::RedirectLoop { url: shown(url) });
            }
            visited.push(next.clone());
            at = next;
        }
    }

    fn document(
        &self,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Document, Error> {
        check_status(url, status, headers, body, (self.clock)())?;
        if status != StatusCode::OK && is_json(headers) {
            return Err(refused(url, status, headers, body));
        }
        if status != StatusCode::OK || json_document::is_page(body) {
            return Err(not_json(url, status, headers, json_document::title(body)));
        }
        Ok(Document {
            body: json_document::document(url, body)?,
            max_age: max_age(headers),
        })
    }

    /// Waits for what is asked of a URL; at a terminal the person hears what is waited for.
    async fn told_of_wait<T>(&self, url: &Url, asked: impl Future<Output = T>) -> T {
        let mut asked = pin!(asked);
        if let Ok(result) = timeout(SILENT_WAIT, &mut asked).await {
            return result;
        }
        self.person.tell(Event::Waiting { url: &shown(url) });
        asked.await
    }

    fn failure(&self, url: &Url, error: reqwest::Error) -> Error {
        transport::failure(error, self.person.request_timeout).about(url)
    }

    /// Executes a request. A server may close an idle connection just when it is used again; a GET is then repeated once
    /// (RFC 9110 9.2.2 and 9.3.1), and a POST, which may have arrived, never.
    async fn execute(&self, request: reqwest::Request) -> Result<reqwest::Response, reqwest::Error> {
        let may_be_reused = self.answered.load(Ordering::Relaxed);
        let again = request
            .try_clone()
            .filter(|request| may_be_reused && request.method() == Method::GET);
        let result = match (self.client.execute(request).await, again) {
            (Err(error), Some(again)) if transport::ended_without_answer(&error) => {
                self.client.execute(again).await
            }
            (result, _) => result,
        };
        if result.is_ok() {
            self.answered.store(true, Ordering::Relaxed);
        }
        result
    }

    async fn send(
        &self,
        url: &Url,
        request: reqwest::Request,
        secrets: &[&str],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let method = request.method().clone();
        let limit = request.timeout().copied();
        let failure =
            |error| transport::failure(error, limit.unwrap_or(self.person.request_timeout)).about(url);
        let began = Instant::now();
        let mut response = self.execute(request).await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Error::AnswerTooLarge {
                    url: shown(url),
                    limit: MAX_ANSWER,
                });
            }
            body.extend_from_slice(&chunk);
        }
        let shown_headers = headers_without(&headers, &self.with_headers(secrets));
        self.person.tell(Event::Responded {
            method: method.as_str(),
            url: &shown(url),
            status: status.as_u16(),
            millis: began.elapsed().as_millis(),
            request_id: request_id(&shown_headers),
        });
        if let Some(date) = header(&headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()) {
            let theirs = date
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs());
            let ahead = theirs.cast_signed().saturating_sub((self.clock)());
            self.clock_ahead.store(ahead, Ordering::Relaxed);
        }
        match decoded(url, status, &headers, body, MAX_ANSWER) {
            Ok(body) => Ok((status, headers, body)),
            // The encoding alone is named, so any body will do.
            Err(Error::ContentEncoding { .. }) => {
                let body = decoded(url, status, &shown_headers, vec![0], MAX_ANSWER)?;
                Ok((status, headers, body))
            }
            Err(error) => Err(error),
        }
    }

    /// Everything that no answer may show.
    fn with_headers<'s>(&'s self, secrets: &[&'s str]) -> Vec<&'s str> {
        let of_headers = self.header_secrets.iter().map(Secret::expose);
        secrets.iter().copied().chain(of_headers).collect()
    }

    /// What may be shown of a text that came with an answer.
    pub(in crate::oidc) fn without_secrets(&self, text: &UntrustedText) -> UntrustedText {
        let sent = self.form_secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let sent: Vec<&str> = sent.iter().map(Secret::expose).collect();
        text_without(text, &self.with_headers(&sent))
    }

    /// Posts a form, and returns the members of a successful answer; every other answer is an error of ours, in which none of the
    /// `secrets` that were sent comes back.
    pub(in crate::oidc) async fn post(
        &self,
        url: &Url,
        form: Form,
        secrets: &[&str],
        authorization: Option<Secret>,
        limit: Option<Duration>,
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
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        let request = request.build().map_err(|error| self.failure(url, error))?;
        let kept = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        *self.form_secrets.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        let sent = self.send(url, request, secrets);
        let (status, headers, body) = self.told_of_wait(url, sent).await?;
        let body = Zeroizing::new(body);
        let read =
            |headers: &HeaderMap, body: &[u8]| form_response(url, status, headers, body, (self.clock)());
        let response = read(&headers, &body).or_else(|_| {
            let secrets = self.with_headers(secrets);
            read(&headers_without(&headers, &secrets), &without(&body, &secrets))
        });
        response.map_err(|error| match error {
            Error::OAuth(refusal) => Error::OAuth(OAuthError {
                is_okta: self.is_okta,
                ..refusal
            }),
            error => error,
        })
    }
}
