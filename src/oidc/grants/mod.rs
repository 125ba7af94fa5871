//! The grants: one file per grant, including the refresh, and the code that several grants share to interact with a person.
//!
//! Owns the steps of each grant, the start of the browser, and the parsing of pasted text. Never verifies a token itself.

pub(super) mod authorization_request;
pub(super) mod browser;
pub(super) mod client_credentials;
pub(super) mod device;
pub(super) mod device_response;
pub(super) mod keyboard;
pub(super) mod login;
pub(super) mod password;
pub(super) mod paste;
mod pushed_request;
pub(super) mod refresh;
pub(super) mod waiting;
