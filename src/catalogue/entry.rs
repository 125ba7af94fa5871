//! One entry of the catalogue.

use crate::grant_type::GrantType;

/// Okta's access checks, in the order in which a sign-in has to pass them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLayer {
    /// Who may use the app.
    AppAssignment,
    /// How and from where a person has to sign in to the app.
    AuthenticationPolicy,
    /// What the authorization server gives out. The org authorization server has none.
    AccessPolicy,
}

/// A known error of a provider.
pub(super) struct Entry {
    /// The name of the entry. It never changes, because links to the page have it.
    pub(super) id: &'static str,
    /// Values of the parameter `error` that this entry matches. None: all.
    pub(super) error_codes: &'static [&'static str],
    /// Parts of a description, in lower case and without quotes, one of which it has to contain. None: every description matches.
    pub(super) phrases: &'static [&'static str],
    /// Grants of the request that this entry matches. None: all.
    pub(super) grants: &'static [GrantType],
    /// What the provider means, in one sentence.
    pub(super) cause: &'static str,
    /// What to do if the provider is Okta, with the place in its console. None: the same as elsewhere.
    pub(super) okta_fix: Option<&'static str>,
    /// What to do at all other providers.
    pub(super) generic_fix: &'static str,
}

impl Entry {
    /// Whether the entry is about a response. The description is normalized.
    pub(super) fn matches(&self, error: &str, description: &str, grant: GrantType) -> bool {
        (self.error_codes.is_empty() || self.error_codes.contains(&error))
            && (self.phrases.is_empty() || self.phrases.iter().any(|phrase| description.contains(phrase)))
            && (self.grants.is_empty() || self.grants.contains(&grant))
    }

    pub(super) fn fix(&self, is_okta: bool) -> &'static str {
        self.okta_fix.filter(|_| is_okta).unwrap_or(self.generic_fix)
    }
}
