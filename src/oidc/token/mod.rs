//! Tokens: the response of the token endpoint, and the keys and algorithms that signatures are verified with.

pub(super) mod algorithm;
pub(super) mod key_set;
pub(super) mod response;
pub(super) mod verification;
