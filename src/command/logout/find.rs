//! Which sessions end, and with which settings their provider is asked.
//!
//! Reads kubeconfigs and directories, and changes nothing.

use std::path::{Path, PathBuf};

use crate::cli::EntryArgs;
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::command::kubeconfig_view::KubeconfigView;
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::error::Error;
use crate::session::{Identity, Key, ListedContent, ListedSession, list_pending_revocations, list_sessions};
use crate::settings::{Stdin, home_cache_dir, likely_cache_dir, runtime_dir};

/// Which sessions a person means.
pub(super) enum Selection<'a> {
    /// The session of one entry.
    Key(Key),
    /// All sessions, or those of an account or an issuer.
    Matching {
        account: Option<&'a str>,
        issuer: Option<&'a str>,
    },
}

/// A session that ends.
pub(super) struct Found {
    pub(super) dir: PathBuf,
    pub(super) key: Key,
    pub(super) is_sealed: bool,
    /// An earlier call ended it, and could not revoke its refresh token.
    pub(super) was_ended: bool,
    /// Whose session it is. `None` of a file that cannot be read, and that no entry names.
    pub(super) identity: Option<Identity>,
    /// What an entry of the kubeconfig says of the provider and the client, if one uses the session.
    pub(super) request: Option<TokenRequest>,
}

impl Selection<'_> {
    /// # Errors
    /// If no entry is meant, or kubesesame does not sign it in.
    pub(super) fn entry(
        view: &KubeconfigView,
        args: &EntryArgs,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let selected = view.select(args)?;
        let exec_info = view.exec_info(selected.user, selected.context);
        let session = EntrySession::of(
            selected.user,
            exec_info.as_deref(),
            &[],
            Stdin::ABSENT,
            environment,
        );
        let session = session.map_err(|error| view.unusable(selected.user, error))?;
        Ok(Self::Key(session.request.key()))
    }

    fn includes(&self, session: &ListedSession, identity: Option<&Identity>) -> bool {
        match self {
            Self::Key(key) => session.key == *key,
            Self::Matching { account, issuer } => {
                let is_at = |issuer: &str| identity.is_some_and(|known| known.issuer == issuer);
                let is_of = |account: &str| has_account(session, identity, account);
                issuer.is_none_or(is_at) && account.is_none_or(is_of)
            }
        }
    }
}

/// Whether an account is that of the session: the one that the settings name, or the name or subject in its token.
fn has_account(session: &ListedSession, identity: Option<&Identity>, wanted: &str) -> bool {
    let configured = identity.and_then(|identity| identity.account.as_deref());
    let account = match &session.content {
        ListedContent::Record(record) => Account::of_token(&record.token),
        ListedContent::Sealed | ListedContent::Unreadable(_) | ListedContent::Unusable(_) => {
            Account::default()
        }
    };
    let names = [&account.name, &account.subject];
    configured == Some(wanted) || names.into_iter().flatten().any(|name| name.as_str() == wanted)
}

/// Returns the sessions, and what could not be read, in one line each.
pub(super) fn find(
    view: Option<&KubeconfigView>,
    selection: &Selection<'_>,
    environment: &Environment,
) -> (Vec<Found>, Vec<String>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let requests = || {
        view.map(|view| entry_sessions(view, environment))
            .unwrap_or_default()
    };
    let known = requests();
    let identity_of = |key: &Key| {
        let request = known.iter().find(|known| known.key() == *key)?;
        Some(request.identity.clone())
    };
    for dir in dirs(&known, environment) {
        let listed = list_sessions(&dir, &identity_of)
            .and_then(|sessions| Ok((sessions, list_pending_revocations(&dir, &identity_of)?)));
        let (sessions, pending) = match listed {
            Ok(listed) => listed,
            Err(error) => {
                problems.push(format!("{}; {}", error.in_one_line(), error.hint()));
                continue;
            }
        };
        // What waits comes first, since the file of a session takes its place.
        let pending = pending.into_iter().map(|session| (session, true));
        for (session, was_ended) in pending.chain(sessions.into_iter().map(|session| (session, false))) {
            let identity = match &session.content {
                ListedContent::Record(record) => Some(record.identity.clone()),
                ListedContent::Sealed | ListedContent::Unreadable(_) | ListedContent::Unusable(_) => {
                    identity_of(&session.key)
                }
            };
            if selection.includes(&session, identity.as_ref()) {
                found.push(Found {
                    dir: dir.clone(),
                    request: requests()
                        .into_iter()
                        .find(|request| request.key() == session.key),
                    key: session.key,
                    is_sealed: session.is_sealed,
                    was_ended,
                    identity,
                });
            }
        }
    }
    (found, problems)
}

/// Returns the directories that have sessions, each with their number.
pub(in crate::command) fn sessions_by_dir(
    view: &KubeconfigView,
    environment: &Environment,
) -> Vec<(PathBuf, usize)> {
    let all = Selection::Matching {
        account: None,
        issuer: None,
    };
    let (sessions, _) = find(Some(view), &all, environment);
    let mut counts: Vec<(PathBuf, usize)> = Vec::new();
    for session in sessions {
        match counts.iter_mut().find(|(dir, _)| *dir == session.dir) {
            Some((_, count)) => *count += 1,
            None => counts.push((session.dir, 1)),
        }
    }
    counts
}

/// What the entries of the kubeconfig that kubesesame signs in ask for, in each of their contexts.
fn entry_sessions(view: &KubeconfigView, environment: &Environment) -> Vec<TokenRequest> {
    let mut requests = Vec::new();
    for user in view
        .entries
        .users
        .iter()
        .filter(|user| user.source.is_supported())
    {
        let contexts = view.entries.contexts_of_user(&user.name).map(Some);
        for context in contexts.chain([None]) {
            let exec_info = view.exec_info(user, context);
            let session = EntrySession::of(user, exec_info.as_deref(), &[], Stdin::ABSENT, environment);
            requests.extend(session.ok().map(|session| session.request));
        }
    }
    requests
}

/// The directories in which sessions may be, each once.
fn dirs(requests: &[TokenRequest], environment: &Environment) -> Vec<PathBuf> {
    let own = [
        likely_cache_dir(&[], environment),
        home_cache_dir(environment),
        runtime_dir(environment),
    ];
    let named = requests
        .iter()
        .flat_map(|request| request.cache.dirs().map(Path::to_owned));
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in own.into_iter().flatten().chain(named) {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}
