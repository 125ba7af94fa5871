//! The values that `setup` cannot do without: asked for at a terminal, all listed in one error elsewhere.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::cli::{LoginArgs, ProviderArgs};
use crate::environment::{Environment, Terminal};
use crate::error::Error;
use crate::settings::{self, Issuer, mistaken_client_id, mistaken_issuer};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// So often a person is asked for one value.
const MAX_QUESTIONS: usize = 5;
const ISSUER_PROMPT: &str = "Issuer, such as https://example.okta.com/oauth2/default: ";
const CLIENT_ID_PROMPT: &str = "Client id of the app, such as 0oa1b2c3d4e5f6g7h8i9: ";

/// Fills in the issuer and the client id.
///
/// # Errors
/// What is missing, or is the address of something else than an issuer, and could not be asked for.
pub(super) fn complete(
    provider: &mut ProviderArgs,
    login: &LoginArgs,
    environment: &Environment,
    ui: Ui,
) -> Result<(), Error> {
    let given = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
    let (mut issuer, mut client_id) = (given(&provider.oidc_issuer_url), given(&provider.oidc_client_id));
    let is_mistaken = issuer
        .as_deref()
        .is_some_and(|text| mistaken_issuer(text).is_some());
    if environment.terminal() == Terminal::Ours {
        let deadline = Instant::now() + Duration::from_secs(login.authentication_timeout_sec);
        if issuer.is_none() || is_mistaken {
            issuer = ask_issuer(issuer, deadline, ui);
        }
        let mistake = client_id
            .as_deref()
            .and_then(|text| Some((text, mistaken_client_id(text, issuer.as_deref())?)));
        if let Some((text, what)) = mistake {
            ui.note(&format!("`{}` {what}", UntrustedText::with_limit(text, 200)));
        }
        if (client_id.is_none() || mistake.is_some()) && issuer.is_some() {
            client_id = ask_client_id(issuer.as_deref(), deadline, ui);
        }
    }
    let missing: Vec<&'static str> = [("oidc-issuer-url", &issuer), ("oidc-client-id", &client_id)]
        .into_iter()
        .filter_map(|(flag, value)| value.is_none().then_some(flag))
        .collect();
    if !missing.is_empty() {
        return Err(settings::Error::SetupIncomplete(missing).into());
    }
    let mistaken = issuer
        .as_deref()
        .and_then(|text| Some((text, mistaken_issuer(text)?)));
    if let Some((text, mistaken)) = mistaken {
        let shown = UntrustedText::with_limit(text, 200);
        return Err(settings::Error::IssuerMistaken(shown, mistaken).into());
    }
    if let Some(client_id) = &client_id
        && let Some(what) = mistaken_client_id(client_id, issuer.as_deref())
    {
        let shown = UntrustedText::with_limit(client_id, 200);
        return Err(settings::Error::ClientIdMistaken(shown, what).into());
    }
    (provider.oidc_issuer_url, provider.oidc_client_id) = (issuer, client_id);
    Ok(())
}

/// Asks for the issuer. Where the address of something else was typed, the issuer that was meant is offered, and Enter takes it.
fn ask_issuer(given: Option<String>, deadline: Instant, ui: Ui) -> Option<String> {
    let mut offered = given.and_then(|text| offer(&text, ui));
    for _ in 0..MAX_QUESTIONS {
        let prompt = match &offered {
            Some(issuer) => Cow::Owned(format!("Issuer [{}]: ", UntrustedText::new(issuer))),
            None => Cow::Borrowed(ISSUER_PROMPT),
        };
        let text = ask(prompt, deadline)?;
        if text.is_empty() {
            if offered.is_some() {
                return offered;
            }
            ui.note("type the issuer, as the API server and the provider spell it (Ctrl-C to stop)");
            continue;
        }
        offered = offer(&text, ui);
        if offered.is_some() {
            continue;
        }
        match Issuer::parse(text.clone()) {
            Ok(_) => return Some(text),
            Err(error) => ui.note(&format!("{error}; {}", error.hint())),
        }
    }
    None
}

/// Says that a text is the address of something else, and returns the issuer that was meant.
fn offer(text: &str, ui: Ui) -> Option<String> {
    let mistaken = mistaken_issuer(text)?;
    ui.note(&format!(
        "`{}` {}",
        UntrustedText::with_limit(text, 200),
        mistaken.what
    ));
    Some(mistaken.issuer)
}

fn ask_client_id(issuer: Option<&str>, deadline: Instant, ui: Ui) -> Option<String> {
    for _ in 0..MAX_QUESTIONS {
        let text = ask(Cow::Borrowed(CLIENT_ID_PROMPT), deadline)?;
        match mistaken_client_id(&text, issuer) {
            Some(what) => ui.note(&format!("`{}` {what}", UntrustedText::with_limit(&text, 200))),
            None if text.is_empty() => {
                ui.note("the provider gave it to the app for kubectl (Ctrl-C to stop)");
            }
            None => return Some(text),
        }
    }
    None
}

/// Returns the line that was typed; `None` if there is none: the input has ended, or the time is over.
fn ask(prompt: Cow<'static, str>, deadline: Instant) -> Option<String> {
    let line = Ui::ask(prompt, Some(deadline)).ok()?;
    Some(line.expose().to_owned())
}
