//! kubesesame among real parts: kubectl runs it, Chromium attends to the sign-in, a real API server judges the token.
//! The provider is the mock Okta of `examples/`, over https; each grant also runs at a certified provider, and sessions
//! are also refreshed and ended at Dex and Keycloak. A Secret Service keeps the keys of sealed sessions.
//!
//! `tests/real/provision` puts the parts into `target/real`; then `cargo test --test real -- --ignored` runs these tests.
//! Screenshots are left in `target/real/screens`, the parts' logs in `target/real/logs`. Nothing leaves the machine.
#![cfg(unix)]
#![cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "some helpers are for the modules that need Linux")
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the access points are the product's; tests start processes and read files"
)]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod admission;
mod aggregated;
mod apply;
mod browser;
mod certified;
mod client_secret;
mod cluster;
mod cluster_command;
mod config_check;
mod config_expressions;
mod config_generator;
mod config_logins;
mod config_tokens;
mod config_valid;
#[cfg(target_os = "linux")]
mod container;
mod converted;
mod dex;
mod doctor;
#[cfg(target_os = "linux")]
mod endurance;
#[cfg(target_os = "linux")]
mod keeper;
mod keycloak;
#[cfg(target_os = "linux")]
mod keyring;
mod kubectl;
mod kubelogin;
mod logout;
mod pages;
mod parts;
mod person;
#[cfg(target_os = "linux")]
mod power_loss;
mod process;
mod rbac;
mod rbac_change;
mod rbac_live;
mod rbac_oracle;
mod rbac_random;
mod rbac_review;
mod rbac_server;
mod refused;
#[cfg(target_os = "linux")]
mod sealed_mark;
mod secret_service;
mod setup;
mod sign_in;
mod tune;
mod user;
mod validators;
mod verify;
mod walkthrough;

#[path = "../it/kubelogin_flags.rs"]
mod kubelogin_flags;
