//! Ends the browser's own sessions at the providers of sessions that were ended, after their refresh tokens were revoked.
//!
//! One page for each issuer: all sessions of a browser there are one.

use serde_json::Value;
use url::Url;

use super::clients::{AskedAs, Clients};
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::oidc::{BrowserSignOut, claims_of_stored};
use crate::secret::Secret;
use crate::session::{Identity, Record};
use crate::settings::{Browser, Issuer, Provider, TokenKind};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Returns whether each provider could be asked.
pub(super) fn sign_out<'a>(
    records: &[(Option<&'a TokenRequest>, Box<Record>)],
    target: Option<&Url>,
    environment: &Environment,
    clients: &mut Clients<'a>,
    ui: Ui,
) -> bool {
    let mut issuers: Vec<&str> = Vec::new();
    let mut is_complete = true;
    // The latest session of an issuer is the one that its browser is most likely to have.
    for (request, record) in records.iter().rev() {
        let issuer = record.identity.issuer.as_str();
        // A program that signs in for itself has no browser.
        let is_person = request.is_none_or(|request| request.sign_in.login.grant.is_interactive());
        if is_person && !issuers.contains(&issuer) {
            issuers.push(issuer);
            is_complete &= sign_out_of_one(*request, record, target, environment, clients, ui);
        }
    }
    is_complete
}

fn sign_out_of_one<'a>(
    request: Option<&'a TokenRequest>,
    record: &Record,
    target: Option<&Url>,
    environment: &Environment,
    clients: &mut Clients<'a>,
    ui: Ui,
) -> bool {
    let own = Issuer::parse(record.identity.issuer.clone())
        .map(|issuer| Provider::public_client(issuer, record.identity.client_id.clone()));
    let of_machine = Browser::of_machine(environment);
    let (asked_as, browser) = match (request, &own) {
        (Some(request), _) => (AskedAs::Entry(&request.sign_in), &request.sign_in.login.browser),
        (None, Ok(own)) => (AskedAs::PublicClient(own), &of_machine),
        // It was told that nobody can be asked.
        (None, Err(_)) => return true,
    };
    let issuer = UntrustedText::new(&record.identity.issuer);
    let id_token = record.token().filter(|token| match request {
        Some(request) => request.sign_in.provider.token == TokenKind::Id,
        // Nobody says which token the session has. An access token must not get into a form of the browser.
        None => is_id_token(token, &record.identity),
    });
    let result = clients.ask(asked_as, async |client| {
        client.sign_browser_out(browser, id_token, target).await
    });
    match result {
        Ok(BrowserSignOut::Opened) => ui.note(&format!(
            "your browser signs out at {issuer}, which ends its session for other apps too; see its page"
        )),
        Ok(BrowserSignOut::Unsupported) => ui.note(&format!(
            "the browser's session at {issuer} was not ended: the provider names no page for it (`end_session_endpoint`); sign out there"
        )),
        Ok(BrowserSignOut::NotOpened { url, reason }) => {
            if let Some(reason) = reason {
                ui.warn(&format!("the browser could not be opened: {reason}"));
            }
            ui.note(&format!(
                "to end the browser's session at {issuer}, open this URL, which has no ID token in it, so that the provider may ask whom to \
                 sign out, or refuse:\n{url}"
            ));
        }
        Err(failure) => {
            ui.warn(&format!(
                "the browser's session at {issuer} was not ended: {}",
                failure.in_one_line(None)
            ));
            return false;
        }
    }
    true
}

/// Whether a token is for the client itself, as an ID token is (OpenID Connect Core 1.0, section 2).
fn is_id_token(token: &Secret, identity: &Identity) -> bool {
    let Some(claims) = claims_of_stored(token) else {
        return false;
    };
    let client = identity.client_id.as_str();
    let is_for_client = match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    };
    let is_of_issuer = claims.get("iss").and_then(Value::as_str) == Some(identity.issuer.as_str());
    let has_scopes = claims.contains_key("scp") || claims.contains_key("scope");
    is_for_client && is_of_issuer && !has_scopes
}
