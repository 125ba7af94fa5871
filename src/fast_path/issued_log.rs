//! The log of which process got which token, to detect that the API server rejects a token.
//!
//! client-go caches a token until its expiry. It calls the plugin again earlier only after HTTP 401, and does not say so. So if a process
//! requests the token that it just got, with the same command line, the API server may have rejected it. Or the process is a program
//! that reads its kubeconfig again. It is a guess, and [`crate::lifecycle`] treats it as one. Owns the log: slots in a file, read and
//! written without a lock by cached calls. A process here is the parent of a call. If an entry is lost, a rejection is not detected.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use crate::clock::{self, Timestamp};
use crate::files::{PrivateDir, SlotFile};
use crate::invocation::Invocation;
use crate::secret::Secret;
use crate::session::{FileKind, Store};

/// The most callers in the log at the same time.
const SLOT_COUNT: u64 = 64;

/// How long after the first request an equal one may mean a rejection. client-go repeats its request at once. A program that reads its
/// kubeconfig again from time to time repeats it later, without a rejection.
const REPEAT_WINDOW_SECS: i64 = 30;

/// A client with its own expiry margin (kube-rs) requests a token again that expires within this time.
const CLIENT_EXPIRY_MARGIN_SECS: i64 = 60;

/// The size of a slot in bytes.
const SLOT_BYTES: usize = 32;

/// The first byte of a used slot: the version of its format.
const VERSION: u8 = 2;

/// Whether the parent process has requested the same token before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedBefore {
    No,
    /// It got this token within the last seconds.
    Once,
    /// It requested another token twice, got this one from a refresh, and now requests this one again.
    AfterRefresh,
    /// It has requested the token before, and an earlier call has already handled that.
    Handled,
}

/// Why the parent process got a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IssueReason {
    Usual,
    /// The process had requested the previous token twice.
    AfterRefresh,
    /// The process has requested the token twice, and a call has handled that.
    Handled,
}

/// The log of one session.
#[derive(Debug)]
pub(crate) struct IssuedLog(SlotFile);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    caller: [u8; 6],
    token: [u8; 8],
    at: Timestamp,
    /// The same time by [`clock::boot_ticks`]. A parent that has run since before it is the same process; its id alone may be reused.
    boot_ticks: u64,
    reason: IssueReason,
}

impl IssuedLog {
    /// Opens the log of a session. It is in `runtime_dir` if there is one, which the system empties at logout, and else beside the
    /// session. `None` if neither can be written.
    pub(crate) fn open(store: &Store, runtime_dir: Option<&Path>) -> Option<Self> {
        let name = store.key().file(FileKind::IssuedLog);
        let volatile = runtime_dir.and_then(|dir| PrivateDir::create(dir).ok()?.open_slot_file(&name).ok());
        volatile
            .or_else(|| store.dir().open_slot_file(&name).ok())
            .map(Self)
    }

    /// Looks up whether the parent process has just got this token. If not, records that it gets the token now.
    pub(crate) fn check_and_record(
        &self,
        invocation: &Invocation<'_>,
        token: &Secret,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> AskedBefore {
        if expires_at.secs_since(now) <= CLIENT_EXPIRY_MARGIN_SECS {
            return AskedBefore::No;
        }
        let entry = Entry::parse(self.0.read(slot_index(invocation)));
        let asked = compare(entry.as_ref(), invocation, token, now);
        if asked == AskedBefore::No {
            self.record_issue(invocation, token, IssueReason::Usual, now);
        }
        asked
    }

    /// Records that the parent process gets this token.
    pub(crate) fn record_issue(
        &self,
        invocation: &Invocation<'_>,
        token: &Secret,
        reason: IssueReason,
        now: Timestamp,
    ) {
        let entry = Entry {
            caller: caller_tag(invocation),
            token: token_tag(token),
            at: now,
            boot_ticks: clock::boot_ticks(),
            reason,
        };
        self.0.write(slot_index(invocation), entry.to_bytes());
    }
}

/// Looks up the parent process only if everything else matches, since that reads a file.
fn compare(
    entry: Option<&Entry>,
    invocation: &Invocation<'_>,
    token: &Secret,
    now: Timestamp,
) -> AskedBefore {
    let Some(entry) = entry else {
        return AskedBefore::No;
    };
    let is_recent = (entry.at..=entry.at.saturating_add(REPEAT_WINDOW_SECS)).contains(&now);
    let is_outdated = entry.reason == IssueReason::Usual && !is_recent;
    if is_outdated || entry.caller != caller_tag(invocation) || entry.token != token_tag(token) {
        return AskedBefore::No;
    }
    match (invocation.parent().was_running_at(entry.boot_ticks), entry.reason) {
        (false, _) => AskedBefore::No,
        (true, IssueReason::Usual) => AskedBefore::Once,
        (true, IssueReason::AfterRefresh) if is_recent => AskedBefore::AfterRefresh,
        // Without this, a program that polls would cause a refresh after each window.
        (true, IssueReason::AfterRefresh | IssueReason::Handled) => AskedBefore::Handled,
    }
}

fn caller_tag(invocation: &Invocation<'_>) -> [u8; 6] {
    let mut tag = [0; 6];
    tag[..4].copy_from_slice(&invocation.parent_id().to_le_bytes());
    tag[4..].copy_from_slice(&invocation.hash.tag());
    tag
}

fn slot_index(invocation: &Invocation<'_>) -> u64 {
    u64::from(invocation.parent_id()).wrapping_add(u64::from(invocation.hash.tag()[0])) % SLOT_COUNT
}

/// A part of the token's hash. It distinguishes tokens and reveals none.
fn token_tag(token: &Secret) -> [u8; 8] {
    let mut tag = [0; 8];
    tag.copy_from_slice(&digest(&SHA256, token.expose().as_bytes()).as_ref()[..8]);
    tag
}

impl Entry {
    fn parse(slot: [u8; SLOT_BYTES]) -> Option<Self> {
        let (version, rest) = slot.split_first()?;
        let (caller, rest) = rest.split_first_chunk()?;
        let (token, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (boot_ticks, rest) = rest.split_first_chunk()?;
        let reason = match rest {
            [0] => IssueReason::Usual,
            [1] => IssueReason::AfterRefresh,
            [2] => IssueReason::Handled,
            _ => return None,
        };
        (*version == VERSION).then_some(Self {
            caller: *caller,
            token: *token,
            at: Timestamp::from_secs(i64::from_le_bytes(*at)),
            boot_ticks: u64::from_le_bytes(*boot_ticks),
            reason,
        })
    }

    fn to_bytes(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [VERSION; SLOT_BYTES];
        slot[1..7].copy_from_slice(&self.caller);
        slot[7..15].copy_from_slice(&self.token);
        slot[15..23].copy_from_slice(&self.at.secs().to_le_bytes());
        slot[23..31].copy_from_slice(&self.boot_ticks.to_le_bytes());
        slot[31] = match self.reason {
            IssueReason::Usual => 0,
            IssueReason::AfterRefresh => 1,
            IssueReason::Handled => 2,
        };
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::environment::Environment;

    /// A call by the process with this id, which started at tick 7.
    fn caller(parent: u32) -> Invocation<'static> {
        Invocation::sample(Box::leak(Box::new(Environment::default())), parent, 1)
    }

    /// Looks up a request for a token by `parent`, after process 7 got `token` at 1000 s.
    fn asked(parent: u32, token: &str, now: i64, boot_ticks: u64, reason: IssueReason) -> AskedBefore {
        let entry = Entry {
            caller: caller_tag(&caller(7)),
            token: token_tag(&Secret::new("token")),
            at: at(1000),
            boot_ticks,
            reason,
        };
        let entry = Entry::parse(entry.to_bytes());
        compare(entry.as_ref(), &caller(parent), &Secret::new(token), at(now))
    }

    #[test]
    fn only_a_recent_request_by_the_same_process_for_the_same_token_is_a_repetition() {
        for (parent, token, now, boot_ticks, expected, what) in [
            (7, "token", 1001, 100, AskedBefore::Once, "again"),
            (7, "token", 1030, 100, AskedBefore::Once, "within the window"),
            (7, "token", 1031, 100, AskedBefore::No, "later"),
            (7, "token", 999, 100, AskedBefore::No, "the clock was set back"),
            (7, "another", 1001, 100, AskedBefore::No, "another token"),
            (8, "token", 1001, 100, AskedBefore::No, "another process"),
            (
                7,
                "token",
                1001,
                6,
                AskedBefore::No,
                "a process that started later, with the same id",
            ),
        ] {
            assert_eq!(
                asked(parent, token, now, boot_ticks, IssueReason::Usual),
                expected,
                "{what}"
            );
        }
    }

    #[test]
    fn the_log_says_how_a_repeated_request_was_handled() {
        assert_eq!(
            asked(7, "token", 1001, 100, IssueReason::AfterRefresh),
            AskedBefore::AfterRefresh
        );
        assert_eq!(
            asked(7, "token", 1001, 100, IssueReason::Handled),
            AskedBefore::Handled
        );
        for reason in [IssueReason::AfterRefresh, IssueReason::Handled] {
            assert_eq!(
                asked(7, "token", 2000, 100, reason),
                AskedBefore::Handled,
                "a program that polls"
            );
            assert_eq!(
                asked(8, "token", 2000, 100, reason),
                AskedBefore::No,
                "another process"
            );
        }
    }

    #[test]
    fn an_unused_slot_is_no_entry() {
        assert_eq!(Entry::parse([0; SLOT_BYTES]), None);
    }
}
