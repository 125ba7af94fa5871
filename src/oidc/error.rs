//! What can go wrong between us and a provider, each with what to do about it.

use super::distrust;
use super::listener;
use crate::diagnose;
use crate::files;
use crate::foreign_text::ForeignText;

/// An error answer of the provider (RFC 6749 sections 4.1.2.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    /// HTTP status; 0 when it came by the browser.
    pub(crate) status: u16,
    pub(crate) error: ForeignText,
    pub(crate) description: Option<ForeignText>,
    pub(crate) request_id: Option<ForeignText>,
}

impl OAuthError {
    /// The session is over: this grant will never work again (and a 429 is not this, see `http`).
    pub(crate) fn ends_session(&self) -> bool {
        self.status == 400 && self.error.as_str() == "invalid_grant"
    }

    /// More was asked for than is allowed. Okta says `invalid_scope` for the app's setting and `access_denied` for the access
    /// policy's and for a refresh that asks for more than was granted.
    pub(crate) fn refuses_a_scope(&self) -> bool {
        let names_a_scope = || {
            let text = self.description.as_ref();
            text.is_some_and(|text| text.as_str().contains("scope"))
        };
        match self.error.as_str() {
            "invalid_scope" => true,
            "access_denied" => names_a_scope(),
            _ => false,
        }
    }

    pub(crate) fn shown(&self) -> ForeignText {
        ForeignText::new(&self.to_string())
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(description) = &self.description {
            write!(f, ": {description}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OAuthError {}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    // Before anything is asked.
    #[error("cannot read a certificate authority")]
    AuthorityFile(#[source] files::Error),
    #[error("{name} cannot be used: {why}")]
    AuthorityNotPem { name: String, why: &'static str },
    #[error("cannot set up TLS: {0}")]
    Client(ForeignText),
    #[error("cannot read the file of --{what}-file")]
    SecretFile {
        what: &'static str,
        source: files::Error,
    },
    #[error("the file of --{0}-file holds no text")]
    SecretNotText(&'static str),
    #[error("--oidc-request-header `{0}` is no HTTP header")]
    RequestHeader(ForeignText),
    #[error("signed in as `{got}`, not as `{wanted}`")]
    OtherAccount { wanted: ForeignText, got: ForeignText },
    #[error("internal error: {0}")]
    Internal(&'static str),

    // The network.
    #[error("cannot reach {url}: {cause}")]
    Unreachable { url: ForeignText, cause: ForeignText },
    #[error("cannot find the host of {url}: {cause}")]
    UnknownHost { url: ForeignText, cause: ForeignText },
    #[error("{url} did not answer within {seconds} s")]
    Timeout { url: ForeignText, seconds: u64 },
    #[error("the certificate of {url} is not trusted: {cause}")]
    Untrusted { url: ForeignText, cause: ForeignText },
    #[error("{url} asks to slow down (HTTP 429){}", tail(.reason.as_ref()))]
    RateLimited {
        url: ForeignText,
        reason: Option<ForeignText>,
        /// Seconds since the epoch.
        until: Option<i64>,
        request_id: Option<ForeignText>,
    },
    #[error("{url} answered with HTTP {status}{}{}", tail(.reason.as_ref()), id(.request_id.as_ref()))]
    Refused {
        url: ForeignText,
        status: u16,
        reason: Option<ForeignText>,
        request_id: Option<ForeignText>,
    },
    #[error("{url} answered with HTTP {status} and {content_type}, not with JSON{}", tail(.start.as_ref()))]
    NotJson {
        url: ForeignText,
        status: u16,
        content_type: ForeignText,
        start: Option<ForeignText>,
    },
    #[error("{url} answered with more than {limit} bytes")]
    AnswerTooLarge { url: ForeignText, limit: usize },
    #[error("{url} redirects to {to}, and kubesesame follows no redirect there")]
    Redirected { url: ForeignText, to: ForeignText },

    // Discovery and keys.
    #[error("the discovery document is of issuer `{returned}`, not of `{configured}`")]
    IssuerMismatch {
        configured: ForeignText,
        returned: ForeignText,
    },
    #[error("the discovery document at {url} cannot be used: {why}")]
    Discovery { url: ForeignText, why: ForeignText },
    #[error("the key set at {url} cannot be used: {why}")]
    Keys { url: ForeignText, why: ForeignText },

    // Waiting for the browser.
    #[error("no address is free to wait on for the browser")]
    NoAddress(#[source] listener::Taken),
    #[error("a sign-in is needed, and there is neither a browser nor a terminal here")]
    LoginImpossible,
    #[error("this grant asks for a {0}, and nobody can be asked here")]
    PromptImpossible(&'static str),
    #[error("the person could not be asked")]
    Prompt(#[source] std::io::Error),
    #[error("the provider has no device authorization endpoint")]
    NoDeviceEndpoint,
    #[error("the device code ended before anybody signed in with it")]
    DeviceExpired,
    #[error("nothing was pasted within {seconds} s")]
    NothingPasted { seconds: u64 },
    #[error("what was pasted is no answer to this sign-in: {0}")]
    Pasted(&'static str),
    #[error("nobody signed in within {seconds} s{}", ignored_tail(*.ignored))]
    Unattended {
        seconds: u64,
        ignored: usize,
        redirect_uri: String,
    },
    #[error("{0} requests came to the sign-in's address, and none was the provider's answer")]
    TooManyStrangers(usize),

    // The provider's answer by the browser.
    #[error("the provider refused the sign-in: {0}")]
    SignInRefused(OAuthError),
    #[error("the answer to the sign-in came from issuer `{got}`, not from `{expected}`")]
    AnswerIssuer { expected: ForeignText, got: ForeignText },
    #[error("the answer to the sign-in does not name its issuer, though the provider promises to")]
    AnswerIssuerMissing,
    #[error("the answer to the sign-in makes no sense: {0}")]
    AnswerMalformed(&'static str),

    // Tokens.
    #[error("the provider refused the request for tokens: {0}")]
    OAuth(OAuthError),
    #[error("the answer of {url} cannot be used: {why}")]
    TokenAnswer { url: ForeignText, why: ForeignText },
    #[error("the provider sent a `{0}` token, not a bearer token")]
    TokenType(ForeignText),
    #[error("the provider sent no ID token")]
    NoIdToken,
    #[error("the provider does not say how long its access token lives")]
    NoLifetime,
    #[error("the ID token cannot be trusted")]
    IdToken {
        #[source]
        source: distrust::Error,
        /// How far the provider's clock is ahead of ours, in seconds.
        clock_ahead: i64,
    },
}

fn tail(text: Option<&ForeignText>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

fn id(text: Option<&ForeignText>) -> String {
    text.map(|text| format!(" (request id {text})"))
        .unwrap_or_default()
}

fn ignored_tail(ignored: usize) -> String {
    match ignored {
        0 => String::new(),
        1 => "; one answer was ignored, since its state was not ours".to_owned(),
        n => format!("; {n} answers were ignored, since their state was not ours"),
    }
}

impl Error {
    /// It is the provider's failure, and so that of everybody who waits for the same answer.
    pub(crate) fn is_the_providers(&self) -> bool {
        self.is_a_refusal()
            || self.may_mean_a_move()
            || matches!(
                self,
                Self::Unreachable { .. }
                    | Self::Timeout { .. }
                    | Self::RateLimited { .. }
                    | Self::Refused { .. }
                    | Self::AnswerTooLarge { .. }
                    | Self::IssuerMismatch { .. }
                    | Self::Discovery { .. }
                    | Self::Keys { .. }
                    | Self::TokenAnswer { .. }
                    | Self::TokenType(_)
            )
    }

    /// The provider answered, and its answer will not change by itself.
    pub(crate) fn is_a_refusal(&self) -> bool {
        matches!(self, Self::OAuth(_) | Self::IdToken { .. })
    }

    /// What was kept of the provider's documents may be out of date.
    pub(crate) fn may_mean_a_move(&self) -> bool {
        matches!(
            self,
            Self::Redirected { .. }
                | Self::NotJson { .. }
                | Self::UnknownHost { .. }
                | Self::Refused {
                    status: 404 | 405 | 410,
                    ..
                }
        )
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::AuthorityFile(_)
            | Self::AuthorityNotPem { .. }
            | Self::Client(_)
            | Self::RequestHeader(_)
            | Self::OtherAccount { .. }
            | Self::SecretFile { .. }
            | Self::SecretNotText(_)
            | Self::Internal(_) => {
                self.setup_hint()
            }
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::Timeout { .. }
            | Self::Untrusted { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::NotJson { .. }
            | Self::AnswerTooLarge { .. }
            | Self::Redirected { .. } => Some(self.network_hint()),
            Self::IssuerMismatch { .. } | Self::Discovery { .. } | Self::Keys { .. } => Some(self.provider_hint()),
            Self::NoAddress(taken) => Some(taken.hint()),
            Self::PromptImpossible(_)
            | Self::Prompt(_)
            | Self::NoDeviceEndpoint
            | Self::DeviceExpired
            | Self::Pasted(_)
            | Self::NothingPasted { .. } => Some(self.by_hand_hint().to_owned()),
            Self::LoginImpossible => {
                Some("sign in once at a terminal or where there is a browser, or use --grant-type=device-code".to_owned())
            }
            Self::Unattended { redirect_uri, .. } => Some(format!(
                "run the command again and finish in the browser; if it shows \"400 Bad Request\", add \
                 {redirect_uri} to the app's sign-in redirect URIs, to the letter"
            )),
            Self::TooManyStrangers(_) => {
                Some("see what asks there, or use another port with --listen-address".to_owned())
            }
            Self::SignInRefused(error) | Self::OAuth(error) => Some(diagnose::hint(
                error.error.as_str(),
                error.description.as_ref().map_or("", ForeignText::as_str),
            )),
            Self::AnswerIssuer { .. } | Self::AnswerIssuerMissing | Self::AnswerMalformed(_) => Some(
                "run the command again; if it comes back, something between browser and provider changes answers"
                    .to_owned(),
            ),
            Self::TokenAnswer { .. } | Self::TokenType(_) => {
                Some("ask whoever runs the provider; at Okta, quote the request id (-v shows it)".to_owned())
            }
            Self::NoIdToken => Some(
                "the scope `openid` must be granted (at Okta, look at the access policy's rule); a program that signs in for \
                 itself needs --oidc-use-access-token"
                    .to_owned(),
            ),
            Self::NoLifetime => {
                Some("leave --oidc-use-access-token out: the cluster needs a token that says when it ends".to_owned())
            }
            Self::IdToken { source, clock_ahead } => Some(source.hint(*clock_ahead)),
        }
    }

    fn by_hand_hint(&self) -> &'static str {
        match self {
            Self::PromptImpossible(_) => {
                "run kubectl in a terminal, with `interactiveMode: IfAvailable` in the kubeconfig; or use another \
                 --grant-type"
            }
            Self::NoDeviceEndpoint => {
                "use another --grant-type, or enable device authorization at the provider"
            }
            Self::DeviceExpired => "run the command again, and sign in while it waits",
            Self::Pasted(_) | Self::NothingPasted { .. } => {
                "paste the code alone, or the whole address that the browser ended on, of this sign-in"
            }
            _ => "run kubectl in a terminal",
        }
    }

    fn setup_hint(&self) -> Option<String> {
        match self {
            Self::AuthorityFile(_) => {
                Some("--certificate-authority takes the path of a PEM file that you can read".to_owned())
            }
            Self::AuthorityNotPem { .. } => Some(
                "give the certificate that signed the provider's, as PEM (-----BEGIN CERTIFICATE-----)"
                    .to_owned(),
            ),
            Self::OtherAccount { .. } => Some(
                "sign out at the provider in your browser and try again, or give the other name with --account"
                    .to_owned(),
            ),
            Self::SecretFile { source, .. } => Some(source.hint()),
            Self::SecretNotText(_) => Some("put the secret into it, and nothing else".to_owned()),
            Self::RequestHeader(_) => Some("for example --oidc-request-header=X-Tenant=blue".to_owned()),
            Self::Client(_) => Some(
                "install the system's certificates (package ca-certificates), or name one with \
                 --certificate-authority"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn network_hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => "check the network, VPN and proxy (HTTPS_PROXY)".to_owned(),
            Self::UnknownHost { .. } => {
                "check --oidc-issuer-url for a typo, then the network and VPN".to_owned()
            }
            Self::Timeout { .. } => "check the network, VPN and proxy".to_owned(),
            Self::Untrusted { .. } => {
                "if your company checks TLS traffic or the provider has a certificate of its \
                 own, name the authority with --certificate-authority; also check this machine's clock"
                    .to_owned()
            }
            Self::RateLimited {
                until: Some(until), ..
            } => {
                format!("try again after {}", crate::clock::rfc3339(*until))
            }
            Self::RateLimited { .. } => "try again in a minute".to_owned(),
            Self::Refused { status: 404, .. } => "check --oidc-issuer-url for a typo (at Okta, `default` in \
                 /oauth2/default may not exist; without it the issuer is https://YOUR-ORG.okta.com)"
                .to_owned(),
            Self::NotJson { .. } => {
                "something else answers there: a wrong --oidc-issuer-url, a proxy, or a captive \
                 portal"
                    .to_owned()
            }
            Self::Redirected { .. } => {
                "give the issuer that it redirects to, if that is what your cluster trusts".to_owned()
            }
            _ => "try again later".to_owned(),
        }
    }

    fn provider_hint(&self) -> String {
        match self {
            Self::IssuerMismatch { configured, returned } => {
                let slash =
                    configured.as_str().trim_end_matches('/') == returned.as_str().trim_end_matches('/');
                if slash {
                    format!(
                        "only the slash at the end differs: use --oidc-issuer-url={returned} here and in the API server"
                    )
                } else {
                    format!(
                        "use --oidc-issuer-url={returned} here and in the API server, or set the issuer of the \
                         authorization server at Okta (Security > API) to this URL"
                    )
                }
            }
            _ => "ask whoever runs the provider; its documents break the OpenID Connect rules".to_owned(),
        }
    }
}
