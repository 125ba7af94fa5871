//! How generated files come to standard output: one as it is, several each under its name.

use super::error::Error;
use crate::cluster::authn::GeneratedFile;
use crate::ui::Ui;

/// # Errors
/// If standard output cannot be written to.
pub(super) fn result(files: &[GeneratedFile]) -> Result<(), Error> {
    let text = match files {
        [file] => file.content.clone(),
        files => files
            .iter()
            .map(|file| format!("# ==> {} <==\n{}", file.name, file.content))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    Ui::information(&text).map_err(Error::Output)
}
