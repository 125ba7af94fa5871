//! The cached call: the very same command line was served from the store before.
//!
//! Reads two files, writes one slot, prints. Whatever is not as usual is left to the long way, which says why.

use super::{background, write_credential};
use crate::clock;
use crate::error::Error;
use crate::files::PrivateDir;
use crate::invocation::Invocation;
use crate::session::{self, AskedBefore, FastPathEntry, Loaded};
use crate::settings;
use crate::ui::Ui;

/// Answers the call, if an entry of its command line leads to a token that is good.
pub(crate) fn run(invocation: &Invocation<'_>) -> Option<Result<(), Error>> {
    let environment = invocation.environment;
    let dir = settings::likely_cache_dir(invocation.args, environment)?;
    let dir = PrivateDir::open(&dir).ok().flatten()?;
    let entry = FastPathEntry::read(&dir, &invocation.hash)?;
    let store = entry.store(dir);
    let session = match store.load() {
        Ok(Loaded::Session(session)) => session,
        // It took its time to fail, and would do so again.
        Err(error @ session::Error::Keyring(_)) => return Some(Err(error.into())),
        Ok(_) | Err(_) => return None,
    };
    let now = clock::now();
    if !session.is_usable(now) {
        return None;
    }
    if entry.detects_rejections && invocation.is_by_client() {
        let log = store.issued_log(settings::runtime_dir(environment).as_deref());
        let asked = log.map_or(AskedBefore::No, |log| {
            log.asked_before(invocation, &session.token, session.expires_at, now)
        });
        if !matches!(asked, AskedBefore::No | AskedBefore::Handled) {
            return None;
        }
    }
    if entry.is_refresh_due(&session, now) {
        let ui = Ui {
            level: 0,
            at_terminal: environment.at_terminal,
        };
        background::start(&store, invocation, now, ui);
    }
    Some(write_credential(
        entry.api,
        &session.token,
        session.usable_until(),
    ))
}
