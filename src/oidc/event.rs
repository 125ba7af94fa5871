//! What a sign-in or a refresh tells on its way, and what it asks a person.
//!
//! Owns the list of both. Never decides how, or whether, a person sees an event: the caller passes a function that does.

use std::io;

use url::Url;

use crate::foreign_text::ForeignText;
use crate::secret::Secret;

use super::error::Error;

/// Something that happened, without a secret in it.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// An HTTP request has ended.
    Responded {
        method: &'a str,
        /// Without its query.
        url: &'a ForeignText,
        status: u16,
        millis: u128,
        request_id: Option<ForeignText>,
    },
    /// The response to a refresh was lost on the way, and is asked for once more.
    ResponseLost,
    /// Certificates of the provider are not checked.
    CertificatesUnchecked,
    /// TLS renegotiation was asked for by a flag, and does not exist here.
    RenegotiationIgnored,
    /// PKCE was turned off by a flag.
    PkceOff,
    /// The listener can be reached by other machines.
    ListenerOpenToOthers,
    /// A flag is spelled in an older way.
    OldSpelling(&'static str),
    /// The browser is about to open.
    SigningIn { issuer: &'a str },
    /// A person has to open this URL.
    OpenUrl(&'a Url),
    /// The browser could not be opened; why.
    BrowserFailed(&'a str),
    /// A person has to enter this code at this address.
    EnterCode {
        address: &'a Url,
        code: &'a ForeignText,
        /// The same address with the code in it, or the plain one.
        complete: &'a Url,
    },
    /// What a person typed was refused, and may be typed again.
    InputRefused(&'a Error),
    /// A token that another program had stored does not verify, and is not used.
    ImportRefused(String),
}

/// Where events go.
pub(crate) type Report<'a> = &'a (dyn Fn(Event<'_>) + Send + Sync);

/// What a person can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Username,
    /// Not shown while it is typed.
    Password,
    /// The authorization code, or the address that the browser ended on.
    CodeOrAddress,
    /// The same, beside a listener that waits for the browser.
    AddressBesideListener,
}

/// Asks a person, and blocks until there is an answer.
pub(crate) type Ask = fn(Question) -> io::Result<Secret>;

/// How a sign-in reaches a person.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    pub(crate) report: Report<'a>,
    pub(crate) ask: Ask,
}

impl Person<'_> {
    pub(super) fn tell(&self, event: Event<'_>) {
        (self.report)(event);
    }
}
