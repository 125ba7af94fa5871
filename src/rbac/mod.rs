//! Role-based access control: which roles there are to be, who has them, and what a policy allows.
//!
//! Pure. Never asks an API server.

pub(crate) mod dangers;
pub(crate) mod diff;
pub(crate) mod explain;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub(crate) mod generate;
pub(crate) mod graph;
pub(crate) mod lint;
pub(crate) mod policy;
#[cfg(test)]
mod policy_tests;
pub(crate) mod question;
pub(crate) mod rights;
pub(crate) mod who_can;
