//! Short-lived state beside a session: failed logins, provider outages, and the background refresh.
//!
//! Owns these files and how long each is valid. A file that is lost or broken costs a request or a repeated message, never a session.

pub(super) mod background_refresh;
pub(super) mod login_failures;
pub(super) mod outage;
mod reported_to;
