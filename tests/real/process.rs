//! Processes that the tests start: each has its output in files and ends with the value that owns it.
//!
//! Nothing here waits without an end: whoever waits says for what and how long.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that takes a second on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running process; dropping it kills it, and tells what it logged if the test failed.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a command with nothing to read and its output in files of `folder`.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Self {
        Self::start_with(name, folder, command, Stdio::null())
    }

    /// The same with something to read.
    pub(crate) fn start_with(name: &str, folder: &Path, command: &mut Command, stdin: Stdio) -> Self {
        let stdout = folder.join(format!("{name}.out"));
        let stderr = folder.join(format!("{name}.err"));
        let child = command
            .stdin(stdin)
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            name: name.to_owned(),
            child,
            stdout,
            stderr,
        }
    }

    /// Waits for something that this process is to bring about.
    pub(crate) fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        wait_for(what, || {
            // Asked first: what the process did before it ended must count.
            let ended = self.ended();
            let found = look(self);
            assert!(
                found.is_some() || ended.is_none(),
                "{} ended before there was {what}: {}",
                self.name,
                self.output()
            );
            found
        })
    }

    /// Waits for the end of the process.
    pub(crate) fn outcome(mut self) -> Outcome {
        let what = format!("end of {}", self.name);
        let status = wait_for(&what, || self.ended());
        Outcome {
            code: status.code(),
            stdout: self.stdout(),
            stderr: text(&self.stderr),
        }
    }

    /// Waits for the end of the process, and does something again and again meanwhile.
    pub(crate) fn wait_for_end(mut self, mut meanwhile: impl FnMut()) -> Outcome {
        let what = format!("end of {}", self.name);
        wait_for(&what, || {
            meanwhile();
            self.ended()
        });
        self.outcome()
    }

    /// Returns what the process wrote to its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// Returns what the process wrote to its standard error so far.
    pub(crate) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Kills it, if it has not ended.
    pub(crate) fn kill(&mut self) {
        // Fails only when it has.
        let _ended = self.child.kill();
        self.child.wait().unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns how the process ended, once it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    fn output(&self) -> String {
        const LINES: usize = 20;
        let whole = format!("{}{}", text(&self.stdout), text(&self.stderr));
        let skipped = whole.lines().count().saturating_sub(LINES);
        whole.lines().skip(skipped).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "for whoever reads why the test failed")]
    fn drop(&mut self) {
        // Either fails only when the process has ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "---- end of {} ({}) ----\n{}",
                self.name,
                self.stderr.display(),
                self.output()
            );
        }
    }
}

/// Looks again and again until there is something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what} within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
