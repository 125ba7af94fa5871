//! Fixes that several entries have.

/// The placeholder for the name of the grant in a fix.
pub(super) const GRANT_PLACEHOLDER: &str = "GRANT_TYPE";
pub(super) const ENABLE_CODE_OKTA_FIX: &str =
    "enable the grant type Authorization Code on the app (Okta > the app > General)";
pub(super) const ENABLE_CODE_FIX: &str = "enable the authorization code flow on the app at the provider";
pub(super) const ENABLE_GRANT_OKTA_FIX: &str =
    "enable the grant type GRANT_TYPE on the app (Okta > the app > General)";
pub(super) const ENABLE_GRANT_FIX: &str = "enable the grant type GRANT_TYPE on the app at the provider";
