//! The lifecycle of a token: use the stored one, else refresh it, else log in. Only this module decides between them.
//!
//! [`plan`] chooses the next step from the known facts, and is pure. [`Acquisition`] carries out the steps with a [`SessionStore`]. Never
//! parses flags and never prints a credential.

mod acquire;
mod await_refresh;
mod import;
mod log;
mod no_refresh_token;
mod plan;
mod remembered;
mod session_files;
mod steps;
mod store;

pub(crate) use acquire::{Acquired, Acquisition, Origin, Settings};
pub(crate) use import::{Import, kubelogin_account};
pub(crate) use no_refresh_token::ScopeSource;
pub(crate) use plan::Demand;
pub(crate) use session_files::SessionFiles;
pub(crate) use store::{LockedSession, NoStore, Remark, SessionStore};
