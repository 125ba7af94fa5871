//! What a person or kubectl sees of a run: standard output, standard error and the exit code, in one text.

use std::fmt;
use std::process::Output;

use serde_json::Value;

/// A finished run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
            code: output.status.code(),
        }
    }
}

impl Outcome {
    /// Returns the token that kubectl gets; the run has to be a success.
    pub(crate) fn token(&self) -> String {
        assert_eq!(self.code, Some(0), "no token:\n{self}");
        let credential: Value = serde_json::from_str(&self.stdout).expect("stdout is an ExecCredential");
        credential["status"]["token"]
            .as_str()
            .expect("there is a token")
            .to_owned()
    }

    /// Asserts a failure with this exit code, an empty stdout and these words on stderr. Every warning on stderr must contain one of the words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self}");
        assert!(self.stderr.contains("error: "), "no error line:\n{self}");
        assert!(self.stderr.contains("hint: "), "no hint:\n{self}");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing:\n{self}");
        }
        let is_named = |line: &str| words.iter().any(|word| line.contains(word.trim_end()));
        for warning in self.stderr.lines().filter(|line| line.contains("warning: ")) {
            assert!(is_named(warning), "`{warning}` is not expected:\n{self}");
        }
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stdout)?;
        for line in self.stderr.lines() {
            writeln!(f, "stderr: {line}")?;
        }
        match self.code {
            Some(code) => write!(f, "exit: {code}"),
            None => write!(f, "killed"),
        }
    }
}
