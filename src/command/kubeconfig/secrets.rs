//! Private files that client secrets and passwords move to.
//!
//! A file is named after its user, with the extension `secret` or `password`. If another secret has this name already, the name gets a
//! number. A name that is too long is cut, and has a hash at its end. No file is overwritten.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::error::Error;
use crate::files::{self, PrivateDir};
use crate::kubeconfig::{self, SecretFlag};
use crate::secret::Secret;

/// The longest beginning of a user's name in the name of a file. File systems have a limit of 255 bytes (eCryptfs: 143).
const MAX_STEM_BYTES: usize = 100;

/// The files: their paths are chosen while planning, and they are written later.
pub(super) struct SecretFiles {
    dir: Option<PathBuf>,
    files: RefCell<HashMap<String, SecretFile>>,
    /// Why an existing file could not be read.
    read_error: RefCell<Option<files::Error>>,
}

/// The state of a file.
enum SecretFile {
    /// It existed before. The content may be another secret, or the same one.
    Existing(Vec<u8>),
    ToWrite(Secret),
    Written,
}

impl SecretFiles {
    /// Without a home directory, secrets stay in the kubeconfig.
    pub(super) fn new(home: Option<&Path>) -> Self {
        Self {
            dir: home.map(|home| home.join(".kube/kubesesame")),
            files: RefCell::default(),
            read_error: RefCell::default(),
        }
    }

    /// Returns the path for a secret of a user; `None` if the secret stays in the kubeconfig.
    pub(super) fn path_for(&self, user: &str, flag: SecretFlag, secret: &Secret) -> Option<String> {
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
        if stem.len() > MAX_STEM_BYTES {
            // Two names may differ after the cut only.
            let hash = digest(&SHA256, user.as_bytes());
            stem.truncate(MAX_STEM_BYTES);
            stem = format!("{stem}-{}", HEXLOWER.encode(&hash.as_ref()[..4]));
        }
        // The last word of the name: `secret` or `password`.
        let extension = flag.name.rsplit(' ').next().unwrap_or_default();
        for number in 1..1000 {
            let name = if number == 1 {
                format!("{stem}.{extension}")
            } else {
                format!("{stem}-{number}.{extension}")
            };
            if self.can_hold(dir, &name, secret) {
                return Some(dir.join(&name).to_str()?.to_owned());
            }
        }
        None
    }

    /// Whether this file can hold this secret: it does not exist, or has the same secret. Each file is read once.
    fn can_hold(&self, dir: &Path, name: &str, secret: &Secret) -> bool {
        let mut files = self.files.borrow_mut();
        let file = files.entry(name.to_owned()).or_insert_with(|| {
            let content = PrivateDir::open(dir).and_then(|dir| dir.map_or(Ok(None), |dir| dir.read(name)));
            match content {
                Ok(Some(content)) => SecretFile::Existing(content),
                Ok(None) => SecretFile::ToWrite(secret.clone()),
                Err(error) => {
                    *self.read_error.borrow_mut() = Some(error);
                    SecretFile::ToWrite(secret.clone())
                }
            }
        });
        match file {
            SecretFile::Existing(content) => content == secret.expose().as_bytes(),
            SecretFile::ToWrite(other) => other == secret,
            SecretFile::Written => false,
        }
    }

    /// Fails if an existing file could not be read.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.read_error
            .borrow_mut()
            .take()
            .map_or(Ok(()), |error| Err(kubeconfig::Error::from(error).into()))
    }

    /// Writes the files that do not exist yet.
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
            let secret = secret.expose().as_bytes();
            match dir.create_new(name, secret) {
                Ok(true) => {
                    // The name is ours now. Written once more, the file survives a power loss, as the kubeconfig that names it does.
                    let replaced = dir.replace(name, secret);
                    *file = SecretFile::Written;
                    replaced?;
                }
                // Another process has written the file since it was planned.
                Ok(false) if dir.read(name)?.is_some_and(|content| content == secret) => {}
                Ok(false) => {
                    let file = dir.path_of(name);
                    return Err(kubeconfig::Error::SecretFileConflict { file });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes the files that were written, if no kubeconfig names them in the end.
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
