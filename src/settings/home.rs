//! The home directory in paths.

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// Replaces a leading `~` by the home directory, if there is one. A shell does not expand it after an equals sign.
pub(super) fn expand_home(path: &Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), &environment.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
