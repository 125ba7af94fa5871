//! Renewal ahead of a token's end: who starts it, and how it went.
//!
//! Owns the note that keeps callers from starting one after the other. The renewal itself holds the session's lock as every
//! renewal does, so two that were started at once are no harm; the note only saves their start.

use serde::{Deserialize, Serialize};

use super::{Locked, Store};
use crate::report::Report;

/// A renewal that has not told its end, or has failed, is tried again after this many seconds.
const PAUSE: i64 = 60;

/// What is to be done about a token that is to be renewed ahead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is up to this caller.
    Start,
    /// Somebody is at it, or has just tried.
    Wait,
    /// It failed, and nobody was told yet.
    Tell(Report),
}

#[derive(Debug, Serialize, Deserialize)]
struct Attempt {
    version: u32,
    /// When it was begun or ended, in seconds since the epoch.
    at: i64,
    /// How it failed, until somebody was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Report>,
}

impl Attempt {
    fn new(at: i64, failure: Option<Report>) -> Self {
        Self {
            version: 1,
            at,
            failure,
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let attempt: Self = serde_json::from_slice(bytes).ok()?;
        (attempt.version == 1).then_some(attempt)
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// One from the future (the clock was set back) holds nobody up.
    fn is_recent(&self, now: i64) -> bool {
        (self.at..self.at.saturating_add(PAUSE)).contains(&now)
    }
}

impl Store {
    /// Tells a caller who found a token near its end what to do, and notes it. Where no note can be written nothing is started.
    pub(crate) fn ahead(&self, now: i64) -> Turn {
        let name = self.key.ahead_file();
        let begun = Attempt::new(now, None).to_json();
        let bytes = match self.dir.read(&name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return match self.dir.create_new(&name, &begun) {
                    Ok(true) => Turn::Start,
                    _ => Turn::Wait,
                };
            }
            Err(_) => return Turn::Wait,
        };
        match Attempt::parse(&bytes) {
            Some(Attempt {
                at,
                failure: Some(failure),
                ..
            }) => {
                let told = Attempt::new(at, None).to_json();
                match self.dir.replace_hint(&name, &told) {
                    Ok(()) => Turn::Tell(failure),
                    Err(_) => Turn::Wait,
                }
            }
            Some(attempt) if attempt.is_recent(now) => Turn::Wait,
            _ => match self.dir.replace_hint(&name, &begun) {
                Ok(()) => Turn::Start,
                Err(_) => Turn::Wait,
            },
        }
    }
}

impl Locked<'_> {
    /// Leaves a word about a renewal that failed.
    pub(crate) fn note_failed_ahead(&self, now: i64, failure: Report) {
        let name = self.store.key.ahead_file();
        drop(
            self.store
                .dir
                .replace_hint(&name, &Attempt::new(now, Some(failure)).to_json()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_recent_for_a_minute_and_never_from_the_future() {
        let attempt = Attempt::new(1000, None);
        assert!(attempt.is_recent(1000) && attempt.is_recent(1059));
        assert!(!attempt.is_recent(1060) && !attempt.is_recent(999));
    }

    #[test]
    fn an_attempt_comes_back_as_it_was_written() {
        let report = Report {
            error: "down".into(),
            causes: vec![],
            hint: None,
            note: None,
            exit: 1,
        };
        let attempt = Attempt::parse(&Attempt::new(5, Some(report.clone())).to_json()).unwrap();
        assert_eq!((attempt.at, attempt.failure), (5, Some(report)));
        assert!(Attempt::parse(b"").is_none());
    }
}
