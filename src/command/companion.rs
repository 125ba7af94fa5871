//! The commands of `kubesesame-cluster`: that program goes on in the place of this one.

use std::ffi::OsString;
use std::io;

use crate::catalogue::Id;
use crate::cli::CompanionArgs;
use crate::{environment, files, process};

const PROGRAM: &str = "kubesesame-cluster";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("this command is one of {PROGRAM}, which is neither beside kubesesame nor on the PATH")]
    Missing,
    #[error("{path} cannot be started")]
    CannotStart {
        path: String,
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Missing => format!(
                "put the {PROGRAM} of the same release into the directory of kubesesame; from source: cargo install --path . --bin {PROGRAM}"
            ),
            Self::CannotStart { path, .. } => format!("see whether it runs: {path} --version"),
        }
    }

    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Missing | Self::CannotStart { .. } => Id::CLUSTER_PROGRAM_MISSING,
        }
    }
}

/// Runs the other program with these arguments, and returns its exit code.
///
/// # Errors
/// If it is not installed, or cannot be started.
pub(crate) fn run(args: &[OsString]) -> Result<u8, Error> {
    let own = environment::this_program();
    let search_path = environment::first_nonempty_value(&["PATH"]);
    let found = files::find_companion(PROGRAM, own.as_deref(), search_path.as_deref());
    let program = found.ok_or(Error::Missing)?;
    process::replace_by(&program, args).map_err(|source| Error::CannotStart {
        path: files::quoted(&program),
        source,
    })
}

/// As [`run`], for a command line that was parsed because flags of kubesesame come before the command.
///
/// # Errors
/// As there.
pub(crate) fn run_parsed(command: &str, args: &CompanionArgs) -> Result<u8, Error> {
    let words = [OsString::from(command)].into_iter();
    run(&words.chain(args.args.iter().cloned()).collect::<Vec<_>>())
}
