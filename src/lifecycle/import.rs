//! Imports a session of kubelogin on the first call without an own session, so that a change from kubelogin needs no new login.
//!
//! 1. The candidates are kubelogin's records whose token names this issuer and client. The newest is tried first.
//! 2. Under kubelogin's own lock, an unexpired token is verified, the record is hidden from kubelogin, and the session is stored.
//! 3. An expired token is dropped. The refresh that follows verifies its response as always.
//!
//! A record from before a person has signed out is left alone: otherwise the next call would undo the logout.
//!
//! A provider that rotates refresh tokens accepts each only once (RFC 9700 section 4.14.2): if two programs used the same one, the provider
//! would end the session for both.

use std::cmp::Reverse;
use std::path::PathBuf;

use super::{Acquisition, SessionStore};
use crate::clock::{self, Timestamp};
use crate::error::Error;
use crate::oidc::{ProviderClient, StoredToken};
use crate::session::{self, KubeloginDir, KubeloginRecord, Record};
use crate::settings::{Login, Provider};

/// The directories that may hold sessions of kubelogin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) dirs: &'a [PathBuf],
}

/// How a record of kubelogin is used.
pub(super) enum Imported {
    /// It was imported and stored.
    Session(Record),
    /// Its unexpired token could not be verified, because the provider was not reachable. The token is used as kubelogin would use it, and
    /// the record stays with kubelogin.
    Borrowed(Record),
}

type Save<'a> = &'a dyn Fn(&Record) -> Result<(), Error>;

impl Import<'_> {
    pub(super) fn run<S: SessionStore>(
        &self,
        call: &Acquisition<'_, S>,
        client: &ProviderClient<'_>,
        save: Save<'_>,
    ) -> Result<Option<Imported>, Error> {
        for path in self.dirs {
            let warn_skipped = |error: &session::Error| {
                let (path, error) = (path.display(), error.in_one_line());
                call.ui.warn(&format!(
                    "the sessions of kubectl oidc-login in `{path}` are left alone: {error}"
                ));
            };
            let dir = match KubeloginDir::open(path) {
                Ok(Some(dir)) => dir,
                Ok(None) => continue,
                Err(error) => {
                    warn_skipped(&error);
                    continue;
                }
            };
            match from_dir(&dir, call, client, save) {
                Ok(None) => {}
                Err(Error::Session(error)) => warn_skipped(&error),
                imported => return imported,
            }
        }
        Ok(None)
    }
}

fn from_dir<S: SessionStore>(
    dir: &KubeloginDir,
    call: &Acquisition<'_, S>,
    client: &ProviderClient<'_>,
    save: Save<'_>,
) -> Result<Option<Imported>, Error> {
    // The mark is read each time: the person may sign out meanwhile.
    let session_from = |record: &KubeloginRecord| {
        let session = session_from(call, record)?;
        if is_signed_out(call.store.signed_out_at(), record.written_at, session.issued_at) {
            let path = dir.path_of(record);
            call.ui.step(|| {
                format!(
                    "`{}` of kubectl oidc-login is from before the last logout, and is left alone",
                    path.display()
                )
            });
            return None;
        }
        Some(session)
    };
    let mut candidates: Vec<(Timestamp, KubeloginRecord)> = dir
        .records()?
        .into_iter()
        .filter_map(|record| Some((session_from(&record)?.issued_at, record)))
        .collect();
    candidates.sort_by_key(|(issued_at, _)| Reverse(*issued_at));
    for (_, record) in candidates {
        let on_wait = || {
            call.ui
                .note("waiting for kubectl oidc-login, which is refreshing its session or signing in");
        };
        let Some(locked) = dir.lock(&record, call.settings.login.timeout, on_wait)? else {
            continue;
        };
        // kubelogin may have replaced the record before the lock was acquired.
        let Some(mut session) = session_from(&locked.record) else {
            continue;
        };
        // A token that was not verified is removed. A refresh brings a new one.
        if session.is_usable(clock::now()) {
            let verified = call.runtime.block_on(client.verify_imported(&session.token));
            // The provider may have taken long.
            if session_from(&locked.record).is_none() {
                continue;
            }
            match verified.map_err(Error::Runtime)? {
                Ok(true) => {}
                Ok(false) => session.remove_token(),
                Err(_) if call.demand == super::Demand::Fresh => return Ok(None),
                Err(error) => {
                    call.ui
                        .step(|| format!("the token of kubectl oidc-login is borrowed: {error}"));
                    return Ok(Some(Imported::Borrowed(session)));
                }
            }
        } else {
            session.remove_token();
        }
        if session.refresh_token.is_none() && session.token().is_none() {
            continue;
        }
        let moved = locked.take_over(|| save(&session))?;
        call.ui.note(&format!(
            "took over the session of kubectl oidc-login; its record is now `{}`",
            moved.display()
        ));
        return Ok(Some(Imported::Session(session)));
    }
    Ok(None)
}

/// Converts a record of kubelogin to a session, if it belongs to these settings and can still bring a token.
fn session_from<S: SessionStore>(call: &Acquisition<'_, S>, record: &KubeloginRecord) -> Option<Record> {
    let provider = call.settings.provider;
    let account = kubelogin_account(provider, call.settings.login);
    let stored = StoredToken::read(&record.token, provider, account)?;
    let session = Record::new(
        call.settings.identity.clone(),
        record.token.clone(),
        stored.issued_at,
        stored.expires_at,
        record.refresh_token.clone(),
        provider.scopes.joined(),
        stored.initial_id_token,
    );
    (session.refresh_token.is_some() || session.is_usable(clock::now())).then_some(session)
}

/// The account whose sessions of kubelogin are taken over. kubelogin has no option for the account: its users name the account by the user
/// name or `login_hint`.
pub(crate) fn kubelogin_account<'a>(provider: &'a Provider, login: &'a Login) -> Option<&'a str> {
    let account = provider.account.as_deref();
    let account = account.or_else(|| login.grant.username());
    account.or_else(|| provider.extra_parameter("login_hint"))
}

/// Whether a person has signed out after kubelogin got a record. Both times have to be later than the logout: a clock of the provider that
/// is ahead issues tokens from the future, and a copied file is new. A token without a time of its issue has that of 1970.
fn is_signed_out(
    signed_out_at: Option<Timestamp>,
    written_at: Option<Timestamp>,
    issued_at: Timestamp,
) -> bool {
    let issued_at = Some(issued_at).filter(|issued_at| *issued_at != Timestamp::EPOCH);
    let known = || [written_at, issued_at].into_iter().flatten();
    signed_out_at.is_some_and(|at| known().next().is_none() || known().any(|time| time <= at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;

    #[test]
    fn a_record_is_taken_over_after_a_logout_only_if_all_its_times_are_later() {
        let (before, after) = (at(99), at(101));
        for (signed_out_at, written_at, issued_at, expected) in [
            (None, Some(before), before, false),
            (None, None, Timestamp::EPOCH, false),
            (Some(100), Some(after), after, false),
            (Some(100), Some(before), after, true),
            (Some(100), Some(after), before, true),
            (Some(100), Some(at(100)), after, true),
            (Some(100), Some(after), at(100), true),
            (Some(100), Some(after), Timestamp::EPOCH, false),
            (Some(100), Some(before), Timestamp::EPOCH, true),
            (Some(100), None, after, false),
            (Some(100), None, before, true),
            (Some(100), None, Timestamp::EPOCH, true),
            (Some(i64::MAX), Some(after), after, true),
        ] {
            assert_eq!(
                is_signed_out(signed_out_at.map(at), written_at, issued_at),
                expected,
                "{signed_out_at:?} {written_at:?} {issued_at:?}"
            );
        }
    }
}
