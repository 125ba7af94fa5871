//! What can go wrong between us and a provider, each with what to do about it.

pub(super) mod hint;
pub(super) mod oauth_error;

use crate::diagnose::GrantType;
use crate::files;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::http::tls_fault::TlsFault;
use crate::oidc::loopback::ignored::Ignored;
use crate::oidc::loopback::listener;
use crate::oidc::token::verification_error;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    // Before anything is asked.
    #[error("cannot read a certificate authority")]
    AuthorityFile(#[source] files::Error),
    #[error("{name} cannot be used: {why}")]
    AuthorityNotPem { name: String, why: &'static str },
    #[error("cannot set up TLS: {0}")]
    Client(UntrustedText),
    /// Variables that name the system's certificates, as `SSL_CERT_FILE=/path`.
    #[error("cannot set up TLS: no certificate can be read by {0}")]
    CertificateVariables(UntrustedText),
    #[error("cannot read the file of --{flag}")]
    FlagFile {
        flag: &'static str,
        source: files::Error,
    },
    #[error("the file of --{0} holds no text")]
    SecretNotText(&'static str),
    #[error("--oidc-request-header `{0}` is no HTTP header")]
    RequestHeader(UntrustedText),
    #[error("the file of --{flag} cannot be used: {why}")]
    CallbackTls { flag: &'static str, why: UntrustedText },
    #[error("signed in as `{got}`, not as `{wanted}`")]
    OtherAccount {
        wanted: UntrustedText,
        got: UntrustedText,
    },
    #[error("internal error: {0}")]
    Internal(&'static str),

    // The network.
    #[error("cannot reach {url}: {cause}")]
    Unreachable {
        url: UntrustedText,
        cause: UntrustedText,
        /// The request was under way, and may have arrived.
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
        /// The connection was there, and the request may have arrived.
        connected: bool,
    },
    #[error("{}", .fault.about(.url))]
    Tls { url: UntrustedText, fault: TlsFault },
    #[error("{url} does not answer in HTTP: {cause}")]
    NotHttp {
        url: UntrustedText,
        cause: UntrustedText,
    },
    #[error("{url} asks to slow down (HTTP 429){}", tail(.reason.as_ref()))]
    RateLimited {
        url: UntrustedText,
        reason: Option<UntrustedText>,
        /// Seconds since the epoch.
        until: Option<i64>,
        request_id: Option<UntrustedText>,
    },
    #[error("{url} answered with HTTP {status}{}{}", tail(.reason.as_ref()), id(.request_id.as_ref()))]
    Refused {
        url: UntrustedText,
        status: u16,
        reason: Option<UntrustedText>,
        /// When it wants to be asked again, in seconds since the epoch.
        until: Option<i64>,
        request_id: Option<UntrustedText>,
    },
    #[error("{url} answered with HTTP {status} and {content_type}, not with JSON{}", tail(.start.as_ref()))]
    NotJson {
        url: UntrustedText,
        status: u16,
        content_type: UntrustedText,
        start: Option<UntrustedText>,
    },
    #[error("{url} answered with HTTP {status} and a body that cannot be decoded: {why}")]
    ContentEncoding {
        url: UntrustedText,
        status: u16,
        why: UntrustedText,
    },
    #[error("{url} answered with more than {limit} bytes")]
    AnswerTooLarge { url: UntrustedText, limit: usize },
    #[error("{url} redirects to {to}, and kubesesame follows no redirect there")]
    Redirected { url: UntrustedText, to: UntrustedText },
    #[error("{url} redirects without end")]
    RedirectLoop { url: UntrustedText },
    #[error("{url} answered with {what}, not with a JSON object")]
    NoDocument { url: UntrustedText, what: &'static str },

    // Discovery and keys.
    #[error("the discovery document is of issuer `{returned}`, not of `{configured}`")]
    IssuerMismatch {
        configured: UntrustedText,
        returned: UntrustedText,
    },
    #[error("the discovery document at {url} cannot be used: {why}")]
    Discovery { url: UntrustedText, why: UntrustedText },
    #[error("the key set at {url} cannot be used: {why}")]
    Keys { url: UntrustedText, why: UntrustedText },

    // Waiting for the browser.
    #[error("no address is free to wait on for the browser")]
    NoAddress(#[source] listener::BindFailure),
    #[error("a sign-in is needed, and there is neither a browser nor a terminal here{}", word_of_kubectl(*.forbidden))]
    LoginImpossible {
        /// kubectl lets nobody be asked.
        forbidden: bool,
    },
    #[error(
        "a sign-in is needed, and nobody would see where: standard error is the null device, and no browser is opened"
    )]
    LoginUnseen,
    #[error("this grant asks for a {0}, and nobody can be asked here")]
    PromptImpossible(&'static str),
    #[error("the person could not be asked")]
    Prompt(#[source] std::io::Error),
    #[error("no {0} was typed")]
    NotTyped(&'static str),
    #[error("no {what} was typed within {seconds} s")]
    NotTypedInTime { what: &'static str, seconds: u64 },
    /// Of an issuer that a cluster named.
    #[error(
        "a code by hand does not show which provider it is from, and the cluster's entry in the kubeconfig chose the issuer"
    )]
    CodeOfAnybody,
    #[error("the provider has no device authorization endpoint")]
    NoDeviceEndpoint,
    #[error("the device code ended before anybody signed in with it")]
    DeviceExpired,
    #[error("nobody signed in with the device code within {seconds} s")]
    DeviceUnattended { seconds: u64 },
    #[error("nothing was pasted within {seconds} s")]
    NothingPasted {
        seconds: u64,
        /// The provider was told where to send the browser.
        has_redirect_uri: bool,
    },
    #[error("the input ended before anything was pasted")]
    InputEnded,
    #[error("the address to sign in at, `{0}`, {1}")]
    DeviceAddress(UntrustedText, &'static str),
    #[error("what was pasted is no answer to this sign-in: {0}")]
    Pasted(&'static str),
    #[error("nobody signed in within {seconds} s{ignored}")]
    Unattended {
        seconds: u64,
        ignored: Ignored,
        redirect_uri: String,
        /// The redirect URI is that of an issuer that a cluster named.
        is_of_one_issuer: bool,
    },

    // The provider's answer by the browser.
    #[error("the provider refused the sign-in: {0}")]
    SignInRefused(OAuthError),
    #[error("the answer to the sign-in came from issuer `{got}`, not from `{expected}`")]
    AnswerIssuer {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("the answer to the sign-in does not name its issuer, though the provider promises to")]
    AnswerIssuerMissing,
    #[error("the answer to the sign-in makes no sense: {0}")]
    AnswerMalformed(&'static str),

    // Tokens.
    #[error("{url} answered with HTTP 401 and no OAuth error: it does not accept this client")]
    ClientRefused { url: UntrustedText },
    /// RFC 6749 5.2 wants an `error`: without one nobody knows whether the grant, the client or the request was refused.
    #[error("{url} answered with HTTP {status} and no OAuth error{}", id(.request_id.as_ref()))]
    NoReason {
        url: UntrustedText,
        status: u16,
        request_id: Option<UntrustedText>,
    },
    #[error("the provider refused the request for tokens: {0}")]
    OAuth(OAuthError),
    /// An answer to a password that says nothing definite of the client or the request.
    #[error("{0}")]
    PasswordRefused(Box<Self>),
    /// Of a code that a person pasted without its address, and so without a state that shows whose it is.
    #[error("the provider refused the request for tokens: {0}")]
    PastedCodeRefused(OAuthError),
    /// Of a code that came with its address, and so with our state.
    #[error("the provider refused the request for tokens: {0}")]
    PastedAddressRefused(OAuthError),
    #[error("the answer of {url} cannot be used: {why}")]
    TokenAnswer { url: UntrustedText, why: UntrustedText },
    #[error(
        "the provider sent an access token of type `{0}`, which is bound to a key, and not a bearer token"
    )]
    TokenType(UntrustedText),
    #[error(
        "the provider sent an access token with control characters in it, which no HTTP header can carry"
    )]
    TokenCharacters,
    #[error("the provider sent no ID token")]
    NoIdToken,
    #[error("the provider does not say how long its access token lives")]
    NoLifetime,
    #[error("the ID token cannot be trusted")]
    IdToken {
        #[source]
        source: verification_error::Error,
        /// How far the provider's clock is ahead of ours, in seconds.
        clock_ahead: i64,
        /// The issuer is Okta's.
        okta: bool,
    },
}

fn tail(text: Option<&UntrustedText>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

fn word_of_kubectl(forbidden: bool) -> &'static str {
    if forbidden {
        ": kubectl lets nobody be asked (`interactiveMode: Never`, or its standard input is no terminal)"
    } else {
        ""
    }
}

fn id(text: Option<&UntrustedText>) -> String {
    text.map(|text| format!(" (request id {text})"))
        .unwrap_or_default()
}

impl Error {
    /// Notes what was presented when the provider refused it.
    pub(in crate::oidc) fn of_grant(mut self, grant: GrantType) -> Self {
        if let Self::OAuth(refusal) = &mut self {
            refusal.grant = grant;
        }
        self
    }

    /// A clock is wrong, most often this machine's.
    pub(crate) fn is_of_a_clock(&self) -> bool {
        matches!(self, Self::IdToken { source, .. } if source.is_of_a_clock())
    }

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
                    | Self::ContentEncoding { .. }
                    | Self::IssuerMismatch { .. }
                    | Self::Discovery { .. }
                    | Self::Keys { .. }
                    | Self::TokenAnswer { .. }
                    | Self::TokenType(_)
                    | Self::TokenCharacters
                    | Self::SignInRefused(_)
                    | Self::ClientRefused { .. }
            )
    }

    /// The provider answered, and its answer will not change by itself.
    pub(crate) fn is_a_refusal(&self) -> bool {
        matches!(
            self,
            Self::OAuth(_)
                | Self::PastedCodeRefused(_)
                | Self::PastedAddressRefused(_)
                | Self::IdToken { .. }
                | Self::ClientRefused { .. }
        )
    }

    /// The server has answered, and nothing says that its next answer will be another.
    pub(crate) fn may_stay_so(&self) -> bool {
        match self {
            Self::Refused { status, .. } | Self::NotJson { status, .. } => *status < 500,
            Self::OAuth(error) => error.status < 500,
            Self::PasswordRefused(refusal) => refusal.may_stay_so(),
            Self::NoReason { .. }
            | Self::TokenAnswer { .. }
            | Self::TokenType(_)
            | Self::TokenCharacters
            | Self::NoLifetime
            | Self::AnswerTooLarge { .. } => true,
            _ => self.is_a_refusal(),
        }
    }

    /// The provider does not know the client by what it was told.
    pub(crate) fn is_of_the_client(&self) -> bool {
        match self {
            Self::ClientRefused { .. } => true,
            Self::OAuth(error) => {
                error.code() == "invalid_client" || (error.status == 401 && error.is_of_a_gateway())
            }
            _ => false,
        }
    }

    /// The provider may have done what it was asked to, and its answer cannot come any more.
    pub(crate) fn lost_its_connection(&self) -> bool {
        matches!(self, Self::Unreachable { sent: true, .. })
    }

    /// When the provider wants to be asked again, in seconds since the epoch, if it says.
    pub(crate) fn not_before(&self) -> Option<i64> {
        match self {
            Self::RateLimited { until, .. } => *until,
            _ => None,
        }
    }

    /// What was kept of the provider's documents may be out of date.
    pub(crate) fn may_mean_a_move(&self) -> bool {
        matches!(
            self,
            Self::Redirected { .. }
                | Self::RedirectLoop { .. }
                | Self::NotJson { .. }
                | Self::NoDocument { .. }
                | Self::UnknownHost { .. }
                | Self::NoReason { .. }
                | Self::Refused {
                    status: 404 | 405 | 410,
                    ..
                }
        )
    }
}
