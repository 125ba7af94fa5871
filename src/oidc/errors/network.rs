//! Errors of the network and of HTTP: the provider was not reached, or something else than its expected response came.

use url::Url;

use super::{is_at_okta, reason_suffix, request_id_suffix};
use crate::catalogue::Id;
use crate::clock::{self, Timestamp};
use crate::oidc::http::tls_fault::TlsFault;
use crate::settings::is_loopback;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    #[error("cannot reach {url}: {cause}")]
    Unreachable {
        url: UntrustedText,
        cause: UntrustedText,
        reason: UnreachableReason,
        /// The request was sent, at least in part, so the provider may have processed it.
        sent: bool,
    },
    #[error("cannot find the host of {url}: {cause}")]
    UnknownHost {
        url: UntrustedText,
        cause: UntrustedText,
    },
    #[error("cannot find the proxy `{proxy}` on the way to {url}: {cause}")]
    UnknownProxy {
        url: UntrustedText,
        proxy: UntrustedText,
        cause: UntrustedText,
    },
    #[error("{url} did not answer within {seconds} s")]
    Timeout {
        url: UntrustedText,
        seconds: u64,
        /// There was a connection, so the provider may have processed the request.
        connected: bool,
    },
    #[error("{}", .fault.about(.url))]
    Tls { url: UntrustedText, fault: TlsFault },
    #[error("{url} does not answer in HTTP: {cause}")]
    NotHttp {
        url: UntrustedText,
        cause: UntrustedText,
    },
    #[error("{url} asks to slow down (HTTP 429){}", reason_suffix(.reason.as_ref()))]
    RateLimited {
        url: UntrustedText,
        reason: Option<UntrustedText>,
        until: Option<Timestamp>,
        request_id: Option<UntrustedText>,
    },
    /// A status that is an error by itself.
    #[error("{url} answered with HTTP {status}{}{}", reason_suffix(.reason.as_ref()), request_id_suffix(.request_id.as_ref()))]
    Status {
        url: UntrustedText,
        status: u16,
        reason: Option<UntrustedText>,
        /// When the provider accepts the next request.
        until: Option<Timestamp>,
        request_id: Option<UntrustedText>,
    },
    #[error("{url} answered with HTTP {status} and {content_type}, not with JSON{}", reason_suffix(.start.as_ref()))]
    NotJson {
        url: UntrustedText,
        status: u16,
        content_type: UntrustedText,
        /// The title of a page, or the beginning of another text.
        start: Option<UntrustedText>,
    },
    #[error("{url} answered with HTTP {status} and a body that cannot be decoded: {why}")]
    ContentEncoding {
        url: UntrustedText,
        status: u16,
        why: UntrustedText,
    },
    #[error("{url} answered with more than {limit} bytes")]
    ResponseTooLarge { url: UntrustedText, limit: usize },
    #[error("{url} redirects to {to}, and kubesesame follows no redirect there")]
    Redirected { url: UntrustedText, to: UntrustedText },
    #[error("{url} redirects without end")]
    RedirectLoop { url: UntrustedText },
}

/// What is known of the cause of [`NetworkError::Unreachable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnreachableReason {
    /// HTTP 407.
    ProxyAuthentication,
    /// The process or the system has no file descriptor left.
    TooManyOpenFiles,
    Other,
}

impl NetworkError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::Tls { fault, .. } => return fault.hint(),
            Self::RateLimited {
                until: Some(until), ..
            }
            | Self::Status {
                until: Some(until), ..
            } => return try_again(*until, clock::now()),
            Self::Unreachable {
                url, reason, sent, ..
            } => unreachable_hint(url, *reason, *sent),
            Self::UnknownHost { .. } => "check --oidc-issuer-url for a typo, then the network and VPN",
            Self::UnknownProxy { .. } => {
                "correct HTTPS_PROXY (or ALL_PROXY, or the system's proxy setting), or name the provider's host in NO_PROXY"
            }
            Self::Timeout { connected: false, .. } => CHECK_NETWORK,
            Self::Timeout { connected: true, .. } => {
                "it took the connection, and is slow or hangs: try again, and look at the provider's status page or the proxy \
                 in front of it"
            }
            Self::NotHttp { .. } => {
                "check the scheme and port in --oidc-issuer-url: something else than http answers there, maybe https"
            }
            Self::RateLimited { until: None, .. } => "try again in a minute",
            Self::Status {
                url,
                status,
                until: None,
                ..
            } => status_hint(url, *status),
            Self::NotJson { status, .. } if is_request_too_large(*status) => REQUEST_TOO_LARGE,
            Self::NotJson { .. } => {
                "something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive \
                 portal)"
            }
            Self::ContentEncoding { .. } => {
                "ask whoever runs the provider, or the proxy in front of it, to send answers unencoded or as gzip"
            }
            Self::Redirected { .. } => {
                "a network's sign-in page or a proxy may stand in between: check network, VPN and proxy; if the provider has \
                 moved there, give its new issuer, as your cluster has it"
            }
            Self::RedirectLoop { .. } | Self::ResponseTooLarge { .. } => {
                "check --oidc-issuer-url; if it is right, ask whoever runs the provider or the proxy in front of it"
            }
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::Unreachable { reason, .. } => match reason {
                UnreachableReason::ProxyAuthentication => Id::PROXY,
                UnreachableReason::TooManyOpenFiles => Id::SYSTEM_LIMITS,
                UnreachableReason::Other => Id::PROVIDER_UNREACHABLE,
            },
            Self::UnknownHost { .. } => Id::HOST_UNKNOWN,
            Self::UnknownProxy { .. } => Id::PROXY,
            Self::Timeout { connected: false, .. } => Id::PROVIDER_UNREACHABLE,
            Self::Timeout { connected: true, .. } => Id::PROVIDER_UNAVAILABLE,
            Self::Tls { fault, .. } => fault.id(),
            Self::RateLimited { .. } => Id::RATE_LIMITED,
            Self::Status {
                url, status, until, ..
            } => status_id(url, *status, until.is_some()),
            Self::NotJson { status, .. } if is_request_too_large(*status) => Id::REQUEST_TOO_LARGE,
            Self::NotHttp { .. }
            | Self::NotJson { .. }
            | Self::ResponseTooLarge { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => Id::NOT_A_PROVIDER,
            Self::ContentEncoding { .. } => Id::PROVIDER_ANSWER_INVALID,
        }
    }

    /// Whether other callers that wait for the same provider fail in the same way.
    pub(super) fn is_shared_by_waiters(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::Status { .. }
            | Self::NotJson { .. }
            | Self::ContentEncoding { .. }
            | Self::ResponseTooLarge { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => true,
            Self::UnknownProxy { .. } | Self::Tls { .. } | Self::NotHttp { .. } => false,
        }
    }

    /// Whether a refresh may fail in this way each time, so that a new login is the way out: the server answered, and reported no temporary
    /// fault. A login would fail like the refresh where nothing was reached, or where something else than the provider answered (a proxy, the
    /// sign-in page of a network); a rate limit ends.
    pub(super) fn may_need_new_login(&self) -> bool {
        match self {
            Self::Status { status, .. } | Self::NotJson { status, .. } => *status < 500,
            Self::ResponseTooLarge { .. } => true,
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::UnknownProxy { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::NotHttp { .. }
            | Self::RateLimited { .. }
            | Self::ContentEncoding { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => false,
        }
    }

    /// Whether the cached metadata of the provider may be out of date.
    pub(super) fn may_mean_stale_metadata(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 404 | 405 | 410),
            Self::UnknownHost { .. }
            | Self::NotJson { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => true,
            Self::Unreachable { .. }
            | Self::UnknownProxy { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::NotHttp { .. }
            | Self::RateLimited { .. }
            | Self::ContentEncoding { .. }
            | Self::ResponseTooLarge { .. } => false,
        }
    }

    /// Whether the connection ended after the request was sent: the provider may have processed it, and its response is lost.
    pub(super) fn is_lost_response(&self) -> bool {
        matches!(self, Self::Unreachable { sent: true, .. })
    }

    /// When the provider accepts the next request, if a rate limit says so.
    pub(super) fn retry_after(&self) -> Option<Timestamp> {
        if let Self::RateLimited { until, .. } = self {
            *until
        } else {
            None
        }
    }
}

const CHECK_NETWORK: &str =
    "look at the network: connect the VPN if the provider needs it, and set HTTPS_PROXY if there is a proxy";
const REQUEST_TOO_LARGE: &str = "the request is too large for the server or the proxy in front of it: its headers (--oidc-request-header), or \
                                 a refresh token that has grown with cookies or the user's groups; whoever runs it can raise the limit";

fn unreachable_hint(url: &UntrustedText, reason: UnreachableReason, sent: bool) -> &'static str {
    match reason {
        UnreachableReason::ProxyAuthentication => {
            "the proxy wants a user name and a password: put them into HTTPS_PROXY, as http://user:password@proxy:port"
        }
        UnreachableReason::TooManyOpenFiles => {
            "close programs, or raise the limit of open files (ulimit -n), and try again"
        }
        UnreachableReason::Other if sent => {
            "the connection broke off before there was a whole answer: try again; if it stays so, look at the proxy in front of the \
             provider, or ask whoever runs it"
        }
        UnreachableReason::Other if is_at_loopback(url) => {
            "nothing answers there on this machine: check the port in --oidc-issuer-url, and that the provider runs"
        }
        UnreachableReason::Other => CHECK_NETWORK,
    }
}

fn status_id(url: &UntrustedText, status: u16, says_when: bool) -> Id {
    match status {
        _ if says_when => Id::PROVIDER_UNAVAILABLE,
        status if is_request_too_large(status) => Id::REQUEST_TOO_LARGE,
        404 | 405 | 410 if url.as_str().contains("/.well-known/") => Id::DISCOVERY_NOT_FOUND,
        400..500 if !matches!(status, 408 | 425) => Id::REQUEST_REFUSED,
        _ => Id::PROVIDER_UNAVAILABLE,
    }
}

/// RFC 9110 15.5.14 and 15.5.15, RFC 6585 5.
fn is_request_too_large(status: u16) -> bool {
    matches!(status, 413 | 414 | 431)
}

fn status_hint(url: &UntrustedText, status: u16) -> &'static str {
    match status {
        status if is_request_too_large(status) => REQUEST_TOO_LARGE,
        404 if is_at_okta(url) => {
            "check --oidc-issuer-url for a typo (`default` in /oauth2/default may not exist; without it the issuer is \
             https://YOUR-ORG.okta.com)"
        }
        404 if url.as_str().matches("/.well-known/").count() > 1 => {
            "give the issuer alone in --oidc-issuer-url, without /.well-known/openid-configuration"
        }
        404 | 405 | 410 if url.as_str().ends_with("/.well-known/openid-configuration") => {
            "check --oidc-issuer-url for a typo"
        }
        404 | 405 | 410 => {
            "this address is in the provider's discovery document: ask whoever runs the provider, or the proxy in front of it"
        }
        // HTTP 408 and 425 are about the moment of the request.
        400..500 if !matches!(status, 408 | 425) => {
            "check --oidc-issuer-url; if it is right, what stands in front of the provider may want a header \
             (--oidc-request-header) or another network"
        }
        _ => "try again later",
    }
}

/// The hint has the time, too, since a stored failure may be reported later.
fn try_again(until: Timestamp, now: Timestamp) -> String {
    let at = until.rfc3339();
    match until.secs_since(now) {
        seconds @ 1..60 => format!("try again in {seconds} s (after {at})"),
        seconds @ 60..3600 => format!("try again in {} min (after {at})", (seconds + 59) / 60),
        _ => format!("try again after {at}"),
    }
}

fn is_at_loopback(url: &UntrustedText) -> bool {
    Url::parse(url.as_str()).is_ok_and(|url| is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;

    #[test]
    fn a_status_is_explained_by_who_can_act_on_it() {
        let document = "https://i/.well-known/openid-configuration";
        for (url, status, says_when, id) in [
            (document, 404, false, Id::DISCOVERY_NOT_FOUND),
            (document, 403, false, Id::REQUEST_REFUSED),
            ("https://i/keys", 404, false, Id::REQUEST_REFUSED),
            ("https://i/token", 431, false, Id::REQUEST_TOO_LARGE),
            ("https://i/token", 408, false, Id::PROVIDER_UNAVAILABLE),
            ("https://i/token", 503, false, Id::PROVIDER_UNAVAILABLE),
            (document, 404, true, Id::PROVIDER_UNAVAILABLE),
        ] {
            let found = status_id(&UntrustedText::new(url), status, says_when);
            assert_eq!(found, id, "{url} {status}");
        }
    }

    #[test]
    fn a_time_within_the_hour_is_told_by_how_far_away_it_is() {
        for (seconds, expected) in [
            (-5, "try again after 19"),
            (0, "try again after 19"),
            (3, "try again in 3 s (after 1970-01-01T00:00:03Z)"),
            (59, "try again in 59 s ("),
            (60, "try again in 1 min ("),
            (61, "try again in 2 min ("),
            (3599, "try again in 60 min ("),
            (3600, "try again after 1970-01-01T01:00:00Z"),
            (i64::MAX, "try again after "),
        ] {
            let told = try_again(at(seconds), at(0));
            assert!(told.starts_with(expected), "{seconds}: {told}");
        }
    }
}
