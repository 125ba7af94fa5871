//! Who asks for the token, as far as it counts: a client that asks again was refused.

use crate::environment::Environment;
use crate::process::Parent;
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
        // A person may look at the same token as often as they like.
        if !self.is_program() {
            return Ask::Usual;
        }
        let runtime_dir = settings::runtime_dir(self.environment);
        let Some(slots) = store.handed(runtime_dir.as_deref()) else {
            return Ask::Usual;
        };
        let asker = Asker {
            parent: &Parent::of_this_process(),
            line: self.line,
            now,
        };
        asker.ask(&slots, &record.token, record.expires_at)
    }

    /// Notes a token that is handed out, and whether in place of one that was refused.
    pub(super) fn note(&self, store: &Store, token: &Secret, after_refusal: bool, now: i64) {
        if !self.is_program() {
            return;
        }
        let runtime_dir = settings::runtime_dir(self.environment);
        if let Some(slots) = store.handed(runtime_dir.as_deref()) {
            let asker = Asker {
                parent: &Parent::of_this_process(),
                line: self.line,
                now,
            };
            asker.note(&slots, token, after_refusal);
        }
    }
}
