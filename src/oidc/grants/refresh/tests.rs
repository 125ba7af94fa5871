use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use super::*;
use crate::clock::at;
use crate::grant_type::GrantType;
use crate::oidc::errors::documents::DocumentError;
use crate::oidc::errors::network::{NetworkError, UnreachableReason};
use crate::oidc::http::response::read_form_response;
use crate::oidc::http::tls_fault::TlsFault;
use crate::untrusted_text::UntrustedText;

/// Some providers always send the member `error`, with a value such as 0 if there is no error.
#[test]
fn tokens_beside_an_error_member_that_means_no_error_are_used() {
    for error in [
        "0",
        r#""0""#,
        r#""none""#,
        r#""OK""#,
        r#""success""#,
        "{}",
        r#"{"code":0}"#,
        "[]",
        "false",
    ] {
        for tokens in [r#""id_token":"a.b.c""#, r#""access_token":"a""#] {
            let body = format!(r#"{{"error":{error},{tokens},"refresh_token":"r"}}"#);
            let url = Url::parse("https://i/token").unwrap();
            let read = read_form_response(&url, StatusCode::OK, &HeaderMap::new(), body.as_bytes(), at(0));
            let response = TokenResponse::read(read.expect(&body)).unwrap();
            assert_eq!(response.refresh_token.unwrap().expose(), "r", "{body}");
        }
    }
}

fn classify_response(status: u16, content_type: &'static str, body: &str) -> FailureKind {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    let status = StatusCode::from_u16(status).unwrap();
    let url = Url::parse("https://i/token").unwrap();
    let read = read_form_response(&url, status, &headers, body.as_bytes(), at(0)).and_then(|object| {
        TokenResponse::read(object).map_err(|fault| {
            let url = UntrustedText::new("https://i/token");
            TokenError::Malformed { url, fault }.into()
        })
    });
    classify(&read.expect_err("a refusal"))
}

/// Bodies that a row of a table has instead of an OAuth error code.
const HTML: &str = "<html>";
const COGNITO: &str = r#"{"__type":"NotAuthorizedException","message":"Refresh Token has been revoked"}"#;
const OKTA: &str = r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#;

/// Checks how responses with these statuses, and these error codes or whole bodies, are classified.
fn check(table: &[(u16, &str)], expected: FailureKind) {
    for (status, text) in table {
        let is_code = !text.is_empty() && !text.starts_with(['<', '{', '[']) && !text.contains("error=");
        let body = if is_code {
            format!(r#"{{"error":"{text}","error_description":"text"}}"#)
        } else {
            (*text).to_owned()
        };
        let content_type = if body.starts_with('<') {
            "text/html"
        } else {
            "application/json"
        };
        assert_eq!(
            classify_response(*status, content_type, &body),
            expected,
            "{status} {body}"
        );
    }
    // The content type does not matter.
    assert_eq!(
        classify_response(400, "text/plain", r#"{"error":"invalid_grant"}"#),
        FailureKind::SessionEnded
    );
}

#[test]
fn a_definite_refusal_ends_the_session_with_any_status_and_code() {
    let table = [
        (400, "invalid_grant"),
        (401, "invalid_grant"),
        (403, "invalid_grant"),
        (200, "invalid_grant"),
        (404, "invalid_grant"),
        (400, "INVALID-GRANT"),
        (400, "Invalid Grant"),
        (403, "ACCESS DENIED"),
        (400, "invalid_request"),
        (401, "invalid_token"),
        (401, "token_inactive"),
        (400, "token_expired"),
        (400, "expired_token"),
        (403, "access_denied"),
        (400, "interaction_required"),
        (400, "login_required"),
        (400, "consent_required"),
        (400, "account_selection_required"),
        (401, "insufficient_user_authentication"),
        (404, "insufficient_authentication_context"),
        (400, "unsupported_grant_type"),
        (400, "invalid_scope"),
        (400, "session_ended_by_vendor"),
        (403, "1004"),
        (400, r#"{"error":1004}"#),
        (400, r#"{"error":{"code":"invalid_grant","message":"text"}}"#),
        (200, r#"{"error":"invalid_grant","access_token":null}"#),
        (400, COGNITO),
        (400, r#"{"__type":"com.amazon#NotAuthorizedException"}"#),
        (400, "error=invalid_grant&error_description=the+session+ended"),
        (200, "error=bad_refresh_token"),
        (200, r#"{"error":0}"#),
        (200, r#"{"error":"none","access_token":""}"#),
        (400, r#"{"error":0,"access_token":"a"}"#),
        (200, r#"{"error":"invalid_grant","access_token":"a"}"#),
    ];
    check(&table, FailureKind::SessionEnded);
    for code in [
        "invalid_grant",
        "invalid_request",
        "invalid_token",
        "token_inactive",
        "token_expired",
        "access_denied",
        "interaction_required",
        "login_required",
        "consent_required",
    ] {
        check(
            &[200, 400, 401, 403].map(|status| (status, code)),
            FailureKind::SessionEnded,
        );
    }
}

#[test]
fn an_error_that_is_not_about_the_session_is_temporary() {
    let table = [
        (429, "invalid_grant"),
        (429, HTML),
        (500, "invalid_grant"),
        (503, "invalid_grant"),
        (502, HTML),
        (503, ""),
        (400, "temporarily_unavailable"),
        (400, "server_error"),
        (400, "slow_down"),
        (400, HTML),
        (403, HTML),
        (404, HTML),
        (400, OKTA),
        (401, OKTA),
        (400, "{}"),
        (400, r#"{"__type":"TooManyRequestsException"}"#),
        (400, r#"{"__type":"InternalErrorException"}"#),
        (400, "error=temporarily_unavailable"),
        (400, "an error=invalid_grant in a text"),
        (400, ""),
        (200, "{}"),
        (200, "[]"),
        (200, r#"{"access_tok"#),
        (200, HTML),
        (200, ""),
        (302, ""),
        (404, "not_found"),
        // Codes that a gateway uses too, with a status of its own.
        (413, "invalid_request"),
        (404, "access_denied"),
        (404, "Not Found"),
        (403, "Forbidden"),
        (400, "Bad Request"),
        (408, "Request Timeout"),
        (400, r#"{"error":{"code":503,"message":"text"}}"#),
        (200, r#"{"error":{"code":"UNAVAILABLE","status":14}}"#),
        (400, "error=Service+Unavailable"),
        (400, "error=too+many+requests"),
        // No error code: the response comes from a gateway or a firewall.
        (403, r#"{"error":true,"message":"blocked by policy"}"#),
        (403, r#"{"error":{"message":"blocked by policy"}}"#),
        (200, r#"{"error":{},"id_token":null}"#),
    ];
    check(&table, FailureKind::Temporary);
    let refused = |description: &str| {
        let body = format!(r#"{{"error":"access_denied","error_description":"{description}"}}"#);
        classify_response(400, "application/json", &body)
    };
    for description in [
        "User is not permitted: outside of the permitted network zones",
        "The client's IP address is not allowed.",
    ] {
        assert_eq!(refused(description), FailureKind::Temporary, "{description}");
    }
    assert_eq!(
        refused("The account has been networked out? No: deleted."),
        FailureKind::SessionEnded
    );
}

#[test]
fn a_server_fault_or_a_text_that_is_no_error_code_is_temporary_with_any_status() {
    for text in [
        "Service Unavailable",
        "service_unavailable",
        "internal_server_error",
        "Internal Server Error",
        "internal_error",
        "InternalError",
        "Bad Gateway",
        "gateway-timeout",
        "Too Many Requests",
        "rate_limited",
        "rate_limit",
        "rateLimitExceeded",
        "unavailable",
        "429",
        "500",
        "599",
        "blocked by WAF",
        "The server is busy.",
    ] {
        check(
            &[200, 400, 401, 403].map(|status| (status, text)),
            FailureKind::Temporary,
        );
    }
}

#[test]
fn a_configuration_error_keeps_the_session() {
    let table = [
        (401, "invalid_client"),
        (400, "invalid_client"),
        (400, "unauthorized_client"),
        (400, "invalid_dpop_proof"),
        (401, HTML),
        (401, ""),
        (401, "{}"),
        (401, "Unauthorized"),
        (401, r#"{"error":401}"#),
        (400, r#"{"__type":"ResourceNotFoundException"}"#),
    ];
    check(&table, FailureKind::Configuration);
    for code in ["invalid_client", "unauthorized_client"] {
        check(
            &[200, 400, 401, 403].map(|status| (status, code)),
            FailureKind::Configuration,
        );
    }
}

/// The provider was not reached, or something other than its token endpoint responded.
#[test]
fn a_failure_between_this_machine_and_the_provider_is_temporary() {
    let text = || UntrustedText::new("https://i/token");
    let unreachable = |sent| NetworkError::Unreachable {
        url: text(),
        cause: text(),
        reason: UnreachableReason::Other,
        sent,
    };
    let timeout = |connected| NetworkError::Timeout {
        url: text(),
        seconds: 30,
        connected,
    };
    for error in [
        unreachable(true),
        unreachable(false),
        timeout(true),
        timeout(false),
        NetworkError::UnknownHost {
            url: text(),
            cause: text(),
        },
        NetworkError::UnknownProxy {
            url: text(),
            proxy: text(),
            cause: text(),
        },
        NetworkError::Tls {
            url: text(),
            fault: TlsFault::SelfSigned,
        },
        NetworkError::NotHttp {
            url: text(),
            cause: text(),
        },
        NetworkError::ContentEncoding {
            url: text(),
            status: 200,
            why: text(),
        },
        NetworkError::ResponseTooLarge {
            url: text(),
            limit: 1,
        },
        NetworkError::RedirectLoop { url: text() },
    ] {
        let error = Error::from(error);
        assert_eq!(classify(&error), FailureKind::Temporary, "{error}");
        // The error names the URL.
        assert!(error.to_string().contains("https://i/token"), "{error}");
    }
}

#[test]
fn a_refreshed_token_that_cannot_be_accepted_ends_the_session_and_a_wrong_clock_does_not() {
    let of = |source| {
        classify(&Error::Token(TokenError::Unverified {
            token: crate::settings::TokenKind::Id,
            source,
            clock_ahead_secs: None,
            is_okta: false,
        }))
    };
    assert_eq!(
        of(verification_error::Error::Signature),
        FailureKind::SessionEnded
    );
    // The key set may lag behind the key that the provider signs with.
    assert_eq!(of(verification_error::Error::UnknownKey), FailureKind::Temporary);
    assert_eq!(
        of(verification_error::Error::Missing("sub")),
        FailureKind::SessionEnded
    );
    assert_eq!(
        of(verification_error::Error::Expired { secs_ago: 400 }),
        FailureKind::Configuration
    );
    assert_eq!(
        of(verification_error::Error::NotYetValid { in_secs: 400 }),
        FailureKind::Configuration
    );
    let keys = DocumentError::KeySet {
        url: UntrustedText::new("https://i/keys"),
        why: UntrustedText::new("it is no JSON"),
    };
    assert_eq!(classify(&keys.into()), FailureKind::Temporary);
}

#[test]
fn granted_scopes_are_requested_only_if_no_essential_one_is_missing() {
    let scopes = |extras: &[&str]| {
        let extras: Vec<String> = extras.iter().map(|&extra| extra.to_owned()).collect();
        Scopes::new(&extras).unwrap()
    };
    let wanted = scopes(&["offline_access", "email"]);
    for (granted, requested) in [
        ("openid offline_access email", "openid offline_access email"),
        ("offline_access openid", "offline_access openid"),
        ("openid email", ""),
        ("email offline_access", ""),
        ("", ""),
    ] {
        assert_eq!(scope_to_request(granted, &wanted), requested, "{granted}");
    }
    assert_eq!(scope_to_request("openid email", &scopes(&[])), "openid email");
}

#[test]
fn the_reason_is_one_line() {
    let refusal = OAuthError {
        status: Some(400),
        error: UntrustedText::new("invalid_grant"),
        description: Some(UntrustedText::new("two\nlines")),
        request_id: None,
        is_okta: false,
        grant: GrantType::AuthorizationCode,
        clock_ahead_mins: 0,
        step_up: None,
    };
    assert_eq!(
        reason(&TokenError::Refused(refusal).into()),
        "invalid_grant: two lines"
    );
}
