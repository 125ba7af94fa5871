//! The one HTTP client, and how its answers and failures become ours.
//!
//! Owns timeouts, size caps, trust and the rule that no redirect is followed: a token endpoint that redirects
//! would have secrets sent elsewhere (RFC 9700 4.12). Tells method, URL without query, status and time; never a
//! header or a body.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION};
use reqwest::{Certificate, StatusCode, redirect};
use serde::Deserialize;
use url::Url;

use super::error::{Error, OAuthError};
use crate::files;
use crate::foreign_text::ForeignText;
use crate::settings::{Authority, Issuer, Trust, is_loopback};
use crate::ui::Ui;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer that is read. Discovery documents and key sets are a few KB, tokens with 300 groups some 20 KB.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client for one provider.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    ui: Ui,
    /// How far the provider's clock (header `Date`) is ahead of ours, in seconds, as last seen.
    clock_ahead: Cell<Option<i64>>,
    now: i64,
}

/// A 200 answer to a GET.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    /// `max-age` of `Cache-Control`.
    pub(crate) max_age: Option<i64>,
}

impl Http {
    /// `now` in seconds since the epoch, to compare with the provider's clock.
    pub(crate) fn new(issuer: &Issuer, trust: &Trust, ui: Ui, now: i64) -> Result<Self, Error> {
        Ok(Self {
            client: build(issuer, trust)?,
            ui,
            clock_ahead: Cell::new(None),
            now,
        })
    }

    /// How far the provider's clock is ahead of ours, in seconds; 0 when nothing was heard of it.
    pub(crate) fn clock_ahead(&self) -> i64 {
        self.clock_ahead.get().unwrap_or(0)
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
        check_status(url, status, &headers, &body)?;
        if status != StatusCode::OK {
            return Err(not_json(url, status, &headers, &body));
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
        self.ui.step(|| {
            let id = request_id(&headers)
                .map(|id| format!(", request id {id}"))
                .unwrap_or_default();
            format!(
                "{method} {}: {status} in {} ms{id}",
                shown(url),
                began.elapsed().as_millis()
            )
        });
        if let Some(date) = header(&headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()) {
            let theirs = date
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs());
            self.clock_ahead
                .set(Some(theirs.cast_signed().saturating_sub(self.now)));
        }
        Ok((status, headers, body))
    }

    /// Posts to the token endpoint. Every answer but a good one leaves here as an error of ours, since `oauth2`
    /// would lose the status, and a 429 with `invalid_grant` is a rate limit and no dead session.
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::Internal("endpoint"))?;
        let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&url, error))?;
        let (status, headers, body) = self.send(&url, request).await?;
        check_status(&url, status, &headers, &body)?;
        if let Some(error) = oauth_error(status, &headers, &body) {
            return Err(Error::OAuth(error));
        }
        if status != StatusCode::OK || !is_json(&headers) {
            return Err(not_json(&url, status, &headers, &body));
        }
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

#[expect(clippy::disallowed_methods, reason = "the door to the network")]
fn build(issuer: &Issuer, trust: &Trust) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
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

/// Refuses redirects, rate limits and the provider's own failures, whatever the body says.
fn check_status(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    let url = || shown(url);
    if status.is_redirection() {
        let to = header(headers, &LOCATION).unwrap_or("nowhere");
        let to = to.split(['?', '#']).next().unwrap_or_default();
        return Err(Error::Redirected {
            url: url(),
            to: ForeignText::new(to),
        });
    }
    let reason = || {
        oauth_error(status, headers, body)
            .map(|error| error.shown())
            .or_else(|| okta(body))
    };
    if status == StatusCode::TOO_MANY_REQUESTS {
        let reset = header(headers, &HeaderName::from_static("x-rate-limit-reset"));
        return Err(Error::RateLimited {
            url: url(),
            reason: reason(),
            until: reset.and_then(|seconds| seconds.parse().ok()),
            request_id: request_id(headers),
        });
    }
    if status.is_server_error() || (!status.is_success() && okta(body).is_some()) {
        return Err(Error::Refused {
            url: url(),
            status: status.as_u16(),
            reason: reason(),
            request_id: request_id(headers),
        });
    }
    Ok(())
}

/// Reads an error answer of RFC 6749 section 5.2.
fn oauth_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<OAuthError> {
    #[derive(Deserialize)]
    struct Body {
        error: String,
        #[serde(default)]
        error_description: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some(OAuthError {
        status: status.as_u16(),
        error: ForeignText::with_limit(&body.error, 60),
        description: body.error_description.as_deref().map(ForeignText::new),
        request_id: request_id(headers),
    })
}

/// Reads an error answer in Okta's own format.
fn okta(body: &[u8]) -> Option<ForeignText> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        error_code: String,
        #[serde(default)]
        error_summary: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some(ForeignText::new(&format!(
        "{}: {}",
        body.error_code, body.error_summary
    )))
}

fn not_json(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let content_type = header(headers, &CONTENT_TYPE).unwrap_or("no content type");
    Error::NotJson {
        url: shown(url),
        status: status.as_u16(),
        content_type: ForeignText::with_limit(content_type, 60),
        // A good answer in the wrong dress may hold tokens; only failures are quoted.
        start: (!status.is_success()).then(|| ForeignText::with_limit(&String::from_utf8_lossy(body), 200)),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    header(headers, &CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    })
}

fn max_age(headers: &HeaderMap) -> Option<i64> {
    let directives = header(headers, &CACHE_CONTROL)?;
    directives.split(',').find_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        if directive == "no-store" || directive == "no-cache" {
            return Some(0);
        }
        directive.strip_prefix("max-age=")?.parse().ok()
    })
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn request_id(headers: &HeaderMap) -> Option<ForeignText> {
    let id = header(headers, &HeaderName::from_static("x-okta-request-id"))?;
    Some(ForeignText::with_limit(id, 60))
}

/// A URL as it may be shown: the query can hold a code or a state.
pub(crate) fn shown(url: &Url) -> ForeignText {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    ForeignText::new(url.as_str())
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
    Error::Unreachable { url, cause }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn max_age_is_read_among_other_directives() {
        let age = |value| max_age(&headers(CACHE_CONTROL, value));
        assert_eq!(age("max-age=3832304, must-revalidate"), Some(3_832_304));
        assert_eq!(age("public, Max-Age=5"), Some(5));
        assert_eq!(age("no-store"), Some(0));
        assert_eq!(age("public"), None);
    }

    #[test]
    fn a_429_is_a_rate_limit_even_when_it_says_invalid_grant() {
        let url = Url::parse("https://i/v1/token").unwrap();
        let body = br#"{"error":"invalid_grant","error_description":"API call exceeded rate limit"}"#;
        let result = check_status(&url, StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body);
        assert!(matches!(result, Err(Error::RateLimited { .. })));
    }

    #[test]
    fn a_shown_url_has_no_query() {
        let url = Url::parse("https://i/cb?code=secret#x").unwrap();
        assert_eq!(shown(&url).as_str(), "https://i/cb");
    }

    #[test]
    fn json_by_content_type() {
        for kind in [
            "application/json",
            "application/JSON; charset=utf-8",
            "application/x+json",
        ] {
            assert!(is_json(&headers(CONTENT_TYPE, kind)), "{kind}");
        }
        assert!(!is_json(&headers(CONTENT_TYPE, "text/html")));
    }
}
