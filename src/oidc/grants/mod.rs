//! The ways to a token: one file per grant, the refresh among them, and what they share to ask a person.
//!
//! Owns the steps of each grant, the browser and what a person pastes. Never verifies a token itself.

pub(super) mod browser;
pub(super) mod client_credentials;
pub(super) mod device;
pub(super) mod device_response;
pub(super) mod keyboard;
pub(super) mod login;
pub(super) mod password;
pub(super) mod paste;
pub(super) mod refresh;
pub(super) mod waiting;
