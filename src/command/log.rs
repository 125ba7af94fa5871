//! The log of a sign-in or a refresh: what each level of `-v` shows of the events that are for the log only.
//!
//! Level 1 has steps: claims, times, files. Level 2 has the requests, level 3 their headers. No level has a secret: an event contains none.

use crate::clock;
use crate::duration_words::relative;
use crate::files::shown;
use crate::oidc::{LogEvent, LoggedHeader};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Logs an event, depending on the verbosity.
pub(super) fn show(ui: Ui, event: &LogEvent<'_>) {
    match event {
        LogEvent::Responded {
            method,
            url,
            status,
            millis,
            request_id,
            sent,
            received,
        } => {
            let id = request_id
                .as_ref()
                .map(|id| format!(", request id {id}"))
                .unwrap_or_default();
            ui.log(Ui::REQUESTS, || {
                format!("{method} {url}: {status} in {millis} ms{id}")
            });
            headers(ui, "sent", sent);
            headers(ui, "received", received);
        }
        LogEvent::RequestFailed {
            method,
            url,
            millis,
            why,
        } => ui.log(Ui::REQUESTS, || {
            format!("{method} {url}: no response after {millis} ms: {why}")
        }),
        LogEvent::TokenVerified {
            token,
            claims,
            groups,
            expires_at,
        } => ui.step(|| {
            let expiry = format!(
                "it expires {}, at {}",
                relative(*expires_at, clock::now()),
                expires_at.rfc3339()
            );
            format!(
                "the {} was verified: {}; {expiry}",
                token.name(),
                claims_text(claims, *groups)
            )
        }),
        LogEvent::CacheRead { file, is_found } => {
            let found = if *is_found { "read" } else { "there is no" };
            ui.step(|| format!("{found} {file} in the cache directory"));
        }
        LogEvent::CacheWritten { file } => ui.step(|| format!("wrote {file} into the cache directory")),
        LogEvent::DpopWanted => {
            ui.step(|| {
                "the provider wants a DPoP proof or a new nonce: sending the request again".to_owned()
            });
        }
        LogEvent::SecretCommandRun(flag) => ui.step(|| format!("run the command of --{flag}")),
        LogEvent::FileRead(path) => ui.step(|| format!("read {}", shown(path))),
    }
}

fn claims_text(claims: &[(&str, UntrustedText)], groups: Option<usize>) -> String {
    let claims = claims.iter().map(|(name, value)| format!("{name}={value}"));
    let groups = groups.map(|count| format!("{count} groups"));
    claims.chain(groups).collect::<Vec<_>>().join(", ")
}

fn headers(ui: Ui, way: &str, headers: &[LoggedHeader]) {
    for (name, value) in headers {
        ui.log(Ui::HEADERS, || match value {
            Some(value) => format!("  {way} {name}: {value}"),
            None => format!("  {way} {name}: (not shown)"),
        });
    }
}
