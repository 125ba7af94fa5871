//! What the log says of the session that a call reads and writes.

use super::SessionStore;
use crate::clock::Timestamp;
use crate::duration_words::relative;
use crate::session::Record;
use crate::ui::Ui;

/// Logs what was found.
pub(super) fn session_read(store: &impl SessionStore, session: Option<&Record>, now: Timestamp, ui: Ui) {
    ui.step(|| match session {
        None => format!("there is no session in `{}`", store.location()),
        Some(session) => format!(
            "read `{}`: a token that expires {}, {} a refresh token",
            store.location(),
            relative(session.expires_at, now),
            with_or_without(session)
        ),
    });
}

/// Logs what was stored.
pub(super) fn session_written(store: &impl SessionStore, session: &Record, ui: Ui) {
    ui.step(|| {
        format!(
            "wrote `{}`: a token until {}, {} a refresh token",
            store.location(),
            session.expires_at.rfc3339(),
            with_or_without(session)
        )
    });
}

fn with_or_without(session: &Record) -> &'static str {
    if session.refresh_token.is_some() {
        "with"
    } else {
        "without"
    }
}
