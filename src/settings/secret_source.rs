//! Where a secret is: on the command line (or in a variable), or in a file that is read when it is needed.

use std::path::PathBuf;

use super::{Error, expand_home};
use crate::environment::Environment;
use crate::secret::Secret;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    Given(Secret),
    File {
        path: PathBuf,
        /// Its flag, for whoever reads that it cannot be read.
        flag: &'static str,
    },
}

impl SecretSource {
    /// The flags are that of the secret itself and that of its file.
    pub(super) fn new(
        flags: [&'static str; 2],
        given: Option<String>,
        file: Option<String>,
    ) -> Result<Option<Self>, Error> {
        let given = given
            .filter(|text| !text.is_empty())
            .map(|text| Self::Given(Secret::new(text)));
        let file = file.filter(|path| !path.is_empty()).map(|path| Self::File {
            path: path.into(),
            flag: flags[1],
        });
        if given.is_some() && file.is_some() {
            return Err(Error::TwoSecrets(flags));
        }
        Ok(given.or(file))
    }

    /// Gives `~` in the file's name its meaning, as the shell does not do after an equals sign.
    pub(super) fn expand_home(&mut self, environment: &Environment) {
        if let Self::File { path, .. } = self {
            *path = expand_home(path, environment);
        }
    }
}
