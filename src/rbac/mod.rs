//! Role-based access control: which roles there are to be, and who has them.
//!
//! Pure. Never asks an API server.

pub(crate) mod generate;
