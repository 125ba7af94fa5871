//! Client authentication (RFC 6749 2.3, OpenID Connect Core 9).
//!
//! `client_id` is always in the form, because some device authorization endpoints do not read the header. The secret is either in the
//! header or in the form. Which one is decided by the methods that the metadata announces, and by which method the provider accepted
//! before. Pure.

mod form;
mod methods;

pub(super) use form::Form;
pub(crate) use methods::{AuthMethod, EndpointKind, History, MethodOrder, MethodResult, authenticate};
