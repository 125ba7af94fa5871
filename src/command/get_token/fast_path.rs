//! Responds to a cached call.

use super::{background, write_credential};
use crate::clock;
use crate::error::Error;
use crate::fast_path::{self, Hit};
use crate::invocation::Invocation;
use crate::ui::Ui;

/// Responds, if the fast path finds a usable token for this invocation.
pub(crate) fn run(invocation: &Invocation<'_>) -> Option<Result<(), Error>> {
    let now = clock::now();
    let Hit {
        session,
        store,
        api,
        should_refresh_in_background,
    } = match fast_path::find(invocation, now)? {
        Ok(hit) => hit,
        Err(error) => return Some(Err(error.into())),
    };
    if should_refresh_in_background {
        let ui = Ui {
            level: 0,
            at_terminal: invocation.at_terminal(),
        };
        background::start(&store, invocation, now, ui);
    }
    Some(write_credential(api, &session.token, session.usable_until()))
}
