//! Errors of the commands that read and write kubeconfigs, each with its hint.

use std::path::{Path, PathBuf};

use super::addition_error::AdditionError;
use super::tree::{YamlError, YamlFault};
use crate::catalogue::Id;
use crate::files::{self, shown};
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    File(#[from] files::UserFileError),
    #[error("`{}` is not UTF-8 (byte {at})", shown(.path))]
    NotUtf8 { path: PathBuf, at: usize },
    #[error("`{}` {} (line {}, column {})", shown(.path), .error.reason, .error.line, .error.column)]
    InvalidYaml {
        path: PathBuf,
        error: YamlError,
        /// The whole of what was being written when the writer was killed.
        unfinished: Option<PathBuf>,
    },
    #[error("`{}` is no kubeconfig: {reason}", shown(.path))]
    NotKubeconfig { path: PathBuf, reason: &'static str },
    #[error("there is no kubeconfig: {looked_for}")]
    NoFile {
        looked_for: String,
        /// The path comes from `--kubeconfig`.
        from_flag: bool,
    },
    #[error("there is no user `{name}`")]
    NoSuchUser {
        name: UntrustedText,
        known: Vec<UntrustedText>,
    },
    #[error("no context is named, and the kubeconfig has no current one")]
    NoContext,
    #[error("there is no context `{name}`")]
    NoSuchContext {
        name: UntrustedText,
        known: Vec<UntrustedText>,
    },
    /// What `setup` could not add.
    #[error(transparent)]
    Addition(#[from] AdditionError),
    #[error("the context `{name}` names no user")]
    NoUser { name: UntrustedText },
    #[error("user `{name}` of `{}` cannot be signed in: {reason}", shown(.path))]
    SignInUnsupported {
        path: PathBuf,
        name: UntrustedText,
        reason: UntrustedText,
        /// The hint of the setting that the entry got wrong. Without it, a general hint is shown.
        hint: Option<String>,
    },
    #[error("user `{name}` of `{}` cannot be converted: {reason}", shown(.path))]
    NotConvertible {
        path: PathBuf,
        name: UntrustedText,
        reason: UntrustedText,
    },
    #[error("the conversion of `{}` would change more than it should; nothing was written", shown(.path))]
    VerificationFailed { path: PathBuf },
    #[error("the tokens of user `{name}` cannot be written into `{}`: the layout of its entry is not understood", shown(.path))]
    TokensNotWritable { path: PathBuf, name: UntrustedText },
    #[error("`{}` is the backup of another state of `{}`", shown(.backup), shown(.path))]
    BackupMismatch { path: PathBuf, backup: PathBuf },
    #[error("`{}` was changed after its conversion", shown(.path))]
    ChangedAfterConversion { path: PathBuf },
    #[error("`{}` or its backup was changed just now, by somebody else; nothing was written", shown(.path))]
    ConcurrentChange { path: PathBuf },
    #[error("`{}` holds another secret now; nothing was written", shown(.file))]
    SecretFileConflict { file: PathBuf },
    /// A directory or a file for secrets that move out of the kubeconfig.
    #[error(transparent)]
    SecretFile(#[from] files::Error),
    #[error("there is no backup of {files}")]
    NoBackup { files: String },
}

impl Error {
    /// Returns the flags, without dashes, whose values name something that does not exist.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::NoFile { from_flag: true, .. } => vec!["kubeconfig"],
            Self::NoSuchUser { .. } => vec!["user", "context"],
            Self::NoSuchContext { .. } => vec!["context"],
            Self::Addition(error) => error.flags(),
            Self::NoFile { from_flag: false, .. }
            | Self::File(_)
            | Self::NotUtf8 { .. }
            | Self::InvalidYaml { .. }
            | Self::NotKubeconfig { .. }
            | Self::NoContext
            | Self::NoUser { .. }
            | Self::SignInUnsupported { .. }
            | Self::NotConvertible { .. }
            | Self::VerificationFailed { .. }
            | Self::TokensNotWritable { .. }
            | Self::BackupMismatch { .. }
            | Self::ChangedAfterConversion { .. }
            | Self::ConcurrentChange { .. }
            | Self::SecretFileConflict { .. }
            | Self::SecretFile(_)
            | Self::NoBackup { .. } => Vec::new(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::File(error) => error.id(),
            Self::NoFile { .. } => Id::KUBECONFIG_MISSING,
            Self::NotUtf8 { .. } | Self::InvalidYaml { .. } | Self::NotKubeconfig { .. } => {
                Id::KUBECONFIG_BROKEN
            }
            Self::NoSuchUser { .. } | Self::NoContext | Self::NoSuchContext { .. } | Self::NoUser { .. } => {
                Id::KUBECONFIG_NAME_UNKNOWN
            }
            Self::Addition(error) => error.id(),
            Self::SignInUnsupported { .. }
            | Self::NotConvertible { .. }
            | Self::VerificationFailed { .. }
            | Self::TokensNotWritable { .. } => Id::KUBECONFIG_ENTRY_UNSUPPORTED,
            Self::BackupMismatch { .. }
            | Self::ChangedAfterConversion { .. }
            | Self::ConcurrentChange { .. }
            | Self::SecretFileConflict { .. }
            | Self::NoBackup { .. } => Id::KUBECONFIG_CHANGED,
            Self::SecretFile(error) => error.id(files::Purpose::MovedSecret),
        }
    }

    /// Returns what the reader can do about the error.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::File(error) => error.hint(),
            Self::NotUtf8 { .. } => "save it as UTF-8, which kubectl needs too".to_owned(),
            Self::InvalidYaml {
                path,
                unfinished: Some(whole),
                ..
            } => unfinished_hint(path, whole),
            Self::InvalidYaml { path, error, .. } if error.reason == YamlFault::SecondDocument => format!(
                "kubectl never looks at what follows the `---` of line {} in {}: move it to a file of its own",
                error.line,
                files::quoted(path)
            ),
            Self::InvalidYaml { .. } => "kubectl cannot read it either; mend that line first".to_owned(),
            Self::NotKubeconfig { .. } => "name another file with --kubeconfig".to_owned(),
            Self::NoFile { from_flag: true, .. } => {
                "name another file with --kubeconfig, or leave the flag out".to_owned()
            }
            Self::NoFile { .. } => {
                "name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or \
                 by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write"
                    .to_owned()
            }
            Self::NoContext => {
                "choose one with --context or --user, or: kubectl config use-context NAME".to_owned()
            }
            Self::NoSuchContext { known, .. } if known.is_empty() => {
                "the kubeconfig has no contexts".to_owned()
            }
            Self::NoSuchContext { known, .. } => format!("the contexts are: {}", join_names(known)),
            Self::Addition(error) => error.hint(),
            Self::NoUser { .. } => "choose a user with --user".to_owned(),
            Self::SignInUnsupported { hint: Some(hint), .. } => hint.clone(),
            Self::SignInUnsupported { .. } => {
                "for a user with an `exec` entry just run kubectl; `kubesesame setup` helps to make one"
                    .to_owned()
            }
            Self::NoSuchUser { known, .. } if known.is_empty() => "the kubeconfig has no users".to_owned(),
            Self::NoSuchUser { known, .. } => format!("the users are: {}", join_names(known)),
            Self::NotConvertible { .. } => {
                "change that by hand, or write the entry anew with `kubesesame setup`".to_owned()
            }
            Self::VerificationFailed { .. } => {
                "write the entry anew with `kubesesame setup`, and please report this kubeconfig's layout"
                    .to_owned()
            }
            Self::TokensNotWritable { .. } => {
                "write its `id-token` and `refresh-token` as plain values of one line, or let kubectl run what signs in: kubesesame kubeconfig convert"
                    .to_owned()
            }
            Self::BackupMismatch { backup, .. } => backup_mismatch_hint(backup),
            Self::ChangedAfterConversion { .. } => {
                "the lines with - would be lost; --force puts the backup back all the same".to_owned()
            }
            Self::ConcurrentChange { .. } | Self::SecretFileConflict { .. } => "run it again".to_owned(),
            Self::SecretFile(error) => error.hint(files::Purpose::MovedSecret),
            Self::NoBackup { .. } => {
                "`kubesesame kubeconfig convert` keeps one; name its file with --kubeconfig".to_owned()
            }
        }
    }
}

fn backup_mismatch_hint(backup: &Path) -> String {
    let backup = files::quoted(backup);
    format!(
        "go back first with `kubesesame kubeconfig restore`, or put the old backup away: mv {backup} {backup}.old"
    )
}

/// What to do where a write in place was ended in the middle.
pub(crate) fn unfinished_hint(path: &Path, whole: &Path) -> String {
    let (whole, path) = (files::quoted(whole), files::quoted(path));
    format!("a write was ended in the middle; the whole text is in {whole}: cp {whole} {path}")
}

/// A hint lists at most this many names. A kubeconfig can hold thousands.
const MAX_LISTED_NAMES: usize = 20;

pub(super) fn join_names(names: &[UntrustedText]) -> String {
    let first: Vec<&str> = names
        .iter()
        .take(MAX_LISTED_NAMES)
        .map(UntrustedText::as_str)
        .collect();
    let others = match names.len().saturating_sub(MAX_LISTED_NAMES) {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    format!("{}{others}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_lists_at_most_20_users() {
        let known = (0..60_000)
            .map(|number| UntrustedText::new(&format!("u{number}")))
            .collect();
        let name = UntrustedText::new("x");
        let hint = Error::NoSuchUser { name, known }.hint();
        assert!(hint.ends_with(", u19, and 59980 more"), "{hint}");
    }
}
