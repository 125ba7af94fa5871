//! To whom a token was handed, to notice that the API server refused it.
//!
//! client-go keeps a token until its end and asks again only after HTTP 401, of which it says nothing. So a process that asks
//! with the same command line for the token that it has just got was refused. Owns the notes of who got what: slots in a file,
//! read and written without a lock on the cached path; one that is lost only means that a refusal goes unnoticed.

use aws_lc_rs::digest::{SHA256, digest};

use super::Line;
use crate::files::Slots;
use crate::process::Parent;
use crate::secret::Secret;

/// Kubectls that are remembered at the same time, at most.
const SLOTS: u64 = 64;

/// How long, in seconds, an equal question means a refusal. client-go asks again at once; a program that reads its kubeconfig anew
/// now and then asks again too, and was refused by nobody.
const WINDOW: i64 = 30;

/// A token that ends in less than this, in seconds, may be asked for again by clients that keep a margin of their own (kube-rs).
const MARGIN_OF_CLIENTS: i64 = 60;

/// Bytes of a slot.
const SIZE: usize = 38;

/// The first byte of a slot that was written: the version of its format.
const VERSION: u8 = 1;

/// How a question for a token stands to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Nothing is known against the token.
    Usual,
    /// The token was refused.
    Again,
    /// And so was the one that came in its place.
    YetAgain,
}

/// Somebody who asks, and for whom the answer is noted.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    /// The process that started us.
    pub(crate) pid: u32,
    pub(crate) line: &'a Line,
    /// Seconds since the epoch.
    pub(crate) now: i64,
    /// The same by the clock of processes.
    pub(crate) moment: u64,
}

/// What a slot holds.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    who: [u8; 12],
    token: [u8; 8],
    at: i64,
    /// Who was there then is the same process; a pid alone comes back after a while.
    moment: u64,
    /// It took the place of a token that was refused.
    after_refusal: bool,
}

impl Asker<'_> {
    /// Tells whether the token was refused, and notes that it is handed out if nothing is known against it.
    pub(crate) fn ask(&self, slots: &Slots, token: &Secret, expires_at: i64) -> Ask {
        if expires_at.saturating_sub(self.now) <= MARGIN_OF_CLIENTS {
            return Ask::Usual;
        }
        let note = Note::parse(slots.read(self.slot()));
        let ask = self.compare(note.as_ref(), token, Parent::of_this_process);
        if ask == Ask::Usual {
            self.note(slots, token, false);
        }
        ask
    }

    /// Notes that a token is handed out.
    pub(crate) fn note(&self, slots: &Slots, token: &Secret, after_refusal: bool) {
        let note = Note {
            who: self.who(),
            token: tag(token),
            at: self.now,
            moment: self.moment,
            after_refusal,
        };
        slots.write(self.slot(), note.to_bytes());
    }

    /// `parent` looks at the process that started us, which is left for when it counts.
    fn compare(&self, note: Option<&Note>, token: &Secret, parent: impl FnOnce() -> Parent) -> Ask {
        let Some(note) = note else { return Ask::Usual };
        let is_recent = (note.at..=note.at.saturating_add(WINDOW)).contains(&self.now);
        if !is_recent || note.who != self.who() || note.token != tag(token) {
            return Ask::Usual;
        }
        match (parent().was_there_at(note.moment), note.after_refusal) {
            (false, _) => Ask::Usual,
            (true, false) => Ask::Again,
            (true, true) => Ask::YetAgain,
        }
    }

    fn who(&self) -> [u8; 12] {
        let mut who = [0; 12];
        who[..4].copy_from_slice(&self.pid.to_le_bytes());
        who[4..].copy_from_slice(&self.line.tag());
        who
    }

    fn slot(&self) -> u64 {
        u64::from(self.pid).wrapping_add(u64::from(self.line.tag()[0])) % SLOTS
    }
}

/// Tells tokens apart, and nothing of the token.
fn tag(token: &Secret) -> [u8; 8] {
    let mut tag = [0; 8];
    tag.copy_from_slice(&digest(&SHA256, token.expose().as_bytes()).as_ref()[..8]);
    tag
}

impl Note {
    fn parse(slot: [u8; SIZE]) -> Option<Self> {
        let (version, rest) = slot.split_first()?;
        let (who, rest) = rest.split_first_chunk()?;
        let (token, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (moment, rest) = rest.split_first_chunk()?;
        (*version == VERSION).then_some(Self {
            who: *who,
            token: *token,
            at: i64::from_le_bytes(*at),
            moment: u64::from_le_bytes(*moment),
            after_refusal: rest == [1],
        })
    }

    fn to_bytes(&self) -> [u8; SIZE] {
        let mut slot = [VERSION; SIZE];
        slot[1..13].copy_from_slice(&self.who);
        slot[13..21].copy_from_slice(&self.token);
        slot[21..29].copy_from_slice(&self.at.to_le_bytes());
        slot[29..37].copy_from_slice(&self.moment.to_le_bytes());
        slot[37] = u8::from(self.after_refusal);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    fn line(word: &str) -> Line {
        Line::new(&["k".into(), word.into()], &Environment::default())
    }

    /// A question after the note of one by process 7, which was started at 70, at 1000 s and by the clock of processes at 100.
    fn asked(change: impl FnOnce(&mut Asker<'_>, &mut Parent), token: &str, after_refusal: bool) -> Ask {
        let first = Asker {
            pid: 7,
            line: &line("a"),
            now: 1000,
            moment: 100,
        };
        let note = Note {
            who: first.who(),
            token: tag(&Secret::new("token")),
            at: first.now,
            moment: first.moment,
            after_refusal,
        };
        let note = Note::parse(note.to_bytes());
        let mut parent = Parent {
            pid: 7,
            started: Some(70),
        };
        let mut second = Asker { ..first };
        change(&mut second, &mut parent);
        second.compare(note.as_ref(), &Secret::new(token), || parent)
    }

    #[test]
    fn the_same_process_that_asks_for_the_same_token_at_once_was_refused() {
        assert_eq!(asked(|asker, _| asker.now += 1, "token", false), Ask::Again);
        assert_eq!(asked(|asker, _| asker.now += WINDOW, "token", false), Ask::Again);
        assert_eq!(asked(|asker, _| asker.now += 1, "token", true), Ask::YetAgain);
    }

    #[test]
    fn everything_else_is_a_usual_question() {
        let other = line("b");
        assert_eq!(asked(|_, _| (), "another token", false), Ask::Usual);
        assert_eq!(asked(|asker, _| asker.pid = 8, "token", false), Ask::Usual);
        assert_eq!(
            asked(|_, parent| parent.started = Some(101), "token", false),
            Ask::Usual
        );
        assert_eq!(
            asked(|_, parent| parent.started = None, "token", false),
            Ask::Usual
        );
        assert_eq!(
            asked(|asker, _| asker.now += WINDOW + 1, "token", false),
            Ask::Usual
        );
        assert_eq!(
            asked(|asker, _| asker.now -= 1, "token", false),
            Ask::Usual,
            "clock set back"
        );
        let first = Asker {
            pid: 7,
            line: &line("a"),
            now: 1000,
            moment: 100,
        };
        assert_ne!(
            first.who(),
            Asker {
                line: &other,
                ..first
            }
            .who()
        );
    }

    #[test]
    fn a_slot_that_was_never_written_is_no_note() {
        assert_eq!(Note::parse([0; SIZE]), None);
    }
}
