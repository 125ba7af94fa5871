//! Runs a target with many inputs, and keeps the input that fails.

use std::any::Any;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::mutation::Mutator;

/// How often a slow input is tried again. Its shortest time counts, since another process may have had the processor.
const SLOW_TRIES: usize = 3;
/// An input that takes longer ends the driver.
const MAX_HANG: Duration = Duration::from_secs(30);

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    run: fn(&[u8]),
}

/// How a run of a target ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) executions: u64,
    pub(crate) took: Duration,
    /// What is wrong, and with which file.
    pub(crate) finding: Option<String>,
}

/// The target that a thread runs, and since when it runs the input under way.
pub(crate) type Watched = Mutex<Option<(Target, Instant)>>;

impl Target {
    pub(crate) const fn new(name: &'static str, run: fn(&[u8])) -> Self {
        Self { name, run }
    }

    /// Runs the files of the corpus as they are, and then mutations of them until the time is over or an input fails.
    pub(crate) fn fuzz(self, arguments: &Arguments, watched: &Watched) -> io::Result<Outcome> {
        let corpus = corpus(self.name)?;
        let mutator = Mutator::new(arguments.seed, self.name, &corpus);
        let mut current = File::create(self.artifact("current")?)?;
        let begin = Instant::now();
        let mut executions = 0;
        let mut finding = None;
        while finding.is_none() && begin.elapsed() < Duration::from_secs(arguments.seconds) {
            let input = mutator.input(executions);
            current.rewind()?;
            current.write_all(&input)?;
            current.set_len(input.len() as u64)?;
            *lock(watched) = Some((self, Instant::now()));
            finding = self.failure(&input, Duration::from_secs(arguments.slow));
            *lock(watched) = None;
            executions += 1;
            if let Some(what) = finding {
                let kept = self.artifact(&format!("seed-{}-input-{}", arguments.seed, executions - 1))?;
                fs::write(&kept, &input)?;
                finding = Some(format!("{what}\nthe input is {}", kept.display()));
            }
        }
        Ok(Outcome {
            executions,
            took: begin.elapsed(),
            finding,
        })
    }

    /// Runs one input, and returns what is wrong with it. More than `max_time` is wrong too.
    pub(crate) fn failure(self, input: &[u8], max_time: Duration) -> Option<String> {
        let mut shortest = Duration::MAX;
        for _ in 0..SLOW_TRIES {
            let begin = Instant::now();
            if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| (self.run)(input))) {
                return Some(format!("{} panics: {}", self.name, message(&*panic)));
            }
            shortest = shortest.min(begin.elapsed());
            if shortest <= max_time {
                return None;
            }
        }
        Some(format!("{} takes {:.1} s", self.name, shortest.as_secs_f64()))
    }

    /// Returns the path of a file in the target's directory of findings, where `cargo fuzz` keeps its own.
    fn artifact(self, name: &str) -> io::Result<PathBuf> {
        let directory = directory("artifacts").join(self.name);
        fs::create_dir_all(&directory)?;
        Ok(directory.join(name))
    }
}

/// Returns what is wrong, if the thread runs an input for too long. Only the end of the process can stop it.
pub(crate) fn hang(watched: &Watched) -> Option<String> {
    let (target, since) = (*lock(watched))?;
    let is_hung = since.elapsed() > MAX_HANG;
    let name = target.name;
    is_hung.then(|| format!("{name} does not end\nthe input is artifacts/{name}/current"))
}

fn lock(watched: &Watched) -> std::sync::MutexGuard<'_, Option<(Target, Instant)>> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the files of the target's corpus, in the order of their names.
fn corpus(name: &str) -> io::Result<Vec<Vec<u8>>> {
    let entries = fs::read_dir(directory("corpus").join(name))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths.iter().map(fs::read).collect()
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
