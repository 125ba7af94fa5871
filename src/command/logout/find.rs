//! Which sessions end, and with which settings their provider is asked.
//!
//! Changes nothing.

use std::path::PathBuf;

use crate::cli::EntryArgs;
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::command::found_sessions::{
    Files, FoundSession, SessionDirs, SessionPlaces, find_sessions, sessions_of_user,
};
use crate::command::kubeconfig_view::KubeconfigView;
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::shown;
use crate::kubeconfig::{EntrySource, UserEntry};
use crate::session::{Identity, Key, ListedContent, Record};
use crate::settings::Stdin;
use crate::untrusted_text::UntrustedText;

/// Which sessions a person means.
pub(super) enum Selection<'a> {
    /// The session of one entry, in the directories that it means. No other entry says how its provider is asked.
    Entry(Box<EntrySession>),
    /// All sessions, or those of an account or an issuer.
    Matching {
        account: Option<&'a str>,
        issuer: Option<&'a str>,
    },
}

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
        Ok(Self::Entry(Box::new(session)))
    }

    /// What a person is told if there is no session. `is_complete` says whether all places could be looked at.
    pub(super) fn none_found(&self, is_complete: bool) -> String {
        let relative = match self {
            Self::Entry(session) => session.request.cache.dirs().find(|dir| dir.is_relative()),
            Self::Matching { .. } => None,
        };
        match relative {
            Some(dir) => format!(
                "there is no session to end in {}, which begins at the current directory, as for get-token",
                shown(dir)
            ),
            None if is_complete => "there is no session to end".to_owned(),
            None => "no session that could be ended was found".to_owned(),
        }
    }

    /// Whether a session is meant. `None` if it cannot be known from what could be read of it.
    fn includes(&self, key: &Key, identity: Option<&Identity>, record: Option<&Record>) -> Option<bool> {
        match self {
            Self::Entry(session) => Some(*key == session.request.key()),
            Self::Matching { account, issuer } => {
                let is_at = |issuer: &str| identity.map(|known| known.issuer == issuer);
                let is_of = |account: &str| has_account(record, identity, account);
                match (
                    issuer.map_or(Some(true), is_at),
                    account.map_or(Some(true), is_of),
                ) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                }
            }
        }
    }

    /// Whether a session that was read is meant.
    pub(super) fn includes_record(&self, key: &Key, record: &Record) -> Option<bool> {
        self.includes(key, Some(&record.identity), Some(record))
    }

    /// What a session may be of which that cannot be known.
    pub(super) fn doubt(&self) -> &'static str {
        match self {
            Self::Matching {
                account: Some(_),
                issuer: Some(_),
            } => "of this account at this issuer",
            Self::Matching { account: Some(_), .. } => "of this account",
            Self::Matching { issuer: Some(_), .. } => "at this issuer",
            Self::Matching { .. } | Self::Entry(_) => "one that is meant",
        }
    }
}

/// Whether an account is that of the session: the one that the settings name, or the name or subject in its token. `None` if the token
/// cannot be read, or names nobody.
fn has_account(record: Option<&Record>, identity: Option<&Identity>, wanted: &str) -> Option<bool> {
    let configured = identity.and_then(|identity| identity.account.as_deref());
    let account = record.map(|record| Account::of_token(&record.token));
    let account = account.filter(|account| account.name.is_some() || account.subject.is_some());
    match account {
        _ if configured == Some(wanted) => Some(true),
        account => account.map(|account| account.is_named(wanted)),
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

    fn find_files(
        &self,
        selection: &Selection<'_>,
        environment: &Environment,
    ) -> (Vec<FoundSession>, Vec<String>) {
        let dirs = match selection {
            Selection::Entry(session) => SessionDirs::of(SessionPlaces::of(session)),
            Selection::Matching { .. } => {
                let places: Vec<SessionPlaces> = self.sessions.iter().map(SessionPlaces::of).collect();
                SessionDirs::new(places.iter(), environment)
            }
        };
        let identity_of = |key: &Key| Some(self.request(selection, key)?.identity.clone());
        find_sessions(&dirs, Files::WithEnded, &identity_of)
    }

    /// Returns the sessions that are meant, and what could not be read, in one line each.
    pub(super) fn find<'a>(
        &'a self,
        selection: &'a Selection<'_>,
        environment: &Environment,
    ) -> (Vec<Found<'a>>, Vec<String>) {
        let (files, problems) = self.find_files(selection, environment);
        let mut found: Vec<Found<'a>> = Vec::new();
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
            if is_meant != Some(false) {
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
        (found, problems)
    }

    /// Returns the directories that have sessions, other than those among the temporary files, each with their number.
    fn count_by_dir(&self, environment: &Environment) -> Vec<(PathBuf, usize)> {
        let all = Selection::Matching {
            account: None,
            issuer: None,
        };
        let (files, _) = self.find_files(&all, environment);
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
