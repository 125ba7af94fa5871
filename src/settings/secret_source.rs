//! Where a secret comes from: the command line or a variable, or a file that is read when the secret is needed.

use std::path::PathBuf;

use super::{Error, expand_home};
use crate::environment::Environment;
use crate::secret::Secret;

/// The source of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// On the command line or in a variable.
    Inline(Secret),
    File {
        path: PathBuf,
        /// The flag that names the file, without dashes, for error messages.
        flag: &'static str,
    },
}

impl SecretSource {
    /// The flag of a client's secret, without dashes, for error messages.
    pub(crate) fn flag(&self) -> &'static str {
        match self {
            Self::Inline(_) => "oidc-client-secret",
            Self::File { flag, .. } => flag,
        }
    }

    /// `flags` are the flag of the secret and the flag of its file. Empty values count as absent, and `~` is replaced in the file's name.
    ///
    /// # Errors
    /// If both are given.
    pub(super) fn new(
        flags: [&'static str; 2],
        inline: Option<String>,
        file: Option<String>,
        environment: &Environment,
    ) -> Result<Option<Self>, Error> {
        let inline = inline
            .filter(|text| !text.is_empty())
            .map(|text| Self::Inline(Secret::new(text)));
        let file = file.filter(|path| !path.is_empty()).map(|path| Self::File {
            path: expand_home(path.as_ref(), environment),
            flag: flags[1],
        });
        if inline.is_some() && file.is_some() {
            return Err(Error::SecretAndFile(flags));
        }
        Ok(inline.or(file))
    }
}
