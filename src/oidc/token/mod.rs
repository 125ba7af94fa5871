//! Tokens: the response of the token endpoint, and the keys and algorithms that signatures are verified with.

pub(super) mod algorithm;
pub(super) mod claims;
pub(super) mod endpoint;
pub(super) mod id_token;
pub(super) mod key_set;
pub(super) mod response;
pub(super) mod stored;
pub(super) mod verification;
pub(super) mod verification_error;
