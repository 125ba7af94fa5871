//! Time as a test wants it: the clocks of the program and of the provider stand still, and move together or apart.
//!
//! A few lines of C that are loaded before the C library set the program's clocks; the program has no switch for it. They also
//! give it the default reaction to signals, whatever the test was started with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::call::Call;
use super::sandbox::Sandbox;
use super::waits::now;

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
    /// Stops the clock of the machine and of the provider, so many seconds after the first time that a clock was set here.
    pub(crate) fn set_clock(&self, ahead: i64) {
        self.set_clock_of_machine(ahead);
        let stopped = self.clock_zero() + ahead;
        self.okta
            .behave(|behaviour| behaviour.clock_stopped_at = Some(stopped));
    }

    /// Stops the clock of this machine and not the provider's.
    pub(crate) fn set_clock_of_machine(&self, ahead: i64) {
        self.write_whole("clock", &format!("={}", self.clock_zero() + ahead));
    }

    /// Seconds since the epoch where the clock stands when it is set to 0.
    pub(crate) fn clock_zero(&self) -> i64 {
        *self.clock_zero.get_or_init(now)
    }

    /// Lets so many more seconds pass for the limits and timeouts of the programs that run by this sandbox's timers.
    pub(crate) fn let_pass(&self, seconds: u64) {
        let passed = fs::read_to_string(self.path("timers")).map_or(0, |text| text.parse().unwrap());
        self.write_whole("timers", &(passed + seconds).to_string());
    }

    /// Writes a file as a whole, since a program may read it at any moment.
    fn write_whole(&self, name: &str, text: &str) {
        let next = self.path(&format!("{name}.next"));
        fs::write(&next, text).unwrap();
        fs::rename(next, self.path(name)).unwrap();
    }
}

impl Call {
    /// Runs by the sandbox's clock, and with the default reaction to signals.
    pub(crate) fn by_clock_of(self, sandbox: &Sandbox) -> Self {
        self.preloaded("TEST_CLOCK", &sandbox.path("clock"))
    }

    /// Runs by the sandbox's timers: a limit is reached when the test lets time pass, however slow the machine is.
    pub(crate) fn by_timers_of(self, sandbox: &Sandbox) -> Self {
        if !sandbox.path("timers").exists() {
            sandbox.let_pass(0);
        }
        self.preloaded("TEST_TIMERS", &sandbox.path("timers"))
    }

    /// Lets the program's sleeps and its waits for input pass at once: what waits for somebody who does nothing soon reaches its limit.
    pub(crate) fn with_skipped_sleeps(self) -> Self {
        self.preloaded("TEST_SLEEPS_PASS", Path::new("yes"))
    }

    /// Runs with SIGCHLD ignored, as by a caller that does not want to know how its children end.
    pub(crate) fn with_children_ignored(self) -> Self {
        self.preloaded("TEST_CHILDREN_IGNORED", Path::new("yes"))
    }

    fn preloaded(self, variable: &str, file: &Path) -> Self {
        self.env("LD_PRELOAD", &library().to_string_lossy())
            .env(variable, &file.to_string_lossy())
    }
}
