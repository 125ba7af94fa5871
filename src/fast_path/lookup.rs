//! Finds the token of a cached call.

use super::{AskedBefore, FastPathEntry, IssuedLog};
use crate::clock::Timestamp;
use crate::exec::ApiVersion;
use crate::files::PrivateDir;
use crate::invocation::Invocation;
use crate::session::{self, Loaded, Record, Store};
use crate::settings;

/// A usable token, and how to respond with it.
pub(crate) struct Hit {
    pub(crate) session: Record,
    pub(crate) store: Store,
    /// The version of the ExecCredential that kubectl requested.
    pub(crate) api: ApiVersion,
    /// Whether the token is near its expiry and the settings allow a background refresh.
    pub(crate) should_refresh_in_background: bool,
}

/// Finds the session of this invocation. `None` if the command line has to be parsed: there is no entry, no
/// usable token, an unreadable session, or a possible rejection by the API server.
///
/// # Errors
/// If the keyring fails. The normal path would ask the keyring again, which may be slow.
pub(crate) fn find(invocation: &Invocation<'_>, now: Timestamp) -> Option<Result<Hit, session::Error>> {
    let environment = invocation.environment;
    let dir = settings::likely_cache_dir(invocation.args, environment)?;
    let dir = PrivateDir::open(&dir).ok().flatten()?;
    let entry = FastPathEntry::read(&dir, &invocation.hash)?;
    if !entry.agrees_with(invocation.args, environment) {
        return None;
    }
    let store = entry.store(dir);
    let session = match store.load() {
        Ok(Loaded::Session(session)) => *session,
        Err(error @ session::Error::Keyring(_)) => return Some(Err(error)),
        Ok(Loaded::Nothing | Loaded::Corrupt(_)) | Err(_) => return None,
    };
    if !session.is_usable(now) {
        return None;
    }
    if entry.detects_rejections && invocation.is_exec_plugin_call() {
        let log = IssuedLog::open(&store, settings::runtime_dir(environment).as_deref());
        let asked = log.map_or(AskedBefore::No, |log| {
            log.check_and_record(invocation, &session.token, session.expires_at, now)
        });
        if !matches!(asked, AskedBefore::No | AskedBefore::Handled) {
            return None;
        }
    }
    Some(Ok(Hit {
        should_refresh_in_background: entry.should_refresh_in_background(&session, now),
        api: entry.api,
        session,
        store,
    }))
}
