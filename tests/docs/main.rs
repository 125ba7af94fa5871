//! The documentation holds: its links lead somewhere, its commands are understood, and what it shows is what the program prints.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads the pages, starts the program and plays the browser"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it has to be"
)]

mod command_line;
mod examples;
mod flags;
mod links;
mod page;
mod sandbox;
