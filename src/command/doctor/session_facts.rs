//! The session of the settings, for the checks. Takes no lock and writes nothing but a temporary file, to see whether that is possible.

use std::path::Path;

use crate::clock::Timestamp;
use crate::command::token_request::TokenRequest;
use crate::doctor::{ExpectedUser, Note, Problem, SessionFacts, SessionProblem, StorageFacts, StoredSession};
use crate::files::{PrivateDir, shown};
use crate::keyring;
use crate::oidc::UnverifiedToken;
use crate::secret::Secret;
use crate::session::{self, Loaded, Record, Store};
use crate::settings::Storage;

/// The name of a key that does not exist. A keyring that answers says so.
const NO_KEY: &str = "doctor";
/// What a session needs at most, but for those with very many groups.
const TRIED_BYTES: usize = 64 * 1024;

/// What was found of the session, and what only the API server may see.
pub(super) struct FoundSession {
    pub(super) facts: SessionFacts,
    /// A token that has not expired, and where its session is, if its file is not sealed.
    pub(super) token: Option<(Secret, Store)>,
}

/// Reads the latest record of the session, and the failures beside it.
pub(super) fn read(request: &TokenRequest, expected: ExpectedUser, now: Timestamp) -> FoundSession {
    let mut facts = SessionFacts::default();
    let mut latest: Option<(Record, Store)> = None;
    for dir in request.cache.dirs() {
        let storage = request.cache.storage.unwrap_or(Storage::Disk);
        let opened = Store::open(dir, request.key(), request.identity.clone(), storage);
        let Ok(Some(store)) = opened else {
            // What is wrong with the directory is found by the check of the storage.
            continue;
        };
        facts.is_quarantined |= store.has_quarantined();
        add_notes(&mut facts, &store);
        match store.load() {
            Ok(Loaded::Nothing) => {}
            Ok(Loaded::Session(record)) => {
                let is_later = latest
                    .as_ref()
                    .is_none_or(|(known, _)| record.is_as_late_as(known));
                if is_later {
                    latest = Some((*record, store));
                }
            }
            Ok(Loaded::Corrupt(why)) => {
                facts.problem = Some(SessionProblem::Replaceable(Problem {
                    what: why.to_owned(),
                    fix: "nothing has to be done: the next command signs in anew".to_owned(),
                }));
            }
            // As in `get-token`, a directory that the user did not choose is skipped.
            Err(error) if request.cache.dir.as_deref() == Some(dir) && !error.is_unavailable() => {
                facts.problem = Some(SessionProblem::Blocking(problem_of(&error)));
            }
            Err(error) => facts.problem = Some(SessionProblem::Replaceable(problem_of(&error))),
        }
    }
    let mut token = None;
    if let Some((record, store)) = latest {
        let is_plain = request.cache.storage == Some(Storage::Disk);
        token = (record.is_unexpired(now) && is_plain).then(|| (record.token.clone(), store));
        facts.stored = Some(StoredSession {
            expires_at: record.expires_at,
            is_unexpired: record.is_unexpired(now),
            has_refresh_token: record.refresh_token.is_some(),
            token: UnverifiedToken::read(&record.token),
            expected,
        });
    }
    FoundSession { facts, token }
}

fn add_notes(facts: &mut SessionFacts, store: &Store) {
    if let Some((report, at, until)) = store.login_failures().last() {
        facts.failed_sign_in = Some(Note {
            error: report.error.clone(),
            hint: report.hint.clone(),
            at,
            until: Some(until),
        });
    }
    if let Some(outage) = store.outage() {
        let (report, at) = outage.last();
        facts.outage = Some(Note {
            error: report.error.clone(),
            hint: report.hint.clone(),
            at,
            until: None,
        });
    }
    if let Some((at, error)) = store.failed_background_refresh() {
        facts.failed_background_refresh = Some(Note {
            error,
            hint: None,
            at,
            until: None,
        });
    }
}

fn problem_of(error: &session::Error) -> Problem {
    Problem {
        what: error.in_one_line(),
        fix: error.hint(),
    }
}

/// Looks whether a session could be stored. `None` if there is no directory for it.
pub(super) fn storage(dir: Option<&Path>) -> Option<StorageFacts> {
    let dir = dir?;
    let state = PrivateDir::open(dir).and_then(|opened| match opened {
        None => Ok(false),
        Some(opened) => opened.try_to_write("doctor", TRIED_BYTES).map(|()| true),
    });
    Some(StorageFacts {
        dir: shown(dir).to_string(),
        state: state.map_err(|error| problem_of(&error.into())),
    })
}

/// Asks the keyring, if sessions need it.
pub(super) fn keyring(storage: Option<Storage>) -> Option<Result<(), Problem>> {
    match storage {
        Some(Storage::Keyring) => Some(keyring::read(NO_KEY).map(drop).map_err(|error| Problem {
            what: error.to_string(),
            fix: error.hint(),
        })),
        Some(Storage::Disk | Storage::Auto) | None => None,
    }
}
