//! The background refresh: a call that finds a token near its expiry returns it immediately, and starts a process that refreshes it.
//!
//! 1. The call records in a file that it starts the refresh, so that only one call starts a process.
//! 2. The process detaches from kubectl's pipes, session and terminal, and tries to lock the session. If another process holds the lock,
//!    that process refreshes already.
//! 3. The process refreshes the session. It never starts a login, and prints nothing. A failure does not affect the stored token, and is
//!    recorded for the next call.

use std::ffi::OsString;

use super::GetToken;
use crate::cli::{Cli, Command, ConfigSources};
use crate::clock::{self, Timestamp};
use crate::environment::Environment;
use crate::error::Error;
use crate::exec;
use crate::invocation::Invocation;
use crate::lifecycle::{Acquired, Demand, Origin};
use crate::process;
use crate::session::{Record, RefreshTurn, Store};
use crate::ui::Ui;

/// The hidden command.
const COMMAND: &str = "background-refresh";

/// Starts the refresh if it is due and no other call has started it, or reports why the last one failed.
pub(super) fn start(store: &Store, invocation: &Invocation<'_>, now: Timestamp, ui: Ui) {
    if !process::can_spawn_detached() {
        return;
    }
    match store.claim_background_refresh(now) {
        RefreshTurn::Start => {
            let args: Option<Vec<&str>> = invocation.args.iter().map(|arg| arg.to_str()).collect();
            // The arguments are passed through a pipe: other users can see the arguments of a process, and these may contain a secret.
            let args = args.and_then(|args| serde_json::to_vec(&args).ok());
            let started = args.map(|args| process::spawn_detached(COMMAND, &args));
            if let Some(Err(error)) = started {
                ui.step(|| format!("no process could be started to refresh the token: {error}"));
            }
        }
        RefreshTurn::Wait => {}
        RefreshTurn::Report(failure) => {
            // The warning below already says what failed. The causes say why.
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

/// Runs the detached process. Standard input contains the command line of the call that started it.
pub(crate) fn run(environment: &Environment) -> Result<(), Error> {
    process::daemonize();
    let input = process::read_handover();
    let Ok(args) = serde_json::from_slice::<Vec<String>>(&input) else {
        return Ok(());
    };
    let args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
    let sources = ConfigSources {
        environment: environment.flag_variables.clone(),
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
        let Some(storage) = self.request.cache.storage else {
            return Ok(());
        };
        for dir in self.session_dirs() {
            let Ok(continues) = self.continuation_key(dir) else {
                continue;
            };
            let store = match Store::open(dir, self.key(), self.request.identity.clone(), storage) {
                Ok(Some(store)) => store,
                Ok(None) => continue,
                // The session may be in another directory.
                Err(error) if error.is_unavailable() => continue,
                Err(error) => return Err(error.into()),
            };
            let files = self.session_files(store, continues);
            let latest_record = |own: Option<Record>| self.latest_record(Some(dir), own.as_ref());
            match self.acquire(&files, Demand::Background, None, &latest_record) {
                Ok(acquired) if acquired.origin == Origin::Store => {}
                Ok(Acquired { session, .. }) => self.remove_superseded(&files.store, &session),
                // There is no session to refresh.
                Err(Error::NoSession) => {}
                Err(Error::Session(error)) if error.is_unavailable() => {}
                Err(error) => record_failure(&files.store, &error),
            }
        }
        Ok(())
    }
}

fn record_failure(store: &Store, error: &Error) {
    let is_over = matches!(error, Error::SessionEnded(_));
    store.record_background_failure(clock::now(), error.report(), is_over);
}
