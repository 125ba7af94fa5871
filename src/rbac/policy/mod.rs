//! The RBAC evaluator: a policy is read from text, and questions about it are answered as the API server answers them.
//!
//! Pure, and uses nothing else of this crate, so that tests and measurements can include it; its own tests are beside it. Asks no API server. Other authorizers (Node,
//! webhooks, those of clouds) and admission are not modelled.

pub(crate) mod aggregate;
pub(crate) mod covers;
pub(crate) mod evaluate;
pub(crate) mod go_text;
pub(crate) mod load;
pub(crate) mod matching;
pub(crate) mod model;
pub(crate) mod request;
