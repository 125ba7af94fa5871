//! The modules of the program that are measured.

#[path = "../../src/rbac/policy/mod.rs"]
pub(crate) mod policy;
#[path = "../../src/rbac/question/mod.rs"]
pub(crate) mod question;
#[path = "../../src/rbac/who_can/mod.rs"]
pub(crate) mod who_can;
