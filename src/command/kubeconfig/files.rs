//! The kubeconfig files that a command works on, found by kubectl's rules; their lock, and how they, their backups and copies are written.

use std::path::{Path, PathBuf};

use crate::cli::FileArgs;
use crate::environment::Environment;
use crate::files::{Staged, UserFile, UserFileLock, quoted, shown};
use crate::kubeconfig::{self, Error, TextError};

/// A kubeconfig file that exists.
pub(in crate::command) struct Kubeconfig {
    file: UserFile,
}

/// Returns the files in the order of their canonical paths. All processes take several locks in this order, so they cannot deadlock.
///
/// # Errors
/// As for [`files_in_given_order`].
pub(super) fn files_in_lock_order(
    args: &FileArgs,
    environment: &Environment,
) -> Result<Vec<Kubeconfig>, Error> {
    let mut files = files_in_given_order(args, environment)?;
    files.sort_by(|a, b| a.file.canonical_path().cmp(b.file.canonical_path()));
    Ok(files)
}

/// The files that are named, in the order that decides which of two equal names counts.
pub(in crate::command) struct FoundFiles {
    pub(in crate::command) files: Vec<Kubeconfig>,
    /// Those that exist and are no files, or cannot be looked at, each with the reason.
    pub(in crate::command) odd: Vec<(PathBuf, Error)>,
}

/// Returns the files of `--kubeconfig`, `KUBECONFIG` or `~/.kube/config`. An odd one hides no other.
///
/// # Errors
/// If none of them exists.
pub(in crate::command) fn find_files(
    args: &FileArgs,
    environment: &Environment,
) -> Result<FoundFiles, Error> {
    let named = match (&args.kubeconfig, &environment.kubeconfig, &environment.home) {
        (Some(file), _, _) => vec![file.clone()],
        (None, Some(list), _) => std::env::split_paths(list).collect(),
        (None, None, Some(home)) => vec![home.join(".kube/config")],
        (None, None, None) => Vec::new(),
    };
    let (mut files, mut odd): (Vec<Kubeconfig>, Vec<(PathBuf, Error)>) = (Vec::new(), Vec::new());
    for path in named.iter().filter(|path| !path.as_os_str().is_empty()) {
        match UserFile::find(path) {
            Ok(None) => {}
            Ok(Some(file)) => {
                let is_same = |known: &Kubeconfig| known.canonical_path() == file.canonical_path();
                if !files.iter().any(is_same) {
                    files.push(Kubeconfig { file });
                }
            }
            Err(error) => {
                if !odd.iter().any(|(known, _)| known == path) {
                    odd.push((path.clone(), error.into()));
                }
            }
        }
    }
    if files.is_empty() && odd.is_empty() {
        let missing: Vec<String> = named
            .iter()
            .map(|path| format!("`{}` is missing", shown(path)))
            .collect();
        let looked_for = if missing.is_empty() {
            "there is no home directory".to_owned()
        } else {
            missing.join(", ")
        };
        return Err(Error::NoFile {
            looked_for,
            from_flag: args.kubeconfig.is_some(),
        });
    }
    Ok(FoundFiles { files, odd })
}

/// Returns the files, if all that exist can be used.
///
/// # Errors
/// If none of the files exists, or one of them is odd.
pub(in crate::command) fn files_in_given_order(
    args: &FileArgs,
    environment: &Environment,
) -> Result<Vec<Kubeconfig>, Error> {
    let found = find_files(args, environment)?;
    match found.odd.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(found.files),
    }
}

impl Kubeconfig {
    pub(in crate::command) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the path with symbolic links resolved.
    pub(in crate::command) fn canonical_path(&self) -> &Path {
        self.file.canonical_path()
    }

    /// Returns the path as messages show it.
    pub(in crate::command) fn display_path(&self) -> String {
        shown(self.path()).to_string()
    }

    pub(in crate::command) fn bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(self.file.read()?)
    }

    pub(in crate::command) fn text(&self) -> Result<String, Error> {
        String::from_utf8(self.file.read()?).map_err(|error| Error::NotUtf8 {
            path: self.path().to_owned(),
            at: error.utf8_error().valid_up_to(),
        })
    }

    /// Adds the path of the file to an error of its text.
    pub(in crate::command) fn text_error(&self, error: &TextError) -> Error {
        let path = self.path().to_owned();
        match *error {
            TextError::InvalidYaml(error) => Error::InvalidYaml {
                path,
                error,
                unfinished: self.file.interrupted_write_copy(),
            },
            TextError::NotKubeconfig(reason) => Error::NotKubeconfig { path, reason },
            TextError::VerificationFailed => Error::VerificationFailed { path },
        }
    }

    /// Returns the mode if other users can read the file.
    pub(in crate::command) fn mode_if_readable_by_others(&self) -> Option<u32> {
        self.file.readable_by_others()
    }

    /// Returns the warning for a file with tokens that other users can read. kubectl and helm warn of it too.
    pub(in crate::command) fn readability_warning(&self) -> Option<String> {
        let mode = self.file.readable_by_others()?;
        Some(format!(
            "the tokens are in `{}`, which other users can read (mode {mode:04o}): chmod go-r {}",
            shown(self.path()),
            quoted(self.path())
        ))
    }

    pub(in crate::command) fn lock(&self) -> Result<UserFileLock, Error> {
        Ok(self.file.lock()?)
    }

    pub(in crate::command) fn stage(&self, bytes: &[u8], lock: &UserFileLock) -> Result<Staged, Error> {
        Ok(self.file.stage(bytes, lock)?)
    }

    /// Removes temporary files that a killed process left beside the file, except a copy that is needed to complete the file.
    pub(in crate::command) fn remove_stale_temporaries(&self) {
        self.file.remove_stale_temporaries();
    }

    /// Returns the warning about an interrupted write in place.
    pub(in crate::command) fn warning_of_unfinished(&self) -> Option<String> {
        let copy = self.file.interrupted_write_copy()?;
        Some(format!(
            "{}; if `{}` is as you want it: rm {}",
            kubeconfig::unfinished_hint(self.path(), &copy),
            shown(self.path()),
            quoted(&copy)
        ))
    }

    /// Writes a private copy of the file as it was before `setup`, beside it and in place of an earlier one, and returns its path.
    pub(in crate::command) fn write_copy_before_setup(&self, text: &str) -> Result<String, Error> {
        Ok(shown(&self.file.write_copy_before_setup(text.as_bytes())?).to_string())
    }

    /// Returns the path of the backup as messages show it.
    pub(super) fn backup_display_path(&self) -> String {
        shown(&self.file.backup_path()).to_string()
    }

    /// Returns the backup, if there is one. Fails if another user may have created it.
    pub(super) fn backup(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.file.read_backup()?)
    }

    /// Returns the backup like [`Self::backup`], to restore it. Fails also if others could replace it.
    pub(super) fn backup_to_restore(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.file.backup_to_restore()?)
    }

    /// Fails if this text is not a conversion of the backup.
    pub(super) fn check_backup(&self, backup: &[u8], text: &str) -> Result<(), Error> {
        if std::str::from_utf8(backup).is_ok_and(|backup| kubeconfig::is_conversion_of(backup, text)) {
            return Ok(());
        }
        Err(Error::BackupMismatch {
            path: self.path().to_owned(),
            backup: self.file.backup_path(),
        })
    }

    /// Fails if the file or its backup has changed since it was read. The lock must be held.
    pub(super) fn check_unchanged(&self, bytes: &[u8], backup: Option<&[u8]>) -> Result<(), Error> {
        if self.bytes()? == bytes && self.backup()?.as_deref() == backup {
            return Ok(());
        }
        Err(Error::ConcurrentChange {
            path: self.path().to_owned(),
        })
    }

    pub(super) fn write_backup(&self, text: &str) -> Result<(), Error> {
        Ok(self.file.write_backup(text.as_bytes())?)
    }

    pub(super) fn remove_backup(&self) -> Result<(), Error> {
        Ok(self.file.remove_backup()?)
    }
}

/// Takes kubectl's lock on all files. Signals are deferred until it is dropped, so nothing may wait for a person or a network meanwhile.
pub(super) fn lock<'a>(files: impl Iterator<Item = &'a Kubeconfig>) -> Result<UserFileLock, Error> {
    let files: Vec<&UserFile> = files.map(|kubeconfig| &kubeconfig.file).collect();
    Ok(UserFileLock::take(&files)?)
}
