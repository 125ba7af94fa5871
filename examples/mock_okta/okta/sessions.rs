//! The provider's state for browsers: open sign-in pages, and sessions.

use std::collections::HashMap;

use super::{authorize_request::AuthorizeRequest, bodies};

/// Open pages and sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// Authorize requests whose sign-in page is open.
    pages: HashMap<String, AuthorizeRequest>,
    /// Browser sessions by cookie, with the time of sign-in in seconds.
    sessions: HashMap<String, i64>,
}

impl Sessions {
    /// Stores an authorization request while its sign-in page is open.
    pub(crate) fn open_page(&mut self, request: AuthorizeRequest) -> String {
        let handle = bodies::random();
        self.pages.insert(handle.clone(), request);
        handle
    }

    pub(crate) fn page(&self, handle: &str) -> Option<AuthorizeRequest> {
        self.pages.get(handle).cloned()
    }

    pub(crate) fn close_page(&mut self, handle: &str) {
        self.pages.remove(handle);
    }

    pub(crate) fn begin(&mut self, auth_time: i64) -> String {
        let cookie = bodies::random();
        self.sessions.insert(cookie.clone(), auth_time);
        cookie
    }

    /// Returns when the person behind a cookie signed in.
    pub(crate) fn signed_in(&self, cookie: &str) -> Option<i64> {
        self.sessions.get(cookie).copied()
    }

    pub(crate) fn end(&mut self, cookie: &str) {
        self.sessions.remove(cookie);
    }

    pub(crate) fn end_all(&mut self) {
        self.sessions.clear();
    }
}
