//! Ends sessions: sets all of them aside, revokes their refresh tokens, and removes their files.
//!
//! No lock is held while a provider is asked. A refresh token that is not revoked in time waits in its file.

use std::time::Duration;

use super::clients::{Clients, Failure};
use super::find::Found;
use super::hold::{HeldSession, hold_all, not_ended};
use super::report::report;
use super::selection::Selection;
use crate::command::token_request::TokenRequest;
use crate::error::Error;
use crate::oidc::{self, ProviderClient, Revocation};
use crate::session::{self, EndingSession, Record, Removed};
use crate::settings::Provider;
use crate::ui::Ui;

/// How long the providers have for all revocations together.
const REVOCATION_BUDGET: Duration = Duration::from_secs(30);

/// How long to wait for the lock of a session whose refresh token is revoked, to remove its file.
const REMOVAL_WAIT: Duration = Duration::from_secs(5);

/// What came of the end of sessions.
#[derive(Default)]
pub(super) struct Ended<'a> {
    /// The sessions that could be read, with what an entry says of them.
    pub(super) records: Vec<(Option<&'a TokenRequest>, Box<Record>)>,
    /// Why a session, or a file of it, is still there.
    pub(super) failures: Vec<Error>,
    /// Whether a refresh token may be valid at the provider: it waits to be revoked, or can no longer be.
    pub(super) may_stay_valid: bool,
}

impl Ended<'_> {
    /// Whether there was no session, and none that may be meant.
    pub(super) fn has_none(&self) -> bool {
        self.records.is_empty() && self.failures.is_empty() && !self.may_stay_valid
    }

    pub(super) fn warn_of_displaced(&mut self, ui: Ui) {
        ui.warn("too many refresh tokens wait to be revoked: the oldest is given up, and stays valid until the provider ends it");
        self.may_stay_valid = true;
    }

    /// Removes the files beside a session that has ended, and takes note of what could not be removed.
    pub(super) fn finish_removal(&mut self, session: &EndingSession, mut removed: Removed, ui: Ui) {
        if let Err(error) = session.remove_rest(&mut removed) {
            self.failures.push(error.into());
        }
        if let Some(error) = removed.file_error {
            self.failures.push(session::Error::from(error).into());
        }
        if let Some(error) = &removed.key_error {
            ui.warn(&format!(
                "a key of the session stays in the keyring, where it opens nothing any more: {error}"
            ));
        }
    }
}

/// Ends sessions, and tells the person. A failure keeps nothing else from being ended.
pub(super) fn end<'a>(
    found: &[Found<'a>],
    find_again: &dyn Fn() -> Vec<Found<'a>>,
    selection: &Selection<'_>,
    ended: &mut Ended<'a>,
    clients: &mut Clients<'a>,
    ui: Ui,
) {
    let sessions = hold_all(found, find_again, selection, ended, ui);
    // What was selected comes before what has waited for long.
    let mut order: Vec<&HeldSession<'a>> = sessions.iter().collect();
    order.sort_by_key(|session| session.was_ended);
    let revoked = revoke_all(&order, clients);
    let mut waiting = 0_usize;
    let mut results: Vec<_> = order.into_iter().zip(revoked).collect();
    // In the order in which they were found, so that the latest session comes last.
    results.sort_by_key(|(session, _)| sessions.iter().position(|known| std::ptr::eq(known, *session)));
    for (session, revoked) in results {
        let revoked = match revoked {
            Some(revoked) => revoked,
            None if session.was_ended && !session.is_displaced => {
                waiting += 1;
                ended.may_stay_valid = true;
                continue;
            }
            None => Err(Failure::out_of_time()),
        };
        finish(session, &revoked, ended, ui);
        ended.records.push((session.request, session.record.clone()));
    }
    match waiting {
        0 => {}
        1 => ui.warn(
            "1 refresh token of a session that was ended before still waits to be revoked; the next sign-in or logout tries again",
        ),
        many => ui.warn(&format!(
            "{many} refresh tokens of sessions that were ended before still wait to be revoked; the next sign-in or logout tries again"
        )),
    }
}

/// `None` for what there was no time to ask for, and for what has waited for long at a provider that does not answer: it can wait on.
fn revoke_all<'a>(
    order: &[&HeldSession<'a>],
    clients: &mut Clients<'a>,
) -> Vec<Option<Result<Option<Revocation>, Failure>>> {
    // A session without a refresh token needs no client, and so no secret of it.
    let has_token = |session: &HeldSession<'_>| session.record.refresh_token.is_some();
    let asked: Vec<&HeldSession<'a>> = order.iter().copied().filter(|one| has_token(one)).collect();
    let answers = clients.ask_all(
        &asked,
        REVOCATION_BUDGET,
        |session| session.asked_as(),
        |session| !session.was_ended,
        &async |client: &ProviderClient<'_>, session: &&HeldSession<'a>| {
            revoke(client, &session.record).await
        },
    );
    let mut answers = answers.into_iter();
    let answer_of = |session: &&HeldSession<'a>| {
        if has_token(session) {
            answers.next().flatten()
        } else {
            Some(Ok(None))
        }
    };
    order.iter().map(answer_of).collect()
}

/// Removes the file of a session whose refresh token needs no further revocation, and tells the person.
fn finish<'a>(
    session: &HeldSession<'a>,
    revoked: &Result<Option<Revocation>, Failure>,
    ended: &mut Ended<'a>,
    ui: Ui,
) {
    ended.may_stay_valid |= !matches!(revoked, Ok(Some(Revocation::Done) | None));
    if revoked.is_ok() {
        remove(session, ended, ui);
    } else if session.is_displaced {
        ended.warn_of_displaced(ui);
    }
    report(&session.record, revoked, session.is_displaced, ui);
}

fn remove(session: &HeldSession<'_>, ended: &mut Ended<'_>, ui: Ui) {
    let Some(name) = &session.name else {
        return;
    };
    let place = session.place.clone();
    let path = place.dir.join(name);
    let locked = EndingSession::lock(&place.dir, place.key, place.identity, REMOVAL_WAIT, |_| ());
    let locked = match locked {
        Ok(Some(locked)) => locked,
        Ok(None) => return,
        // It says that the token waits, and a later call finds that it is revoked.
        Err(session::Error::LockTimeout { .. }) => {
            return ui.note(&format!(
                "another kubesesame is using the session, so {} stays until the next sign-in or logout",
                crate::files::shown(&path)
            ));
        }
        Err(source) => return ended.failures.push(not_ended(&path, source)),
    };
    let mut removed = Removed::default();
    locked.remove_pending(name, &session.record, &mut removed);
    ended.finish_removal(&locked, removed, ui);
}

/// Whether the client of this provider got the record's refresh token. It goes to no other issuer, whatever the name of its file is.
pub(super) fn is_of(record: &Record, provider: &Provider) -> bool {
    record.identity.issuer == provider.issuer.as_str() && record.identity.client_id == provider.client_id
}

/// `None` for a session without a refresh token.
pub(super) async fn revoke(
    client: &ProviderClient<'_>,
    record: &Record,
) -> Result<Option<Revocation>, oidc::Error> {
    let Some(refresh_token) = &record.refresh_token else {
        return Ok(None);
    };
    let revocation = client.revoke(refresh_token, record.dpop.as_ref());
    revocation.await.map(Some)
}
