//! The cluster's side: which user and groups an API server takes from a token. Pure.

mod user;

pub(crate) use user::{ClaimMapping, ClusterUser, username_prefix};
