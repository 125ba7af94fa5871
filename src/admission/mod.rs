//! Which requests of people an API server refuses, whatever their roles are.
//!
//! Each rule is written twice, side by side in one file of `rules`: as expressions of CEL for a `ValidatingAdmissionPolicy`, and as a
//! function that judges a request offline with the same message. One table (`tests/data/admission.json`) is judged by both: here, and by a
//! real API server in `tests/real`.
//!
//! The rules are for people of the description's issuers. They never apply to components of Kubernetes, nodes, service accounts and groups that
//! have to keep the cluster alive (`scope`), so that nobody is locked out.
//!
//! Pure. Never asks an API server.

mod generate;
mod identities;
mod judgement;
mod objects;
mod policy;
mod request;
mod resources;
mod rules;
mod scope;
#[cfg(test)]
mod tests;

pub(crate) use generate::{BACK, Mode, consequences, generate};
pub(crate) use identities::{IdentitiesError, Person, identities};
pub(crate) use judgement::{Judgement, judge};
pub(crate) use objects::{ObjectsError, objects};
pub(crate) use policy::{Rule, Rules};
pub(crate) use request::{Operation, Request};
