//! The events that a login or a refresh reports, and the questions that it asks a person.
//!
//! The caller passes the functions that show the events and ask the questions.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use url::Url;

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::settings::{NoBrowser, TokenKind};
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

use crate::oidc::errors::Error;
use crate::oidc::token::id_token::Remark;

/// Something that happened. An event contains no secret, except the URL or user code that a person needs.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// Something for the log.
    Log(LogEvent<'a>),
    /// A program that is run for a secret wrote this to its standard error.
    ProgramWrote(&'a str),
    /// The provider's discovery document was fetched and is valid.
    Discovered,
    /// A listener waits for the browser at this redirect URI.
    ListenerReady { redirect_uri: &'a str },
    /// The response of the provider takes long. The path, which the provider may choose, could fill the screen.
    Waiting { origin: &'a UntrustedText },
    /// The response to a refresh was lost, and the request is repeated.
    ResponseLost,
    /// The authorization request has no redirect URI. The provider uses the registered one, or refuses the request.
    NoRedirectUri,
    /// A deprecated spelling of a flag is used, or a flag that has no effect.
    FlagNote(&'static str),
    /// The browser is about to open.
    SigningIn { issuer: &'a UntrustedText },
    /// A person is about to be shown a URL, for an issuer that a cluster chose.
    SigningInByUrl { issuer: &'a UntrustedText },
    /// No browser is opened.
    NoBrowser(NoBrowser),
    /// A person has to open this URL.
    OpenUrl(&'a Url),
    /// The URL that follows can be opened once, within this time.
    UrlLifetime { seconds: u64 },
    /// The provider refused an authorization request because it was not pushed, and another one follows.
    PushDemanded,
    /// The provider refused an authorization request, since it demands this of the sign-in, and another request follows.
    StepUpDemanded(&'a StepUp),
    /// A browser was started with this URL. It is not known whether a person sees it.
    BrowserStarted(&'a Url),
    /// From now on the address at which the browser ended can be pasted.
    PasteAccepted {
        /// An empty line opens the browser again.
        can_reopen_browser: bool,
    },
    /// How much of the sign-in's time is left.
    TimeLeft(Duration),
    /// The process was stopped or in the background, and continues in the foreground.
    Continued,
    /// The wait for a response and for a line has ended.
    WaitEnded,
    /// The next event is a user code, of this issuer, which a cluster's entry named.
    CodeIsForClusterIssuer(&'a UntrustedText),
    /// A person has to enter this code at this address.
    EnterCode {
        address: &'a Url,
        code: &'a UntrustedText,
        /// The address with the code in it, or else the plain address.
        complete: &'a Url,
        /// Whether a QR code of the address may be drawn.
        may_be_pictured: bool,
    },
    /// What a person typed was refused. It may be typed again.
    InputRefused(&'a Error),
    /// The line is empty where a code or an address can be pasted.
    NothingTyped,
    /// The line is empty where a user name is needed.
    NoUsername,
    /// The line is empty where a password is needed.
    NoPassword,
    /// The input has ended. The browser can still bring the response.
    InputEnded,
    /// What a person should know about an accepted token.
    TokenRemark(&'a Remark),
    /// A token that another program had stored is not valid, and is not used.
    ImportRefused(String),
    /// A warning to the person.
    Warning(Warning<'a>),
}

/// A danger, or something that is not as a person asked for.
#[derive(Debug)]
pub(crate) enum Warning<'a> {
    /// The certificates of the provider are not verified.
    CertificatesUnchecked,
    /// A certificate of the named authorities cannot be used, and is skipped.
    CertificateSkipped {
        source: &'a str,
        /// The position in the source, starting at 1.
        position: usize,
    },
    /// A flag requests TLS renegotiation, which is not supported.
    RenegotiationIgnored,
    /// PKCE was turned off by a flag.
    PkceOff,
    /// Other machines can connect to the listener.
    ListenerReachableByOthers,
    /// The listener does not use the preferred address.
    OtherAddress {
        /// Why the preferred address cannot be used.
        why: &'a str,
        redirect_uri: &'a str,
    },
    /// The browser could not be opened, for this reason.
    BrowserFailed(&'a str),
    /// A program of another user of this machine sent the authorization response. It was refused, and the wait continues.
    ResponseFromOtherUser { uid: u32 },
    /// The system did not say which user's program sent the authorization response. It was refused, and the wait continues.
    ResponseFromUnknownUser,
    /// A browser sent the authorization response to this host, but not as a navigation. It was refused, and the wait continues.
    ResponseNotNavigation(&'a str),
    /// A person could not be prompted. The wait continues without the prompt.
    InputFailed(&'a Error),
}

/// Something that only a person who reads the log wants to know. It contains no secret.
#[derive(Debug)]
pub(crate) enum LogEvent<'a> {
    /// An HTTP request has ended.
    Responded {
        method: &'a str,
        /// The URL without the values of its query.
        url: &'a UntrustedText,
        status: u16,
        millis: u128,
        request_id: Option<UntrustedText>,
        /// Headers, each with its value if that may be shown.
        sent: Vec<LoggedHeader>,
        received: Vec<LoggedHeader>,
    },
    /// An HTTP request has failed without a response.
    RequestFailed {
        method: &'a str,
        url: &'a UntrustedText,
        millis: u128,
        why: UntrustedText,
    },
    /// A token was verified. These are the claims that say whose it is and for what.
    TokenVerified {
        token: TokenKind,
        claims: Vec<(&'static str, UntrustedText)>,
        groups: Option<usize>,
        expires_at: Timestamp,
    },
    /// Documents of the provider were looked for in the cache.
    CacheRead { file: &'a str, is_found: bool },
    /// Documents of the provider were written into the cache.
    CacheWritten { file: &'a str },
    /// The provider wants a DPoP proof, or another nonce in it, so the request is sent again.
    DpopWanted,
    /// The command of this flag is run for a secret.
    SecretCommandRun(&'static str),
    /// A file that a flag names is read.
    FileRead(&'a Path),
}

/// The name of a header, and its value if that may be shown.
pub(crate) type LoggedHeader = (String, Option<UntrustedText>);

/// The function that receives events.
pub(crate) type EventHandler<'a> = &'a (dyn Fn(Event<'_>) + Send + Sync);

/// What a person can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    Username {
        /// What was typed before. An empty line means this name.
        earlier: Option<&'a str>,
    },
    /// Not shown while it is typed.
    Password,
    /// The authorization code, or the address at which the browser ended.
    CodeOrAddress,
    /// The same, while a listener also waits for the browser.
    AddressBesideListener,
}

/// Asks a person, and blocks until a line is entered. The end of the input is an error of kind `UnexpectedEof`. After the deadline, if
/// there is one, the error has the kind `TimedOut`.
pub(crate) type Ask = fn(Question<'_>, Option<Instant>) -> io::Result<Secret>;

/// What the person goes back to after a sign-in, as the browser's page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReturnTo {
    /// kubectl, which called kubesesame.
    Kubectl,
    /// The command in the terminal.
    Command,
}

/// How a login or a refresh reports events, asks a person if there is one, and how long its requests may take.
#[derive(Clone, Copy)]
pub(crate) struct Interaction<'a> {
    pub(crate) on_event: EventHandler<'a>,
    pub(crate) ask: Ask,
    /// The timeout of a request to the provider. It is short if a person waits.
    pub(crate) request_timeout: Duration,
    pub(crate) return_to: ReturnTo,
    /// The reported events are discarded, so no person sees a URL.
    pub(crate) reports_are_discarded: bool,
}

impl Interaction<'_> {
    pub(super) fn report(&self, event: Event<'_>) {
        (self.on_event)(event);
    }

    pub(super) fn warn(&self, warning: Warning<'_>) {
        self.report(Event::Warning(warning));
    }

    pub(super) fn log(&self, event: LogEvent<'_>) {
        self.report(Event::Log(event));
    }
}
