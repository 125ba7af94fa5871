//! Sessions of `kubectl oidc-login` beside those that were ended: the next call takes none of them over, and the person is told where they are.
//!
//! They are that program's, so no file of them is changed and nothing of them is revoked. A mark is left only where there is such a session,
//! and before ours is ended, so that none takes its place if this process is killed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::find::{EntrySessions, Found};
use super::selection::Selection;
use crate::clock::{self, Timestamp};
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::environment::Environment;
use crate::files::quoted;
use crate::lifecycle::kubelogin_account;
use crate::oidc::{StoredToken, claims_of_stored};
use crate::session::{self, EndingSession, Identity, Key, KubeloginDir, KubeloginRecord, Store};
use crate::settings::{Issuer, Provider, Storage, kubelogin_dirs};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// How long to wait for a call that is storing a session. What it does before that can take longer, but looks at the mark after it.
const IMPORT_WAIT: Duration = Duration::from_secs(2);

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
    /// Those that no entry names, and no session here, so that there is no place for a mark.
    unmarked: Vec<(String, PathBuf)>,
    /// Why a mark could not be left.
    failures: Vec<session::Error>,
    has_marked: bool,
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
    let places = places(entries, selection, found, environment);
    // Of another entry than the selected one, only a session is meant that the selected one could have taken over as well.
    let selected = places
        .first()
        .filter(|_| matches!(selection, Selection::Entry(_)));
    let is_meant = |place: &Place<'_>, record: &KubeloginRecord| {
        place.fits(record, selection, now)
            && selected.is_none_or(|selected| selected.fits(record, selection, now))
    };
    for place in &places {
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
            is_unknown |= dir.has_unreadable();
            for record in records.iter().filter(|record| is_meant(place, record)) {
                is_threatened = true;
                let file = (place.identity.issuer.clone(), dir.path_of(record));
                if !left.files.contains(&file) {
                    left.files.push(file);
                }
            }
        }
        if is_threatened || is_unknown {
            let marked = place.leave_mark(now);
            place.let_import_finish();
            left.has_marked = true;
            left.failures.extend(marked.err().filter(|_| is_threatened));
        }
    }
    if let Selection::Matching { account, issuer } = selection {
        left.add_unmarked(*account, *issuer, environment, now);
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
    // A session of kubelogin fits each entry of its issuer and client, whatever the scopes.
    let of_entries = entries
        .meant(selection)
        .iter()
        .chain(entries.of_same_client(selection));
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

    /// Leaves the mark in each directory in which a call may look for it: also in those that it takes while it cannot write the first.
    fn leave_mark(&self, now: Timestamp) -> Result<(), session::Error> {
        let (key, identity) = (&self.key, &self.identity);
        let (mut is_marked, mut failure) = (false, None);
        for dir in &self.dirs {
            let store = Store::create(dir, key.clone(), identity.clone(), Storage::Disk);
            match store.and_then(|store| store.mark_signed_out(now)) {
                Ok(()) => is_marked = true,
                // Where no directory can be made, no call takes a session over.
                Err(error) if dir.exists() || !is_marked => drop(failure.get_or_insert(error)),
                Err(_) => {}
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Lets a call store the session that it is taking over just now, so that it is found. One that has not come so far sees the mark, and
    /// one that holds the lock for another reason needs no wait.
    fn let_import_finish(&self) {
        for dir in &self.dirs {
            let (key, identity) = (self.key.clone(), Some(self.identity.clone()));
            drop(EndingSession::lock(dir, key, identity, IMPORT_WAIT, |_| ()));
        }
    }
}

impl KubeloginSessions {
    /// Whether a mark was left. A call that began before may have taken a session over, which is to be looked for then.
    pub(super) fn has_marked(&self) -> bool {
        self.has_marked
    }

    /// Adds the sessions in kubelogin's usual directories that are meant, and that no mark keeps out.
    fn add_unmarked(
        &mut self,
        account: Option<&str>,
        issuer: Option<&str>,
        environment: &Environment,
        now: Timestamp,
    ) {
        for dir in kubelogin_dirs(None, environment) {
            let Ok(Some((dir, records))) = records_in(&dir) else {
                continue;
            };
            for record in records {
                let Some(claims) = claims_of_stored(&record.token) else {
                    continue;
                };
                let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
                let is_unexpired = claims.get("exp").and_then(Value::as_i64) > Some(now.secs());
                let is_of = |wanted: &str| Account::of_token(&record.token).is_named(wanted);
                let path = dir.path_of(&record);
                if (record.refresh_token.is_some() || is_unexpired)
                    && issuer.is_none_or(|issuer| text("iss") == issuer)
                    && account.is_none_or(is_of)
                    && !self.files.iter().any(|(_, known)| *known == path)
                {
                    self.unmarked.push((text("iss").to_owned(), path));
                }
            }
        }
    }

    pub(super) fn is_kept_out(&self) -> bool {
        self.failures.is_empty()
    }

    pub(super) fn report(&self, ui: Ui) {
        let mut issuers: Vec<&str> = self.files.iter().map(|(issuer, _)| issuer.as_str()).collect();
        issuers.dedup();
        for issuer in issuers {
            let files = self.files.iter().filter(|(of, _)| of == issuer);
            let files: Vec<_> = files.map(|(_, path)| quoted(path)).collect();
            let taken_over = if self.is_kept_out() {
                ", which no entry of the kubeconfig takes over"
            } else {
                ""
            };
            ui.note(&format!(
                "kubectl oidc-login still has a session at {}{taken_over}; to remove it from this machine, and revoke nothing: rm {}",
                UntrustedText::new(issuer),
                files.join(" ")
            ));
        }
        for (issuer, path) in &self.unmarked {
            ui.note(&format!(
                "kubectl oidc-login still has a session at {}; a call for its issuer and client may take it over, unless --adopt=off is set; \
                 to remove it from this machine, and revoke nothing: rm {}",
                UntrustedText::new(issuer),
                quoted(path)
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
