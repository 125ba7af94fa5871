//! The relying-party cases of the OpenID Foundation's conformance suite, re-created with the mock Okta, and cases that the suite lacks.
//!
//! Each file has the cases of one subject as a table, and a test that plays them. `docs/conformance.md` is made of what they find.
//! `case` judges a case, `found` says what a run came to and checks the rules that hold in each case, `plays` runs the program.

mod authorization_response;
mod basic;
mod case;
mod claims;
mod client_authentication;
mod config;
mod discovery;
mod every_module;
mod fapi;
mod found;
mod further;
mod jose;
mod keys;
mod page;
mod plays;
mod refresh;
mod token_endpoint;
