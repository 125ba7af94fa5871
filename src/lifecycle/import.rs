//! The first call without a session of its own takes over one of kubelogin, so that nobody signs in on the day of the change.
//!
//! 1. Of kubelogin's records that say they are of this issuer and client, the newest is tried first.
//! 2. Under kubelogin's own lock: a token that lives is verified, the record is hidden from kubelogin, and the session is ours.
//! 3. A token that has ended is not kept: the refresh that follows is verified as always.
//!
//! A refresh token is used once where the provider rotates: two programs that had the same one would end the session for both.

use std::path::PathBuf;

use super::{Acquisition, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::oidc::{ProviderClient, StoredToken};
use crate::secret::Secret;
use crate::session::{self, KubeloginDir, KubeloginRecord, Record};

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) dirs: &'a [PathBuf],
}

/// What came of a record of kubelogin.
pub(super) enum Imported {
    /// It is our session now.
    Session(Record),
    /// The provider cannot be asked about the token, which still lives: it is used as kubelogin would, and left where it is.
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
            let left_alone = |error: &session::Error| {
                let (path, error) = (path.display(), error.in_one_line());
                call.ui.warn(&format!(
                    "the sessions of kubectl oidc-login in `{path}` are left alone: {error}"
                ));
            };
            let dir = match KubeloginDir::open(path) {
                Ok(Some(dir)) => dir,
                Ok(None) => continue,
                Err(error) => {
                    left_alone(&error);
                    continue;
                }
            };
            match from_dir(&dir, call, client, save) {
                Ok(None) => {}
                Err(Error::Session(error)) => left_alone(&error),
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
    let mut fitting: Vec<(i64, KubeloginRecord)> = dir
        .records()?
        .into_iter()
        .filter_map(|record| Some((as_ours(call, &record)?.issued_at, record)))
        .collect();
    fitting.sort_by_key(|(issued_at, _)| -issued_at);
    for (_, record) in fitting {
        let tell = || {
            call.ui
                .note("waiting for kubectl oidc-login, which is refreshing its session or signing in");
        };
        let Some(held) = dir.lock(&record, call.settings.login.timeout, tell)? else {
            continue;
        };
        // It may be another one by now.
        let Some(mut session) = as_ours(call, &held.record) else {
            continue;
        };
        if session.is_usable(clock::now()) {
            let verified = call.runtime.block_on(client.verify_imported(&session.token));
            match verified.map_err(Error::Runtime)? {
                Ok(true) => {}
                Ok(false) => forget_token(&mut session),
                Err(_) if call.demand == super::Demand::Fresh => return Ok(None),
                Err(error) => {
                    call.ui
                        .step(|| format!("the token of kubectl oidc-login is borrowed: {error}"));
                    return Ok(Some(Imported::Borrowed(session)));
                }
            }
        } else {
            forget_token(&mut session);
        }
        if session.refresh_token.is_none() && session.token.expose().is_empty() {
            continue;
        }
        let moved = held.take_over(|| save(&session))?;
        call.ui.note(&format!(
            "took over the session of kubectl oidc-login; its record is now `{}`",
            moved.display()
        ));
        return Ok(Some(Imported::Session(session)));
    }
    Ok(None)
}

/// Returns the session that a record of kubelogin would be for us, if it fits and is of any use.
fn as_ours<S: SessionStore>(call: &Acquisition<'_, S>, record: &KubeloginRecord) -> Option<Record> {
    let provider = call.settings.provider;
    // Who is meant, by any of the ways to say so: kubelogin's own are the user name and the hint.
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

/// What nobody has verified is not stored; a refresh brings another.
fn forget_token(session: &mut Record) {
    session.token = Secret::new("");
    session.expires_at = 0;
}
