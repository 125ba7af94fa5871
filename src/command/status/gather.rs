//! Reads sessions and entries, and finds which belong together.

use std::path::PathBuf;

use super::facts::{Program, SessionFacts, SessionState, SessionStorage, Status, UserFacts, UserState};
use crate::clock::Timestamp;
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::command::found_sessions::{Files, SessionDirs, SessionPlaces, find_sessions, sessions_of_user};
use crate::command::kubeconfig_view::KubeconfigView;
use crate::environment::Environment;
use crate::error_chain::in_one_line;
use crate::files;
use crate::kubeconfig::{ContextEntry, EntrySource, UserEntry, shown_command};
use crate::session::{Identity, Key, ListedContent, ListedSession};
use crate::settings::Storage;
use crate::untrusted_text::UntrustedText;

/// The session that a user means in some of its contexts.
struct Wanted {
    user: usize,
    contexts: Vec<String>,
    key: Key,
    identity: Identity,
    places: SessionPlaces,
    storage: Storage,
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
    let found = list_proven(&wanted, environment, &mut status.problems);
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
    let sessions = sessions_of_user(view, entry, environment).into_iter();
    for user in sessions.filter(|user| user.context.is_some() || contexts.is_empty()) {
        match user.session {
            Ok(session) if session.request.cache.storage.is_none() => state = UserState::KeepsNone,
            Ok(session) => add_wanted(wanted, index, user.context, &session),
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
    wanted.push(Wanted {
        user,
        contexts: context.into_iter().collect(),
        key,
        identity: session.request.identity.clone(),
        places: SessionPlaces::of(session),
        storage,
    });
}

/// Returns the sessions in all directories, each with its directory.
fn list_proven(
    wanted: &[Wanted],
    environment: &Environment,
    problems: &mut Vec<String>,
) -> Vec<(PathBuf, ListedSession)> {
    let dirs = SessionDirs::new(wanted.iter().map(|wanted| &wanted.places), environment);
    let identity_of = |key: &Key| {
        let known = wanted.iter().find(|wanted| wanted.key == *key);
        known.map(|known| known.identity.clone())
    };
    let (found, unreadable) = find_sessions(&dirs, Files::Sessions, &identity_of);
    problems.extend(unreadable);
    let proven = found.into_iter().filter(|found| found.is_proven);
    proven.map(|found| (found.dir, found.session)).collect()
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
            session.key == wanted.key && wanted.places.include(dir) && fits(session, wanted.storage)
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
