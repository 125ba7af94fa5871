//! Fuzzes with the stable compiler and without libFuzzer: mutates the files of the corpus for a while, and stops at the first finding.
//!
//! The input with the number N depends on the seed, the target and N alone, so a run can be repeated. The input under way is in the file
//! `current` of the target's directory, so that it is known also after a stack overflow. Coverage does not guide the mutations; `cargo fuzz`
//! does that, with the same targets and the same corpus.

mod arguments;
mod mutation;
mod run;

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{panic, process, thread};

use crate::arguments::Arguments;
use crate::run::{Outcome, Target, Watched, hang};

/// The targets, by the names of their directories in `corpus`.
const TARGETS: [Target; 8] = [
    Target::new("callback", kubesesame::fuzzing::callback),
    Target::new("session_record", kubesesame::fuzzing::session_record),
    Target::new("exec_info", kubesesame::fuzzing::exec_info),
    Target::new("discovery", kubesesame::fuzzing::discovery),
    Target::new("jwt", kubesesame::fuzzing::jwt),
    Target::new("token_response", kubesesame::fuzzing::token_response),
    Target::new("kubeconfig", kubesesame::fuzzing::kubeconfig),
    Target::new("rbac_policy", kubesesame::fuzzing::rbac_policy),
];

fn main() -> ExitCode {
    let result = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| match &arguments.replay {
        Some(path) => replay(&arguments, path),
        None => fuzz(&arguments),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the input in a file.
fn replay(arguments: &Arguments, path: &str) -> Result<(), String> {
    let [target] = selected(arguments)?[..] else {
        return Err("--target says which parser the input is for".to_owned());
    };
    let input = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let max_time = Duration::from_secs(arguments.slow);
    target.failure(&input, max_time).map_or(Ok(()), Err)
}

/// Runs the targets, as many at a time as there are processors. A thread that is done with one takes the next.
fn fuzz(arguments: &Arguments) -> Result<(), String> {
    println!("seed {}, {} s for each target", arguments.seed, arguments.seconds);
    let waiting = Mutex::new(selected(arguments)?);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = |watched: &Watched| {
        while let Some(target) = next() {
            let outcome = target.fuzz(arguments, watched);
            report(target, outcome.map_err(|error| error.to_string())?)?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let watched: Vec<Watched> = (0..threads).map(|_| Watched::default()).collect();
    // A finding has the message of its panic.
    panic::set_hook(Box::new(|_| ()));
    thread::scope(|scope| {
        let workers: Vec<_> = watched
            .iter()
            .map(|watched| scope.spawn(|| work(watched)))
            .collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(100));
            if let Some(finding) = watched.iter().find_map(hang) {
                eprintln!("error: {finding}");
                process::exit(1);
            }
        }
        let failed = |_| Err("the driver itself failed".to_owned());
        let findings: Vec<String> = workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap_or_else(failed).err())
            .collect();
        if findings.is_empty() {
            return Ok(());
        }
        Err(findings.join("\nerror: "))
    })
}

fn report(target: Target, outcome: Outcome) -> Result<(), String> {
    let Outcome {
        executions,
        took,
        finding,
    } = outcome;
    println!(
        "{:<15} {executions:>10} executions in {:.1} s",
        target.name,
        took.as_secs_f64()
    );
    finding.map_or(Ok(()), Err)
}

/// Returns the targets that the command line selects, the last one first.
fn selected(arguments: &Arguments) -> Result<Vec<Target>, String> {
    let wanted = arguments.target.as_deref();
    let is_wanted = |target: &Target| wanted.is_none_or(|name| name == target.name);
    let targets: Vec<Target> = TARGETS.into_iter().rev().filter(is_wanted).collect();
    if targets.is_empty() {
        let names = TARGETS.map(|target| target.name).join(", ");
        return Err(format!("the targets are {names}"));
    }
    Ok(targets)
}
