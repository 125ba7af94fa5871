//! What a person is told of the end of a session.

use std::path::Path;

use super::clients::Failure;
use crate::clock;
use crate::command::account::{Account, time_in_words};
use crate::files::{quoted, shown};
use crate::oidc::Revocation;
use crate::session::{Identity, Record};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// What is said of a refresh token that the provider does not revoke.
pub(super) const GIVEN_UP: &str = "is not revoked, and may stay valid until the provider ends it";

/// Tells of a session that was ended.
pub(super) fn report(
    record: &Record,
    revoked: &Result<Option<Revocation>, Failure>,
    is_given_up: bool,
    ui: Ui,
) {
    let name = Account::of_token(&record.token).name;
    let who = name.map_or_else(|| "a session".to_owned(), |name| format!("the session of {name}"));
    let ended = format!("ended {who} at {}", UntrustedText::new(&record.identity.issuer));
    match revoked {
        Ok(Some(Revocation::Done)) => ui.note(&format!("{ended}: its refresh token is revoked")),
        Ok(Some(Revocation::Unsupported)) => ui.note(&format!(
            "{ended} on this machine; the provider cannot revoke its refresh token, which stays valid until the provider ends it"
        )),
        Ok(None) => ui.note(&format!("{ended}; it had no refresh token")),
        Ok(Some(Revocation::Refused(reason))) => {
            ui.note(&format!("{ended} on this machine"));
            ui.warn(&format!("its refresh token {GIVEN_UP}: {reason}"));
        }
        Err(failure) => {
            ui.note(&format!("{ended} on this machine"));
            let effect = (!is_given_up).then_some("the next sign-in or logout tries again");
            ui.warn(&format!(
                "its refresh token could not be revoked: {}",
                failure.in_one_line(effect)
            ));
        }
    }
    let now = clock::now();
    if record.is_unexpired(now) {
        let until = time_in_words(record.expires_at, now);
        ui.note(&format!(
            "the token that was issued last stays valid until {until}: nothing can revoke it"
        ));
    }
}

/// Tells of a session that can never be read, and was removed.
pub(super) fn report_broken(identity: Option<&Identity>, dir: &Path, reason: &str, ui: Ui) {
    let place = identity.map_or_else(
        || shown(dir).to_string(),
        |identity| UntrustedText::new(&identity.issuer).to_string(),
    );
    ui.note(&format!("removed a session at {place} from this machine"));
    ui.warn(&format!(
        "it could not be used ({reason}), so its refresh token, if it has one, was not revoked, and stays valid until the provider ends it"
    ));
}

/// Tells of a file that stays, because nobody knows whether its session is meant.
pub(super) fn report_doubt(path: &Path, whose: &str, reason: &str, ui: Ui) {
    let dir = path.parent().unwrap_or(path);
    ui.warn(&format!(
        "the session in {} may be {whose}, and was not ended: {reason}; to remove all sessions of that directory and of the fallback directories here, and revoke nothing: \
         kubesesame clean --token-cache-dir={}",
        shown(path),
        quoted(dir)
    ));
}
