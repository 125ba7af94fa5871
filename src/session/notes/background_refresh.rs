//! Background refresh before a token's end: who starts it, and how it went.
//!
//! Owns the note that keeps callers from starting one after the other. The refresh itself holds the session's lock as every
//! refresh does, so two that were started at once are no harm; the note only saves their start.

use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::session::Store;

/// A refresh that has failed is tried again after this many seconds.
const RETRY_AFTER_FAILURE_SECS: i64 = 60;

/// One that has not told its end is taken for lost after this many seconds, in good time: it may have been killed after the provider
/// had rotated the refresh token, and the old one lives for half a minute (Okta). One that still runs has the lock.
const RETRY_AFTER_LOSS_SECS: i64 = 10;

/// What is to be done about a token that is to be refreshed in the background.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefreshTurn {
    /// It is up to this caller.
    Start,
    /// Somebody is at it, or has just tried.
    Wait,
    /// It failed, and nobody was told yet.
    Report(Report),
}

#[derive(Debug, Serialize, Deserialize)]
struct Attempt {
    version: u32,
    /// When it was begun or ended, in seconds since the epoch.
    at: i64,
    stage: Stage,
    /// How it failed, until somebody was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Report>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Begun,
    Failed,
    /// The provider will not refresh this session any more.
    Over,
}

impl Attempt {
    fn new(at: i64, stage: Stage, failure: Option<Report>) -> Self {
        Self {
            version: 1,
            at,
            stage,
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

    /// Whether nothing is to be started now. An attempt from the future (the clock was set back) holds nobody up.
    fn holds(&self, now: i64) -> bool {
        let pause = match self.stage {
            Stage::Begun => RETRY_AFTER_LOSS_SECS,
            Stage::Failed => RETRY_AFTER_FAILURE_SECS,
            Stage::Over => return true,
        };
        (self.at..self.at.saturating_add(pause)).contains(&now)
    }
}

impl Store {
    /// Tells a caller who found a token near its end what to do, and notes it. Where no note can be written nothing is started.
    pub(crate) fn claim_background_refresh(&self, now: i64) -> RefreshTurn {
        let name = self.key.background_refresh_file();
        let begun = Attempt::new(now, Stage::Begun, None).to_json();
        let bytes = match self.dir.read(&name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return match self.dir.create_new(&name, &begun) {
                    Ok(true) => RefreshTurn::Start,
                    _ => RefreshTurn::Wait,
                };
            }
            Err(_) => return RefreshTurn::Wait,
        };
        match Attempt::parse(&bytes) {
            Some(Attempt {
                at,
                stage,
                failure: Some(failure),
                ..
            }) => {
                let told = Attempt::new(at, stage, None).to_json();
                match self.dir.replace_hint(&name, &told) {
                    Ok(()) => RefreshTurn::Report(failure),
                    Err(_) => RefreshTurn::Wait,
                }
            }
            Some(attempt) if attempt.holds(now) => RefreshTurn::Wait,
            _ => match self.dir.replace_hint(&name, &begun) {
                Ok(()) => RefreshTurn::Start,
                Err(_) => RefreshTurn::Wait,
            },
        }
    }
}

impl Store {
    /// Leaves a note of a background refresh that failed, for good if the session `is_over`.
    pub(crate) fn note_background_failure(&self, now: i64, failure: Report, is_over: bool) {
        let stage = if is_over { Stage::Over } else { Stage::Failed };
        let name = self.key.background_refresh_file();
        let note = Attempt::new(now, stage, Some(failure)).to_json();
        drop(self.dir.replace_hint(&name, &note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_that_is_lost_is_begun_anew_sooner_than_one_that_failed() {
        let holds = |stage, now| Attempt::new(1000, stage, None).holds(now);
        assert!(holds(Stage::Begun, 1009) && !holds(Stage::Begun, 1010));
        assert!(holds(Stage::Failed, 1059) && !holds(Stage::Failed, 1060));
        assert!(holds(Stage::Over, 9000));
        assert!(!holds(Stage::Failed, 999), "the clock was set back");
    }

    #[test]
    fn an_attempt_comes_back_as_it_was_written() {
        let report = Report::sample("down");
        let attempt = Attempt::new(5, Stage::Failed, Some(report.clone()));
        let attempt = Attempt::parse(&attempt.to_json()).unwrap();
        assert_eq!(
            (attempt.at, attempt.stage, attempt.failure),
            (5, Stage::Failed, Some(report))
        );
        assert!(Attempt::parse(b"").is_none());
    }
}
