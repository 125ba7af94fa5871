//! What the tests speak with: a private home, the mock Okta, a browser, and the real program.

mod browser;
mod call;
#[cfg(target_os = "linux")]
mod clock;
mod kubelogin;
mod masked;
mod outcome;
mod port;
mod sandbox;
mod skip;
mod terminal;
mod token;
mod waits;

/// Elsewhere the machine's own time and signals have to do.
#[cfg(not(target_os = "linux"))]
impl Call {
    pub(crate) fn by_clock_of(self, _: &Sandbox) -> Self {
        self
    }

    pub(crate) fn by_timers_of(self, _: &Sandbox) -> Self {
        self
    }

    pub(crate) fn with_skipped_sleeps(self) -> Self {
        self
    }

    pub(crate) fn with_children_ignored(self) -> Self {
        self
    }
}

pub(crate) use browser::{redirect_of, visit, visit_with};
pub(crate) use call::Call;
pub(crate) use kubelogin::{Kubelogin, OTHER_RECORD, RECORD};
pub(crate) use outcome::Outcome;
pub(crate) use port::free_port;
pub(crate) use sandbox::Sandbox;
pub(crate) use skip::{as_user_or_skip, is_root_or_skip, skip, works_or_skip};
pub(crate) use terminal::Terminal;
pub(crate) use token::{claims_of, with_claims};
pub(crate) use waits::{finish, mode, now, unread, url_from_stderr, wait_until};
