//! What to do about each failure of `oidc`.
//!
//! One match, so that a new failure cannot be left without a thought; the texts for a provider's own errors are `diagnose`'s.
//! Okta's console is named only where the issuer is Okta's.

mod cluster;
mod setup;

use url::Url;

use crate::clock;
use crate::diagnose;
use crate::files;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::grants::paste;
use crate::oidc::loopback::ignored::service_worker_hint;
use crate::settings::{is_loopback, is_okta};
use crate::untrusted_text::UntrustedText;

impl OAuthError {
    fn hint(&self) -> String {
        diagnose::hint(diagnose::ErrorResponse {
            error: self.error.as_str(),
            description: self.description.as_ref().map_or("", UntrustedText::as_str),
            is_okta: self.is_okta,
            grant: self.grant,
        })
    }
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::CodeOfAnybody | Self::Pasted(paste::CODE_ALONE) => self.hint_for_the_clusters_issuer(),
            Self::AuthorityFile(_)
            | Self::AuthorityNotPem { .. }
            | Self::Client(_)
            | Self::CertificateVariables(_)
            | Self::RequestHeader(_)
            | Self::OtherAccount { .. }
            | Self::FlagFile { .. }
            | Self::CallbackTls { .. }
            | Self::SecretNotText(_)
            | Self::Internal(_) => self.setup_hint(),
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::UnknownProxy { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::NotHttp { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::NotJson { .. }
            | Self::NoDocument { .. }
            | Self::AnswerTooLarge { .. }
            | Self::ContentEncoding { .. }
            | Self::ClientRefused { .. }
            | Self::NoReason { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => self.network_hint(),
            Self::IssuerMismatch { .. } | Self::Discovery { .. } | Self::Keys { .. } => self.provider_hint(),
            Self::NoAddress(taken) => taken.hint(),
            Self::PromptImpossible(_)
            | Self::Prompt(_)
            | Self::NotTyped(_)
            | Self::NotTypedInTime { .. }
            | Self::NoDeviceEndpoint
            | Self::DeviceExpired
            | Self::DeviceUnattended { .. }
            | Self::DeviceAddress(..)
            | Self::InputEnded
            | Self::Pasted(_)
            | Self::LoginImpossible { .. }
            | Self::PastedCodeRefused(_)
            | Self::PastedAddressRefused(_)
            | Self::NothingPasted { .. } => self.by_hand_hint().to_owned(),
            Self::Unattended { .. }
            | Self::LoginUnseen
            | Self::AnswerIssuer { .. }
            | Self::AnswerIssuerMissing
            | Self::AnswerMalformed(_) => self.browser_hint(),
            Self::SignInRefused(error) | Self::OAuth(error) => error.hint(),
            Self::PasswordRefused(refusal) => refusal.password_hint(),
            Self::TokenAnswer { .. }
            | Self::TokenType(_)
            | Self::TokenCharacters
            | Self::NoIdToken
            | Self::NoLifetime
            | Self::IdToken { .. } => self.token_hint(),
        }
    }

    fn password_hint(&self) -> String {
        format!(
            "check the user name and the password; if they are right: {}",
            self.hint()
        )
    }

    fn token_hint(&self) -> String {
        let hint = match self {
            Self::IdToken {
                source,
                clock_ahead,
                okta,
            } => return source.hint(*clock_ahead, *okta),
            Self::NoIdToken => {
                "the provider has to grant the scope `openid` to this app; a program that signs in for itself needs \
                 --oidc-use-access-token"
            }
            Self::NoLifetime => {
                "let the provider send `expires_in` with its tokens, or leave --oidc-use-access-token out: the cluster needs a token that \
                 says when it ends"
            }
            // RFC 9449 5, RFC 8705 3.
            Self::TokenType(_) => {
                "let the provider send bearer tokens to this app: turn off what binds tokens to a key (DPoP, client certificates)"
            }
            Self::TokenCharacters => {
                "leave --oidc-use-access-token out, if the cluster takes ID tokens; else ask whoever runs the provider: its tokens break \
                 RFC 6750 2.1"
            }
            Self::TokenAnswer { url, .. } if is_at_okta(url) => {
                "ask Okta's support, and quote the request id (-v shows it)"
            }
            _ => "ask whoever runs the provider; its answer breaks RFC 6749",
        };
        hint.to_owned()
    }

    fn browser_hint(&self) -> String {
        match self {
            Self::Unattended {
                is_of_one_issuer: true,
                ..
            } => self.hint_for_the_clusters_issuer(),
            Self::Unattended { redirect_uri, ignored, .. } if ignored.not_pages > 0 => service_worker_hint(redirect_uri),
            Self::Unattended { redirect_uri, .. } => format!(
                "finish the sign-in in the browser; if it shows an error instead (\"400 Bad Request\"): about the redirect URI, add \
                 {redirect_uri} to the app's redirect URIs at the provider, to the letter; about the client, compare \
                 --oidc-client-id with the app"
            ),
            Self::LoginUnseen => "leave out `2>/dev/null`, or use a machine with a browser".to_owned(),
            // RFC 9207 2.4.
            Self::AnswerIssuerMissing => "ask whoever runs the provider: its discovery document has \
                 `authorization_response_iss_parameter_supported`, so each answer needs the parameter `iss`"
                .to_owned(),
            _ => {
                "run the command again; if it comes back, something between browser and provider changes answers".to_owned()
            }
        }
    }

    fn by_hand_hint(&self) -> &'static str {
        match self {
            Self::PromptImpossible("password") => {
                "give it in a file with --password-file, or run kubectl at a terminal, in the foreground, with `interactiveMode: \
                 IfAvailable` in the kubeconfig"
            }
            Self::PromptImpossible("user name") => {
                "give it with --username, or run kubectl at a terminal, in the foreground, with `interactiveMode: IfAvailable` in the \
                 kubeconfig"
            }
            Self::PromptImpossible(_) => {
                "run kubectl at a terminal, in the foreground, with `interactiveMode: IfAvailable` in the kubeconfig; or use \
                 another --grant-type"
            }
            Self::LoginImpossible { forbidden: true } => {
                "sign in once at a terminal, with `interactiveMode: IfAvailable` in the kubeconfig, or where there is a browser; or use \
                 --grant-type=device-code"
            }
            Self::LoginImpossible { forbidden: false } => {
                "sign in once at a terminal or where there is a browser, or use --grant-type=device-code"
            }
            Self::NoDeviceEndpoint => {
                "use another --grant-type, or enable device authorization at the provider"
            }
            Self::DeviceExpired => "run the command again, and sign in while it waits",
            Self::DeviceUnattended { .. } => {
                "run the command again, and sign in while it waits; --authentication-timeout-sec gives you longer"
            }
            Self::DeviceAddress(..) => {
                "ask whoever runs the provider: the page that takes the code needs a short https address without a user name in it"
            }
            Self::NotTyped(_) => {
                "run the command again and type it, or give the name with --username and the password with --password-file"
            }
            Self::NotTypedInTime { .. } => {
                "run the command again and type it while it waits; --authentication-timeout-sec gives you longer; or give the name with \
                 --username and the password with --password-file"
            }
            Self::InputEnded => {
                "paste the code, or the address that the browser ended on, and leave standard input open until then"
            }
            Self::PastedCodeRefused(_) => {
                "what was pasted is not the code of this sign-in, or was used before: run the command again, and paste the whole \
                 address that the browser ended on"
            }
            Self::PastedAddressRefused(_) => {
                "the code in the pasted address is damaged, was used before, or has expired: run the command again, and paste the \
                 whole address that the browser ended on"
            }
            Self::NothingPasted {
                has_redirect_uri: false,
                ..
            } => {
                "paste the code alone, or the whole address that the browser ended on; if the page showed an error about \
                 `redirect_uri`, the provider needs to be told one that is registered for the app: --oidc-redirect-url"
            }
            Self::Pasted(_) | Self::NothingPasted { .. } => {
                "paste the code alone, or the whole address that the browser ended on, of this sign-in"
            }
            _ => "run the command at a terminal",
        }
    }

    fn network_hint(&self) -> String {
        match self {
            Self::Tls { fault, .. } => return fault.hint(),
            Self::RateLimited {
                until: Some(until), ..
            }
            | Self::Refused {
                until: Some(until), ..
            } => return try_again(*until, clock::now()),
            _ => {}
        }
        let hint = self.status_hint().unwrap_or_else(|| self.exchange_hint());
        hint.to_owned()
    }

    /// What the status alone says.
    fn status_hint(&self) -> Option<&'static str> {
        Some(match self {
            // RFC 9110 15.5.14 and 15.5.15, RFC 6585 5.
            Self::Refused {
                status: 413 | 414 | 431,
                ..
            }
            | Self::NotJson {
                status: 413 | 414 | 431,
                ..
            } => {
                "the request is too large for the server or the proxy in front of it: its headers (--oidc-request-header), or \
                 a refresh token that has grown with cookies or the user's groups; whoever runs it can raise the limit"
            }
            Self::Refused { status: 404, url, .. } if is_at_okta(url) => {
                "check --oidc-issuer-url for a typo (`default` in /oauth2/default may not exist; without it the issuer is \
                 https://YOUR-ORG.okta.com)"
            }
            Self::Refused { status: 404, url, .. } if url.as_str().matches("/.well-known/").count() > 1 => {
                "give the issuer alone in --oidc-issuer-url, without /.well-known/openid-configuration"
            }
            Self::Refused {
                status: 404 | 405 | 410,
                url,
                ..
            } if url.as_str().ends_with("/.well-known/openid-configuration") => {
                "check --oidc-issuer-url for a typo"
            }
            Self::Refused {
                status: 404 | 405 | 410,
                ..
            } => {
                "this address is in the provider's discovery document: ask whoever runs the provider, or the proxy in front of it"
            }
            Self::Refused {
                status: 408 | 425, ..
            } => "try again later",
            Self::Refused { status: 400..500, .. } => {
                "check --oidc-issuer-url; if it is right, what stands in front of the provider may want a header \
                 (--oidc-request-header) or another network"
            }
            _ => return None,
        })
    }

    fn exchange_hint(&self) -> &'static str {
        match self {
            // HTTP 407 of a proxy; the library has no type for it that can be told by.
            Self::Unreachable { cause, .. } if cause.as_str().contains("proxy authorization required") => {
                "the proxy wants a user name and a password: put them into HTTPS_PROXY, as http://user:password@proxy:port"
            }
            Self::Unreachable { cause, .. } if cause.as_str().contains("Too many open files") => {
                "close programs, or raise the limit of open files (ulimit -n), and try again"
            }
            Self::Unreachable { sent: true, .. } => {
                "the connection broke off before there was a whole answer: try again; if it stays so, look at the proxy in front of the \
                 provider, or ask whoever runs it"
            }
            Self::Unreachable { url, .. } if is_at_loopback(url) => {
                "nothing answers there on this machine: check the port in --oidc-issuer-url, and that the provider runs"
            }
            Self::Unreachable { .. } | Self::Timeout { connected: false, .. } => {
                "check the network, VPN and proxy (HTTPS_PROXY)"
            }
            Self::UnknownHost { .. } => "check --oidc-issuer-url for a typo, then the network and VPN",
            Self::UnknownProxy { .. } => {
                "correct HTTPS_PROXY (or ALL_PROXY, or the system's proxy setting), or name the provider's host in NO_PROXY"
            }
            Self::Timeout { .. } => {
                "it took the connection, and is slow or hangs: try again, and look at the provider's status page or the proxy \
                 in front of it"
            }
            Self::NotHttp { .. } => {
                "check the scheme and port in --oidc-issuer-url: something else than http answers there, maybe https"
            }
            Self::ContentEncoding { .. } => {
                "ask whoever runs the provider, or the proxy in front of it, to send answers unencoded or as gzip"
            }
            Self::RateLimited { .. } => "try again in a minute",
            Self::NotJson { .. } => {
                "something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive \
                 portal)"
            }
            Self::NoDocument { .. } => {
                "check --oidc-issuer-url and the proxy in front of it; the provider has to send its documents as JSON objects"
            }
            Self::ClientRefused { .. } => {
                "compare --oidc-client-id and --oidc-client-secret with the app; a gateway in front of \
                 the provider may want a header (--oidc-request-header)"
            }
            Self::NoReason { .. } => {
                "the provider gives no reason, and its log may: compare --oidc-issuer-url, --oidc-client-id and \
                 --oidc-client-secret with the app, and look at what stands in front of the provider"
            }
            Self::Redirected { .. } => {
                "a network's sign-in page or a proxy may stand in between: check network, VPN and proxy; if the provider has \
                 moved there, give its new issuer, as your cluster has it"
            }
            Self::RedirectLoop { .. } | Self::AnswerTooLarge { .. } => {
                "check --oidc-issuer-url; if it is right, ask whoever runs the provider or the proxy in front of it"
            }
            _ => "try again later",
        }
    }

    fn provider_hint(&self) -> String {
        match self {
            Self::IssuerMismatch { configured, returned } => issuer_hint(configured, returned),
            Self::Discovery { .. } => {
                "check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect \
                 rules"
                    .to_owned()
            }
            _ => "ask whoever runs the provider; its documents break the OpenID Connect rules".to_owned(),
        }
    }
}

/// The time is told too: what is remembered may be told later.
fn try_again(until: i64, now: i64) -> String {
    let at = clock::rfc3339(until);
    match until.saturating_sub(now) {
        seconds @ 1..60 => format!("try again in {seconds} s (after {at})"),
        seconds @ 60..3600 => format!("try again in {} min (after {at})", (seconds + 59) / 60),
        _ => format!("try again after {at}"),
    }
}

fn issuer_hint(configured: &UntrustedText, returned: &UntrustedText) -> String {
    if returned.as_str().contains('{') {
        return "the provider serves several tenants at this address: use the issuer with your own tenant's id in it, here and in \
                the API server"
            .to_owned();
    }
    // Another's text, in a command line that is to be typed.
    let flag = format!("--oidc-issuer-url={}", files::quoted(returned.as_str()));
    if configured.as_str().trim_end_matches('/') == returned.as_str().trim_end_matches('/') {
        return format!("only the slash at the end differs: use {flag} here and in the API server");
    }
    let change = if is_at_okta(configured) || is_at_okta(returned) {
        ", or set the issuer of the authorization server at Okta (Security > API) to this URL"
    } else {
        ", if that is the provider you mean"
    };
    format!("use {flag} here and in the API server{change}")
}

fn is_at_okta(url: &UntrustedText) -> bool {
    Url::parse(url.as_str()).is_ok_and(|url| is_okta(&url))
}

fn is_at_loopback(url: &UntrustedText) -> bool {
    Url::parse(url.as_str()).is_ok_and(|url| is_loopback(&url))
}

#[cfg(test)]
mod tests;
