//! Sessions of `kubectl oidc-login` beside those that were ended: the next call takes none of them over, and the person is told where they are.
//!
//! They are that program's, so no file of them is changed and nothing of them is revoked. A mark is left only where there is such a session,
//! and before ours is ended, so that none takes its place if this process is killed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::find::{EntrySessions, Found, Selection};
use crate::clock::{self, Timestamp};
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::environment::Environment;
use crate::files::shown;
use crate::lifecycle::kubelogin_account;
use crate::oidc::StoredToken;
use crate::session::{self, Identity, Key, KubeloginDir, KubeloginRecord, Store};
use crate::settings::{Issuer, Provider, Storage, kubelogin_dirs};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// A session in whose place one of kubelogin would come.
struct Place<'a> {
    key: Key,
    identity: Identity,
    provider: Cow<'a, Provider>,
    /// Whose sessions of kubelogin are taken over, if the settings name an account.
    account: Option<String>,
    kubelogin_dirs: Vec<PathBuf>,
    /// Where a call looks for the mark, in the order of preference.
    dirs: Vec<PathBuf>,
    /// Whether a session of it is ended now. Then nobody's takes its place, whatever the account that was typed.
    is_ended: bool,
}

/// What kubelogin still has.
#[derive(Default)]
pub(super) struct KubeloginSessions {
    /// The files, each with its issuer.
    files: Vec<(String, PathBuf)>,
    /// Why a mark could not be left.
    failures: Vec<session::Error>,
}

/// Leaves a mark for each session that is meant, and that a session of kubelogin would replace.
pub(super) fn keep_out(
    entries: &EntrySessions,
    selection: &Selection<'_>,
    found: &[Found<'_>],
    environment: &Environment,
) -> KubeloginSessions {
    let now = clock::now();
    let mut left = KubeloginSessions::default();
    for place in places(entries, selection, found, environment) {
        let (mut is_threatened, mut is_unknown) = (false, false);
        for dir in &place.kubelogin_dirs {
            let (dir, records) = match records_in(dir) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                // What cannot be read now may be readable at the next call.
                Err(_) => {
                    is_unknown = true;
                    continue;
                }
            };
            for record in records.iter().filter(|record| place.fits(record, selection, now)) {
                is_threatened = true;
                let file = (place.identity.issuer.clone(), dir.path_of(record));
                if !left.files.contains(&file) {
                    left.files.push(file);
                }
            }
        }
        if (is_threatened || is_unknown)
            && let Err(error) = place.leave_mark(now)
            && is_threatened
        {
            left.failures.push(error);
        }
    }
    left
}

/// `None` if the directory does not exist.
fn records_in(path: &Path) -> Result<Option<(KubeloginDir, Vec<KubeloginRecord>)>, session::Error> {
    let Some(dir) = KubeloginDir::open(path)? else {
        return Ok(None);
    };
    let records = dir.records()?;
    Ok(Some((dir, records)))
}

fn places<'a>(
    entries: &'a EntrySessions,
    selection: &'a Selection<'_>,
    found: &[Found<'_>],
    environment: &Environment,
) -> Vec<Place<'a>> {
    let found = || found.iter().filter(|session| session.is_certain());
    let is_ended = |key: &Key| found().any(|session| session.key == *key);
    let of_entries = entries.meant(selection).iter();
    let mut places: Vec<Place<'a>> = Vec::new();
    for session in of_entries {
        let place = Place::of_entry(session, is_ended(&session.request.key()));
        // A user of several contexts.
        if !places.iter().any(|known| known.is_same(&place)) {
            places.push(place);
        }
    }
    // A call without an entry looks in the usual directory of kubelogin, or in that of the session.
    let of_none: Vec<_> = found()
        .filter(|session| !places.iter().any(|place| place.key == session.key))
        .filter_map(|session| Place::without_entry(session, environment))
        .collect();
    places.extend(of_none);
    places
}

impl<'a> Place<'a> {
    fn of_entry(session: &'a EntrySession, is_ended: bool) -> Self {
        let request = &session.request;
        let (provider, login) = (&request.sign_in.provider, &request.sign_in.login);
        let is_taking_over = login.grant.is_interactive() && request.cache.storage.is_some();
        Self {
            key: request.key(),
            identity: request.identity.clone(),
            provider: Cow::Borrowed(provider),
            account: kubelogin_account(provider, login).map(str::to_owned),
            kubelogin_dirs: request
                .cache
                .kubelogin_dirs
                .iter()
                .filter(|_| is_taking_over)
                .cloned()
                .collect(),
            dirs: request.cache.dirs().map(Path::to_owned).collect(),
            is_ended,
        }
    }

    fn without_entry(session: &Found<'_>, environment: &Environment) -> Option<Self> {
        let identity = session.identity.clone()?;
        let issuer = Issuer::parse(identity.issuer.clone()).ok()?;
        let mut dirs = kubelogin_dirs(None, environment);
        dirs.push(session.dir.clone());
        Some(Self {
            key: session.key.clone(),
            provider: Cow::Owned(Provider::public_client(issuer, identity.client_id.clone())),
            account: identity.account.clone(),
            identity,
            kubelogin_dirs: dirs,
            dirs: vec![session.dir.clone()],
            is_ended: true,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        let files = |place: &Self| (place.dirs.clone(), place.kubelogin_dirs.clone());
        self.key == other.key && self.account == other.account && files(self) == files(other)
    }

    /// Whether a call would take a record over, and the person means it.
    fn fits(&self, record: &KubeloginRecord, selection: &Selection<'_>, now: Timestamp) -> bool {
        let token = StoredToken::read(&record.token, &self.provider, self.account.as_deref());
        let brings_token = |token: StoredToken| record.refresh_token.is_some() || token.expires_at > now;
        token.is_some_and(brings_token) && (self.is_ended || self.is_meant(record, selection))
    }

    fn is_meant(&self, record: &KubeloginRecord, selection: &Selection<'_>) -> bool {
        match selection {
            Selection::Entry(_) => true,
            Selection::Matching { account, issuer } => {
                let is_of = |wanted: &str| {
                    self.identity.account.as_deref() == Some(wanted)
                        || Account::of_token(&record.token).is_named(wanted)
                };
                issuer.is_none_or(|issuer| self.identity.issuer == issuer) && account.is_none_or(is_of)
            }
        }
    }

    /// Leaves the mark in each directory that is there, or in the first that can be made.
    fn leave_mark(&self, now: Timestamp) -> Result<(), session::Error> {
        let (key, identity) = (&self.key, &self.identity);
        let (mut is_marked, mut failure) = (false, None);
        for dir in &self.dirs {
            match Store::open(dir, key.clone(), identity.clone(), Storage::Disk) {
                Ok(None) => {}
                Ok(Some(store)) => match store.mark_signed_out(now) {
                    Ok(()) => is_marked = true,
                    Err(error) => drop(failure.get_or_insert(error)),
                },
                Err(error) => drop(failure.get_or_insert(error)),
            }
        }
        for dir in &self.dirs {
            if is_marked {
                return Ok(());
            }
            let store = Store::create(dir, key.clone(), identity.clone(), Storage::Disk);
            match store.and_then(|store| store.mark_signed_out(now)) {
                Ok(()) => is_marked = true,
                Err(error) => drop(failure.get_or_insert(error)),
            }
        }
        failure.filter(|_| !is_marked).map_or(Ok(()), Err)
    }
}

impl KubeloginSessions {
    pub(super) fn is_kept_out(&self) -> bool {
        self.failures.is_empty()
    }

    pub(super) fn report(&self, ui: Ui) {
        let mut issuers: Vec<&str> = self.files.iter().map(|(issuer, _)| issuer.as_str()).collect();
        issuers.dedup();
        for issuer in issuers {
            let files = self.files.iter().filter(|(of, _)| of == issuer);
            let files: Vec<_> = files.map(|(_, path)| shown(path).to_string()).collect();
            let taken_over = if self.is_kept_out() {
                ", which no call takes over"
            } else {
                ""
            };
            ui.note(&format!(
                "kubectl oidc-login still has a session at {}{taken_over}; to remove it from this machine, and revoke nothing: rm {}",
                UntrustedText::new(issuer),
                files.join(" ")
            ));
        }
        for failure in &self.failures {
            ui.warn(&format!(
                "the next call may take over a session of kubectl oidc-login, unless --adopt=off is set: {}; {}",
                failure.in_one_line(),
                failure.hint()
            ));
        }
    }
}
