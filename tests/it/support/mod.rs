//! What the tests speak with: a private home, the mock Okta, a browser, and the real program.

mod browser;
#[cfg(target_os = "linux")]
mod clock;
mod outcome;
mod peer;
mod sandbox;

pub(crate) use browser::{redirect_of, visit, visit_with};
pub(crate) use outcome::Outcome;
pub(crate) use peer::{OTHER_RECORD, Peer, RECORD, with_claims};
pub(crate) use sandbox::{Call, Sandbox, finish, mode, now, url_from_stderr, wait_until};
