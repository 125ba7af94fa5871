//! The real program against the mock Okta, each test in a home of its own.
//!
//! What a user sees is asserted as a whole: standard output, standard error, exit code, and what is on disk.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts the program, looks at its files and plays the browser"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it has to be"
)]

#[path = "../../examples/mock_okta/okta/mod.rs"]
mod okta;
mod support;
#[path = "../../examples/mock_okta/visit.rs"]
mod visit;

mod accounts;
mod adopt;
mod cached;
mod callback;
mod drop_in;
mod exec_info;
mod failed_login;
mod files;
mod grants;
mod id_token;
mod kubeconfig;
mod layers;
mod local_server;
mod login;
mod network;
mod parallel;
mod refresh;
mod secrets;
mod setup;
mod standalone;
mod tls;
mod usage;
