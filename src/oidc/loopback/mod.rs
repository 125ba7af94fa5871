//! The loopback listener that receives the redirect from the browser (RFC 8252 7.3).
//!
//! Owns the sockets, connections and pages, and decides which request is the authorization response. Never connects to the provider.

pub(super) mod authorization_response;
pub(super) mod callback;
pub(super) mod callback_tls;
pub(super) mod connection_owner;
pub(super) mod connections;
pub(super) mod ignored;
pub(super) mod listener;
pub(super) mod logout_page;
pub(super) mod mix_up;
pub(super) mod page;
pub(super) mod start_page;
