//! Private files that client secrets and passwords move to.
//!
//! Each has the name of its user, and an ending that says what it is; a name that is taken by another secret gets a number. Nothing is overwritten.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::{self, PrivateDir};
use crate::kubeconfig::{self, SecretFlag};
use crate::secret::Secret;

/// The files, chosen first and written later.
pub(super) struct SecretFiles {
    dir: Option<PathBuf>,
    files: RefCell<HashMap<String, SecretFile>>,
    failed: RefCell<Option<files::Error>>,
}

/// What a file holds, or shall hold.
enum SecretFile {
    /// Another secret than ours, or the one that we would write.
    There(Vec<u8>),
    ToWrite(Secret),
    Written,
}

impl SecretFiles {
    /// Without a home, secrets stay where they are.
    pub(super) fn new(home: Option<&Path>) -> Self {
        Self {
            dir: home.map(|home| home.join(".kube/kubesesame")),
            files: RefCell::default(),
            failed: RefCell::default(),
        }
    }

    /// Returns the path for a secret of a user.
    pub(super) fn choose(&self, user: &str, flag: SecretFlag, secret: &Secret) -> Option<String> {
        let dir = self.dir.as_ref()?;
        let mut stem: String = user
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        if stem.starts_with('.') || stem.is_empty() {
            stem.insert(0, '_');
        }
        // The last word of its name: `secret` or `password`.
        let kind = flag.name.rsplit(' ').next().unwrap_or_default();
        for number in 1..1000 {
            let name = if number == 1 {
                format!("{stem}.{kind}")
            } else {
                format!("{stem}-{number}.{kind}")
            };
            if self.takes(dir, &name, secret) {
                return Some(dir.join(&name).to_str()?.to_owned());
            }
        }
        None
    }

    /// Whether a file takes a secret: each file is looked at once.
    fn takes(&self, dir: &Path, name: &str, secret: &Secret) -> bool {
        let mut files = self.files.borrow_mut();
        let file = files.entry(name.to_owned()).or_insert_with(|| {
            let there = PrivateDir::open(dir).and_then(|dir| dir.map_or(Ok(None), |dir| dir.read(name)));
            match there {
                Ok(Some(there)) => SecretFile::There(there),
                Ok(None) => SecretFile::ToWrite(secret.clone()),
                Err(error) => {
                    *self.failed.borrow_mut() = Some(error);
                    SecretFile::ToWrite(secret.clone())
                }
            }
        });
        match file {
            SecretFile::There(there) => there == secret.expose().as_bytes(),
            SecretFile::ToWrite(other) => other == secret,
            SecretFile::Written => false,
        }
    }

    /// Fails if the directory could not be looked at.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.failed
            .borrow_mut()
            .take()
            .map_or(Ok(()), |error| Err(kubeconfig::Error::from(error).into()))
    }

    /// Writes the files that are not there yet.
    pub(super) fn write(&self) -> Result<(), kubeconfig::Error> {
        let mut files = self.files.borrow_mut();
        let new = |file: &SecretFile| matches!(file, SecretFile::ToWrite(_));
        let (Some(dir), true) = (&self.dir, files.values().any(new)) else {
            return Ok(());
        };
        let dir = PrivateDir::create(dir)?;
        for (name, file) in files.iter_mut() {
            let SecretFile::ToWrite(secret) = &*file else {
                continue;
            };
            // Another conversion, of another kubeconfig, may have come first.
            match dir.read(name)? {
                Some(there) if there == secret.expose().as_bytes() => {}
                Some(_) => {
                    let file = dir.path_of(name);
                    return Err(kubeconfig::Error::SecretFileTaken { file });
                }
                None => {
                    dir.remove_stale_temporaries(name);
                    dir.replace(name, secret.expose().as_bytes())?;
                    *file = SecretFile::Written;
                }
            }
        }
        Ok(())
    }

    /// Removes the files that were written, since nothing names them.
    pub(super) fn undo(&self) {
        let Some(Ok(Some(dir))) = self.dir.as_deref().map(PrivateDir::open) else {
            return;
        };
        for (name, file) in self.files.borrow().iter() {
            if let SecretFile::Written = file {
                drop(dir.remove(name));
            }
        }
    }
}
