//! Sends requests, and reads their responses within limits.
//!
//! Owns what is the same for all requests: redirects of a GET within the provider's origin, one repetition of a GET whose idle connection was
//! closed, the difference to the provider's clock, and the redaction of what was sent in everything that is quoted from a response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::{json_document, transport};
use crate::clock::{Clock, Timestamp};
use crate::error_chain::in_one_line;
use crate::oidc::client_auth::{Form, RequestAuth};
use crate::oidc::errors::Error;
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::setup::SetupError;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::{Interaction, LogEvent, LoggedHeader};
use crate::oidc::http::body::read_body;
use crate::oidc::http::content_encoding::{content_encoding_error, decode_body};
use crate::oidc::http::dpop_nonces::{DPOP, DpopNonces};
use crate::oidc::http::long_wait::LongWaits;
use crate::oidc::http::provider_clock::ProviderClock;
use crate::oidc::http::redaction::{
    logged_headers, redact_body, redact_headers, redact_text, redact_url, secrets_of_header, with_fault_code,
};
use crate::oidc::http::redirects::{MAX_REDIRECTS, same_origin_target};
use crate::oidc::http::response::{
    check_confirmation, check_status, is_json, max_age_secs, not_json_error, read_form_response,
    refused_error, request_id, shown, shown_with_query_names,
};
use crate::secret::Secret;
use crate::settings::{Provider, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// The largest body of a response to a POST: a token with thousands of groups has up to 1 MiB, and a response may
/// contain two tokens.
const MAX_POST_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// The largest document that is read. Discovery documents and key sets have a few KB.
const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// A client for one provider.
pub(crate) struct HttpClient<'a> {
    client: reqwest::Client,
    interaction: Interaction<'a>,
    is_okta: bool,
    issuer: Url,
    /// The names of the headers that the settings add to every request.
    header_names: Vec<String>,
    /// The secrets in the headers of every request.
    header_secrets: Vec<Secret>,
    /// The secrets in the last form. A token in the response may repeat them.
    form_secrets: Mutex<Vec<Secret>>,
    provider_clock: ProviderClock,
    pub(in crate::oidc) dpop_nonces: DpopNonces,
    /// There was a response, so an idle connection may be open.
    has_responded: AtomicBool,
    long_waits: LongWaits,
    clock: Clock,
}

/// What a successful response to a form has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum ResponseContent {
    /// Members of a JSON object.
    Members,
    /// Nothing that counts (RFC 7009 2.2), unless it shows that the provider has confirmed nothing.
    Confirmation,
}

/// The document of a successful GET.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    /// The `max-age` of `Cache-Control`.
    pub(crate) max_age_secs: Option<i64>,
}

impl<'a> HttpClient<'a> {
    /// Creates a client. `clock` is compared with the provider's clock.
    pub(crate) fn new(
        provider: &Provider,
        trust: &TlsTrust,
        interaction: Interaction<'a>,
        clock: Clock,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            client: transport::build(provider, trust, interaction)?,
            is_okta: provider.issuer.is_okta(),
            issuer: provider.issuer.url().clone(),
            header_names: provider
                .headers
                .iter()
                .map(|(name, _)| name.to_ascii_lowercase())
                .collect(),
            header_secrets: provider
                .headers
                .iter()
                .flat_map(|(_, value)| secrets_of_header(value))
                .collect(),
            form_secrets: Mutex::default(),
            interaction,
            provider_clock: ProviderClock::new(clock),
            dpop_nonces: DpopNonces::default(),
            has_responded: AtomicBool::new(false),
            long_waits: LongWaits::reported(),
            clock,
        })
    }

    /// Returns how far the provider's clock is ahead of ours, in seconds, if it is known.
    pub(crate) fn clock_ahead_secs(&self) -> Option<i64> {
        self.provider_clock.ahead_secs()
    }

    /// Returns the time by the provider's clock, if it is known.
    pub(crate) fn provider_now(&self) -> Option<Timestamp> {
        self.provider_clock.now()
    }

    /// Gets a JSON document. `limit` replaces the timeout of a request, and includes all redirects. Redirects are followed only within the
    /// same scheme, host and port.
    pub(crate) async fn get(&self, url: &Url, limit: Option<Duration>) -> Result<Document, Error> {
        let limit = limit.unwrap_or(self.interaction.request_timeout);
        let result = timeout(limit, self.get_with_redirects(url, limit));
        let named = &self.for_messages(url, &[]);
        let result = self.long_waits.wait(self.interaction, named, result).await;
        result.unwrap_or_else(|_| {
            Err(NetworkError::Timeout {
                url: shown(named),
                seconds: limit.as_secs(),
                connected: true,
            }
            .into())
        })
    }

    async fn get_with_redirects(&self, url: &Url, limit: Duration) -> Result<Document, Error> {
        let mut visited = vec![url.clone()];
        let mut current = url.clone();
        loop {
            let request = self
                .client
                .get(current.clone())
                .header(ACCEPT, "application/json")
                .timeout(limit)
                .build();
            let named = &self.for_messages(&current, &[]);
            let request = request.map_err(|error| self.failure(named, error))?;
            // A provider may repeat what it was sent a moment ago, by another request.
            let sent = self.form_secrets();
            let secrets: Vec<&str> = sent.iter().map(Secret::expose).collect();
            let (status, headers, body) = self.send(named, request, &secrets).await?;
            let Some(next) = same_origin_target(&current, status, &headers) else {
                return self.parse_document(named, status, &headers, &body).or_else(|_| {
                    let secrets = self.sent_secrets(&secrets);
                    let headers = redact_headers(&headers, &secrets);
                    self.parse_document(named, status, &headers, &redact_body(&body, &secrets))
                });
            };
            if visited.contains(&next) || visited.len() > MAX_REDIRECTS {
                return Err(NetworkError::RedirectLoop { url: self.shown(url) }.into());
            }
            visited.push(next.clone());
            current = next;
        }
    }

    fn parse_document(
        &self,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Document, Error> {
        check_status(url, status, headers, body, (self.clock)())?;
        if status != StatusCode::OK && is_json(headers) {
            return Err(refused_error(url, status, headers, body).into());
        }
        if status != StatusCode::OK || json_document::is_html(body) {
            return Err(not_json_error(url, status, headers, json_document::summary(body)).into());
        }
        Ok(Document {
            body: json_document::document_text(url, body)?,
            max_age_secs: max_age_secs(headers),
        })
    }

    /// Sets whether long waits are reported. Not while a person has to read what stands on the screen.
    pub(in crate::oidc) fn report_waits(&self, reported: bool) {
        self.long_waits.set_reported(reported);
    }

    fn failure(&self, url: &Url, error: reqwest::Error) -> NetworkError {
        transport::classify(error, self.interaction.request_timeout).about(url)
    }

    /// Executes a request. A server may close an idle connection at the moment when it is used again. Then a GET is repeated once (RFC 9110
    /// 9.2.2 and 9.3.1). A POST is not repeated, because the server may have received it.
    async fn execute(&self, request: reqwest::Request) -> Result<reqwest::Response, reqwest::Error> {
        let may_be_reused = self.has_responded.load(Ordering::Relaxed);
        let retry = request
            .try_clone()
            .filter(|request| may_be_reused && request.method() == Method::GET);
        let result = match (self.client.execute(request).await, retry) {
            (Err(error), Some(retry)) if transport::ended_before_response(&error) => {
                self.client.execute(retry).await
            }
            (result, _) => result,
        };
        if result.is_ok() {
            self.has_responded.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Sends a request, and returns the decoded response. `url` is for messages.
    async fn send(
        &self,
        url: &Url,
        request: reqwest::Request,
        secrets: &[&str],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), NetworkError> {
        let method = request.method().clone();
        let limit = request.timeout().copied();
        let failure =
            |error| transport::classify(error, limit.unwrap_or(self.interaction.request_timeout)).about(url);
        let started_at = Instant::now();
        let sent_headers = self.sent_headers(request.headers());
        let sent = self.execute(request).await.map_err(failure);
        let mut response = sent.inspect_err(|error| {
            self.interaction.log(LogEvent::RequestFailed {
                method: method.as_str(),
                url: &shown_with_query_names(url),
                millis: started_at.elapsed().as_millis(),
                why: UntrustedText::new(&in_one_line(error)),
            });
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let max_bytes = if method == Method::GET {
            MAX_DOCUMENT_BYTES
        } else {
            MAX_POST_RESPONSE_BYTES
        };
        let body = read_body(&mut response, url, max_bytes, failure).await?;
        let shown_headers = redact_headers(&headers, &self.sent_secrets(secrets));
        self.interaction.log(LogEvent::Responded {
            method: method.as_str(),
            url: &shown_with_query_names(url),
            status: status.as_u16(),
            millis: started_at.elapsed().as_millis(),
            request_id: request_id(&shown_headers),
            sent: sent_headers,
            received: logged_headers(&headers, &self.sent_secrets(secrets)),
        });
        self.provider_clock.record(&headers);
        match decode_body(url, status, &headers, body, max_bytes) {
            Ok(body) => Ok((status, headers, body)),
            // The same error, which quotes the redacted headers.
            Err(NetworkError::ContentEncoding { .. }) => {
                Err(content_encoding_error(url, status, &shown_headers))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the headers of a request for the log. The values of `--oidc-request-header` may be secrets.
    fn sent_headers(&self, headers: &HeaderMap) -> Vec<LoggedHeader> {
        let own = self.header_names.iter().map(|name| (name.clone(), None));
        logged_headers(headers, &self.sent_secrets(&[]))
            .into_iter()
            .chain(own)
            .collect()
    }

    /// Reports something for the log.
    pub(in crate::oidc) fn log(&self, event: LogEvent<'_>) {
        self.interaction.log(event);
    }

    /// Returns `secrets` and the secrets in the headers: everything that must be removed from a quoted response.
    fn sent_secrets<'s>(&'s self, secrets: &[&'s str]) -> Vec<&'s str> {
        let header_secrets = self.header_secrets.iter().map(Secret::expose);
        secrets.iter().copied().chain(header_secrets).collect()
    }

    /// Removes secrets from a text that is quoted from a response or a token.
    pub(in crate::oidc) fn redact(&self, text: &UntrustedText) -> UntrustedText {
        let sent = self.form_secrets();
        let sent: Vec<&str> = sent.iter().map(Secret::expose).collect();
        redact_text(text, &self.sent_secrets(&sent))
    }

    /// Returns a URL of the provider for a message, without what was sent to the provider.
    pub(in crate::oidc) fn shown(&self, url: &Url) -> UntrustedText {
        shown(&self.for_messages(url, &[]))
    }

    /// Returns a URL without `secrets`, those in the headers, and those of the last form.
    pub(in crate::oidc) fn for_messages(&self, url: &Url, secrets: &[&str]) -> Url {
        let sent = self.form_secrets();
        let sent = sent.iter().map(Secret::expose).chain(secrets.iter().copied());
        redact_url(url, &self.issuer, &self.sent_secrets(&sent.collect::<Vec<_>>()))
    }

    /// The secrets of the last form that was posted.
    fn form_secrets(&self) -> Vec<Secret> {
        let sent = self.form_secrets.lock().unwrap_or_else(PoisonError::into_inner);
        sent.clone()
    }

    /// Posts a form, and returns the members of a successful response. Any other response becomes an error, which does not contain the
    /// `secrets` that were sent.
    pub(in crate::oidc) async fn post(
        &self,
        url: &Url,
        form: Form,
        secrets: &[&str],
        auth: RequestAuth,
        limit: Option<Duration>,
        content: ResponseContent,
    ) -> Result<Map<String, Value>, Error> {
        let mut request = self
            .client
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_owner(form.into_text()));
        for (name, value) in [(AUTHORIZATION, auth.header), (DPOP, auth.dpop_proof)] {
            let Some(value) = value else { continue };
            let value = HeaderValue::try_from(value.expose());
            let mut value = value.map_err(|_| Error::Internal("client authentication"))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        let url = &self.for_messages(url, secrets);
        let request = request.build().map_err(|error| self.failure(url, error))?;
        let owned = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        *self.form_secrets.lock().unwrap_or_else(PoisonError::into_inner) = owned;
        let sent = self.send(url, request, secrets);
        let (status, headers, body) = self.long_waits.wait(self.interaction, url, sent).await?;
        let body = Zeroizing::new(body);
        self.dpop_nonces.record(url, &headers);
        let read = |headers: &HeaderMap, body: &[u8]| {
            let now = (self.clock)();
            match content {
                ResponseContent::Members => read_form_response(url, status, headers, body, now),
                ResponseContent::Confirmation => {
                    check_confirmation(url, status, headers, body, now).map(|()| Map::new())
                }
            }
        };
        let response = read(&headers, &body).or_else(|error| {
            // This error quotes nothing of the response.
            if matches!(error, Error::Token(TokenError::Malformed { .. })) {
                return Err(error);
            }
            let secrets = self.sent_secrets(secrets);
            let redacted = read(&redact_headers(&headers, &secrets), &redact_body(&body, &secrets));
            redacted.map_err(|redacted| with_fault_code(redacted, error))
        });
        response.map_err(|error| match error {
            Error::Token(TokenError::Refused(refusal)) => TokenError::Refused(OAuthError {
                is_okta: self.is_okta,
                clock_ahead_mins: self.provider_clock.ahead_mins(),
                ..refusal
            })
            .into(),
            error => error,
        })
    }
}
