//! Time as a test wants it: the program's clock and the provider's move together, or apart.
//!
//! A few lines of C that are loaded before the C library put the program's clock forward; the program has no switch for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::sandbox::{Call, Sandbox};

/// Builds the library once for all tests of a run.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clock-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/clock.c");
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .status();
        assert!(status.expect("a C compiler").success(), "cc");
        library
    })
}

impl Sandbox {
    /// Puts the clock of the machine and of the provider forward, by so many seconds from now as it is.
    pub(crate) fn set_clock(&self, ahead: i64) {
        self.set_clock_of_machine(ahead);
        self.okta.behave(|behaviour| behaviour.clock_offset_secs = ahead);
    }

    /// Sets the clock of this machine and not the provider's.
    pub(crate) fn set_clock_of_machine(&self, ahead: i64) {
        // As a whole, since a program may read it at any moment.
        let next = self.path("clock.next");
        fs::write(&next, ahead.to_string()).unwrap();
        fs::rename(next, self.path("clock")).unwrap();
    }
}

impl Call {
    /// Runs by the sandbox's clock.
    pub(crate) fn by_clock_of(self, sandbox: &Sandbox) -> Self {
        self.env("LD_PRELOAD", &library().to_string_lossy())
            .env("TEST_CLOCK", &sandbox.path("clock").to_string_lossy())
    }
}
