//! Waits for a person to sign in: in the browser, or by pasting a line into the terminal.
//!
//! Owns which event is reported when. The wait ends with the first authorization response, from the browser or from the terminal.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::errors::login::LoginError;
use crate::oidc::errors::paste::PasteRefusal;
use crate::oidc::event::{Event, Interaction, Question, Warning};
use crate::oidc::grants::browser;
use crate::oidc::grants::paste::{PasteKind, PasteReader};
use crate::oidc::loopback::authorization_response::{AuthorizationResult, CallbackExpectation};
use crate::oidc::loopback::callback::Callback;
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::process::{self, ForegroundEvents};
use crate::secret::Secret;
use crate::settings::{Login, NoBrowser};
use crate::untrusted_text::UntrustedText;

/// How long to wait before the URL is printed. A browser that has a session at the provider responds within this time.
const URL_DELAY: Duration = Duration::from_secs(1);

/// A longer authorization URL has a long endpoint, which the provider chose.
const MAX_USUAL_URL_BYTES: usize = 1024;

/// A login that waits for the authorization response.
pub(in crate::oidc) struct PendingLogin<'a> {
    pub(in crate::oidc) interaction: Interaction<'a>,
    pub(in crate::oidc) login: &'a Login,
    /// The authorization URL of the provider.
    pub(in crate::oidc) url: &'a Url,
    /// The URL that the browser is opened at.
    pub(in crate::oidc) opened_url: &'a Url,
    /// How long the provider keeps a pushed request, in seconds. It serves one sign-in (RFC 9126 4). `None` if the URL has the request.
    pub(in crate::oidc) lifetime_secs: Option<u64>,
    pub(in crate::oidc) issuer: &'a str,
    /// Only shown here; the caller enforces it.
    pub(in crate::oidc) deadline: Instant,
    /// What was pasted, if the response was pasted.
    pub(in crate::oidc) pasted_kind: Mutex<Option<PasteKind>>,
    /// Whether an empty line opens the browser again, as the person was told.
    pub(in crate::oidc) can_reopen_browser: AtomicBool,
}

impl PendingLogin<'_> {
    /// Opens the browser, or shows the URL to a person.
    fn begin(
        &self,
        not_opened_reason: Option<NoBrowser>,
        defence: MixUpDefence,
        failures: &mpsc::UnboundedSender<String>,
    ) {
        let Some(why) = not_opened_reason else {
            self.report_sign_in();
            return self.open_browser(failures);
        };
        self.interaction.report(Event::NoBrowser(why));
        // An untrusted issuer may name another provider's URL, so the issuer is printed.
        let issuer = &UntrustedText::new(self.issuer);
        let is_issuer_shown = defence != MixUpDefence::NotNeeded;
        if is_issuer_shown {
            self.interaction.report(Event::SigningInByUrl { issuer });
        }
        self.report_url();
        if is_issuer_shown && self.url.as_str().len() > MAX_USUAL_URL_BYTES {
            // Again, where the URL cannot push it off the screen.
            self.interaction.report(Event::SigningInByUrl { issuer });
        }
    }

    /// Shows the URL to a person who has to open it.
    pub(in crate::oidc) fn report_url(&self) {
        if let Some(seconds) = self.lifetime_secs {
            self.interaction.report(Event::UrlLifetime { seconds });
        }
        self.interaction.report(Event::OpenUrl(self.url));
    }

    fn report_sign_in(&self) {
        let issuer = &UntrustedText::new(self.issuer);
        self.interaction.report(Event::SigningIn { issuer });
    }

    /// Opens the browser and waits for the authorization response.
    ///
    /// If the browser fails to open, the failure is reported and the wait continues: a person can open the URL, here or on another
    /// machine. A browser on another machine cannot reach the listener, so the person can paste the address at which it ended.
    /// `is_first_wait` is false after the provider refused a pasted code: the wait continues, and the browser is not opened again.
    pub(in crate::oidc) async fn wait_for_response(
        &self,
        callback: &mut Callback,
        is_first_wait: bool,
    ) -> AuthorizationResult {
        let expected = callback.expected().clone();
        let (failures, mut failed) = mpsc::unbounded_channel();
        let mut prompt = PromptReader::new(self.interaction, Question::AddressBesideListener);
        let mut paste_reader = PasteReader::default();
        let not_opened_reason = self.login.browser.not_opened_reason();
        let mut is_browser_started = not_opened_reason.is_none();
        if is_first_wait {
            self.begin(not_opened_reason, expected.defence, &failures);
        }
        let mut is_url_printed = !(is_first_wait && is_browser_started);
        // Pasting is possible only in the foreground. In the background, the shell would read the pasted text.
        let mut accepts_paste = !is_first_wait;
        let print_url_at = Instant::now() + URL_DELAY;
        let mut count_down = pin!(count_down(self.interaction, self.deadline));
        loop {
            tokio::select! {
                biased;
                response = callback.response(self.interaction) => {
                    self.set_pasted_kind(None);
                    return response;
                }
                Some(reason) = failed.recv() => {
                    self.interaction.warn(Warning::BrowserFailed(&reason));
                    self.report_url();
                    (is_browser_started, is_url_printed) = (false, true);
                }
                () = sleep_until(print_url_at), if !is_url_printed => {
                    self.interaction.report(Event::BrowserStarted(self.url));
                    is_url_printed = true;
                }
                () = process::in_foreground(), if is_url_printed && self.login.may_prompt && !accepts_paste => {
                    self.offer_paste(is_browser_started);
                    accepts_paste = true;
                }
                line = prompt.next_line(), if accepts_paste && self.login.may_prompt => match line {
                    Ok(line) if line.expose().is_empty() && self.can_reopen_browser.load(Ordering::Relaxed) => {
                        self.report_sign_in();
                        self.open_browser(&failures);
                    }
                    Ok(line) if line.expose().is_empty() => self.interaction.report(Event::NothingTyped),
                    Ok(line) => match paste_reader.read_line(line.expose(), &expected, std::time::Instant::now()) {
                        Err(error) if error.paste_refusal().is_some() => self.report_refused(&error),
                        response => return self.record_pasted(&line, response),
                    },
                    Err(error) if error.paste_refusal().is_some() => self.report_refused(&error),
                    Err(error) => prompt.stop(&error),
                },
                never = &mut count_down, if is_url_printed => match never {},
            }
        }
    }

    fn report_refused(&self, error: &Error) {
        self.interaction.report(Event::InputRefused(error));
    }

    fn set_pasted_kind(&self, kind: Option<PasteKind>) {
        *self.pasted_kind.lock().unwrap_or_else(PoisonError::into_inner) = kind;
    }

    /// Records what was pasted, and returns `response` unchanged.
    fn record_pasted(&self, line: &Secret, response: AuthorizationResult) -> AuthorizationResult {
        self.set_pasted_kind(Some(PasteKind::of(line.expose())));
        response
    }

    /// Gives a failure of the token request the hint that fits what was pasted, if the code was pasted.
    pub(in crate::oidc) fn explain_error(&self, error: Error) -> Error {
        match *self.pasted_kind.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(kind) => kind.explain_error(error),
            None => error,
        }
    }

    fn open_browser(&self, failures: &mpsc::UnboundedSender<String>) {
        let failures = failures.clone();
        browser::open(&self.login.browser, self.opened_url, move |reason| {
            drop(failures.send(reason));
        });
    }

    fn offer_paste(&self, is_browser_started: bool) {
        // The address of a pushed request may be opened only once.
        let can_reopen_browser = is_browser_started && self.lifetime_secs.is_none();
        self.can_reopen_browser
            .store(can_reopen_browser, Ordering::Relaxed);
        self.interaction
            .report(Event::PasteAccepted { can_reopen_browser });
    }

    /// Prompts for the code, without a listener. After an invalid line, reports why and prompts again.
    pub(in crate::oidc) async fn prompt_for_response(
        &self,
        expected: &CallbackExpectation,
    ) -> AuthorizationResult {
        let mut prompt = PromptReader::new(self.interaction, Question::CodeOrAddress);
        let mut paste_reader = PasteReader::default();
        let mut last_refusal = None;
        let mut count_down = pin!(count_down(self.interaction, self.deadline));
        loop {
            tokio::select! {
                biased;
                line = prompt.next_line() => match line {
                    Ok(line) if line.expose().is_empty() => self.interaction.report(Event::NothingTyped),
                    Ok(line) => match paste_reader.read_line(line.expose(), expected, std::time::Instant::now()) {
                        Err(error) if error.paste_refusal().is_some() => {
                            self.interaction.report(Event::InputRefused(&error));
                            last_refusal = Some(error);
                        }
                        response => return self.record_pasted(&line, response),
                    },
                    Err(error) if error.paste_refusal().is_some() => {
                        self.interaction.report(Event::InputRefused(&error));
                        last_refusal = Some(error);
                    }
                    Err(error @ Error::Login(LoginError::InputEnded)) => {
                        return Err(last_refusal.unwrap_or(error));
                    }
                    Err(error) => return Err(error),
                },
                never = &mut count_down => match never {},
            }
        }
    }
}

/// Reports the time left until `deadline` each time the displayed value changes. Runs until it is dropped.
pub(in crate::oidc) async fn count_down(interaction: Interaction<'_>, deadline: Instant) -> Infallible {
    let mut continued = ForegroundEvents::listen();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        interaction.report(Event::TimeLeft(left));
        let next_update = Instant::now() + time_to_next_update(left);
        while tokio::select! {
            () = sleep_until(next_update) => false,
            () = continued.next() => true,
        } {
            interaction.report(Event::Continued);
        }
    }
}

/// Returns how long the displayed time stays the same. It changes rarely, because a change can destroy the text selection that a person
/// makes in the terminal.
fn time_to_next_update(left: Duration) -> Duration {
    // The time is over. Only the last response can still come, and the display does not change any more.
    if left.is_zero() {
        return Duration::from_secs(10);
    }
    let step = if left.as_secs() >= 60 { 60 } else { 10 };
    let rest = left.as_millis() % Duration::from_secs(step).as_millis();
    Duration::from_millis(u64::try_from(rest).unwrap_or_default() + 1)
}

/// Reads lines from a person. It reads on a separate thread, so that the login's timeout can end the wait.
struct PromptReader<'a> {
    interaction: Interaction<'a>,
    question: Question<'static>,
    /// The line that the thread is reading now.
    reading: Option<oneshot::Receiver<io::Result<Secret>>>,
    is_stopped: bool,
}

impl<'a> PromptReader<'a> {
    fn new(interaction: Interaction<'a>, question: Question<'static>) -> Self {
        Self {
            interaction,
            question,
            reading: None,
            is_stopped: false,
        }
    }

    /// Waits for the next line. After the future was dropped, the next call continues to wait for the same line.
    async fn next_line(&mut self) -> Result<Secret, Error> {
        if self.is_stopped {
            std::future::pending::<()>().await;
        }
        if self.reading.is_none() {
            self.reading = Some(self.start_reading()?);
        }
        let result = match &mut self.reading {
            Some(reading) => reading.await,
            None => return Err(Error::Internal("prompt")),
        };
        self.reading = None;
        match result {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::Login(LoginError::InputEnded))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Error::Login(LoginError::PasteRefused(PasteRefusal::Cut)))
            }
            Ok(Err(error)) => Err(Error::Login(LoginError::Prompt(error))),
            Err(_) => Err(Error::Internal("prompt")),
        }
    }

    fn start_reading(&self) -> Result<oneshot::Receiver<io::Result<Secret>>, Error> {
        let (ask, question) = (self.interaction.ask, self.question);
        let (sender, receiver) = oneshot::channel();
        let thread = thread::Builder::new().name("prompt".to_owned());
        let started = thread.spawn(move || drop(sender.send(ask(question, None))));
        started.map_err(LoginError::Prompt)?;
        Ok(receiver)
    }

    /// Stops prompting. The browser can still bring the response.
    fn stop(&mut self, why: &Error) {
        self.is_stopped = true;
        self.interaction.report(match why {
            Error::Login(LoginError::InputEnded) => Event::InputEnded,
            why => Event::Warning(Warning::InputFailed(why)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_changes_by_minutes_and_at_the_end_by_ten_seconds() {
        let after = |seconds| time_to_next_update(Duration::from_secs(seconds)).as_millis();
        assert_eq!(after(180), 1);
        assert_eq!(after(179), 59_001);
        assert_eq!(after(61), 1001);
        assert_eq!(after(60), 1);
        assert_eq!(after(59), 9001);
        assert_eq!(after(3), 3001);
        // The last response may still arrive.
        assert_eq!(after(0), 10_000);
        assert_eq!(time_to_next_update(Duration::from_micros(900)).as_millis(), 1);
    }
}
