//! Short-lived notes beside a session: what failed, who was given which token, which background refresh has begun.
//!
//! Owns their files and how long each counts. A note that is lost or broken costs a request or a repeated message, never a session.

pub(super) mod background_refresh;
pub(super) mod issued_log;
pub(super) mod login_failures;
pub(super) mod outage;
