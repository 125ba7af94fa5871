//! Renewal ahead: a call that finds a token near its end answers at once, and leaves a process behind that renews it.
//!
//! 1. The caller takes its turn by a note, so that one process is started and not one for each call.
//! 2. The process lets go of kubectl's pipes, session and terminal, and tries the session's lock: whoever has it renews already.
//! 3. It renews, never signs a person in, and says nothing. A failure leaves the good token, and a note for the next call.

use std::ffi::OsString;

use super::sign_in::remember_in;
use super::{Flight, GetToken, block_on};
use crate::cli::{Cli, Command, Layers};
use crate::clock;
use crate::command::person;
use crate::environment::Environment;
use crate::error::Error;
use crate::exec;
use crate::oidc::{Continuation, Event, ProviderClient, Renewal};
use crate::process;
use crate::session::{self, Found, Line, Locked, Memory, Record, Store, Turn};
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
    let handed = process::handed_input();
    let Ok(words) = serde_json::from_slice::<Vec<String>>(&handed) else {
        return Ok(());
    };
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
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
            match Store::open(dir, self.key(), storage)
                .map(|store| store.map(|store| self.renew_ahead_in(&store)))
            {
                // There may be a session in the next one.
                Err(error) if error.is_unavailable() => {}
                Ok(Some(Err(Error::Session(error)))) if error.is_unavailable() => {}
                Ok(None | Some(Ok(()))) => {}
                Err(error) => return Err(error.into()),
                Ok(Some(Err(error))) => return Err(error),
            }
        }
        Ok(())
    }

    fn renew_ahead_in(&self, store: &Store) -> Result<(), Error> {
        let Some(locked) = store.try_lock()? else {
            return Ok(());
        };
        let now = clock::now();
        let told_to_wait = locked.failure(Memory::Passing);
        if told_to_wait.is_some_and(|failure| failure.answer_while_waiting(now).is_some()) {
            return Ok(());
        }
        match self.renew_if_due(store, &locked, now) {
            Ok(()) => locked.forget_failures(),
            Err(error) => {
                if error.not_before().is_some() {
                    remember_in(&locked, Memory::Passing, &error);
                }
                let is_over = matches!(error, Error::SessionOver(_));
                locked.note_failed_ahead(clock::now(), error.report(), is_over);
            }
        }
        Ok(())
    }

    fn renew_if_due(&self, store: &Store, locked: &Locked<'_>, now: i64) -> Result<(), Error> {
        // It may have been renewed since.
        let Found::Session(record) = store.load(&self.identity)? else {
            return Ok(());
        };
        if !record.is_usable(now) || !self.is_due(&record, now) {
            return Ok(());
        }
        let flight = Flight {
            store,
            locked,
            place: &locked.place(&self.identity)?,
        };
        // What comes of it has to be stored, so that is tried before a refresh token is spent.
        locked.save(&record, flight.place)?;
        let renewed = self.renewed(&record, flight)?;
        Ok(locked.save(&renewed, flight.place)?)
    }

    /// Whether a token is to be renewed now though it is good.
    pub(super) fn is_due(&self, record: &Record, now: i64) -> bool {
        self.renewal().may_renew(record) && record.is_due(now)
    }

    /// What the settings say of renewals that nobody asks for.
    pub(super) fn renewal(&self) -> session::Renewal {
        match (self.cache.renews_ahead, self.login.grant.is_a_persons()) {
            (false, _) => session::Renewal::Off,
            (true, true) => session::Renewal::OfPersons,
            (true, false) => session::Renewal::OfPrograms,
        }
    }

    fn renewed(&self, record: &Record, flight: Flight<'_>) -> Result<Record, Error> {
        let report = |event: Event<'_>| person::show(self.ui, event);
        let person = person::with(self.ui, &report, Continuation::Kubectl);
        let connection = ProviderClient::new(
            &self.provider,
            &self.trust,
            flight.store.dir(),
            person,
            clock::now,
        )?;
        if !self.login.grant.is_a_persons() {
            let tokens = block_on(connection.login(&self.login))?.map_err(|failure| failure.error)?;
            let origin = tokens.origin.clone();
            return Ok(self.record(tokens, origin));
        }
        match self.ask_to_renew(&connection, record, Some(flight))? {
            Some(Renewal::Renewed(tokens)) => Ok(self.renewed_record(*tokens, record)),
            Some(Renewal::Over(reason)) => Err(Error::SessionOver(reason)),
            Some(Renewal::NoIdToken) => Err(Error::SessionOver("the provider sent no ID token".to_owned())),
            Some(Renewal::Failed(error)) => Err(error.into()),
            // Only a session with a refresh token is due.
            None => Ok(record.clone()),
        }
    }
}
