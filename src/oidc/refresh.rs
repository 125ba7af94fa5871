//! The refresh (RFC 6749 6, OpenID Connect Core 12.2), and what a failure of it means for the session.
//!
//! Owns the decision between a failure that passes and the end of a session; it is a pure function over the failure.

use std::time::Duration;

use tokio::time::timeout;

use super::documents::Documents;
use super::error::{Error, OAuthError};
use super::event::Event;
use super::id_token::Occasion;
use super::token::response::TokenResponse;
use super::token_endpoint::TokenEndpoint;
use super::{ProviderClient, Refresh, Renewal, Tokens};

/// A provider that rotates refresh tokens lets the old one live for a moment (Okta: 30 s), so that who lost the answer may ask
/// again. Later than that the same question would be taken for a theft, and end the session. So this is how long the first
/// answer is waited for.
const FIRST_ANSWER_WAIT: Duration = Duration::from_secs(12);

/// What a failed refresh means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The session is kept, and the same request may succeed another time.
    Passes,
    /// The session is kept, and a setting has to be corrected.
    OfTheSettings,
    /// Only a sign-in helps.
    Final,
}

impl ProviderClient<'_> {
    /// Refreshes the session: one request when the provider's documents are at hand.
    pub(crate) async fn refresh(&self, refresh: &Refresh<'_>) -> Renewal {
        let documents = self.documents();
        let metadata = match documents.metadata(false).await {
            Ok(metadata) => metadata,
            Err(error) => return Renewal::Failed(error),
        };
        let endpoint = TokenEndpoint::new(self, &documents, &metadata);
        let (response, granted_scope) = match self.ask_to_refresh(&endpoint, refresh).await {
            Ok(answer) => answer,
            Err(error) => return refused(error, &documents),
        };
        let keep_rotated = || {
            if let Some(rotated) = &response.refresh_token {
                (refresh.keep_rotated)(rotated);
            }
        };
        let occasion = Occasion::Refresh {
            origin: refresh.origin,
        };
        let result = self.believe(&response, &documents, &metadata, occasion, &keep_rotated);
        match result.await {
            Ok(tokens) => Renewal::Renewed(Box::new(Tokens {
                // Okta's static mode may leave it out; the old one goes on then.
                refresh_token: response.refresh_token.or_else(|| Some(refresh.token.clone())),
                granted_scope,
                ..tokens
            })),
            Err(error) => {
                keep_rotated();
                refused(error, &documents)
            }
        }
    }

    /// Sends the request, once more if the response is lost, and once without scopes if those are refused.
    async fn ask_to_refresh(
        &self,
        endpoint: &TokenEndpoint<'_>,
        refresh: &Refresh<'_>,
    ) -> Result<(TokenResponse, String), Error> {
        let scope = refresh.granted_scope;
        let first = timeout(FIRST_ANSWER_WAIT, endpoint.refresh(refresh.token, scope)).await;
        let response = match first {
            Ok(response) if !matches!(&response, Err(error) if error.may_have_arrived()) => response,
            // A network that hangs looks like a provider that thinks; the leeway counts for both.
            _ => {
                self.person.tell(Event::ResponseLost);
                endpoint.refresh(refresh.token, scope).await
            }
        };
        match response {
            // What was granted to a session that came from elsewhere is not known; nothing said means just that (RFC 6749 6).
            Err(Error::OAuth(refusal)) if refusal.refuses_a_scope() && !scope.is_empty() => {
                let response = endpoint.refresh(refresh.token, "").await?;
                Ok((response, String::new()))
            }
            response => Ok((response?, scope.to_owned())),
        }
    }
}

/// Turns a failure into the refresh's outcome.
fn refused(error: Error, documents: &Documents<'_>) -> Renewal {
    if matches!(error, Error::NoIdToken) {
        return Renewal::NoIdToken;
    }
    if error.may_mean_a_move() {
        documents.forget();
    }
    match verdict(&error) {
        Verdict::Final => Renewal::Over(reason(&error)),
        Verdict::Passes | Verdict::OfTheSettings => Renewal::Failed(error),
    }
}

/// Decides what a failure means; a table of the cases is in the tests.
fn verdict(error: &Error) -> Verdict {
    match error {
        Error::OAuth(refusal) => verdict_on_refusal(refusal),
        // The clock is this machine's, and a sign-in would meet it again.
        Error::IdToken { source, .. } if source.is_of_a_clock() => Verdict::OfTheSettings,
        Error::IdToken { .. } | Error::OtherAccount { .. } => Verdict::Final,
        Error::ClientRefused { .. } | Error::TokenType(_) | Error::NoLifetime => Verdict::OfTheSettings,
        _ => Verdict::Passes,
    }
}

/// Statuses of 429 and from 500 on never come here: they pass, whatever the body says.
fn verdict_on_refusal(refusal: &OAuthError) -> Verdict {
    match refusal.code().as_str() {
        "temporarily_unavailable"
        | "server_error"
        | "slow_down"
        | "authorization_pending"
        | "too_many_requests"
        | "rate_limit_exceeded"
        | "timeout" => Verdict::Passes,
        "invalid_client" | "unauthorized_client" | "use_dpop_nonce" | "invalid_dpop_proof" => {
            Verdict::OfTheSettings
        }
        // Dex calls every dead refresh token `invalid_request`, Hydra `token_inactive`. Where the app has lost the grant
        // (`unsupported_grant_type`) a sign-in without a refresh token still works.
        "invalid_grant"
        | "invalid_request"
        | "invalid_token"
        | "token_inactive"
        | "token_expired"
        | "expired_token"
        | "access_denied"
        | "interaction_required"
        | "login_required"
        | "consent_required"
        | "account_selection_required"
        | "unsupported_grant_type"
        | "invalid_scope" => Verdict::Final,
        // A code that nobody knows, where a provider puts its refusals: to ask again for ever would lead nowhere. With any other
        // status (404, 408, 413) it is a gateway's.
        _ if matches!(refusal.status, 200..=299 | 400 | 401 | 403) => Verdict::Final,
        _ => Verdict::Passes,
    }
}

/// One line on why the session is over.
fn reason(error: &Error) -> String {
    match error {
        Error::OAuth(refusal) => refusal.to_string(),
        Error::IdToken { source, .. } => format!("the refreshed token cannot be accepted: {source}"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use url::Url;

    use super::*;
    use crate::foreign_text::ForeignText;
    use crate::oidc::answer::form_response;
    use crate::oidc::distrust;

    fn of_answer(status: u16, content_type: &'static str, body: &str) -> Verdict {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let status = StatusCode::from_u16(status).unwrap();
        let url = Url::parse("https://i/token").unwrap();
        let read = form_response(&url, status, &headers, body.as_bytes(), 0).and_then(|object| {
            TokenResponse::read(object).map_err(|why| Error::TokenAnswer {
                url: ForeignText::new("https://i/token"),
                why: ForeignText::new(why),
            })
        });
        verdict(&read.expect_err("a refusal"))
    }

    #[test]
    fn an_answer_of_the_token_endpoint_passes_or_is_final() {
        use Verdict::{Final, OfTheSettings, Passes};
        let json = "application/json";
        let html = "text/html";
        let oauth = |code: &str| format!(r#"{{"error":"{code}","error_description":"text"}}"#);
        let okta = r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#.to_owned();
        let table: &[(u16, &'static str, String, Verdict)] = &[
            (400, json, oauth("invalid_grant"), Final),
            (401, json, oauth("invalid_grant"), Final),
            (403, json, oauth("invalid_grant"), Final),
            (200, json, oauth("invalid_grant"), Final),
            (200, html, oauth("invalid_grant"), Final),
            (400, json, oauth("INVALID-GRANT"), Final),
            (400, json, oauth("invalid_request"), Final),
            (401, json, oauth("invalid_token"), Final),
            (401, json, oauth("token_inactive"), Final),
            (400, json, oauth("token_expired"), Final),
            (400, json, oauth("expired_token"), Final),
            (403, json, oauth("access_denied"), Final),
            (400, json, oauth("interaction_required"), Final),
            (400, json, oauth("login_required"), Final),
            (400, json, oauth("consent_required"), Final),
            (400, json, oauth("account_selection_required"), Final),
            (400, json, oauth("unsupported_grant_type"), Final),
            (400, json, oauth("invalid_scope"), Final),
            (400, json, oauth("session_ended_by_vendor"), Final),
            (403, json, oauth("1004"), Final),
            (400, json, r#"{"error":1004}"#.to_owned(), Final),
            (
                400,
                json,
                r#"{"error":{"code":"invalid_grant","message":"text"}}"#.to_owned(),
                Final,
            ),
            // A rate limit or the provider's own failure, whatever the body says.
            (429, json, oauth("invalid_grant"), Passes),
            (429, html, "slow down".to_owned(), Passes),
            (500, json, oauth("invalid_grant"), Passes),
            (502, html, "<html>".to_owned(), Passes),
            (503, json, String::new(), Passes),
            (400, json, oauth("temporarily_unavailable"), Passes),
            (400, json, oauth("server_error"), Passes),
            (400, json, oauth("slow_down"), Passes),
            // No answer of OAuth.
            (400, html, "<html>".to_owned(), Passes),
            (403, html, "<html>".to_owned(), Passes),
            (400, json, okta.clone(), Passes),
            (401, json, okta, Passes),
            (400, json, "{}".to_owned(), Passes),
            (200, json, "{}".to_owned(), Passes),
            (200, json, "[]".to_owned(), Passes),
            (200, json, r#"{"access_tok"#.to_owned(), Passes),
            (200, html, "<html>".to_owned(), Passes),
            (200, json, String::new(), Passes),
            (302, html, String::new(), Passes),
            (404, json, oauth("not_found"), Passes),
            (404, json, oauth("Not Found"), Passes),
            (403, json, oauth("Forbidden"), Passes),
            (408, json, oauth("Request Timeout"), Passes),
            // The settings.
            (401, json, oauth("invalid_client"), OfTheSettings),
            (400, json, oauth("invalid_client"), OfTheSettings),
            (400, json, oauth("unauthorized_client"), OfTheSettings),
            (400, json, oauth("invalid_dpop_proof"), OfTheSettings),
            (401, html, "<html>".to_owned(), OfTheSettings),
            (401, json, String::new(), OfTheSettings),
            (401, json, oauth("Unauthorized"), OfTheSettings),
        ];
        for (status, content_type, body, expected) in table {
            assert_eq!(
                of_answer(*status, content_type, body),
                *expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_refreshed_token_that_cannot_be_accepted_ends_the_session_and_a_wrong_clock_does_not() {
        let of = |source| {
            verdict(&Error::IdToken {
                source,
                clock_ahead: 0,
                is_okta: false,
            })
        };
        assert_eq!(of(distrust::Error::Signature), Verdict::Final);
        assert_eq!(of(distrust::Error::Missing("sub")), Verdict::Final);
        assert_eq!(of(distrust::Error::Expired(400)), Verdict::OfTheSettings);
        assert_eq!(of(distrust::Error::NotYetValid(400)), Verdict::OfTheSettings);
        let keys = Error::Keys {
            url: ForeignText::new("https://i/keys"),
            why: ForeignText::new("it is no JSON"),
        };
        assert_eq!(verdict(&keys), Verdict::Passes);
    }

    #[test]
    fn the_reason_is_one_line() {
        let refusal = OAuthError {
            status: 400,
            error: ForeignText::new("invalid_grant"),
            description: Some(ForeignText::new("two\nlines")),
            request_id: None,
        };
        assert_eq!(reason(&Error::OAuth(refusal)), "invalid_grant: two lines");
    }
}
