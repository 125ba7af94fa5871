//! Renewal ahead: a call that finds a token near its end answers at once, and leaves a process behind that renews it.
//!
//! 1. The caller takes its turn by a note, so that one process is started and not one for each call.
//! 2. The process lets go of kubectl's pipes, session and terminal, and tries the session's lock: whoever has it renews already.
//! 3. It renews, never signs a person in, and says nothing. A failure leaves the good token, and a note for the next call.

use std::ffi::OsString;
use std::io::Read as _;

use super::{Flight, GetToken, block_on};
use crate::cli::{Cli, Command, Layers};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::exec;
use crate::oidc::{Connection, Renewal};
use crate::process;
use crate::session::{Found, Line, Record, Store, Turn};
use crate::ui::Ui;

/// The hidden command.
const COMMAND: &str = "renew-ahead";

/// Starts the renewal if it is this caller's turn, or tells how the last one failed.
pub(super) fn start(store: &Store, words: &[OsString], now: i64, ui: Ui) {
    if !process::can_leave_behind() {
        return;
    }
    match store.ahead(now) {
        Turn::Start => {
            let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
            // By a pipe and not as arguments: who may see this command line need not see it twice, and secrets are none we write.
            let words = words.and_then(|words| serde_json::to_vec(&words).ok());
            let started = words.map(|words| process::leave_behind(COMMAND, &words));
            if let Some(Err(error)) = started {
                ui.step(|| format!("no process could be started to renew the token: {error}"));
            }
        }
        Turn::Wait => {}
        Turn::Tell(failure) => {
            let words = [vec![failure.error], failure.causes].concat().join(": ");
            ui.warn(&format!(
                "the token could not be renewed ahead of its end: {words}"
            ));
        }
    }
}

/// `renew-ahead`: the process that was left behind. Standard input tells the command line that it is about.
pub(crate) fn run(environment: &Environment) -> Result<(), Error> {
    process::detach();
    let mut words = Vec::new();
    let read = std::io::stdin().lock().take(1 << 20).read_to_end(&mut words);
    let words: Vec<OsString> = match read.map(|_| serde_json::from_slice::<Vec<String>>(&words)) {
        Ok(Ok(words)) => words.into_iter().map(OsString::from).collect(),
        _ => return Ok(()),
    };
    let layers = Layers {
        cluster: exec::cluster_config(environment.exec_info.as_deref()),
        environment: environment.flags.clone(),
    };
    let line = Line::new(&words, environment);
    let Ok(Cli {
        command: Command::GetToken(args),
        ..
    }) = Cli::parse_from_os(words.iter().cloned(), &layers)
    else {
        return Ok(());
    };
    let ui = Ui {
        level: 0,
        at_terminal: false,
    };
    GetToken::new(*args, &words, &line, environment, false, ui)?.renew_ahead()
}

impl GetToken<'_> {
    fn renew_ahead(&self) -> Result<(), Error> {
        let Some(storage) = self.cache.storage else {
            return Ok(());
        };
        for dir in self.cache.dirs() {
            if let Ok(Some(store)) = Store::open(dir, self.key(), storage) {
                self.renew_ahead_in(&store)?;
            }
        }
        Ok(())
    }

    fn renew_ahead_in(&self, store: &Store) -> Result<(), Error> {
        let Some(locked) = store.try_lock()? else {
            return Ok(());
        };
        // It may have been renewed since.
        let Found::Session(record) = store.load(&self.identity)? else {
            return Ok(());
        };
        let now = clock::now();
        if !record.is_usable(now) || !self.is_due(&record, now) {
            return Ok(());
        }
        let flight = Flight {
            store,
            locked: &locked,
            place: &locked.place(&self.identity)?,
        };
        match self.renewed(&record, flight) {
            Ok(()) => locked.forget_failures(),
            Err(error) => locked.note_failed_ahead(clock::now(), error.report()),
        }
        Ok(())
    }

    /// Whether a token is to be renewed now though it is good.
    pub(super) fn is_due(&self, record: &Record, now: i64) -> bool {
        self.can_renew_ahead(record) && record.is_due(now)
    }

    /// Whether a renewal needs nobody: with a refresh token, or as a program.
    pub(super) fn can_renew_ahead(&self, record: &Record) -> bool {
        self.cache.renews_ahead && (record.refresh_token.is_some() || !self.login.grant.is_a_persons())
    }

    fn renewed(&self, record: &Record, flight: Flight<'_>) -> Result<(), Error> {
        let connection = Connection::new(
            &self.provider,
            &self.trust,
            Some(flight.store.dir()),
            self.ui,
            clock::now,
        )?;
        if !self.login.grant.is_a_persons() {
            let tokens = block_on(connection.login(&self.login))?.map_err(|failure| failure.error)?;
            let origin = tokens.origin.clone();
            self.keep(tokens, origin, Some(flight));
            return Ok(());
        }
        match self.ask_to_renew(&connection, record, Some(flight))? {
            Some(Renewal::Renewed(tokens)) => {
                self.keep_renewed(*tokens, record, Some(flight));
                Ok(())
            }
            Some(Renewal::Over(reason)) => Err(Error::SessionOver(reason)),
            Some(Renewal::NoIdToken) => Err(Error::SessionOver("the provider sent no ID token".to_owned())),
            Some(Renewal::Failed(error)) => Err(error.into()),
            None => Ok(()),
        }
    }
}
