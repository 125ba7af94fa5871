//! The provider's shared state, and the handling of a request.
//!
//! A lock is held only for a lookup or an insertion, never while a token is signed or a socket is used. A poisoned lock is still used: the
//! state consists of plain values, and a failed test should show its own message.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    authorize,
    behaviour::Behaviour,
    control, device,
    device_codes::DeviceCodes,
    errors,
    exchange::{Answer, Asked, AuthorizationServer, Endpoint, Recorded},
    faults::{self, Fault, FaultKind},
    grants::Grants,
    keys::KeyRing,
    metadata,
    par::{self, PushedRequests},
    revocation, token, userinfo,
};

/// The state that requests share.
#[derive(Debug)]
pub(crate) struct Provider {
    origin: String,
    behaviour: Mutex<Behaviour>,
    log: Mutex<Log>,
    grants: Mutex<Grants>,
    device_codes: Mutex<DeviceCodes>,
    pushed_requests: Mutex<PushedRequests>,
    keys: Mutex<KeyRing>,
    secrets: Mutex<BTreeSet<String>>,
    /// The ids of the client assertions that were accepted.
    assertion_ids: Mutex<BTreeSet<String>>,
}

/// Recorded requests. When the log is cleared, the number of the first one grows, so that the status of an earlier request is still
/// assigned correctly.
#[derive(Debug, Default)]
struct Log {
    first: usize,
    requests: Vec<Recorded>,
}

impl Provider {
    pub(crate) fn new(origin: String) -> Self {
        Self {
            origin,
            behaviour: Mutex::default(),
            log: Mutex::default(),
            grants: Mutex::default(),
            device_codes: Mutex::default(),
            pushed_requests: Mutex::default(),
            keys: Mutex::default(),
            secrets: Mutex::default(),
            assertion_ids: Mutex::default(),
        }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn issuer(&self, server: AuthorizationServer) -> String {
        match server {
            AuthorizationServer::Org => self.origin.clone(),
            AuthorizationServer::Custom => format!("{}/oauth2/default", self.origin),
        }
    }

    /// Returns the URL that endpoint paths are appended to. That of the org server differs from its issuer.
    pub(crate) fn base(&self, server: AuthorizationServer) -> String {
        match server {
            AuthorizationServer::Org => format!("{}/oauth2", self.origin),
            AuthorizationServer::Custom => format!("{}/oauth2/default", self.origin),
        }
    }

    /// Handles a request.
    pub(crate) fn answer(&self, rules: &Behaviour, asked: &Asked) -> Answer {
        match asked.endpoint {
            Endpoint::Discovery => metadata::discovery(self, rules, asked),
            Endpoint::OauthMetadata => metadata::oauth_metadata(self, rules, asked),
            Endpoint::Keys => metadata::keys(self, rules, asked),
            Endpoint::Authorize => authorize::answer(self, rules, asked),
            Endpoint::SignIn => authorize::sign_in(self, rules, asked),
            Endpoint::Token => token::answer(self, rules, asked),
            Endpoint::Userinfo => userinfo::userinfo(self, rules, asked),
            Endpoint::Introspect => userinfo::introspect(self, rules, asked),
            Endpoint::Revoke => revocation::revoke(self, rules, asked),
            Endpoint::Logout => revocation::logout(self, rules, asked),
            Endpoint::DeviceAuthorize => device::authorize(self, rules, asked),
            Endpoint::Activate => device::activate(self, rules, asked),
            Endpoint::Par => par::answer(self, rules, asked),
            Endpoint::Register => errors::okta_by_status(401),
            Endpoint::Control => control::answer(self, asked),
            Endpoint::Other => errors::no_such_server(asked.path.split('/').nth(2).unwrap_or_default()),
        }
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut lock(&self.behaviour));
    }

    /// Returns the fault that applies to a request to an endpoint, and counts its use.
    pub(crate) fn take_fault(&self, endpoint: Endpoint) -> Option<FaultKind> {
        faults::take(&mut lock(&self.behaviour).faults, endpoint)
    }

    /// Whether responses of an endpoint are delayed, see [`FaultKind::Held`].
    pub(crate) fn holds(&self, endpoint: Endpoint) -> bool {
        let held = Fault::always(endpoint, FaultKind::Held);
        lock(&self.behaviour).faults.contains(&held)
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        lock(&self.grants)
    }

    pub(crate) fn device_codes(&self) -> MutexGuard<'_, DeviceCodes> {
        lock(&self.device_codes)
    }

    pub(crate) fn pushed_requests(&self) -> MutexGuard<'_, PushedRequests> {
        lock(&self.pushed_requests)
    }

    pub(crate) fn keys(&self) -> KeyRing {
        *lock(&self.keys)
    }

    pub(crate) fn rotate_keys(&self) {
        lock(&self.keys).rotate();
    }

    /// Records a request on arrival and returns its number.
    pub(crate) fn record(&self, asked: &Asked) -> usize {
        let mut log = lock(&self.log);
        log.requests.push(asked.record());
        log.first + log.requests.len() - 1
    }

    pub(crate) fn record_status(&self, number: usize, status: u16) {
        let mut log = lock(&self.log);
        let place = number.checked_sub(log.first);
        if let Some(recorded) = place.and_then(|place| log.requests.get_mut(place)) {
            recorded.status = status;
        }
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        lock(&self.log).requests.clone()
    }

    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        lock(&self.log)
            .requests
            .iter()
            .filter(|recorded| recorded.endpoint == endpoint)
            .count()
    }

    pub(crate) fn clear_requests(&self) {
        let mut log = lock(&self.log);
        log.first += log.requests.len();
        log.requests.clear();
    }

    /// Records a value that the client must not print or log.
    pub(crate) fn note_secret(&self, secret: &str) {
        if !secret.is_empty() {
            lock(&self.secrets).insert(secret.to_owned());
        }
    }

    /// Whether a client assertion of this id was not accepted before. It counts as accepted from now on.
    pub(crate) fn is_new_assertion(&self, id: &str) -> bool {
        lock(&self.assertion_ids).insert(id.to_owned())
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        lock(&self.secrets).iter().cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
