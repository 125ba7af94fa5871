//! Where the sessions are that end, and with which settings their provider is asked.
//!
//! Changes nothing.

use std::path::{Path, PathBuf};

use super::selection::Selection;
use crate::command::entry_session::EntrySession;
use crate::command::found_sessions::{
    Files, FoundSession, SessionDirs, SessionPlaces, find_sessions, sessions_of_user,
};
use crate::command::kubeconfig_view::KubeconfigView;
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::kubeconfig::{EntrySource, UserEntry};
use crate::session::{EndingSession, Identity, Key, ListedContent};
use crate::untrusted_text::UntrustedText;

/// The files of one session in one directory that end.
pub(super) struct Found<'a> {
    pub(super) dir: PathBuf,
    pub(super) key: Key,
    /// Those that no call uses any more come first.
    pub(super) files: Vec<FoundFile>,
    /// Whose session it is. `None` of a file that cannot be read, and that no entry names.
    pub(super) identity: Option<Identity>,
    /// What an entry of the kubeconfig says of the provider and the client, if one uses the session. `None` too if entries that were not
    /// selected disagree: one of them may be a stranger's.
    pub(super) request: Option<&'a TokenRequest>,
    /// Whether entries disagree.
    pub(super) is_disputed: bool,
}

/// All that is found.
pub(super) struct FoundSessions<'a> {
    pub(super) sessions: Vec<Found<'a>>,
    /// What could not be read, in one line each.
    pub(super) problems: Vec<String>,
    /// The issuers of sessions that are not meant.
    pub(super) other_issuers: Vec<String>,
}

pub(super) struct FoundFile {
    pub(super) name: String,
    /// No call uses it any more: an earlier one ended it and could not revoke its refresh token, or quarantined it.
    pub(super) was_ended: bool,
    /// It could not be read so far, and so nobody knows whether it is meant.
    pub(super) is_doubtful: bool,
}

impl Found<'_> {
    /// Whether one of its files is known to be meant.
    pub(super) fn is_certain(&self) -> bool {
        self.files.iter().any(|file| !file.is_doubtful)
    }
}

/// The sessions that the entries of the kubeconfig mean.
#[derive(Default)]
pub(super) struct EntrySessions {
    sessions: Vec<EntrySession>,
    /// The entries of which that is not known, each with the reason in one line: they may have sessions in directories of their own.
    unreadable: Vec<String>,
}

impl EntrySessions {
    pub(super) fn read(view: Option<&KubeconfigView>, environment: &Environment) -> Self {
        let mut read = Self::default();
        let users = view
            .into_iter()
            .flat_map(|view| view.entries.users.iter().map(move |user| (view, user)));
        for (view, user) in users {
            let mut contexts = view.entries.contexts_of_user(&user.name);
            let has_context = contexts.next().is_some();
            if let EntrySource::Unusable(reason) = &user.source {
                read.add_unreadable(user, reason, None);
            }
            for found in sessions_of_user(view, user, environment) {
                match found.session {
                    Ok(session) => read.sessions.push(session),
                    // The cluster of a context may say what the entry does not.
                    Err(_) if found.context.is_none() && has_context => {}
                    Err(error) => read.add_unreadable(user, &error.reason, error.hint.as_deref()),
                }
            }
        }
        read
    }

    fn add_unreadable(&mut self, user: &UserEntry, reason: &str, hint: Option<&str>) {
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        let text = format!(
            "the entry of the user `{}` cannot be used ({reason}), so sessions of it may be left in a directory that it names{hint}",
            UntrustedText::new(&user.name)
        );
        if !self.unreadable.contains(&text) {
            self.unreadable.push(text);
        }
    }

    /// Returns the entries that may have sessions which are meant and not found, in one line each. A selected entry was read.
    pub(super) fn unreadable(&self, selection: &Selection<'_>) -> &[String] {
        match selection {
            Selection::Entry(_) => &[],
            Selection::Matching { .. } => &self.unreadable,
        }
    }

    /// Returns the session of the selected entry, or those of all.
    pub(super) fn meant<'a>(&'a self, selection: &'a Selection<'_>) -> &'a [EntrySession] {
        match selection {
            Selection::Entry(session) => std::slice::from_ref(&**session),
            Selection::Matching { .. } => &self.sessions,
        }
    }

    /// Returns the sessions of other entries at the same issuer and client as a selected one.
    pub(super) fn of_same_client<'a>(
        &'a self,
        selection: &'a Selection<'_>,
    ) -> impl Iterator<Item = &'a EntrySession> {
        let client_of = |session: &'a EntrySession| {
            let provider = &session.request.sign_in.provider;
            (provider.issuer.as_str(), provider.client_id.as_str())
        };
        let client = match selection {
            Selection::Entry(session) => Some(client_of(session)),
            Selection::Matching { .. } => None,
        };
        let others = self.sessions.iter();
        others.filter(move |session| client == Some(client_of(session)))
    }

    fn request<'a>(&'a self, selection: &'a Selection<'_>, key: &Key) -> Option<&'a TokenRequest> {
        self.meant(selection)
            .iter()
            .map(|session| &session.request)
            .find(|request| request.key() == *key)
    }

    /// Whether other entries of the same session would have its provider asked in another way. A selected entry decides alone.
    fn is_disputed(&self, selection: &Selection<'_>, request: &TokenRequest) -> bool {
        let Selection::Matching { .. } = selection else {
            return false;
        };
        let requests = self.sessions.iter().map(|session| &session.request);
        requests
            .filter(|other| other.key() == request.key())
            .any(|other| !asks_alike(other, request))
    }

    fn dirs(&self, selection: &Selection<'_>, environment: &Environment) -> SessionDirs {
        match selection {
            Selection::Entry(session) => SessionDirs::of(SessionPlaces::of(session)),
            Selection::Matching { .. } => {
                let places: Vec<SessionPlaces> = self.sessions.iter().map(SessionPlaces::of).collect();
                SessionDirs::new(places.iter(), environment)
            }
        }
    }

    fn find_files(&self, dirs: &SessionDirs, selection: &Selection<'_>) -> (Vec<FoundSession>, Vec<String>) {
        let identity_of = |key: &Key| Some(self.request(selection, key)?.identity.clone());
        find_sessions(dirs, Files::WithEnded, &identity_of)
    }

    /// Returns the sessions that are meant, and what is known of others.
    pub(super) fn find<'a>(
        &'a self,
        selection: &'a Selection<'_>,
        environment: &Environment,
    ) -> FoundSessions<'a> {
        let dirs = self.dirs(selection, environment);
        let (files, problems) = self.find_files(&dirs, selection);
        let mut found: Vec<Found<'a>> = Vec::new();
        let mut other_issuers = Vec::new();
        for file in files {
            let request = self.request(selection, &file.session.key);
            // Among the temporary files there may be a session of somebody else. Without an entry, it would say whom its token is sent to.
            if !file.is_proven && request.is_none() {
                continue;
            }
            let record = match &file.session.content {
                ListedContent::Record(record) => Some(&**record),
                ListedContent::Sealed | ListedContent::Unreadable(_) | ListedContent::Unusable(_) => None,
            };
            let identity = record
                .map(|record| &record.identity)
                .or_else(|| request.map(|request| &request.identity))
                .cloned();
            let is_disputed = request.is_some_and(|request| self.is_disputed(selection, request));
            let is_meant = selection.includes(&file.session.key, identity.as_ref(), record);
            if is_meant == Some(false) {
                let issuer = identity.map(|identity| identity.issuer).unwrap_or_default();
                if !issuer.is_empty() && !other_issuers.contains(&issuer) {
                    other_issuers.push(issuer);
                }
            } else {
                let asked = request.filter(|_| !is_disputed);
                add(
                    &mut found,
                    (file, is_meant.is_none()),
                    identity,
                    asked,
                    is_disputed,
                );
            }
        }
        add_other_dirs(&mut found, &dirs);
        FoundSessions {
            sessions: found,
            problems,
            other_issuers,
        }
    }

    /// Returns the directories that have sessions, other than those among the temporary files, each with their number.
    fn count_by_dir(&self, environment: &Environment) -> Vec<(PathBuf, usize)> {
        let all = Selection::Matching {
            account: None,
            issuer: None,
        };
        let (files, _) = self.find_files(&self.dirs(&all, environment), &all);
        let mut counts: Vec<(PathBuf, usize)> = Vec::new();
        for file in files.into_iter().filter(|file| !file.is_temporary) {
            match counts.iter_mut().find(|(dir, _)| *dir == file.dir) {
                Some((_, count)) => *count += 1,
                None => counts.push((file.dir, 1)),
            }
        }
        counts
    }
}

/// Whether two entries have their provider asked with the same credentials, headers, trust and browser.
fn asks_alike(one: &TokenRequest, other: &TokenRequest) -> bool {
    let asks = |request: &TokenRequest| {
        let sign_in = &request.sign_in;
        let provider = &sign_in.provider;
        (
            provider.client_auth.clone(),
            provider.headers.clone(),
            sign_in.trust.clone(),
            sign_in.login.browser.clone(),
        )
    };
    asks(one) == asks(other)
}

/// Adds the other directories in which a session that is found was used: a refresh that has begun may store it there.
fn add_other_dirs(found: &mut Vec<Found<'_>>, dirs: &SessionDirs) {
    let mut others = Vec::new();
    for (index, session) in found.iter().enumerate() {
        let is_first = !found[..index].iter().any(|other| other.key == session.key);
        let is_found_in = |dir: &Path| {
            found
                .iter()
                .any(|other| other.key == session.key && other.dir == dir)
        };
        let in_others = dirs
            .believed(session.request.is_some())
            .filter(|dir| is_first && !is_found_in(dir) && EndingSession::was_in(dir, &session.key));
        others.extend(in_others.map(|dir| Found {
            dir: dir.clone(),
            key: session.key.clone(),
            files: Vec::new(),
            identity: session.identity.clone(),
            request: session.request,
            is_disputed: false,
        }));
    }
    found.append(&mut others);
}

/// Adds a file to those of its session in its directory.
fn add<'a>(
    found: &mut Vec<Found<'a>>,
    (file, is_doubtful): (FoundSession, bool),
    identity: Option<Identity>,
    request: Option<&'a TokenRequest>,
    is_disputed: bool,
) {
    let FoundSession {
        dir,
        session,
        was_ended,
        ..
    } = file;
    let end = FoundFile {
        name: session.name,
        was_ended,
        is_doubtful,
    };
    let same = found
        .iter_mut()
        .find(|known| known.dir == dir && known.key == session.key);
    match same {
        Some(known) => {
            known.identity = known.identity.take().or(identity);
            known.files.push(end);
        }
        None => found.push(Found {
            dir,
            key: session.key,
            files: vec![end],
            identity,
            request,
            is_disputed,
        }),
    }
}

/// Returns the directories that have sessions, each with their number.
pub(in crate::command) fn sessions_by_dir(
    view: &KubeconfigView,
    environment: &Environment,
) -> Vec<(PathBuf, usize)> {
    EntrySessions::read(Some(view), environment).count_by_dir(environment)
}
