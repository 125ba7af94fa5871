//! The shortest path: the very same command line was served from the store before.
//!
//! Reads two files, writes one slot, prints. Whatever is not as usual is left to the long way, which says why.

use std::ffi::OsString;

use super::ahead;
use super::client::Client;
use super::{Credential, answer};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::PrivateDir;
use crate::session::{self, Ask, Found, Line, Shortcut};
use crate::settings;
use crate::ui::Ui;

/// Answers the call, if a note of its command line leads to a token that is good.
pub(crate) fn run(words: &[OsString], line: &Line, environment: &Environment) -> Option<Result<(), Error>> {
    let dir = settings::likely_cache_dir(words, environment)?;
    let dir = PrivateDir::open(&dir).ok().flatten()?;
    let shortcut = Shortcut::read(&dir, line)?;
    let store = shortcut.store(dir);
    let record = match store.load(shortcut.identity()) {
        Ok(Found::Session(record)) => record,
        // It took its time to fail, and would do so again.
        Err(error @ session::Error::Keyring(_)) => return Some(Err(error.into())),
        Ok(_) | Err(_) => return None,
    };
    let now = clock::now();
    if !record.is_usable(now) {
        return None;
    }
    let client = Client { line, environment };
    if shortcut.notices_refusals && client.ask(&store, &record, now) != Ask::Usual {
        return None;
    }
    if shortcut.is_due(&record, now) {
        let ui = Ui {
            level: 0,
            at_terminal: environment.at_terminal,
        };
        ahead::start(&store, words, now, ui);
    }
    Some(answer(shortcut.api, &Credential::of(*record)))
}
