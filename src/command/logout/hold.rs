//! Sets sessions aside, so that no call uses them any more, before any provider is asked.
//!
//! Asks no provider. A file that cannot be read at the moment stays, and is told of: its refresh token may be alive, and only the file
//! knows it. The lock of a session is held for this alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::clients::AskedAs;
use super::end::{Ended, is_of};
use super::find::{Found, FoundFile};
use super::report::{report_broken, report_doubt};
use super::selection::Selection;
use crate::command::token_request::TokenRequest;
use crate::error::Error;
use crate::files::shown;
use crate::session::{self, EndingSession, Identity, Key, Loaded, Record, Removed};
use crate::settings::{Issuer, Provider, SignIn};
use crate::ui::Ui;

/// How long to wait for the refreshes that other processes have started, all together.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

/// A session that no call uses any more.
pub(super) struct HeldSession<'a> {
    pub(super) place: Place,
    /// The name of its file, as long as no other process has moved it. `None` if there is none any more.
    pub(super) name: Option<String>,
    pub(super) record: Box<Record>,
    pub(super) request: Option<&'a TokenRequest>,
    settings: Settings<'a>,
    /// An earlier call ended it.
    pub(super) was_ended: bool,
    /// Too many refresh tokens wait to be revoked, so its file was given up for a later one.
    pub(super) is_displaced: bool,
}

/// Where the file of a session is.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) key: Key,
    pub(super) identity: Option<Identity>,
}

/// With which settings the provider of a session is asked.
enum Settings<'a> {
    Entry(&'a SignIn),
    PublicClient(Box<Provider>),
}

impl<'a> Settings<'a> {
    /// `None` if nobody can be asked.
    fn of(record: &Record, request: Option<&'a TokenRequest>) -> Option<Self> {
        match request {
            Some(request) if is_of(record, &request.sign_in.provider) => Some(Self::Entry(&request.sign_in)),
            // Nothing but the record says whose it is: its refresh token goes to the issuer that it names.
            Some(_) | None => {
                let issuer = Issuer::parse(record.identity.issuer.clone()).ok()?;
                let own = Provider::public_client(issuer, record.identity.client_id.clone());
                Some(Self::PublicClient(Box::new(own)))
            }
        }
    }
}

impl<'a> HeldSession<'a> {
    pub(super) fn asked_as(&self) -> AskedAs<'a, '_> {
        match &self.settings {
            Settings::Entry(sign_in) => AskedAs::Entry(sign_in),
            Settings::PublicClient(provider) => AskedAs::PublicClient(provider),
        }
    }
}

/// Sets all sessions aside. Those that another process is using come last, so that it keeps no other from being ended. What such a process
/// has moved meanwhile, into another file or directory, is looked for again.
pub(super) fn hold_all<'a>(
    found: &[Found<'a>],
    find_again: &dyn Fn() -> Vec<Found<'a>>,
    selection: &Selection<'_>,
    ended: &mut Ended<'a>,
    ui: Ui,
) -> Vec<HeldSession<'a>> {
    let mut holder = Holder {
        sessions: Vec::new(),
        ended,
        ui,
        has_changed: false,
    };
    holder.take_all(found, selection);
    if holder.has_changed {
        let mut moved = find_again();
        for session in &mut moved {
            let known = found
                .iter()
                .find(|known| known.dir == session.dir && known.key == session.key);
            let is_known =
                |name: &str| known.is_some_and(|known| known.files.iter().any(|file| file.name == name));
            session
                .files
                .retain(|file| !is_known(&file.name) && !holder.holds(&session.dir, &file.name));
        }
        moved.retain(|session| !session.files.is_empty());
        holder.take_all(&moved, selection);
    }
    holder.sessions
}

fn lock(found: &Found<'_>, limit: Duration, ui: Ui) -> Result<Option<EndingSession>, session::Error> {
    let on_wait = |_: Option<&str>| {
        if !limit.is_zero() {
            ui.note("waiting for another kubesesame, which is refreshing a session or signing in");
        }
    };
    EndingSession::lock(
        &found.dir,
        found.key.clone(),
        found.identity.clone(),
        limit,
        on_wait,
    )
}

pub(super) fn not_ended(path: &Path, source: session::Error) -> Error {
    Error::SessionNotEnded {
        path: path.to_owned(),
        source,
    }
}

/// What was set aside, and what came of it.
struct Holder<'e, 'a> {
    sessions: Vec<HeldSession<'a>>,
    ended: &'e mut Ended<'a>,
    ui: Ui,
    /// Whether another process has used a session since it was found.
    has_changed: bool,
}

impl<'a> Holder<'_, 'a> {
    fn take_all(&mut self, found: &[Found<'a>], selection: &Selection<'_>) {
        let mut busy = Vec::new();
        for session in found {
            match lock(session, Duration::ZERO, self.ui) {
                Ok(Some(locked)) => self.take(session, &locked, selection),
                Ok(None) => {}
                Err(session::Error::LockTimeout { .. }) => busy.push(session),
                Err(source) => self.fail(session, source),
            }
        }
        self.has_changed |= !busy.is_empty();
        let begin = Instant::now();
        for session in busy {
            match lock(session, REFRESH_WAIT.saturating_sub(begin.elapsed()), self.ui) {
                Ok(Some(locked)) => self.take(session, &locked, selection),
                Ok(None) => {}
                Err(source) => self.fail(session, source),
            }
        }
    }

    fn holds(&self, dir: &Path, name: &str) -> bool {
        self.sessions
            .iter()
            .any(|session| session.place.dir == dir && session.name.as_deref() == Some(name))
    }

    fn fail(&mut self, found: &Found<'_>, source: session::Error) {
        let name = found.files.first().map_or("", |file| &file.name);
        let path = found.dir.join(name);
        self.ended.failures.push(not_ended(&path, source));
    }

    /// A failure keeps nothing else from being set aside.
    fn take(&mut self, found: &Found<'a>, session: &EndingSession, selection: &Selection<'_>) {
        if found.is_disputed {
            self.ui.note(&format!(
                "entries of the kubeconfig ask the provider of the session in {} in different ways, so none of them is followed: \
                 kubesesame logout --context=NAME follows one",
                shown(&found.dir)
            ));
        }
        let mut removed = Removed::default();
        for file in late_files(session, &found.files).iter().chain(&found.files) {
            match doubt_of(session, file, selection) {
                Doubt::IsMeant => {}
                // Another one may have signed in since the file was found.
                Doubt::IsOther => {
                    self.has_changed |= !file.is_doubtful;
                    continue;
                }
                Doubt::Unknown(_) if !file.is_doubtful => {}
                Doubt::Unknown(reason) => {
                    report_doubt(&session.path_of(&file.name), selection.doubt(), &reason, self.ui);
                    self.ended.may_stay_valid = true;
                    continue;
                }
            }
            if let Err(source) = self.take_file(found, session, file, &mut removed) {
                let path = session.path_of(&file.name);
                self.ended.failures.push(not_ended(&path, source));
            }
        }
        self.ended.finish_removal(session, removed, self.ui);
    }

    /// # Errors
    /// If the file cannot be read or set aside: then it is as before.
    fn take_file(
        &mut self,
        found: &Found<'a>,
        session: &EndingSession,
        file: &FoundFile,
        removed: &mut Removed,
    ) -> Result<(), session::Error> {
        let record = match session.load(&file.name)? {
            Loaded::Session(record) => record,
            Loaded::Nothing => return Ok(()),
            Loaded::Corrupt(reason) => {
                session.remove(&file.name, removed);
                report_broken(found.identity.as_ref(), session.dir(), reason, self.ui);
                self.ended.may_stay_valid = true;
                return Ok(());
            }
        };
        let Some(settings) = Settings::of(&record, found.request) else {
            session.remove(&file.name, removed);
            let reason = "its issuer is no URL that could be asked";
            report_broken(None, session.dir(), reason, self.ui);
            self.ended.may_stay_valid = true;
            return Ok(());
        };
        // From here on no call uses the session, even if this process is killed.
        let held = session.hold(&file.name)?;
        if held.has_displaced {
            self.note_displaced(found, held.displaced);
        }
        self.sessions.push(HeldSession {
            place: place_of(found),
            name: Some(held.name),
            record,
            request: found.request,
            settings,
            was_ended: file.was_ended,
            is_displaced: false,
        });
        Ok(())
    }

    /// The provider is asked for a session whose file had to be given up, while this process still knows it.
    fn note_displaced(&mut self, found: &Found<'a>, displaced: Option<Box<Record>>) {
        let Some(record) = displaced else {
            self.ended.warn_of_displaced(self.ui);
            return;
        };
        let is_same = |known: &&mut HeldSession<'a>| known.record.refresh_token == record.refresh_token;
        if let Some(known) = self.sessions.iter_mut().find(is_same) {
            known.is_displaced = true;
            return;
        }
        match Settings::of(&record, found.request) {
            Some(settings) => self.sessions.push(HeldSession {
                place: place_of(found),
                name: None,
                record,
                request: found.request,
                settings,
                was_ended: true,
                is_displaced: true,
            }),
            None => self.ended.warn_of_displaced(self.ui),
        }
    }
}

fn place_of(found: &Found<'_>) -> Place {
    Place {
        dir: found.dir.clone(),
        key: found.key.clone(),
        identity: found.identity.clone(),
    }
}

/// Returns the files that came while another process had the lock.
fn late_files(session: &EndingSession, listed: &[FoundFile]) -> Vec<FoundFile> {
    let listed: Vec<&str> = listed.iter().map(|file| file.name.as_str()).collect();
    let names = session.files_besides(&listed).into_iter();
    names
        .map(|name| FoundFile {
            name,
            was_ended: false,
            is_doubtful: true,
        })
        .collect()
}

/// Whether a file is meant that could not be read without its lock and key.
enum Doubt {
    IsMeant,
    IsOther,
    /// It stays. The text says why nobody knows.
    Unknown(String),
}

fn doubt_of(session: &EndingSession, file: &FoundFile, selection: &Selection<'_>) -> Doubt {
    match session.load(&file.name) {
        Ok(Loaded::Session(record)) => match selection.includes_record(session.key(), &record) {
            Some(true) => Doubt::IsMeant,
            Some(false) => Doubt::IsOther,
            None => Doubt::Unknown("its token does not say whose it is".to_owned()),
        },
        Ok(Loaded::Nothing) => Doubt::IsOther,
        Ok(Loaded::Corrupt(reason)) => Doubt::Unknown(reason.to_owned()),
        Err(error) => Doubt::Unknown(format!("{}; {}", error.in_one_line(), error.hint_to_end())),
    }
}
