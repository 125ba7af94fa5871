//! Measures whole processes, from their start to their end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WARM_UP: usize = 20;
const CROWDS: usize = 7;

/// The times of two programs that ran alternately.
pub(crate) struct Pairs(Vec<(Duration, Duration)>);

impl Pairs {
    pub(crate) fn measure(rounds: usize, first: impl Fn() -> Command, second: impl Fn() -> Command) -> Self {
        let pair = |_| (time(&mut first()), time(&mut second()));
        (0..WARM_UP).map(pair).for_each(drop);
        Self((0..rounds).map(pair).collect())
    }

    pub(crate) fn of_crowds(first: impl Fn() -> Duration, second: impl Fn() -> Duration) -> Self {
        Self((0..CROWDS).map(|_| (first(), second())).collect())
    }

    /// Returns the median time of the first program.
    pub(crate) fn first(&self) -> Duration {
        median(self.0.iter().map(|pair| pair.0).collect())
    }

    pub(crate) fn second(&self) -> Duration {
        median(self.0.iter().map(|pair| pair.1).collect())
    }

    /// Returns the median of the ratios of the pairs.
    pub(crate) fn ratio(&self) -> f64 {
        let ratio = |(first, second): &(Duration, Duration)| first.as_secs_f64() / second.as_secs_f64();
        let mut ratios: Vec<f64> = self.0.iter().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

/// Times a process.
pub(crate) fn time(command: &mut Command) -> Duration {
    quiet(command);
    let began = Instant::now();
    let status = command.status().unwrap();
    let took = began.elapsed();
    assert!(status.success(), "{command:?} fails");
    took
}

/// Starts `count` processes without a pause, and returns the time until the last one has ended.
pub(crate) fn all_at_once(count: usize, command: impl Fn() -> Command) -> Duration {
    let began = Instant::now();
    let children: Vec<_> = (0..count)
        .map(|_| quiet(&mut command()).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    began.elapsed()
}

/// Returns the peak memory: the "maximum resident set size" of GNU time.
pub(crate) fn peak_memory(command: &Command) -> String {
    let report = report_of(&["/usr/bin/time", "-f", "%M"], command);
    let kibibytes = report.and_then(|report| report.trim().parse::<u64>().ok());
    kibibytes.map_or_else(
        || "GNU time is not here".to_owned(),
        |kibibytes| mebibytes(kibibytes * 1024),
    )
}

/// Returns the number of instructions in user space. It does not depend on the load of the machine.
pub(crate) fn instructions(command: &Command) -> String {
    let report = report_of(
        &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"],
        command,
    );
    let count =
        report.and_then(|report| Some(report.split_once("Collected : ")?.1.lines().next()?.to_owned()));
    count.unwrap_or_else(|| "valgrind is not here".to_owned())
}

pub(crate) fn system_calls(command: &Command) -> String {
    let report = report_of(&["strace", "-c"], command);
    let total = report.and_then(|report| {
        let line = report.lines().find(|line| line.ends_with(" total"))?.to_owned();
        line.split_whitespace().nth(3).map(str::to_owned)
    });
    total.unwrap_or_else(|| "strace is not here".to_owned())
}

/// Runs a command with a tool, and returns the tool's report on standard error. `None` if the tool is missing or the command fails.
fn report_of(tool: &[&str], command: &Command) -> Option<String> {
    let mut through = Command::new(tool[0]);
    through
        .args(&tool[1..])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            through.env(name, value);
        }
    }
    let output = through.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
