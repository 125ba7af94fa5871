//! Ends one session: sets it aside, revokes its refresh token, and removes its files.

use std::time::Duration;

use super::find::Found;
use crate::clock;
use crate::command::account::{Account, time_in_words};
use crate::command::person;
use crate::error::Error;
use crate::files::shown;
use crate::oidc::{self, Event, NoDocumentCache, ProviderClient, ReturnTo, Revocation};
use crate::runtime::LazyRuntime;
use crate::session::{self, Identity, Loaded, Record, Removed, Store};
use crate::settings::{Issuer, Provider, Storage, TlsTrust};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// How long to wait for a refresh that another process has started.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

/// How the provider is asked.
struct Asked<'a> {
    provider: &'a Provider,
    trust: &'a TlsTrust,
    runtime: &'a LazyRuntime,
    ui: Ui,
}

/// Ends a session, and tells the person. Returns whether everything was done.
///
/// # Errors
/// If the session cannot be locked, or its file cannot be set aside.
pub(super) fn end(found: &Found, runtime: &LazyRuntime, ui: Ui) -> Result<bool, Error> {
    // Without an identity nothing can be read, and the files are removed.
    let identity = found.identity.clone().unwrap_or(Identity {
        issuer: String::new(),
        client_id: String::new(),
        account: None,
    });
    let storage = if found.is_sealed {
        Storage::Keyring
    } else {
        Storage::Disk
    };
    let Some(store) = Store::open(&found.dir, found.key.clone(), identity, storage)? else {
        return Ok(true);
    };
    let wait = |_: Option<&str>| {
        ui.note("waiting for another kubesesame, which is refreshing a session or signing in");
    };
    let (locked, _) = store.lock(REFRESH_WAIT, wait)?;
    let record = if found.was_ended {
        store.pending_revocations().into_iter().next()
    } else {
        // A sealed session whose key the keyring does not give cannot be revoked.
        match store.load() {
            Ok(Loaded::Session(record)) => Some(*record),
            Ok(Loaded::Nothing | Loaded::Corrupt(_)) | Err(_) => None,
        }
    };
    if !found.was_ended {
        // From here on no call uses the session, even if this process is killed.
        locked.hold_for_revocation()?;
    }
    let own = found.identity.as_ref().and_then(|identity| {
        let issuer = Issuer::parse(identity.issuer.clone()).ok()?;
        Some(Provider::public_client(issuer, identity.client_id.clone()))
    });
    let asked = match (&found.request, &own) {
        (Some(request), _) => Some((&request.sign_in.provider, &request.sign_in.trust)),
        (None, Some(provider)) => Some((provider, &TlsTrust::SYSTEM)),
        (None, None) => None,
    };
    let revoked = asked.zip(record.as_ref()).map(|((provider, trust), record)| {
        let asked = Asked {
            provider,
            trust,
            runtime,
            ui,
        };
        revoke(record, &asked)
    });
    let is_final = !matches!(revoked, Some(Err(_)));
    let removed = match (found.was_ended, is_final) {
        (false, _) => locked.remove_files(is_final)?,
        (true, true) => store.remove_pending_revocations().map(|()| Removed::default())?,
        (true, false) => Removed::default(),
    };
    report(record.as_ref(), &store, revoked, &removed, ui);
    match removed.file_error {
        Some(error) => Err(session::Error::from(error).into()),
        None => Ok(is_final),
    }
}

/// Revokes what earlier calls could not, before a person signs in anew or after. What fails again waits on.
pub(in crate::command) fn revoke_pending(store: &Store, provider: &Provider, trust: &TlsTrust, ui: Ui) {
    if !store.has_pending_revocation() {
        return;
    }
    let runtime = LazyRuntime::default();
    let asked = Asked {
        provider,
        trust,
        runtime: &runtime,
        ui,
    };
    let records = store.pending_revocations();
    if records.iter().all(|record| revoke(record, &asked).is_ok()) {
        match store.remove_pending_revocations() {
            Ok(()) => ui.step(|| "revoked the refresh token of a session that was ended before".to_owned()),
            Err(error) => ui.warn(&error.in_one_line()),
        }
    }
}

/// `None` for a session without a refresh token.
fn revoke(record: &Record, asked: &Asked<'_>) -> Result<Option<Revocation>, Error> {
    let Some(refresh_token) = &record.refresh_token else {
        return Ok(None);
    };
    let ui = asked.ui;
    let report = move |event: Event<'_>| person::show(ui, event);
    let interaction = person::new(ui, &report, ReturnTo::Command);
    let client = ProviderClient::new(
        asked.provider,
        asked.trust,
        &NoDocumentCache,
        interaction,
        clock::now,
    )?;
    let revocation = client.revoke(refresh_token, record.dpop.as_ref());
    let result: Result<Revocation, oidc::Error> =
        asked.runtime.block_on(revocation).map_err(Error::Runtime)?;
    Ok(Some(result?))
}

fn report(
    record: Option<&Record>,
    store: &Store,
    revoked: Option<Result<Option<Revocation>, Error>>,
    removed: &Removed,
    ui: Ui,
) {
    let account = record.map(|record| Account::of_token(&record.token));
    let name = account.and_then(|account| account.name);
    let who = name.map_or_else(|| "a session".to_owned(), |name| format!("the session of {name}"));
    let issuer = UntrustedText::new(&store.identity().issuer);
    let place = if issuer.as_str().is_empty() {
        shown(store.dir().path()).to_string()
    } else {
        issuer.to_string()
    };
    let ended = format!("ended {who} at {place}");
    match revoked {
        Some(Ok(Some(Revocation::Done))) => ui.note(&format!("{ended}: its refresh token is revoked")),
        Some(Ok(Some(Revocation::Unsupported))) => ui.note(&format!(
            "{ended} on this machine; the provider cannot revoke its refresh token, which stays valid until the provider ends it"
        )),
        Some(Ok(None)) => ui.note(&format!("{ended}; it had no refresh token")),
        Some(Err(error)) => {
            ui.note(&format!("{ended} on this machine"));
            ui.warn(&format!(
                "its refresh token could not be revoked: {}; the next sign-in or logout tries again",
                error.in_one_line()
            ));
        }
        None => {
            ui.note(&format!("{ended} on this machine"));
            ui.warn("it could not be read, so its refresh token, if it has one, was not revoked");
        }
    }
    let now = clock::now();
    if let Some(record) = record.filter(|record| record.is_unexpired(now)) {
        let until = time_in_words(record.expires_at, now);
        ui.note(&format!(
            "the token that was issued last stays valid until {until}: nothing can revoke it"
        ));
    }
    if let Some(error) = &removed.key_error {
        ui.warn(&format!(
            "a key of the session stays in the keyring, where it opens nothing any more: {error}"
        ));
    }
}
