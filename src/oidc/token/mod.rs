//! The token endpoint, its response, and the verification of tokens.

pub(super) mod algorithm;
pub(super) mod claims;
pub(super) mod endpoint;
pub(super) mod id_token;
pub(super) mod inspection;
pub(super) mod key_set;
mod posting;
pub(super) mod response;
pub(super) mod sign_in_demands;
pub(super) mod stored;
pub(super) mod verification;
pub(super) mod verification_error;
