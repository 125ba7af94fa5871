//! Revokes what an earlier logout could not, after a person has signed in.
//!
//! kubectl waits for it, so it has a budget. What is not done by then, and what fails in passing, waits for the next sign-in or logout.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::end::{is_of, revoke};
use super::report::GIVEN_UP;
use crate::clock;
use crate::command::person;
use crate::oidc::{Event, NoDocumentCache, ProviderClient, ReturnTo, Revocation};
use crate::runtime::LazyRuntime;
use crate::session::{self, EndingSession, Loaded, Record, Removed, Store};
use crate::settings::SignIn;
use crate::ui::Ui;

/// Asks the provider for `budget` at most. The client's secret is not asked for within it: the sign-in has just read the same.
pub(in crate::command) fn revoke_pending(store: &Store, sign_in: &SignIn, budget: Duration, ui: Ui) {
    let names = store.pending_revocations();
    if names.is_empty() {
        return;
    }
    let begin = Instant::now();
    let (key, identity) = (store.key().clone(), store.identity().clone());
    // Whoever holds the lock may be ending a session as well. Then the files wait on.
    let locked = EndingSession::lock(store.dir().path(), key, Some(identity), Duration::ZERO, |_| ());
    let Ok(Some(session)) = locked else {
        return;
    };
    let records: Vec<(String, Box<Record>)> = names
        .into_iter()
        .filter_map(|name| match session.load(&name) {
            Ok(Loaded::Session(record)) if is_of(&record, &sign_in.provider) => Some((name, record)),
            Ok(Loaded::Session(_) | Loaded::Nothing | Loaded::Corrupt(_)) | Err(_) => None,
        })
        .collect();
    if records.is_empty() {
        return;
    }
    let report = move |event: Event<'_>| person::show(ui, event);
    let interaction = person::new(ui, &report, ReturnTo::Command);
    let (provider, trust) = (&sign_in.provider, &sign_in.trust);
    let client = match ProviderClient::new(provider, trust, &NoDocumentCache, interaction, clock::now) {
        Ok(client) => client,
        Err(error) => return ui.step(|| format!("the pending revocations wait: {error}")),
    };
    let left = budget.saturating_sub(begin.elapsed());
    let records = records.iter().map(|(name, record)| (name.as_str(), &**record));
    let done = ask(&client, records, left, ui);
    let mut removed = Removed::default();
    for (name, revocation) in done {
        session.remove(name, &mut removed);
        report_done(revocation.as_ref(), ui);
    }
    if let Some(error) = removed.file_error {
        ui.warn(&session::Error::from(error).in_one_line());
    }
}

/// Returns what will not be asked again. The first failure that may pass is the last request.
fn ask<'r>(
    client: &ProviderClient<'_>,
    records: impl Iterator<Item = (&'r str, &'r Record)>,
    budget: Duration,
    ui: Ui,
) -> Vec<(&'r str, Option<Revocation>)> {
    let mut done = Vec::new();
    let revoking = async {
        for (name, record) in records {
            match revoke(client, record).await {
                Ok(revocation) => done.push((name, revocation)),
                Err(error) => {
                    ui.step(|| format!("the pending revocations wait for the next sign-in: {error}"));
                    break;
                }
            }
        }
    };
    let runtime = LazyRuntime::default();
    let in_time = runtime.block_on(async { timeout(budget, revoking).await.is_ok() });
    if !in_time.unwrap_or(false) {
        ui.step(|| {
            "the pending revocations take too long; what is left waits for the next sign-in".to_owned()
        });
    }
    done
}

fn report_done(revocation: Option<&Revocation>, ui: Ui) {
    let reason = match revocation {
        Some(Revocation::Done) | None => {
            return ui.step(|| "revoked the refresh token of a session that was ended before".to_owned());
        }
        Some(Revocation::Unsupported) => "the provider revokes nothing any more",
        Some(Revocation::Refused(reason)) => reason,
    };
    ui.warn(&format!(
        "the refresh token of a session that was ended before {GIVEN_UP}: {reason}"
    ));
}
