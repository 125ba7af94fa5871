//! Compares an issuer with the provider's discovery document, before a whole cluster refuses every token for a slash too many.
//!
//! Sends no secret. A provider that does not answer is no reason to stop: the description may be written on another network.

use std::path::Path;
use std::time::Duration;

use super::error::Error;
use crate::cluster::description::RawIssuer;
use crate::command::person;
use crate::oidc::{self, Event, Interaction, NoDocumentCache, ProviderClient, ReturnTo};
use crate::runtime::LazyRuntime;
use crate::settings::{Authority, Issuer, Provider, TlsTrust};
use crate::ui::Ui;
use crate::{clock, error};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// # Errors
/// If the document is of another issuer.
pub(super) fn compare(issuer: &RawIssuer, authority: Option<&Path>, ui: Ui) -> Result<(), Error> {
    let client_id = issuer.client_ids.first().cloned().unwrap_or_default();
    let found = Issuer::parse(issuer.url.clone())
        .map_err(error::Error::from)
        .and_then(|parsed| document(parsed, client_id, authority, ui));
    match found {
        Ok(Ok(())) => Ok(()),
        Ok(Err(mismatch)) if mismatch.stage() == oidc::Stage::Issuer => {
            Err(Error::Discovery(Box::new(mismatch.into())))
        }
        Ok(Err(error)) => {
            not_compared(&error.into(), ui);
            Ok(())
        }
        Err(error) => {
            not_compared(&error, ui);
            Ok(())
        }
    }
}

fn not_compared(error: &error::Error, ui: Ui) {
    ui.note(&format!(
        "note: the issuer was not compared with the provider's discovery document: {error}"
    ));
}

/// Returns what is wrong with the document in the inner result.
fn document(
    issuer: Issuer,
    client_id: String,
    authority: Option<&Path>,
    ui: Ui,
) -> Result<Result<(), oidc::Error>, error::Error> {
    let provider = Provider::public_client(issuer, client_id);
    let mut trust = TlsTrust::SYSTEM;
    trust
        .authorities
        .extend(authority.map(|path| Authority::File(path.to_owned())));
    let report = |_: Event<'_>| {};
    let interaction = Interaction {
        request_timeout: REQUEST_TIMEOUT,
        ..person::new(ui, &report, ReturnTo::Command)
    };
    let client = ProviderClient::new(&provider, &trust, &NoDocumentCache, interaction, clock::now)?;
    let survey = LazyRuntime::default()
        .block_on(client.survey())
        .map_err(error::Error::Runtime)?;
    Ok(survey.metadata.map(drop))
}
