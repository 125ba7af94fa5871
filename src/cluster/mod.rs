//! The cluster's side: what an API server makes of a token. Pure.

mod user;

pub(crate) use user::{ClaimMapping, ClusterUser, username_prefix};
