//! Imports a session of kubelogin on the first call without an own session, so that a change from kubelogin needs no new login.
//!
//! 1. The candidates are kubelogin's records whose token names this issuer and client. The newest is tried first.
//! 2. Under kubelogin's own lock, an unexpired token is verified, the record is hidden from kubelogin, and the session is stored.
//! 3. An expired token is dropped. The refresh that follows verifies its response as always.
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
    let mut candidates: Vec<(Timestamp, KubeloginRecord)> = dir
        .records()?
        .into_iter()
        .filter_map(|record| Some((session_from(call, &record)?.issued_at, record)))
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
        let Some(mut session) = session_from(call, &locked.record) else {
            continue;
        };
        // A token that was not verified is removed. A refresh brings a new one.
        if session.is_usable(clock::now()) {
            let verified = call.runtime.block_on(client.verify_imported(&session.token));
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
    // kubelogin has no option for the account: its users name the account by the user name or `login_hint`.
    let account = provider.account.as_deref();
    let account = account.or_else(|| call.settings.login.grant.username());
    let account = account.or_else(|| provider.extra_parameter("login_hint"));
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
