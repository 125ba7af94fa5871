//! The one HTTP client, and how its answers and failures become ours.
//!
//! Owns size caps and the rule for redirects: a token endpoint that redirects would have secrets sent elsewhere (RFC 9700 4.12),
//! so none is followed for a POST. Tells method, URL without query, status and time; never a
//! header or a body.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::{
    check_status, header, is_json, max_age, not_json, oauth_error, refused, request_id, shown,
};
use super::error::{Error, OAuthError};
use super::event::{Event, Person};
use super::json_document;
use super::redirects::{MAX_REDIRECTS, same_origin_target};
use super::transport;
use crate::clock::Clock;
use crate::settings::{Provider, Trust};

/// How long a person waits without being told what for.
const SILENT_WAIT: Duration = Duration::from_secs(2);

/// Largest answer that is read. Discovery documents and key sets are a few KB, tokens with 300 groups some 20 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client for one provider.
pub(crate) struct Http<'a> {
    client: reqwest::Client,
    person: Person<'a>,
    is_okta: bool,
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
            client: transport::build(provider, trust, person)?,
            is_okta: provider.issuer.is_okta(),
            person,
            clock_ahead: AtomicI64::new(0),
            clock,
        })
    }

    /// How far the provider's clock is ahead of ours, in seconds; 0 when nothing was heard of it.
    pub(crate) fn clock_ahead(&self) -> i64 {
        self.clock_ahead.load(Ordering::Relaxed)
    }

    /// Gets a JSON document. Redirects are followed within the same scheme, host and port, where the same server answers.
    pub(crate) async fn get(&self, url: &Url) -> Result<Document, Error> {
        let mut visited = vec![url.clone()];
        let mut at = url.clone();
        loop {
            let request = self
                .client
                .get(at.clone())
                .header(ACCEPT, "application/json")
                .build();
            let request = request.map_err(|error| self.failure(&at, error))?;
            let (status, headers, body) = self.send(&at, request).await?;
            let Some(next) = same_origin_target(&at, status, &headers) else {
                return self.document(&at, status, &headers, body);
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
        body: Vec<u8>,
    ) -> Result<Document, Error> {
        check_status(url, status, headers, &body, (self.clock)())?;
        if status != StatusCode::OK && is_json(headers) {
            return Err(refused(url, status, headers, &body));
        }
        if status != StatusCode::OK || json_document::is_page(&body) {
            return Err(not_json(url, status, headers, json_document::title(&body)));
        }
        Ok(Document {
            body: json_document::object(url, body)?,
            max_age: max_age(headers),
        })
    }

    /// Sends a request; at a terminal the person hears what is waited for.
    async fn send(
        &self,
        url: &Url,
        request: reqwest::Request,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let sent = self.send_in_silence(url, request);
        tokio::pin!(sent);
        tokio::select! {
            result = &mut sent => return result,
            () = tokio::time::sleep(SILENT_WAIT) => self.person.tell(Event::Waiting { url: &shown(url) }),
        }
        sent.await
    }

    fn failure(&self, url: &Url, error: reqwest::Error) -> Error {
        transport::failure(error, self.person.request_timeout).about(url)
    }

    async fn send_in_silence(
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
            .map_err(|error| self.failure(url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(url, error))? {
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
        let request = reqwest::Request::try_from(request).map_err(|error| self.failure(&url, error))?;
        let (status, headers, body) = self.send(&url, request).await?;
        check_status(&url, status, &headers, &body, (self.clock)())?;
        if let Some(error) = oauth_error(status, &headers, &body) {
            return Err(Error::OAuth(OAuthError {
                is_okta: self.is_okta,
                ..error
            }));
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
