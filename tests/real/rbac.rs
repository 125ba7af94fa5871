//! The program's own RBAC modules, as the tests beside this one use them.

#[path = "../../src/rbac/policy/mod.rs"]
#[expect(dead_code, reason = "the commands use the rest of it")]
pub(crate) mod policy;

#[path = "../../src/rbac/explain/change.rs"]
pub(crate) mod change;
