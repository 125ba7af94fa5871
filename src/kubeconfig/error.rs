//! What keeps a kubeconfig from being converted or restored, and the way out.

use std::path::{Path, PathBuf};

use super::tree::{Broken, SECOND_DOCUMENT};
use crate::files::{self, shown};
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    File(#[from] files::UserFileError),
    #[error("`{}` is not UTF-8 (byte {at})", shown(.path))]
    NotUtf8 { path: PathBuf, at: usize },
    #[error("`{}` {} (line {}, column {})", shown(.path), .broken.reason, .broken.line, .broken.column)]
    Broken {
        path: PathBuf,
        broken: Broken,
        /// The whole of what was being written when the writer was killed.
        unfinished: Option<PathBuf>,
    },
    #[error("`{}` is no kubeconfig: {reason}", shown(.path))]
    NoKubeconfig { path: PathBuf, reason: &'static str },
    #[error("there is no kubeconfig: {looked_for}")]
    NoFile {
        looked_for: String,
        /// By `--kubeconfig`.
        named: bool,
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
    #[error("the context `{name}` names no user")]
    NoUser { name: UntrustedText },
    #[error("user `{name}` of `{}` cannot be signed in: {reason}", shown(.path))]
    NoSignIn {
        path: PathBuf,
        name: UntrustedText,
        reason: UntrustedText,
        /// What to do about a value of an `auth-provider` that cannot be used.
        cure: Option<String>,
    },
    #[error("user `{name}` of `{}` cannot be converted: {reason}", shown(.path))]
    Unable {
        path: PathBuf,
        name: UntrustedText,
        reason: UntrustedText,
    },
    #[error("the conversion of `{}` would change more than it should; nothing was written", shown(.path))]
    VerificationFailed { path: PathBuf },
    #[error("the tokens of user `{name}` cannot be written into `{}`: the layout of its entry is not understood", shown(.path))]
    NoPlaceForTokens { path: PathBuf, name: UntrustedText },
    #[error("`{}` is the backup of another state of `{}`", shown(.backup), shown(.path))]
    OtherBackup { path: PathBuf, backup: PathBuf },
    #[error("`{}` was changed after its conversion", shown(.path))]
    Edited { path: PathBuf },
    #[error("`{}` or its backup was changed just now, by somebody else; nothing was written", shown(.path))]
    ChangedMeanwhile { path: PathBuf },
    #[error("`{}` holds another secret now; nothing was written", shown(.file))]
    SecretFileTaken { file: PathBuf },
    /// A directory or a file that secrets were to move to.
    #[error(transparent)]
    SecretFile(#[from] files::Error),
    #[error("there is no backup of {files}")]
    NoBackup { files: String },
}

impl Error {
    /// The flags, without dashes, that name what is not there.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::NoFile { named: true, .. } => vec!["kubeconfig"],
            Self::NoSuchUser { .. } => vec!["user", "context"],
            Self::NoSuchContext { .. } => vec!["context"],
            _ => Vec::new(),
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::File(error) => error.hint(),
            Self::NotUtf8 { .. } => "save it as UTF-8, which kubectl needs too".to_owned(),
            Self::Broken {
                path,
                unfinished: Some(whole),
                ..
            } => unfinished_hint(path, whole),
            Self::Broken { path, broken, .. } if broken.reason == SECOND_DOCUMENT => format!(
                "kubectl never looks at what follows the `---` of line {} in {}: move it to a file of its own",
                broken.line,
                files::quoted(path)
            ),
            Self::Broken { .. } => "kubectl cannot read it either; mend that line first".to_owned(),
            Self::NoKubeconfig { .. } => "name another file with --kubeconfig".to_owned(),
            Self::NoFile { named: true, .. } => {
                "name another file with --kubeconfig, or leave the flag out".to_owned()
            }
            Self::NoFile { .. } => "name the file with --kubeconfig, or set KUBECONFIG".to_owned(),
            Self::NoContext => {
                "choose one with --context or --user, or: kubectl config use-context NAME".to_owned()
            }
            Self::NoSuchContext { known, .. } if known.is_empty() => {
                "the kubeconfig has no contexts".to_owned()
            }
            Self::NoSuchContext { known, .. } => format!("the contexts are: {}", joined(known)),
            Self::NoUser { .. } => "choose a user with --user".to_owned(),
            Self::NoSignIn { cure: Some(cure), .. } => cure.clone(),
            Self::NoSignIn { .. } => {
                "for a user with an `exec` entry just run kubectl; `kubesesame setup` helps to make one"
                    .to_owned()
            }
            Self::NoSuchUser { known, .. } if known.is_empty() => "the kubeconfig has no users".to_owned(),
            Self::NoSuchUser { known, .. } => format!("the users are: {}", joined(known)),
            Self::Unable { .. } => {
                "change that by hand, or write the entry anew with `kubesesame setup`".to_owned()
            }
            Self::VerificationFailed { .. } => {
                "write the entry anew with `kubesesame setup`, and please report this kubeconfig's layout"
                    .to_owned()
            }
            Self::NoPlaceForTokens { .. } => {
                "write its `id-token` and `refresh-token` as plain values of one line, or let kubectl run what signs in: kubesesame kubeconfig convert"
                    .to_owned()
            }
            Self::OtherBackup { backup, .. } => {
                let backup = files::quoted(backup);
                format!(
                    "go back first with `kubesesame kubeconfig restore`, or put the old backup away: mv {backup} {backup}.old"
                )
            }
            Self::Edited { .. } => {
                "the lines with - would be lost; --force puts the backup back all the same".to_owned()
            }
            Self::ChangedMeanwhile { .. } | Self::SecretFileTaken { .. } => "run it again".to_owned(),
            Self::SecretFile(error) => error.hint(files::Purpose::MovedSecret),
            Self::NoBackup { .. } => {
                "`kubesesame kubeconfig convert` keeps one; name its file with --kubeconfig".to_owned()
            }
        }
    }
}

/// What to do where a write in place was ended in the middle.
pub(crate) fn unfinished_hint(path: &Path, whole: &Path) -> String {
    let (whole, path) = (files::quoted(whole), files::quoted(path));
    format!("a write was ended in the middle; the whole text is in {whole}: cp {whole} {path}")
}

/// So many names help; more are a flood.
const MAX_NAMES: usize = 20;

fn joined(names: &[UntrustedText]) -> String {
    let first: Vec<&str> = names.iter().take(MAX_NAMES).map(UntrustedText::as_str).collect();
    let others = match names.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    format!("{}{others}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_some_of_many() {
        let known = (0..60_000)
            .map(|number| UntrustedText::new(&format!("u{number}")))
            .collect();
        let name = UntrustedText::new("x");
        let hint = Error::NoSuchUser { name, known }.hint();
        assert!(hint.ends_with(", u19, and 59980 more"), "{hint}");
    }
}
