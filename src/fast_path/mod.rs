//! The fast path: a cached call, answered before the command line is parsed.
//!
//! Parsing the command line costs more than everything else in a cached call. So a call that is served from the store writes a
//! [`FastPathEntry`] that names its session, and a later call with the same [hash](crate::invocation::InvocationHash) finds the session
//! without parsing. Owns these entries and the log of issued tokens. It reads two files and writes one slot; it takes no lock and uses no
//! network. Whatever is not as usual is left to the parsed command line, which says why.

mod entry;
mod issued_log;
mod lookup;

pub(crate) use entry::{FastPathEntry, RefreshPolicy};
pub(crate) use issued_log::{AskedBefore, IssueReason, IssuedLog};
pub(crate) use lookup::{Hit, find};
