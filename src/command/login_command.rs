//! The command that a person types to sign in, as other commands suggest it.

use crate::cli::{EntryArgs, FileArgs};
use crate::files::quoted;

/// Returns ` --kubeconfig=FILE` if a flag names the file, so that a suggested command reads the same one.
pub(super) fn kubeconfig_flag(args: &FileArgs) -> String {
    let file = args.kubeconfig.as_ref();
    file.map(|file| format!(" --kubeconfig={}", quoted(file)))
        .unwrap_or_default()
}

/// Returns the command that signs in the user that these flags select.
pub(super) fn login_command_of(args: &EntryArgs) -> String {
    let selection = [("context", &args.context), ("user", &args.user)];
    let selection = selection.into_iter().filter_map(|(flag, name)| {
        let name = name.as_ref().filter(|name| !name.is_empty())?;
        Some(format!(" --{flag}={}", quoted(name)))
    });
    format!(
        "kubesesame login{}{}",
        kubeconfig_flag(&args.file),
        selection.collect::<String>()
    )
}
