//! The catalogue of errors: what each means, and what to do about it.
//!
//! Pure. `own` explains our own errors by their ids; `docs/troubleshooting.md` is made of it. The other entries are errors that providers
//! report. Such an entry matches by the error code and by a phrase of the description, in lower case and without quotes, because the wording of a
//! description changes between releases. The phrases are Okta's. Only fixes for Okta name its console. The first entry that matches
//! counts, so specific phrases come before general ones, and entries without a phrase come last. `docs/errors.md` is made of the entries.

mod access;
mod app;
mod assertion;
mod by_code;
mod dpop;
mod entry;
mod explanation;
mod fixes;
mod id;
mod own;
#[cfg(test)]
mod page;
mod pasted;
mod request;
mod search;
#[cfg(test)]
mod troubleshooting;

use crate::grant_type::GrantType;
pub(crate) use entry::AccessLayer;
use entry::Entry;
pub(crate) use explanation::{Explanation, explanation, own_errors, provider_errors};
pub(crate) use id::Id;
pub(crate) use pasted::ids_of_pasted;
pub(crate) use search::{response, search};

/// An OAuth error response (RFC 6749 4.1.2.1 and 5.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorResponse<'a> {
    /// The parameter `error`.
    pub(crate) error: &'a str,
    /// The parameter `error_description`, or an empty text.
    pub(crate) description: &'a str,
    pub(crate) is_okta: bool,
    /// The grant of the request that failed.
    pub(crate) grant: GrantType,
}

/// Returns what to do about an OAuth error response.
pub(crate) fn hint(response: ErrorResponse<'_>) -> String {
    let ErrorResponse { is_okta, grant, .. } = response;
    let fix = entry_for(response).fix(is_okta);
    fix.replace(fixes::GRANT_PLACEHOLDER, grant_name(grant, is_okta))
}

/// Returns the id of an OAuth error response.
pub(crate) fn id(response: ErrorResponse<'_>) -> Id {
    Id(entry_for(response).id)
}

/// Returns which of Okta's access checks refused a sign-in; `None` if none did, or the provider is not Okta.
pub(crate) fn access_layer(response: ErrorResponse<'_>) -> Option<AccessLayer> {
    let id = entry_for(response).id;
    let (_, layer) = access::ACCESS_LAYERS.iter().find(|(known, _)| *known == id)?;
    response.is_okta.then_some(*layer)
}

/// Whether a clock is the cause: the provider refuses a client assertion for its time.
pub(crate) fn blames_clock(response: ErrorResponse<'_>) -> bool {
    let id = entry_for(response).id;
    assertion::CLOCK_IDS.contains(&id) || dpop::CLOCK_IDS.contains(&id)
}

/// Whether the tokens of the session are bound to another key than the one that was proved (RFC 9449 5).
pub(crate) fn is_other_dpop_key(response: ErrorResponse<'_>) -> bool {
    entry_for(response).id == dpop::OTHER_KEY_ID
}

fn entry_for(response: ErrorResponse<'_>) -> &'static Entry {
    let description = normalized(response.description);
    entries()
        .find(|entry| entry.matches(response.error, &description, response.grant))
        .unwrap_or(by_code::UNKNOWN)
}

/// All entries, in the order in which they are tried.
fn entries() -> impl Iterator<Item = &'static Entry> {
    let known = [
        request::ENTRIES,
        access::ENTRIES,
        assertion::ENTRIES,
        dpop::ENTRIES,
        app::ENTRIES,
        by_code::ENTRIES,
    ];
    known.into_iter().flatten().chain([by_code::UNKNOWN])
}

/// Returns a text in lower case and without quotes, for comparisons with phrases.
fn normalized(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace("can't", "cannot");
    text.chars()
        .filter(|c| !matches!(c, '\'' | '"' | '`' | '\u{2018}' | '\u{2019}'))
        .collect()
}

/// Returns the name that an app's settings use for the grant, in Okta's console or at other providers.
fn grant_name(grant: GrantType, is_okta: bool) -> &'static str {
    match (grant, is_okta) {
        (GrantType::AuthorizationCode, true) => "Authorization Code",
        (GrantType::AuthorizationCode, false) => "authorization code",
        (GrantType::RefreshToken, true) => "Refresh Token",
        (GrantType::RefreshToken, false) => "refresh token",
        (GrantType::DeviceCode, true) => "Device Authorization",
        (GrantType::DeviceCode, false) => "device code",
        (GrantType::Password, true) => "Resource Owner Password",
        (GrantType::Password, false) => "password",
        (GrantType::ClientCredentials, true) => "Client Credentials",
        (GrantType::ClientCredentials, false) => "client credentials",
    }
}

#[cfg(test)]
mod tests;
