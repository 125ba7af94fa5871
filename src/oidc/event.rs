//! What a sign-in or a refresh tells on its way, and what it asks a person.
//!
//! Owns the list of both. Never decides how, or whether, a person sees an event: the caller passes a function that does.

use std::io;
use std::time::{Duration, Instant};

use url::Url;

use crate::secret::Secret;
use crate::settings::NoBrowser;
use crate::untrusted_text::UntrustedText;

use crate::oidc::errors::Error;
use crate::oidc::token::id_token::Remark;

/// Something that happened, without a secret in it.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// An HTTP request has ended.
    Responded {
        method: &'a str,
        /// Without its query.
        url: &'a UntrustedText,
        status: u16,
        millis: u128,
        request_id: Option<UntrustedText>,
    },
    /// The provider takes its time to answer.
    Waiting { url: &'a UntrustedText },
    /// The response to a refresh was lost on the way, and is asked for once more.
    ResponseLost,
    /// Certificates of the provider are not checked.
    CertificatesUnchecked,
    /// A certificate among the named authorities cannot be used.
    CertificatePassedOver {
        source: &'a str,
        /// From 1.
        position: usize,
    },
    /// TLS renegotiation was asked for by a flag, and does not exist here.
    RenegotiationIgnored,
    /// PKCE was turned off by a flag.
    PkceOff,
    /// The listener can be reached by other machines.
    ListenerOpenToOthers,
    /// Another address than the first one waits for the browser.
    OtherAddress {
        /// Why not the first.
        why: &'a str,
        redirect_uri: &'a str,
    },
    /// The provider is not told where to send the browser, and takes what it knows, or refuses.
    NoRedirectUri,
    /// A flag is spelled in an older way.
    OldSpelling(&'static str),
    /// The browser is about to open.
    SigningIn { issuer: &'a str },
    /// No browser is opened.
    NoBrowser(NoBrowser),
    /// A person has to open this URL.
    OpenUrl(&'a Url),
    /// A browser was started with this URL; whether a person sees it is not known.
    BrowserStarted(&'a Url),
    /// The browser could not be opened; why.
    BrowserFailed(&'a str),
    /// A program of another user of this machine sent the answer; it was refused, and the wait goes on.
    ResponseFromOtherUser { uid: u32 },
    /// The system did not tell which user's program sent the answer; it was refused, and the wait goes on.
    ResponseFromUndecidedUser,
    /// A browser sent the answer, and not as it opens a page; it was refused, and the wait goes on.
    ResponseNotNavigation(&'a str),
    /// From now on the address at which the browser ended can be pasted.
    PasteAccepted {
        /// An empty line opens the browser again.
        can_reopen_browser: bool,
    },
    /// How much of the sign-in's time is left.
    TimeLeft(Duration),
    /// The process goes on in the foreground, after a stop or in the background.
    Continued,
    /// Nothing is waited for any more, neither an answer nor a line.
    WaitEnded,
    /// A code to enter comes next, of an issuer that a cluster named.
    CodeOfClustersIssuer(&'a UntrustedText),
    /// A person has to enter this code at this address.
    EnterCode {
        address: &'a Url,
        code: &'a UntrustedText,
        /// The same address with the code in it, or the plain one.
        complete: &'a Url,
    },
    /// What a person typed was refused, and may be typed again.
    InputRefused(&'a Error),
    /// An empty line came where the answer can be pasted.
    NothingTyped,
    /// An empty line came where a user name is needed.
    NoUsername,
    /// An empty line came where a password is needed.
    NoPassword,
    /// The input has ended; the browser may still answer.
    InputOver,
    /// Something about a token that was accepted.
    TokenRemark(&'a Remark),
    /// A person could not be asked; the wait goes on without.
    InputFailed(&'a Error),
    /// A token that another program had stored does not verify, and is not used.
    ImportRefused(String),
}

/// Where events go.
pub(crate) type Report<'a> = &'a (dyn Fn(Event<'_>) + Send + Sync);

/// What a person can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    Username {
        /// What was typed before, and is meant by an empty line.
        earlier: Option<&'a str>,
    },
    /// Not shown while it is typed.
    Password,
    /// The authorization code, or the address that the browser ended on.
    CodeOrAddress,
    /// The same, beside a listener that waits for the browser.
    AddressBesideListener,
}

/// Asks a person, and blocks until there is an answer. The end of the input is an error of kind `UnexpectedEof`, that of the time one of
/// kind `TimedOut`. Without a time it is the caller who waits no longer.
pub(crate) type Ask = fn(Question<'_>, Option<Instant>) -> io::Result<Secret>;

/// What follows a sign-in, as the browser's page tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continuation {
    /// kubectl has called, and goes on.
    Kubectl,
    /// The command in the terminal goes on by itself.
    Command,
}

/// How a sign-in reaches a person.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    pub(crate) report: Report<'a>,
    pub(crate) ask: Ask,
    /// How long a request to the provider may take.
    pub(crate) request_timeout: Duration,
    pub(crate) continuation: Continuation,
    /// What is reported is thrown away, so that no person sees a URL.
    pub(crate) reports_are_discarded: bool,
}

impl Person<'_> {
    pub(super) fn tell(&self, event: Event<'_>) {
        (self.report)(event);
    }
}
