//! Sessions: the tokens of a login, the lock for their refresh, and the failures of earlier logins.
//!
//! Owns the files of one session (`KEY.session.json` or `KEY.session.sealed`, `KEY.lock`, `KEY.failure.json` and others) and their
//! rules: reading needs no lock; only the lock's holder may write a session, so the methods that write belong to the guard. Never talks
//! to a provider or to a person; what a person should know is returned as a value.

mod clean;
mod continuation;
mod documents;
mod end;
mod error;
mod file_kind;
mod key;
mod kubelogin;
mod listed;
mod lock;
mod notes;
mod order;
mod record;
mod sealed;
mod sealed_mark;
mod sign_out_mark;
mod storage_target;
mod store;
mod versioned;

pub(crate) use clean::{Removed, remove_all, remove_pending_tokens};
pub(crate) use continuation::ContinuationKey;
pub(crate) use end::EndingSession;
pub(crate) use error::Error;
pub(crate) use file_kind::FileKind;
pub(crate) use key::Key;
pub(crate) use kubelogin::{KubeloginDir, KubeloginRecord};
pub(crate) use listed::{ListedContent, ListedSession, list_sessions, list_unused_sessions};
pub(crate) use lock::{LockWait, LockedStore};
pub(crate) use notes::background_refresh::RefreshTurn;
pub(crate) use notes::login_failures::{LoginFailures, Recalled};
pub(crate) use notes::outage::ProviderOutage;
pub(crate) use order::Order;
#[cfg(test)]
pub(crate) use record::tests::record as sample_record;
pub(crate) use record::{Identity, Record};
pub(crate) use storage_target::StorageTarget;
pub(crate) use store::{Loaded, Store};
pub(crate) use versioned::Versioned;
