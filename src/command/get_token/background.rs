//! Background refresh: a call that finds a token near its end answers at once, and starts a process that refreshes it.
//!
//! 1. The caller takes its turn by a note, so that one process is started and not one for each call.
//! 2. The process lets go of kubectl's pipes, session and terminal, and tries the session's lock: whoever has it refreshes already.
//! 3. It refreshes, never signs a person in, and prints nothing. A failure leaves the good token, and a note for the next call.

use std::ffi::OsString;

use super::GetToken;
use crate::cli::{Cli, Command, ConfigSources};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::exec;
use crate::invocation::Invocation;
use crate::lifecycle::{Acquired, Demand};
use crate::process;
use crate::session::{Record, RefreshTurn, Store};
use crate::ui::Ui;

/// The hidden command.
const COMMAND: &str = "background-refresh";

/// Starts the refresh if it is this caller's turn, or tells how the last one failed.
pub(super) fn start(store: &Store, invocation: &Invocation<'_>, now: i64, ui: Ui) {
    if !process::can_spawn_detached() {
        return;
    }
    match store.claim_background_refresh(now) {
        RefreshTurn::Start => {
            let args: Option<Vec<&str>> = invocation.args.iter().map(|arg| arg.to_str()).collect();
            // By a pipe and not as arguments: who may see this command line need not see it twice, and secrets are none we write.
            let args = args.and_then(|args| serde_json::to_vec(&args).ok());
            let started = args.map(|args| process::spawn_detached(COMMAND, &args));
            if let Some(Err(error)) = started {
                ui.step(|| format!("no process could be started to refresh the token: {error}"));
            }
        }
        RefreshTurn::Wait => {}
        RefreshTurn::Report(failure) => {
            // What failed is clear; its causes say why.
            let text = if failure.causes.is_empty() {
                failure.error
            } else {
                failure.causes.join(": ")
            };
            ui.warn(&format!(
                "the token could not be refreshed in the background: {text}"
            ));
        }
    }
}

/// The detached process. Standard input has the command line that it is about.
pub(crate) fn run(environment: &Environment) -> Result<(), Error> {
    process::daemonize();
    let input = process::read_handover();
    let Ok(args) = serde_json::from_slice::<Vec<String>>(&input) else {
        return Ok(());
    };
    let args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
    let sources = ConfigSources {
        environment: environment.flags.clone(),
    };
    let Ok(Cli {
        command: Command::GetToken(typed),
        ..
    }) = Cli::parse_from_os(args.iter().cloned(), &sources)
    else {
        return Ok(());
    };
    let ui = Ui {
        level: 0,
        at_terminal: false,
    };
    let invocation = Invocation::new(&args, environment);
    GetToken::new(*typed, &invocation, exec::Request::default(), ui)?.refresh_in_background()
}

impl GetToken<'_> {
    fn refresh_in_background(&self) -> Result<(), Error> {
        let Some(storage) = self.cache.storage else {
            return Ok(());
        };
        for dir in self.places() {
            let store = match Store::open(dir, self.key(), self.identity.clone(), storage) {
                Ok(Some(store)) => store,
                Ok(None) => continue,
                // There may be a session in the next one.
                Err(error) if error.is_unavailable() => continue,
                Err(error) => return Err(error.into()),
            };
            let files = self.session_files(store);
            let latest_of = |own: Option<Record>| self.latest_of(Some(dir), own.as_ref());
            match self.acquire(&files, Demand::Background, None, &latest_of) {
                Ok(acquired) if acquired.was_stored => {}
                Ok(Acquired { session, .. }) => self.remove_superseded(&files.store, &session),
                // Without a session there is none to refresh.
                Err(Error::NoSession) => {}
                Err(Error::Session(error)) if error.is_unavailable() => {}
                Err(error) => note_failure(&files.store, &error),
            }
        }
        Ok(())
    }
}

fn note_failure(store: &Store, error: &Error) {
    let is_over = matches!(error, Error::SessionEnded(_));
    store.record_background_failure(clock::now(), error.report(), is_over);
}
