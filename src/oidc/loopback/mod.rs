//! The loopback listener that the browser comes back to (RFC 8252 7.3).
//!
//! Owns its sockets, connections and pages, and which request is the authorization response. Never talks to the provider.

pub(super) mod authorization_response;
pub(super) mod callback;
pub(super) mod callback_tls;
pub(super) mod connection_owner;
pub(super) mod connections;
pub(super) mod ignored;
pub(super) mod listener;
pub(super) mod mix_up;
pub(super) mod page;
pub(super) mod start_page;
