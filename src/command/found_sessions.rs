//! The sessions on this machine, and what the users of the kubeconfig mean, for the commands that show or end sessions.
//!
//! Reads kubeconfigs and directories, and changes nothing. Asks neither the OS keyring nor a provider.

use std::path::{Path, PathBuf};

use super::entry_session::{EntryError, EntrySession};
use super::kubeconfig_view::KubeconfigView;
use crate::environment::Environment;
use crate::kubeconfig::{ContextEntry, UserEntry};
use crate::session::{
    ContinuationKey, Identity, Key, ListedContent, ListedSession, list_sessions, list_unused_sessions,
};
use crate::settings::{Stdin, home_cache_dir, likely_cache_dir, runtime_dir};

/// What a user of the kubeconfig asks for in one of its contexts.
pub(super) struct UserSession<'v> {
    /// `None` is the user without a context. The cluster of a context may choose the session.
    pub(super) context: Option<&'v ContextEntry>,
    pub(super) session: Result<EntrySession, EntryError>,
}

/// Returns what a user asks for, in each of its contexts, and last without one. Nothing of a user that kubesesame does not sign in.
pub(super) fn sessions_of_user<'v>(
    view: &'v KubeconfigView,
    user: &UserEntry,
    environment: &Environment,
) -> Vec<UserSession<'v>> {
    if !user.source.is_supported() {
        return Vec::new();
    }
    let contexts = view.entries.contexts_of_user(&user.name).map(Some);
    let sessions = contexts.chain([None]).map(|context| {
        let exec_info = view.exec_info(user, context);
        UserSession {
            context,
            session: EntrySession::of(user, exec_info.as_deref(), &[], Stdin::ABSENT, environment),
        }
    });
    sessions.collect()
}

/// Where a session of an entry may be.
#[derive(Debug, Clone)]
pub(super) struct SessionPlaces {
    /// In the order of preference.
    pub(super) dirs: Vec<PathBuf>,
    /// Where it may be continued while those cannot be written.
    pub(super) temporary_dir: Option<PathBuf>,
}

impl SessionPlaces {
    pub(super) fn of(session: &EntrySession) -> Self {
        Self {
            dirs: session.request.cache.dirs().map(Path::to_owned).collect(),
            temporary_dir: session.environment.temporary_dir.clone(),
        }
    }

    pub(super) fn include(&self, dir: &Path) -> bool {
        self.dirs
            .iter()
            .chain(&self.temporary_dir)
            .any(|known| known == dir)
    }
}

/// The directories in which sessions may be, each once.
pub(super) struct SessionDirs {
    lasting: Vec<PathBuf>,
    /// Those among the temporary files.
    temporary: Vec<PathBuf>,
}

impl SessionDirs {
    /// The default ones, and those of entries.
    pub(super) fn new<'p>(
        places: impl Iterator<Item = &'p SessionPlaces> + Clone,
        environment: &Environment,
    ) -> Self {
        let own = [
            likely_cache_dir(&[], environment),
            home_cache_dir(environment),
            runtime_dir(environment),
        ];
        let named = places.clone().flat_map(|places| places.dirs.clone());
        let lasting = each_once(own.into_iter().flatten().chain(named));
        let temporary = places.filter_map(|places| places.temporary_dir.clone());
        let temporary = environment.temporary_dir.clone().into_iter().chain(temporary);
        let temporary = each_once(temporary.filter(|dir| !lasting.contains(dir)));
        Self { lasting, temporary }
    }

    /// Returns those in which a session of an entry may be, or one that no entry names: of that, nothing among the temporary files is
    /// believed.
    pub(super) fn believed(&self, has_entry: bool) -> impl Iterator<Item = &PathBuf> {
        let temporary = self.temporary.iter().filter(move |_| has_entry);
        self.lasting.iter().chain(temporary)
    }

    /// Those of one entry alone.
    pub(super) fn of(places: SessionPlaces) -> Self {
        let lasting = each_once(places.dirs.into_iter());
        let temporary = places.temporary_dir.into_iter();
        let temporary = temporary.filter(|dir| !lasting.contains(dir)).collect();
        Self { lasting, temporary }
    }
}

fn each_once(all: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for dir in all {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

/// A session's file in one of the directories.
pub(super) struct FoundSession {
    pub(super) dir: PathBuf,
    pub(super) session: ListedSession,
    /// No call uses it any more: an earlier one ended it and could not revoke its refresh token, or quarantined it.
    pub(super) was_ended: bool,
    pub(super) is_temporary: bool,
    /// Whether it is in a lasting directory, or proves that it continues a session there, as a call demands it: an archive that somebody
    /// unpacks among the temporary files may contain others.
    pub(super) is_proven: bool,
}

/// Which files are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    Sessions,
    /// Also those that no call uses any more, and whose refresh tokens may be alive. In each directory they come first.
    WithEnded,
}

/// Returns the files of all directories, and what could not be read, in one line each.
pub(super) fn find_sessions(
    dirs: &SessionDirs,
    files: Files,
    identity_of: &dyn Fn(&Key) -> Option<Identity>,
) -> (Vec<FoundSession>, Vec<String>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let lasting = dirs.lasting.iter().map(|dir| (dir, false));
    for (dir, is_temporary) in lasting.chain(dirs.temporary.iter().map(|dir| (dir, true))) {
        let ended = match files {
            Files::Sessions => Ok(Vec::new()),
            Files::WithEnded => list_unused_sessions(dir, identity_of),
        };
        let listed = ended.and_then(|ended| Ok((ended, list_sessions(dir, identity_of)?)));
        match listed {
            Ok((ended, sessions)) => {
                let ended = ended.into_iter().map(|session| (session, true));
                let all = ended.chain(sessions.into_iter().map(|session| (session, false)));
                found.extend(all.map(|(session, was_ended)| FoundSession {
                    dir: dir.clone(),
                    session,
                    was_ended,
                    is_temporary,
                    is_proven: !is_temporary,
                }));
            }
            // Another user may have made that directory. Then it holds nothing of this user.
            Err(_) if is_temporary => {}
            Err(error) => problems.push(format!("{}; {}", error.in_one_line(), error.hint())),
        }
    }
    let is_proven: Vec<bool> = found
        .iter()
        .map(|file| file.is_proven || is_continuation(file, &found))
        .collect();
    for (file, is_proven) in found.iter_mut().zip(is_proven) {
        file.is_proven = is_proven;
    }
    (found, problems)
}

/// Whether a file among the temporary files continues one of another directory.
fn is_continuation(file: &FoundSession, found: &[FoundSession]) -> bool {
    let ListedContent::Record(record) = &file.session.content else {
        return false;
    };
    found.iter().filter(|other| !other.is_temporary).any(|other| {
        let ListedContent::Record(before) = &other.session.content else {
            return false;
        };
        other.session.key == file.session.key
            && ContinuationKey::of(before).is_some_and(|key| key.accepts(record))
    })
}
