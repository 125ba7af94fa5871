//! The wait for a person: the browser, the line that can be pasted, and the time that is left.
//!
//! Owns what is told when. Ends with the first answer, from wherever it comes.

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
use crate::oidc::event::{Event, Person, Question};
use crate::oidc::grants::browser;
use crate::oidc::grants::paste::{self, Pasted};
use crate::oidc::loopback::authorization_response::{Answer, CallbackExpectation};
use crate::oidc::loopback::callback::Callback;
use crate::process::{self, ForegroundEvents};
use crate::secret::Secret;
use crate::settings::Login;

/// A browser with a session at the provider has answered by then, and nobody needs the URL.
const BROWSER_START: Duration = Duration::from_secs(1);

const CUT: &str = "it is longer than a line of a terminal, which was cut after 4095 bytes; paste the code alone, or where that is as long, \
                   open the browser on this machine with --grant-type=authcode";

/// A sign-in that waits for its browser.
pub(in crate::oidc) struct Wait<'a> {
    pub(in crate::oidc) person: Person<'a>,
    pub(in crate::oidc) login: &'a Login,
    pub(in crate::oidc) url: &'a Url,
    /// What the browser is opened at.
    pub(in crate::oidc) opened_url: &'a Url,
    pub(in crate::oidc) issuer: &'a str,
    pub(in crate::oidc) deadline: Instant,
    /// What the answer was taken from, if it was pasted.
    pub(in crate::oidc) pasted: Mutex<Option<paste::Form>>,
    /// The person was told that an empty line opens the browser again.
    pub(in crate::oidc) reopens: AtomicBool,
}

impl Wait<'_> {
    /// Opens the browser and waits. One that fails to open is told, and the wait goes on: whoever reads the URL can open it, here
    /// or on another machine. That browser cannot come back, so a person can paste where it ended. After a paste that the provider
    /// refused the wait goes on, and nothing `begins`.
    pub(in crate::oidc) async fn answer(&self, callback: &mut Callback, begins: bool) -> Answer {
        let expected = callback.expected().clone();
        let (failures, mut failed) = mpsc::unbounded_channel();
        let mut line = PromptLine::new(self.person, Question::AddressBesideListener);
        let mut pasted = Pasted::default();
        let absence = self.login.browser.not_opened_reason();
        let mut is_started = absence.is_none();
        match absence {
            _ if !begins => {}
            None => {
                self.person.tell(Event::SigningIn { issuer: self.issuer });
                self.open(&failures);
            }
            Some(why) => {
                self.person.tell(Event::NoBrowser(why));
                self.person.tell(Event::OpenUrl(self.url));
            }
        }
        let mut is_told = !(begins && is_started);
        // In the background a person would paste into the shell.
        let mut accepts_paste = !begins;
        let opening = Instant::now() + BROWSER_START;
        let mut count_down = pin!(count_down(self.person, self.deadline));
        loop {
            tokio::select! {
                biased;
                answer = callback.answer(self.person) => {
                    self.note_form(None);
                    return answer;
                }
                Some(reason) = failed.recv() => {
                    self.person.tell(Event::BrowserFailed(&reason));
                    self.person.tell(Event::OpenUrl(self.url));
                    (is_started, is_told) = (false, true);
                }
                () = sleep_until(opening), if !is_told => {
                    self.person.tell(Event::BrowserStarted(self.url));
                    is_told = true;
                }
                () = process::in_foreground(), if is_told && self.login.may_prompt && !accepts_paste => {
                    self.accept_paste(is_started);
                    accepts_paste = true;
                }
                text = line.next(), if accepts_paste && self.login.may_prompt => match text {
                    Ok(text) if text.expose().is_empty() && self.reopens.load(Ordering::Relaxed) => {
                        self.person.tell(Event::SigningIn { issuer: self.issuer });
                        self.open(&failures);
                    }
                    Ok(text) if text.expose().is_empty() => self.person.tell(Event::NothingTyped),
                    Ok(text) => match pasted.line(text.expose(), &expected, std::time::Instant::now()) {
                        Err(error @ Error::Pasted(_)) => self.person.tell(Event::InputRefused(&error)),
                        answer => return self.taken(&text, answer),
                    },
                    Err(error @ Error::Pasted(_)) => self.person.tell(Event::InputRefused(&error)),
                    Err(error) => line.stop(&error),
                },
                never = &mut count_down, if is_told => match never {},
            }
        }
    }

    fn note_form(&self, form: Option<paste::Form>) {
        *self.pasted.lock().unwrap_or_else(PoisonError::into_inner) = form;
    }

    /// Notes what the answer was taken from.
    fn taken(&self, line: &Secret, answer: Answer) -> Answer {
        self.note_form(Some(paste::Form::of(line.expose())));
        answer
    }

    /// Gives a failure of the exchange the hint that fits where the code came from.
    pub(in crate::oidc) fn explained(&self, error: Error) -> Error {
        match *self.pasted.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(form) => form.explained(error),
            None => error,
        }
    }

    fn open(&self, failures: &mpsc::UnboundedSender<String>) {
        let failures = failures.clone();
        browser::open(&self.login.browser, self.opened_url, move |reason| {
            drop(failures.send(reason));
        });
    }

    fn accept_paste(&self, reopens: bool) {
        self.reopens.store(reopens, Ordering::Relaxed);
        self.person.tell(Event::PasteAccepted { reopens });
    }

    /// Asks for the code alone, where nobody listens. A wrong line is told, and asked for again.
    pub(in crate::oidc) async fn typed_answer(&self, expected: &CallbackExpectation) -> Answer {
        let mut line = PromptLine::new(self.person, Question::CodeOrAddress);
        let mut pasted = Pasted::default();
        let mut refused = None;
        let mut count_down = pin!(count_down(self.person, self.deadline));
        loop {
            tokio::select! {
                biased;
                text = line.next() => match text {
                    Ok(text) if text.expose().is_empty() => self.person.tell(Event::NothingTyped),
                    Ok(text) => match pasted.line(text.expose(), expected, std::time::Instant::now()) {
                        Err(error @ Error::Pasted(_)) => {
                            self.person.tell(Event::InputRefused(&error));
                            refused = Some(error);
                        }
                        answer => return self.taken(&text, answer),
                    },
                    Err(error @ Error::Pasted(_)) => {
                        self.person.tell(Event::InputRefused(&error));
                        refused = Some(error);
                    }
                    Err(Error::InputEnded) => return Err(refused.unwrap_or(Error::InputEnded)),
                    Err(error) => return Err(error),
                },
                never = &mut count_down => match never {},
            }
        }
    }
}

/// Tells a person how much time is left until `deadline`, again and again; to be dropped when the wait is over.
pub(in crate::oidc) async fn count_down(person: Person<'_>, deadline: Instant) -> Infallible {
    let mut continued = ForegroundEvents::listen();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        person.tell(Event::TimeLeft(left));
        let next_look = Instant::now() + until_next_look(left);
        while tokio::select! {
            () = sleep_until(next_look) => false,
            () = continued.next() => true,
        } {
            person.tell(Event::Continued);
        }
    }
}

/// When the shown time changes. Seldom, since each change may spoil a selection that a person is making in the terminal.
fn until_next_look(left: Duration) -> Duration {
    // The last answer is waited for, and nothing changes any more.
    if left.is_zero() {
        return Duration::from_secs(10);
    }
    let step = if left.as_secs() >= 60 { 60 } else { 10 };
    let rest = left.as_millis() % Duration::from_secs(step).as_millis();
    Duration::from_millis(u64::try_from(rest).unwrap_or_default() + 1)
}

/// Lines of a person, read on a thread: the sign-in's time ends a wait for a person who has left.
struct PromptLine<'a> {
    person: Person<'a>,
    question: Question<'static>,
    reading: Option<oneshot::Receiver<io::Result<Secret>>>,
    is_over: bool,
}

impl<'a> PromptLine<'a> {
    fn new(person: Person<'a>, question: Question<'static>) -> Self {
        Self {
            person,
            question,
            reading: None,
            is_over: false,
        }
    }

    /// Waits for the next line; to be called again after it was dropped, without a second reader.
    async fn next(&mut self) -> Result<Secret, Error> {
        if self.is_over {
            std::future::pending::<()>().await;
        }
        if self.reading.is_none() {
            self.reading = Some(self.read()?);
        }
        let result = match &mut self.reading {
            Some(reading) => reading.await,
            None => return Err(Error::Internal("prompt")),
        };
        self.reading = None;
        match result {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::InputEnded),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Error::Pasted(CUT)),
            Ok(Err(error)) => Err(Error::Prompt(error)),
            Err(_) => Err(Error::Internal("prompt")),
        }
    }

    fn read(&self) -> Result<oneshot::Receiver<io::Result<Secret>>, Error> {
        let (ask, question) = (self.person.ask, self.question);
        let (answer, receiver) = oneshot::channel();
        let thread = thread::Builder::new().name("prompt".to_owned());
        let started = thread.spawn(move || drop(answer.send(ask(question, None))));
        started.map_err(Error::Prompt)?;
        Ok(receiver)
    }

    /// Asks no more; the browser may still answer.
    fn stop(&mut self, why: &Error) {
        self.is_over = true;
        self.person.tell(match why {
            Error::InputEnded => Event::InputOver,
            why => Event::InputFailed(why),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_changes_by_minutes_and_at_the_end_by_ten_seconds() {
        let after = |seconds| until_next_look(Duration::from_secs(seconds)).as_millis();
        assert_eq!(after(180), 1);
        assert_eq!(after(179), 59_001);
        assert_eq!(after(61), 1001);
        assert_eq!(after(60), 1);
        assert_eq!(after(59), 9001);
        assert_eq!(after(3), 3001);
        // The last answer may still be on its way.
        assert_eq!(after(0), 10_000);
        assert_eq!(until_next_look(Duration::from_micros(900)).as_millis(), 1);
    }
}
