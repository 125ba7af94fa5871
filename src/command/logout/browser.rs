//! Ends the browser's own sessions at the providers of sessions that were ended, after their refresh tokens were revoked.
//!
//! One page for each issuer: all sessions of a browser there are one. For a selected entry it is opened again although its session was ended
//! before, without an ID token.

use serde_json::Value;
use url::Url;

use super::clients::{AskedAs, Clients, Failure};
use super::end::Ended;
use super::selection::Selection;
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::oidc::{BrowserSignOut, SignOutHint, claims_of_stored};
use crate::secret::Secret;
use crate::session::{Identity, Record};
use crate::settings::{Browser, Issuer, Provider, TokenKind};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// A session of ours whose browser signs out.
struct BrowserSession<'a, 'r> {
    request: Option<&'a TokenRequest>,
    identity: &'r Identity,
    /// `None` if it was ended before. Then there is no ID token to say whose session the browser's is.
    record: Option<&'r Record>,
}

/// Returns whether each provider could be asked.
pub(super) fn sign_out<'a>(
    ended: &Ended<'a>,
    selection: &'a Selection<'_>,
    target: Option<&Url>,
    environment: &Environment,
    clients: &mut Clients<'a>,
    ui: Ui,
) -> bool {
    // The latest session of an issuer is the one that its browser is most likely to have.
    let records = ended.records.iter().rev();
    let of_records = records.map(|(request, record)| BrowserSession {
        request: *request,
        identity: &record.identity,
        record: Some(record),
    });
    let mut sessions: Vec<BrowserSession<'a, '_>> = of_records.collect();
    match selection {
        // The session may have been ended before. One that is still there has the ID token for the next logout.
        Selection::Entry(entry) if ended.failures.is_empty() => sessions.push(BrowserSession {
            request: Some(&entry.request),
            identity: &entry.request.identity,
            record: None,
        }),
        Selection::Matching { .. } if sessions.is_empty() => ui.note(
            "no browser signs out: there was no session that says where; name an entry with --context=NAME or --user=NAME",
        ),
        Selection::Entry(_) | Selection::Matching { .. } => {}
    }
    let mut issuers: Vec<&str> = Vec::new();
    let mut is_complete = true;
    for session in &sessions {
        let issuer = session.identity.issuer.as_str();
        // A program that signs in for itself has no browser.
        let is_person = session
            .request
            .is_none_or(|request| request.sign_in.login.grant.is_interactive());
        if is_person && !issuers.contains(&issuer) {
            issuers.push(issuer);
            is_complete &= sign_out_of_one(session, target, environment, clients, ui);
        }
    }
    is_complete
}

fn sign_out_of_one<'a>(
    session: &BrowserSession<'a, '_>,
    target: Option<&Url>,
    environment: &Environment,
    clients: &mut Clients<'a>,
    ui: Ui,
) -> bool {
    let identity = session.identity;
    let own = Issuer::parse(identity.issuer.clone())
        .map(|issuer| Provider::public_client(issuer, identity.client_id.clone()));
    let of_machine = Browser::of_machine(environment);
    let (asked_as, browser) = match (session.request, &own) {
        (Some(request), _) => (AskedAs::Entry(&request.sign_in), &request.sign_in.login.browser),
        (None, Ok(own)) => (AskedAs::PublicClient(own), &of_machine),
        // It was told that nobody can be asked.
        (None, Err(_)) => return true,
    };
    let token = session.record.and_then(Record::token);
    let id_token = token.filter(|token| match session.request {
        Some(request) => request.sign_in.provider.token == TokenKind::Id,
        // Nobody says which token the session has. An access token must not get into a form of the browser.
        None => is_id_token(token, identity),
    });
    let whose = match (id_token, identity.account.as_deref()) {
        (Some(token), _) => SignOutHint::IdToken(token),
        (None, Some(account)) => SignOutHint::Account(account),
        (None, None) => SignOutHint::None,
    };
    let result = clients.ask(asked_as, async |client| {
        client.sign_browser_out(browser, whose, target).await
    });
    report(
        result,
        &UntrustedText::new(&identity.issuer),
        id_token.is_some(),
        ui,
    )
}

/// Returns whether the provider could be asked.
fn report(
    result: Result<BrowserSignOut, Failure>,
    issuer: &UntrustedText,
    has_id_token: bool,
    ui: Ui,
) -> bool {
    match result {
        Ok(BrowserSignOut::Opened) if !has_id_token => ui.note(&format!(
            "your browser asks {issuer} to sign out, without an ID token, since none is here any more: the provider may ask whom to sign \
             out, or refuse; see its page"
        )),
        Ok(BrowserSignOut::NeedsIdToken) => ui.note(&format!(
            "the browser's session at {issuer} was not ended: Okta ends it only with the ID token, and none is here any more; sign out at \
             your Okta dashboard"
        )),
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
