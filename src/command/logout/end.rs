//! Ends one session: sets it aside, revokes its refresh token, and removes its files.
//!
//! A file that cannot be read at the moment stays, and is told of: its refresh token may be alive, and only the file knows it.

use std::path::Path;
use std::time::Duration;

use super::find::{Found, FoundFile};
use super::report::{report, report_broken};
use crate::clock;
use crate::command::person;
use crate::command::token_request::TokenRequest;
use crate::error::Error;
use crate::files::shown;
use crate::oidc::{self, Event, NoDocumentCache, ProviderClient, ReturnTo, Revocation};
use crate::runtime::LazyRuntime;
use crate::session::{self, EndingSession, Loaded, Record, Removed, Store};
use crate::settings::{Issuer, Provider, TlsTrust};
use crate::ui::Ui;

/// How long to wait for a refresh that another process has started.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

/// How the provider is asked.
pub(super) struct Asked<'a> {
    pub(super) provider: &'a Provider,
    pub(super) trust: &'a TlsTrust,
    pub(super) runtime: &'a LazyRuntime,
    pub(super) ui: Ui,
}

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

/// Ends a session, and tells the person. A failure keeps nothing else from being ended.
pub(super) fn end<'a>(found: &Found<'a>, ended: &mut Ended<'a>, runtime: &LazyRuntime, ui: Ui) {
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
    for file in &found.files {
        // What has waited for long can wait on, if the provider was asked just now and did not answer.
        if file.was_ended && is_refused {
            continue;
        }
        match end_file(found, &session, file, &mut removed, runtime, ui) {
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

fn not_ended(path: &Path, source: session::Error) -> Error {
    Error::SessionNotEnded {
        path: path.to_owned(),
        source,
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
fn end_file(
    found: &Found<'_>,
    session: &EndingSession,
    file: &FoundFile,
    removed: &mut Removed,
    runtime: &LazyRuntime,
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
    let asked = match (found.request, &own) {
        (Some(request), _) if is_of(&record, &request.sign_in.provider) => {
            (&request.sign_in.provider, &request.sign_in.trust)
        }
        // Nothing but the record says whose it is: its refresh token goes to the issuer that it names.
        (_, Ok(own)) => (own, &TlsTrust::SYSTEM),
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
    let (provider, trust) = asked;
    let asked = Asked {
        provider,
        trust,
        runtime,
        ui,
    };
    let revoked = revoke(&record, &asked);
    let at_provider = match &revoked {
        Err(_) => AtProvider::Pending,
        Ok(Some(Revocation::Unsupported)) => AtProvider::MayStay,
        Ok(Some(Revocation::Done) | None) if held.has_displaced => AtProvider::MayStay,
        Ok(Some(Revocation::Done) | None) => AtProvider::Ended,
    };
    if revoked.is_ok() {
        session.remove(&held.name, removed);
    }
    report(&record, revoked, ui);
    Ok(EndedFile::Session { record, at_provider })
}

/// Revokes what earlier calls could not, before a person signs in anew or after. What fails again waits on.
pub(in crate::command) fn revoke_pending(store: &Store, provider: &Provider, trust: &TlsTrust, ui: Ui) {
    let names = store.pending_revocations();
    if names.is_empty() {
        return;
    }
    let (key, identity) = (store.key().clone(), store.identity().clone());
    // Whoever holds the lock may be ending a session as well. Then the files wait on.
    let locked = EndingSession::lock(store.dir().path(), key, Some(identity), Duration::ZERO, |_| ());
    let Ok(Some(session)) = locked else {
        return;
    };
    let runtime = LazyRuntime::default();
    let asked = Asked {
        provider,
        trust,
        runtime: &runtime,
        ui,
    };
    let mut removed = Removed::default();
    for name in names {
        let Ok(Loaded::Session(record)) = session.load(&name) else {
            continue;
        };
        if !is_of(&record, provider) {
            continue;
        }
        if revoke(&record, &asked).is_err() {
            break;
        }
        session.remove(&name, &mut removed);
        ui.step(|| "revoked the refresh token of a session that was ended before".to_owned());
    }
    if let Some(error) = removed.file_error {
        ui.warn(&session::Error::from(error).in_one_line());
    }
}

/// Whether the client of this provider got the record's refresh token. It goes to no other issuer, whatever the name of its file is.
fn is_of(record: &Record, provider: &Provider) -> bool {
    record.identity.issuer == provider.issuer.as_str() && record.identity.client_id == provider.client_id
}

/// `None` for a session without a refresh token.
fn revoke(record: &Record, asked: &Asked<'_>) -> Result<Option<Revocation>, Error> {
    let Some(refresh_token) = &record.refresh_token else {
        return Ok(None);
    };
    let revocation =
        async |client: ProviderClient<'_>| client.revoke(refresh_token, record.dpop.as_ref()).await;
    asked.ask(revocation).map(Some)
}

impl Asked<'_> {
    /// # Errors
    /// If the provider cannot be asked, or refuses.
    pub(super) fn ask<T>(
        &self,
        request: impl AsyncFnOnce(ProviderClient<'_>) -> Result<T, oidc::Error>,
    ) -> Result<T, Error> {
        let ui = self.ui;
        let report = move |event: Event<'_>| person::show(ui, event);
        let interaction = person::new(ui, &report, ReturnTo::Command);
        let client = ProviderClient::new(
            self.provider,
            self.trust,
            &NoDocumentCache,
            interaction,
            clock::now,
        )?;
        let result = self.runtime.block_on(request(client)).map_err(Error::Runtime)?;
        Ok(result?)
    }
}
