//! Mistakes in the arguments: kubectl runs a plugin that fails again at once, and need not be told each time.

use crate::clock;
use crate::error::EXIT_USAGE;
use crate::invocation::Invocation;
use crate::report::Report;
use crate::session::{Identity, Key, Store};
use crate::settings::{self, Storage};

/// Whether the same process was told a moment ago what is wrong with these arguments; notes that it is told now. Where nothing can be
/// noted it is told each time.
pub(crate) fn was_told_of_mistake(invocation: &Invocation<'_>) -> bool {
    if !invocation.is_by_client() {
        return false;
    }
    let Some(store) = store(invocation) else {
        return false;
    };
    let now = clock::now();
    let mut failures = store.login_failures();
    if failures.recall(invocation, false, now).is_some() {
        return true;
    }
    if let Ok(Some(locked)) = store.try_lock() {
        failures.add_for_retries(invocation, now, nothing_of_it());
        locked.remember_login_failures(&failures);
    }
    false
}

/// What cannot be read as arguments belongs to no session.
fn store(invocation: &Invocation<'_>) -> Option<Store> {
    let dir = settings::failures_dir(invocation.environment)?;
    let key = Key::new("", "", [], &[], None, &["mistakes in the arguments"]);
    let identity = Identity {
        issuer: String::new(),
        client_id: String::new(),
        account: None,
    };
    Store::create(&dir, key, identity, Storage::Disk).ok()
}

/// That there was a mistake is noted, and not which: a secret may be among the arguments.
fn nothing_of_it() -> Report {
    Report {
        error: "the arguments cannot be used".to_owned(),
        causes: Vec::new(),
        hint: None,
        note: None,
        exit: EXIT_USAGE,
    }
}
