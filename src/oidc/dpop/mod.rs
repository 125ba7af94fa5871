//! DPoP (RFC 9449): tokens that are bound to a key of the session, and the proofs that this client has it.
//!
//! Owns the key, the proof of one request, the nonces of providers, and the decisions when a key is made and a request repeated. Never sends
//! a request, and never stores the key: `session/` keeps it with the refresh token. The key is not that of a client assertion.

mod key;
mod nonces;
mod policy;
mod proof;
mod session;

pub(super) use nonces::Nonces;
pub(super) use policy::{Reaction, Refusal, Refused, react};
pub(crate) use session::DpopSession;
pub(super) use session::DpopState;
