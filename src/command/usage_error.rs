//! Usage errors: kubectl runs a failing plugin again immediately, and the same error need not be printed each time.

use crate::clock;
use crate::error::EXIT_USAGE;
use crate::invocation::Invocation;
use crate::report::Report;
use crate::session::{Identity, Key, Store};
use crate::settings::{self, Storage};

/// Whether the usage error was reported to the same process a short time ago. Records that it is reported now. If that cannot be recorded,
/// the error is printed each time.
pub(crate) fn was_usage_error_reported(invocation: &Invocation<'_>) -> bool {
    if !invocation.is_exec_plugin_call() {
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
        failures.add_before_prompt(invocation, now, report_without_arguments());
        locked.remember_login_failures(&failures);
    }
    false
}

/// Returns the store for usage errors. They belong to no session, because the arguments cannot be parsed.
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

/// Returns a report that does not quote the arguments, because they may contain a secret.
fn report_without_arguments() -> Report {
    Report {
        error: "the arguments cannot be used".to_owned(),
        causes: Vec::new(),
        hint: None,
        note: None,
        exit_code: EXIT_USAGE,
        id: None,
    }
}
