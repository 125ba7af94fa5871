//! Reads sessions and entries, and finds which belong together.

use std::path::{Path, PathBuf};

use super::facts::{Program, SessionFacts, SessionState, SessionStorage, Status, UserFacts, UserState};
use crate::clock::Timestamp;
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::command::kubeconfig_view::KubeconfigView;
use crate::environment::Environment;
use crate::error_chain::in_one_line;
use crate::files;
use crate::kubeconfig::{ContextEntry, EntrySource, UserEntry, shown_command};
use crate::session::{ContinuationKey, Identity, Key, ListedContent, ListedSession, list_sessions};
use crate::settings::{Stdin, Storage, home_cache_dir, likely_cache_dir, runtime_dir};
use crate::untrusted_text::UntrustedText;

/// The session that a user means in some of its contexts.
struct Wanted {
    user: usize,
    contexts: Vec<String>,
    key: Key,
    identity: Identity,
    /// Where it may be, in the order of preference.
    dirs: Vec<PathBuf>,
    /// Where it may be continued while those cannot be written.
    temporary_dir: Option<PathBuf>,
    storage: Storage,
}

impl Wanted {
    fn may_be_in(&self, dir: &Path) -> bool {
        self.dirs
            .iter()
            .chain(&self.temporary_dir)
            .any(|known| known == dir)
    }
}

/// Reads everything that `status` shows.
pub(in crate::command) fn gather(
    view: Option<&KubeconfigView>,
    environment: &Environment,
    now: Timestamp,
) -> Status {
    let mut status = Status::default();
    let mut wanted = Vec::new();
    if let Some(view) = view {
        status.current_context.clone_from(&view.entries.current_context);
        let broken = view.broken.iter();
        status
            .problems
            .extend(broken.map(|(_, error)| format!("{error}; {}", error.hint())));
        for entry in &view.entries.users {
            if let Some(user) = user_facts(view, entry, environment, status.users.len(), &mut wanted) {
                status.users.push(user);
            }
        }
    }
    let found = found_sessions(&wanted, environment, &mut status.problems);
    add_sessions(&mut status, found, &wanted, now);
    status
}

/// Returns what is known of a user, and adds the sessions that it means. `None` for a user that is no business of kubesesame.
fn user_facts(
    view: &KubeconfigView,
    entry: &UserEntry,
    environment: &Environment,
    index: usize,
    wanted: &mut Vec<Wanted>,
) -> Option<UserFacts> {
    let contexts: Vec<&ContextEntry> = view.entries.contexts_of_user(&entry.name).collect();
    let (program, mut state) = match &entry.source {
        EntrySource::Kubesesame => (Program::Kubesesame, UserState::NoSession),
        EntrySource::Kubelogin { .. } => (Program::Kubelogin, UserState::NoSession),
        EntrySource::AuthProvider => (Program::AuthProvider, UserState::TokensInKubeconfig),
        EntrySource::Unusable(reason) => {
            let state = UserState::Unusable {
                reason: reason.clone(),
                hint: None,
            };
            (Program::Kubelogin, state)
        }
        EntrySource::Other => return None,
    };
    // The cluster of a context may choose the session, so each context is looked at. A user without one is looked at once.
    let places = contexts.iter().copied().map(Some);
    let places: Vec<Option<&ContextEntry>> = if contexts.is_empty() {
        vec![None]
    } else {
        places.collect()
    };
    for context in places.into_iter().filter(|_| entry.source.is_supported()) {
        let exec_info = view.exec_info(entry, context);
        match EntrySession::of(entry, exec_info.as_deref(), &[], Stdin::ABSENT, environment) {
            Ok(session) if session.request.cache.storage.is_none() => state = UserState::KeepsNone,
            Ok(session) => add_wanted(wanted, index, context, &session),
            Err(error) => {
                state = UserState::Unusable {
                    reason: error.reason,
                    hint: error.hint,
                }
            }
        }
    }
    Some(UserFacts {
        name: entry.name.clone(),
        file: view.path_of(entry).to_owned(),
        contexts: contexts.iter().map(|context| context.name.clone()).collect(),
        program,
        command: entry
            .exec
            .as_ref()
            .map(|exec| shown_command(&exec.command).to_owned()),
        state,
    })
}

fn add_wanted(wanted: &mut Vec<Wanted>, user: usize, context: Option<&ContextEntry>, session: &EntrySession) {
    let Some(storage) = session.request.cache.storage else {
        return;
    };
    let key = session.request.key();
    let context = context.map(|context| context.name.clone());
    if let Some(known) = wanted
        .iter_mut()
        .find(|known| known.user == user && known.key == key)
    {
        known.contexts.extend(context);
        return;
    }
    let dirs = session.request.cache.dirs().map(Path::to_owned);
    wanted.push(Wanted {
        user,
        contexts: context.into_iter().collect(),
        key,
        identity: session.request.identity.clone(),
        dirs: dirs.collect(),
        temporary_dir: session.environment.temporary_dir.clone(),
        storage,
    });
}

/// Returns the sessions in all directories, each with its directory.
fn found_sessions(
    wanted: &[Wanted],
    environment: &Environment,
    problems: &mut Vec<String>,
) -> Vec<(PathBuf, ListedSession)> {
    let own = [
        likely_cache_dir(&[], environment),
        home_cache_dir(environment),
        runtime_dir(environment),
    ];
    let all = own
        .into_iter()
        .flatten()
        .chain(wanted.iter().flat_map(|wanted| wanted.dirs.clone()));
    let all: Vec<PathBuf> = all.collect();
    let temporary = wanted.iter().filter_map(|wanted| wanted.temporary_dir.clone());
    let temporary = environment.temporary_dir.clone().into_iter().chain(temporary);
    let temporary: Vec<PathBuf> = temporary.filter(|dir| !all.contains(dir)).collect();
    let identity_of = |key: &Key| {
        let known = wanted.iter().find(|wanted| wanted.key == *key);
        known.map(|known| known.identity.clone())
    };
    let mut dirs: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    for dir in all.into_iter().chain(temporary.clone()) {
        if dirs.contains(&dir) {
            continue;
        }
        match list_sessions(&dir, &identity_of) {
            Ok(sessions) => found.extend(sessions.into_iter().map(|session| (dir.clone(), session))),
            // Another user may have made that directory. Then it holds nothing of this user.
            Err(_) if temporary.contains(&dir) => {}
            Err(error) => problems.push(format!("{}; {}", error.in_one_line(), error.hint())),
        }
        dirs.push(dir);
    }
    drop_unproven(&mut found, &temporary);
    found
}

/// Drops the sessions among the temporary files that do not prove that they continue one of another directory, as a call does: an archive
/// that somebody unpacks there may contain them.
fn drop_unproven(found: &mut Vec<(PathBuf, ListedSession)>, temporary: &[PathBuf]) {
    let continues = |session: &ListedSession, other: &ListedSession| match (&session.content, &other.content)
    {
        (ListedContent::Record(record), ListedContent::Record(before)) => {
            other.key == session.key && ContinuationKey::of(before).is_some_and(|key| key.accepts(record))
        }
        _ => false,
    };
    let is_kept = |(dir, session): &(PathBuf, ListedSession)| {
        let mut others = found
            .iter()
            .filter(|(other_dir, _)| !temporary.contains(other_dir));
        !temporary.contains(dir) || others.any(|(_, other)| continues(session, other))
    };
    let is_kept: Vec<bool> = found.iter().map(is_kept).collect();
    let mut is_kept = is_kept.into_iter();
    found.retain(|_| is_kept.next().unwrap_or_default());
}

/// Adds the sessions, each with its users. Of several files of one session, the one that a call would use is shown.
fn add_sessions(
    status: &mut Status,
    found: Vec<(PathBuf, ListedSession)>,
    wanted: &[Wanted],
    now: Timestamp,
) {
    let mut users_of: Vec<Vec<&Wanted>> = found.iter().map(|_| Vec::new()).collect();
    let mut is_older = vec![false; found.len()];
    for wanted in wanted {
        let places = (0..found.len()).filter(|at| {
            let (dir, session) = &found[*at];
            session.key == wanted.key && wanted.may_be_in(dir) && fits(session, wanted.storage)
        });
        let places: Vec<usize> = places.collect();
        let Some(latest) = places
            .iter()
            .copied()
            .reduce(|one, other| later(&found, one, other))
        else {
            continue;
        };
        users_of[latest].push(wanted);
        for place in places {
            is_older[place] |= place != latest;
        }
        status.users[wanted.user].state = UserState::HasSession;
    }
    for (at, (_, session)) in found.into_iter().enumerate() {
        if is_older[at] && users_of[at].is_empty() {
            continue;
        }
        let users = users_of[at]
            .iter()
            .map(|wanted| status.users[wanted.user].name.clone())
            .collect();
        let contexts = users_of[at]
            .iter()
            .flat_map(|wanted| wanted.contexts.clone())
            .collect();
        let identity = users_of[at].first().map(|wanted| &wanted.identity);
        status
            .sessions
            .push(session_facts(session, identity, users, contexts, now));
    }
}

/// Whether a call with this setting reads a file of this form.
fn fits(session: &ListedSession, storage: Storage) -> bool {
    match storage {
        Storage::Disk => !session.is_sealed,
        Storage::Keyring => session.is_sealed,
        Storage::Auto => true,
    }
}

/// Returns the one of two files of a session that counts: the later record. A sealed one goes before a plain one that cannot be compared.
fn later(found: &[(PathBuf, ListedSession)], one: usize, other: usize) -> usize {
    match (&found[one].1.content, &found[other].1.content) {
        (ListedContent::Record(first), ListedContent::Record(second)) => {
            if second.is_as_late_as(first) {
                other
            } else {
                one
            }
        }
        (ListedContent::Unusable(_) | ListedContent::Unreadable(_), _)
        | (ListedContent::Record(_), ListedContent::Sealed) => other,
        (ListedContent::Sealed | ListedContent::Record(_), _) => one,
    }
}

fn unreadable(error: &files::Error) -> SessionState {
    match error.openness() {
        Some((mode, fix)) => SessionState::OpenToOthers { mode, fix },
        None => SessionState::Unreadable {
            reason: in_one_line(error),
            fix: error.hint(files::Purpose::Sessions),
        },
    }
}

fn session_facts(
    session: ListedSession,
    identity: Option<&Identity>,
    users: Vec<String>,
    contexts: Vec<String>,
    now: Timestamp,
) -> SessionFacts {
    let (identity, state) = match session.content {
        ListedContent::Record(record) => {
            let state = SessionState::Readable {
                account: Account::of_token(&record.token),
                valid_until: record.expires_at,
                is_valid: now < record.expires_at,
                can_be_refreshed: record.refresh_token.is_some(),
            };
            (Some(record.identity), state)
        }
        ListedContent::Sealed => (identity.cloned(), SessionState::Sealed),
        ListedContent::Unusable(reason) => (identity.cloned(), SessionState::Unusable(reason)),
        ListedContent::Unreadable(error) => (identity.cloned(), unreadable(&error)),
    };
    let shown = |text: &str| UntrustedText::with_limit(text, 200);
    SessionFacts {
        path: session.path,
        storage: if session.is_sealed {
            SessionStorage::Keyring
        } else {
            SessionStorage::File
        },
        issuer: identity.as_ref().map(|identity| shown(&identity.issuer)),
        client_id: identity.as_ref().map(|identity| shown(&identity.client_id)),
        state,
        users,
        contexts,
    }
}
