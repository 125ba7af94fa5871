//! Ports that a test chooses for the program.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// A port that is free, and that nobody gets who asks for any: those are from 32768 on.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Another run of the tests on this machine begins elsewhere.
    let begin = u16::try_from(std::process::id() % 12_000).unwrap();
    loop {
        let taken = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin + taken % 12_000) % 12_000;
        let is_free = |host| TcpListener::bind((host, port)).is_ok();
        let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
        if is_free("127.0.0.1") && (!has_ipv6 || is_free("::1")) {
            return port;
        }
    }
}
