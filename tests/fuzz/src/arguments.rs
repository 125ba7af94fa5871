//! The command line of the driver.

use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "\
usage: driver [--seconds N] [--seed N] [--target NAME] [--replay FILE] [--slow N]
  --seconds N    how long each target runs (10)
  --seed N       repeats the inputs of an earlier run (from the clock)
  --target NAME  this target alone
  --replay FILE  runs the input in this file, for --target
  --slow N       an input that takes more seconds is a finding (1; more for a build without optimization)";

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) target: Option<String>,
    pub(crate) replay: Option<String>,
    /// In seconds.
    pub(crate) slow: u64,
}

impl Arguments {
    /// Parses the arguments. The error is for a person.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut parsed = Self {
            seconds: 10,
            seed: since_epoch.as_secs(),
            target: None,
            replay: None,
            slow: 1,
        };
        while let Some(flag) = arguments.next() {
            let wrong = || format!("wrong argument {flag}\n{USAGE}");
            let value = arguments.next().ok_or_else(wrong)?;
            let number = || value.parse().map_err(|_| wrong());
            match flag.as_str() {
                "--seconds" => parsed.seconds = number()?,
                "--slow" => parsed.slow = number()?,
                "--seed" => parsed.seed = number()?,
                "--target" => parsed.target = Some(value),
                "--replay" => parsed.replay = Some(value),
                _ => return Err(wrong()),
            }
        }
        Ok(parsed)
    }
}
