//! How a person sees the events of a sign-in or a refresh, and is asked.
//!
//! Owns the texts. Decides nothing about the sign-in.

use std::io;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::foreign_text::ForeignText;
use crate::oidc::{self, Event, Question};
use crate::secret::Secret;
use crate::ui::Ui;

/// Shows an event, at the level of detail that was asked for.
pub(crate) fn show(ui: Ui, event: Event<'_>) {
    match event {
        Event::Responded {
            method,
            url,
            status,
            millis,
            request_id,
        } => ui.step(|| {
            let id = request_id.map(|id| format!(", request id {id}")).unwrap_or_default();
            format!("{method} {url}: {status} in {millis} ms{id}")
        }),
        Event::ResponseLost => ui.step(|| "the response was lost on the way: asking once more".to_owned()),
        Event::ImportRefused(why) => {
            ui.step(|| format!("the token of kubectl oidc-login is not used: {why}"));
        }
        Event::CertificatesUnchecked => ui.warn(
            "--insecure-skip-tls-verify: whoever is on the way can read and change everything",
        ),
        Event::RenegotiationIgnored => ui.note(
            "--tls-renegotiation-once and --tls-renegotiation-freely do nothing: TLS is never renegotiated here",
        ),
        Event::PkceOff => {
            ui.warn("--oidc-pkce-method=no: whoever catches the answer to this sign-in can use it");
        }
        Event::ListenerOpenToOthers => ui.warn(
            "--listen-address is open to other machines; whoever reaches it can disturb the sign-in, not finish it",
        ),
        Event::OldSpelling(text) => ui.note(text),
        Event::SigningIn { issuer } => {
            ui.note(&format!("signing in at {} in your browser", ForeignText::new(issuer)));
        }
        Event::OpenUrl(url) => ui.note(&format!("open this URL in your browser to sign in:\n{url}")),
        Event::BrowserFailed(why) => ui.warn(&format!("the browser could not be opened: {why}")),
        Event::EnterCode {
            address,
            code,
            complete,
        } => {
            ui.note(&format!(
                "sign in at {} with the code {code}",
                ForeignText::new(address.as_str())
            ));
            if let Some(picture) = QrCode::new(complete.as_str()).ok().filter(|_| ui.at_terminal) {
                ui.note(&picture.render::<Dense1x2>().build());
            }
        }
        Event::InputRefused(oidc::Error::OAuth(refusal)) => {
            ui.note(&format!("the provider refused these: {refusal}"));
        }
        Event::InputRefused(error) => ui.note(&error.to_string()),
    }
}

/// Asks on the terminal.
pub(crate) fn ask(question: Question) -> io::Result<Secret> {
    match question {
        Question::Username => Ui::ask("Username: "),
        Question::Password => Ui::ask_secret("Password: "),
        Question::CodeOrAddress => Ui::ask("Enter code, or the address that the browser ended on: "),
        Question::AddressBesideListener => Ui::ask("or paste the address that the browser ended on: "),
    }
}
