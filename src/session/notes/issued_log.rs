//! Which process was given which token, to notice that the API server may reject it.
//!
//! client-go keeps a token until its end and asks again only after HTTP 401, of which it says nothing. So a process that asks
//! with the same command line for the token that it has just got may have been refused; or it is a program that reads its
//! kubeconfig anew. It is a guess, and [`crate::lifecycle`] treats it as one. Owns the log: slots in a file, read and
//! written without a lock on the cached path; an entry that is lost only means that a rejection goes unnoticed.

use aws_lc_rs::digest::{SHA256, digest};

use crate::clock;
use crate::files::Slots;
use crate::invocation::Invocation;
use crate::secret::Secret;

/// Callers that are remembered at the same time, at most.
const SLOT_COUNT: u64 = 64;

/// How long an equal question may mean a rejection. client-go asks again at once; a program that reads its kubeconfig anew
/// now and then asks again too, and was rejected by nobody.
const SUSPICION_SECS: i64 = 30;

/// A token that ends in less than this may be asked for again by clients that keep a margin of their own (kube-rs).
const CLIENT_MARGIN_SECS: i64 = 60;

/// Bytes of a slot.
const SLOT_BYTES: usize = 32;

/// The first byte of a slot that was written: the version of its format.
const VERSION: u8 = 2;

/// What the log tells of a process that asks for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedBefore {
    No,
    /// It was given this token a moment ago.
    Once,
    /// The token took the place of one that it had asked for again, and now it asks for this one again.
    AfterRefresh,
    /// It has asked before, and nothing more is to be done about that.
    Settled,
}

/// Why a token was issued to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issue {
    Usual,
    /// In place of one that the process had asked for again.
    AfterRefresh,
    /// Whatever could be done about a repeated question was done.
    Settled,
}

/// The log of one session.
#[derive(Debug)]
pub(crate) struct IssuedLog(Slots);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    caller: [u8; 6],
    token: [u8; 8],
    /// Seconds since the epoch.
    at: i64,
    /// The same by the clock of processes: a parent that was there then is the same process; an id alone is reused after a while.
    boot_ticks: u64,
    issue: Issue,
}

impl IssuedLog {
    pub(in crate::session) fn new(slots: Slots) -> Self {
        Self(slots)
    }

    /// Looks up whether the calling process has just been given this token, and notes that it is given now if not.
    pub(crate) fn asked_before(
        &self,
        caller: &Invocation<'_>,
        token: &Secret,
        expires_at: i64,
        now: i64,
    ) -> AskedBefore {
        if expires_at.saturating_sub(now) <= CLIENT_MARGIN_SECS {
            return AskedBefore::No;
        }
        let entry = Entry::parse(self.0.read(slot(caller)));
        let asked = compare(entry.as_ref(), caller, token, now);
        if asked == AskedBefore::No {
            self.note(caller, token, Issue::Usual, now);
        }
        asked
    }

    /// Notes that the calling process is given this token.
    pub(crate) fn note(&self, caller: &Invocation<'_>, token: &Secret, issue: Issue, now: i64) {
        let entry = Entry {
            caller: caller_tag(caller),
            token: token_tag(token),
            at: now,
            boot_ticks: clock::boot_ticks(),
            issue,
        };
        self.0.write(slot(caller), entry.to_bytes());
    }
}

/// The parent process is looked at only when everything else fits, since that costs a file.
fn compare(entry: Option<&Entry>, caller: &Invocation<'_>, token: &Secret, now: i64) -> AskedBefore {
    let Some(entry) = entry else {
        return AskedBefore::No;
    };
    let is_recent = (entry.at..=entry.at.saturating_add(SUSPICION_SECS)).contains(&now);
    let is_over = entry.issue == Issue::Usual && !is_recent;
    if is_over || entry.caller != caller_tag(caller) || entry.token != token_tag(token) {
        return AskedBefore::No;
    }
    match (caller.parent().was_there_at(entry.boot_ticks), entry.issue) {
        (false, _) => AskedBefore::No,
        (true, Issue::Usual) => AskedBefore::Once,
        (true, Issue::AfterRefresh) if is_recent => AskedBefore::AfterRefresh,
        // Or a program that polls would cost a refresh each time that the window is over.
        (true, Issue::AfterRefresh | Issue::Settled) => AskedBefore::Settled,
    }
}

fn caller_tag(caller: &Invocation<'_>) -> [u8; 6] {
    let mut tag = [0; 6];
    tag[..4].copy_from_slice(&caller.parent_id().to_le_bytes());
    tag[4..].copy_from_slice(&caller.hash.tag());
    tag
}

fn slot(caller: &Invocation<'_>) -> u64 {
    u64::from(caller.parent_id()).wrapping_add(u64::from(caller.hash.tag()[0])) % SLOT_COUNT
}

/// Tells tokens apart, and nothing of the token.
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
        let issue = match rest {
            [0] => Issue::Usual,
            [1] => Issue::AfterRefresh,
            [2] => Issue::Settled,
            _ => return None,
        };
        (*version == VERSION).then_some(Self {
            caller: *caller,
            token: *token,
            at: i64::from_le_bytes(*at),
            boot_ticks: u64::from_le_bytes(*boot_ticks),
            issue,
        })
    }

    fn to_bytes(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [VERSION; SLOT_BYTES];
        slot[1..7].copy_from_slice(&self.caller);
        slot[7..15].copy_from_slice(&self.token);
        slot[15..23].copy_from_slice(&self.at.to_le_bytes());
        slot[23..31].copy_from_slice(&self.boot_ticks.to_le_bytes());
        slot[31] = match self.issue {
            Issue::Usual => 0,
            Issue::AfterRefresh => 1,
            Issue::Settled => 2,
        };
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    /// A process with this id, which has started at tick 7.
    fn caller(parent: u32) -> Invocation<'static> {
        Invocation::sample(Box::leak(Box::new(Environment::default())), parent, 1)
    }

    /// What is known when `parent` asks for a token at a time, after process 7 was given `token` at 1000 s.
    fn asked(parent: u32, token: &str, now: i64, boot_ticks: u64, issue: Issue) -> AskedBefore {
        let entry = Entry {
            caller: caller_tag(&caller(7)),
            token: token_tag(&Secret::new("token")),
            at: 1000,
            boot_ticks,
            issue,
        };
        let entry = Entry::parse(entry.to_bytes());
        compare(entry.as_ref(), &caller(parent), &Secret::new(token), now)
    }

    #[test]
    fn only_the_same_process_that_asks_for_the_same_token_soon_has_asked_before() {
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
                "a process that has started since, with the same id",
            ),
        ] {
            assert_eq!(
                asked(parent, token, now, boot_ticks, Issue::Usual),
                expected,
                "{what}"
            );
        }
    }

    #[test]
    fn the_log_tells_what_was_done_about_it() {
        assert_eq!(
            asked(7, "token", 1001, 100, Issue::AfterRefresh),
            AskedBefore::AfterRefresh
        );
        assert_eq!(asked(7, "token", 1001, 100, Issue::Settled), AskedBefore::Settled);
        for issue in [Issue::AfterRefresh, Issue::Settled] {
            assert_eq!(
                asked(7, "token", 2000, 100, issue),
                AskedBefore::Settled,
                "a program that polls"
            );
            assert_eq!(
                asked(8, "token", 2000, 100, issue),
                AskedBefore::No,
                "another process"
            );
        }
    }

    #[test]
    fn a_slot_that_was_never_written_is_no_entry() {
        assert_eq!(Entry::parse([0; SLOT_BYTES]), None);
    }
}
