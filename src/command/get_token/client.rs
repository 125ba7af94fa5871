//! Who asks for the token, as far as it counts: a client that asks again was refused.

use crate::clock;
use crate::environment::Environment;
use crate::files::Slots;
use crate::process;
use crate::secret::Secret;
use crate::session::{Ask, Asker, Line, Record, Store};
use crate::settings;

/// The command line and what came with it.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) line: &'a Line,
    pub(super) environment: &'a Environment,
}

impl Client<'_> {
    /// Whether kubectl (or another client) called; otherwise a person typed the command.
    pub(super) fn is_program(&self) -> bool {
        self.environment.exec_info.is_some()
    }

    /// Tells whether the token that is about to be handed out was refused, and notes it.
    pub(super) fn ask(&self, store: &Store, record: &Record, now: i64) -> Ask {
        match self.slots(store) {
            Some(slots) => self.asker(now).ask(&slots, &record.token, record.expires_at),
            None => Ask::Usual,
        }
    }

    /// Notes a token that is handed out, and whether in place of one that was refused.
    pub(super) fn note(&self, store: &Store, token: &Secret, after_refusal: bool, now: i64) {
        if let Some(slots) = self.slots(store) {
            self.asker(now).note(&slots, token, after_refusal);
        }
    }

    /// A person may look at the same token as often as they like.
    fn slots(&self, store: &Store) -> Option<Slots> {
        let runtime_dir = settings::runtime_dir(self.environment);
        self.is_program().then(|| store.handed(runtime_dir.as_deref()))?
    }

    fn asker(&self, now: i64) -> Asker<'_> {
        Asker {
            pid: process::parent_id(),
            line: self.line,
            now,
            moment: clock::for_processes(),
        }
    }
}
