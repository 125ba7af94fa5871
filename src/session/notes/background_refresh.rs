//! The background refresh before a token's expiry: which call starts it, and how it ended.
//!
//! Owns the file that prevents each call from starting a process for it. The refresh itself takes the session's lock as every refresh does,
//! so two processes at once do no harm.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::report::Report;
use crate::session::{FileKind, Store, Versioned};

/// A refresh that failed is started again after this many seconds.
const RETRY_AFTER_FAILURE_SECS: i64 = 60;

/// A refresh that did not report a result counts as killed after this many seconds. The time is short because the provider may have
/// rotated the refresh token before the kill, and Okta accepts the old one for only half a minute. A refresh that still runs has the lock.
const RETRY_AFTER_LOSS_SECS: i64 = 10;

/// What a call should do about a background refresh that is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefreshTurn {
    /// Start it.
    Start,
    /// Do nothing: another call started it, or it failed a short time ago.
    Wait,
    /// Report its failure, which no call has reported yet.
    Report(Report),
}

#[derive(Debug, Serialize, Deserialize)]
struct Attempt {
    /// When it began or ended.
    at: Timestamp,
    stage: Stage,
    /// How it failed, until a call has reported that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Report>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Begun,
    Failed,
    /// The provider ended the session, so no later refresh can succeed.
    Over,
}

impl Versioned for Attempt {
    const VERSION: u32 = 1;
}

impl Attempt {
    fn new(at: Timestamp, stage: Stage, failure: Option<Report>) -> Self {
        Self { at, stage, failure }
    }

    /// Serializes it. If that failed, the empty file would count as no attempt.
    fn to_bytes(&self) -> Vec<u8> {
        self.to_json().unwrap_or_default()
    }

    /// Whether this attempt prevents a new one. An attempt from the future does not: the clock was set back.
    fn blocks_new(&self, now: Timestamp) -> bool {
        let pause_secs = match self.stage {
            Stage::Begun => RETRY_AFTER_LOSS_SECS,
            Stage::Failed => RETRY_AFTER_FAILURE_SECS,
            Stage::Over => return true,
        };
        (self.at..self.at.saturating_add(pause_secs)).contains(&now)
    }
}

impl Store {
    /// Returns when the last background refresh failed, and how; `None` if it did not. Changes nothing.
    pub(crate) fn failed_background_refresh(&self) -> Option<(Timestamp, String)> {
        let bytes = self.dir.read(&self.key.file(FileKind::BackgroundRefresh));
        let attempt = Attempt::parse(&bytes.ok()??)?;
        let told = match attempt.stage {
            Stage::Begun => return None,
            Stage::Failed => "it failed, and a command has told how",
            Stage::Over => "the provider ended the session",
        };
        let failure = attempt.failure.map(|report| report.error);
        Some((attempt.at, failure.unwrap_or_else(|| told.to_owned())))
    }

    /// Decides what a call with a token near its expiry should do, and stores the decision. If that cannot be stored, no refresh is
    /// started.
    pub(crate) fn claim_background_refresh(&self, now: Timestamp) -> RefreshTurn {
        let name = self.key.file(FileKind::BackgroundRefresh);
        let begun = Attempt::new(now, Stage::Begun, None).to_bytes();
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
            }) => {
                let reported = Attempt::new(at, stage, None).to_bytes();
                match self.dir.replace_volatile(&name, &reported) {
                    Ok(()) => RefreshTurn::Report(failure),
                    Err(_) => RefreshTurn::Wait,
                }
            }
            Some(attempt) if attempt.blocks_new(now) => RefreshTurn::Wait,
            _ => match self.dir.replace_volatile(&name, &begun) {
                Ok(()) => RefreshTurn::Start,
                Err(_) => RefreshTurn::Wait,
            },
        }
    }
}

impl Store {
    /// Stores that a background refresh failed. If the session `is_over`, none is started again.
    pub(crate) fn record_background_failure(&self, now: Timestamp, failure: Report, is_over: bool) {
        let stage = if is_over { Stage::Over } else { Stage::Failed };
        let name = self.key.file(FileKind::BackgroundRefresh);
        let attempt = Attempt::new(now, stage, Some(failure)).to_bytes();
        drop(self.dir.replace_volatile(&name, &attempt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;

    #[test]
    fn a_killed_refresh_is_started_again_sooner_than_a_failed_one() {
        let blocks = |stage, now| Attempt::new(at(1000), stage, None).blocks_new(at(now));
        assert!(blocks(Stage::Begun, 1009) && !blocks(Stage::Begun, 1010));
        assert!(blocks(Stage::Failed, 1059) && !blocks(Stage::Failed, 1060));
        assert!(blocks(Stage::Over, 9000));
        assert!(!blocks(Stage::Failed, 999), "the clock was set back");
    }

    #[test]
    fn an_attempt_is_read_as_it_was_written() {
        let report = Report::sample("down");
        let attempt = Attempt::new(at(5), Stage::Failed, Some(report.clone()));
        let attempt = Attempt::parse(&attempt.to_json().unwrap()).unwrap();
        assert_eq!(
            (attempt.at, attempt.stage, attempt.failure),
            (at(5), Stage::Failed, Some(report))
        );
    }
}
