//! Ends one session: sets it aside, revokes its refresh token, and removes its files.
//!
//! A file that cannot be read at the moment stays, and is told of: its refresh token may be alive, and only the file knows it.

use std::path::Path;
use std::time::Duration;

use super::clients::{AskedAs, Clients};
use super::find::{Found, FoundFile};
use super::report::{report, report_broken, report_doubt};
use super::selection::Selection;
use crate::command::token_request::TokenRequest;
use crate::error::Error;
use crate::files::shown;
use crate::oidc::{self, ProviderClient, Revocation};
use crate::session::{self, EndingSession, Loaded, Record, Removed};
use crate::settings::{Issuer, Provider};
use crate::ui::Ui;

/// How long to wait for a refresh that another process has started.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

/// What came of the end of sessions.
#[derive(Default)]
pub(super) struct Ended<'a> {
    /// The sessions that could be read, with what an entry says of them.
    pub(super) records: Vec<(Option<&'a TokenRequest>, Box<Record>)>,
    /// Why a session, or a file of it, is still there.
    pub(super) failures: Vec<Error>,
    /// Whether a refresh token may be valid at the provider: it waits to be revoked, or can no longer be.
    pub(super) may_stay_valid: bool,
}

impl Ended<'_> {
    /// Whether there was no session, and none that may be meant.
    pub(super) fn has_none(&self) -> bool {
        self.records.is_empty() && self.failures.is_empty() && !self.may_stay_valid
    }
}

/// Ends a session, and tells the person. A failure keeps nothing else from being ended.
pub(super) fn end<'a>(
    found: &Found<'a>,
    selection: &Selection<'_>,
    ended: &mut Ended<'a>,
    clients: &mut Clients<'a>,
    ui: Ui,
) {
    let wait = |_: Option<&str>| {
        ui.note("waiting for another kubesesame, which is refreshing a session or signing in");
    };
    let (key, identity) = (found.key.clone(), found.identity.clone());
    let session = match EndingSession::lock(&found.dir, key, identity, REFRESH_WAIT, wait) {
        Ok(Some(session)) => session,
        Ok(None) => return,
        Err(source) => {
            let name = found.files.first().map_or("", |file| &file.name);
            return ended.failures.push(not_ended(&found.dir.join(name), source));
        }
    };
    if found.is_disputed {
        ui.note(&format!(
            "entries of the kubeconfig ask the provider of the session in {} in different ways, so none of them is followed: \
             kubesesame logout --context=NAME follows one",
            shown(&found.dir)
        ));
    }
    let mut removed = Removed::default();
    let mut is_refused = false;
    for file in late_files(&session, &found.files).iter().chain(&found.files) {
        // What has waited for long can wait on, if the provider was asked just now and did not answer.
        if file.was_ended && is_refused {
            continue;
        }
        if file.is_doubtful {
            match doubt_of(&session, file, selection) {
                Doubt::IsMeant => {}
                Doubt::IsOther => continue,
                Doubt::Unknown(reason) => {
                    report_doubt(&session.path_of(&file.name), selection.doubt(), &reason, ui);
                    ended.may_stay_valid = true;
                    continue;
                }
            }
        }
        match end_file(found, &session, file, &mut removed, clients, ui) {
            Ok(EndedFile::Absent) => {}
            Ok(EndedFile::Unusable) => ended.may_stay_valid = true,
            Ok(EndedFile::Session { record, at_provider }) => {
                is_refused |= at_provider == AtProvider::Pending;
                ended.may_stay_valid |= at_provider != AtProvider::Ended;
                ended.records.push((found.request, record));
            }
            Err(source) => ended
                .failures
                .push(not_ended(&session.path_of(&file.name), source)),
        }
    }
    if let Err(error) = session.remove_rest(&mut removed) {
        ended.failures.push(error.into());
    }
    if let Some(error) = removed.file_error {
        ended.failures.push(session::Error::from(error).into());
    }
    if let Some(error) = &removed.key_error {
        ui.warn(&format!(
            "a key of the session stays in the keyring, where it opens nothing any more: {error}"
        ));
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

fn not_ended(path: &Path, source: session::Error) -> Error {
    Error::SessionNotEnded {
        path: path.to_owned(),
        source,
    }
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

/// What came of the end of a file.
enum EndedFile {
    Absent,
    /// It can never be read, so it was removed, and a refresh token of it was not revoked.
    Unusable,
    Session {
        record: Box<Record>,
        at_provider: AtProvider,
    },
}

/// What the provider knows of a session that was ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtProvider {
    /// Its refresh token is revoked, or there was none.
    Ended,
    /// Its refresh token waits to be revoked.
    Pending,
    /// Its refresh token cannot be revoked, or one had to be given up for it.
    MayStay,
}

/// # Errors
/// If the file cannot be read or set aside: then it is as before.
fn end_file<'a>(
    found: &Found<'a>,
    session: &EndingSession,
    file: &FoundFile,
    removed: &mut Removed,
    clients: &mut Clients<'a>,
    ui: Ui,
) -> Result<EndedFile, session::Error> {
    let record = match session.load(&file.name)? {
        Loaded::Session(record) => record,
        Loaded::Nothing => return Ok(EndedFile::Absent),
        Loaded::Corrupt(reason) => {
            session.remove(&file.name, removed);
            report_broken(found.identity.as_ref(), session.dir(), reason, ui);
            return Ok(EndedFile::Unusable);
        }
    };
    let own = Issuer::parse(record.identity.issuer.clone())
        .map(|issuer| Provider::public_client(issuer, record.identity.client_id.clone()));
    let asked_as = match (found.request, &own) {
        (Some(request), _) if is_of(&record, &request.sign_in.provider) => AskedAs::Entry(&request.sign_in),
        // Nothing but the record says whose it is: its refresh token goes to the issuer that it names.
        (_, Ok(own)) => AskedAs::PublicClient(own),
        (_, Err(_)) => {
            session.remove(&file.name, removed);
            report_broken(
                None,
                session.dir(),
                "its issuer is no URL that could be asked",
                ui,
            );
            return Ok(EndedFile::Unusable);
        }
    };
    // From here on no call uses the session, even if this process is killed.
    let held = session.hold(&file.name)?;
    if held.has_displaced {
        ui.warn("too many refresh tokens wait to be revoked: the oldest is given up, and stays valid until the provider ends it");
    }
    // A session without a refresh token needs no client, and so no secret of it.
    let revoked = match &record.refresh_token {
        None => Ok(None),
        Some(_) => clients.ask(asked_as, async |client| revoke(client, &record).await),
    };
    let at_provider = match &revoked {
        Err(_) => AtProvider::Pending,
        Ok(Some(Revocation::Unsupported | Revocation::Refused(_))) => AtProvider::MayStay,
        Ok(Some(Revocation::Done) | None) if held.has_displaced => AtProvider::MayStay,
        Ok(Some(Revocation::Done) | None) => AtProvider::Ended,
    };
    if revoked.is_ok() {
        session.remove(&held.name, removed);
    }
    report(&record, &revoked, ui);
    Ok(EndedFile::Session { record, at_provider })
}

/// Whether the client of this provider got the record's refresh token. It goes to no other issuer, whatever the name of its file is.
pub(super) fn is_of(record: &Record, provider: &Provider) -> bool {
    record.identity.issuer == provider.issuer.as_str() && record.identity.client_id == provider.client_id
}

/// `None` for a session without a refresh token.
pub(super) async fn revoke(
    client: &ProviderClient<'_>,
    record: &Record,
) -> Result<Option<Revocation>, oidc::Error> {
    let Some(refresh_token) = &record.refresh_token else {
        return Ok(None);
    };
    let revocation = client.revoke(refresh_token, record.dpop.as_ref());
    revocation.await.map(Some)
}
