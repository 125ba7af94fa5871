//! Private files that client secrets and passwords move to.
//!
//! Each has the name of its user, and an ending that says what it is; a name that is taken by another secret gets a number. Nothing is overwritten.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::{self, PrivateDir};
use crate::kubeconfig::SecretFlag;
use crate::secret::Secret;

/// The files, chosen first and written later.
pub(super) struct SecretFiles {
    dir: Option<PathBuf>,
    chosen: RefCell<Vec<(String, Secret)>>,
    failed: RefCell<Option<files::Error>>,
}

impl SecretFiles {
    /// Without a home, secrets stay where they are.
    pub(super) fn new(home: Option<&Path>) -> Self {
        Self {
            dir: home.map(|home| home.join(".kube/kubesesame")),
            chosen: RefCell::default(),
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
            if self.is_free(dir, &name, secret) {
                let path = dir.join(&name).to_str()?.to_owned();
                self.chosen.borrow_mut().push((name, secret.clone()));
                return Some(path);
            }
        }
        None
    }

    fn is_free(&self, dir: &Path, name: &str, secret: &Secret) -> bool {
        let mut chosen = self
            .chosen
            .borrow()
            .clone()
            .into_iter()
            .filter(|(taken, _)| taken == name);
        if let Some((_, other)) = chosen.next() {
            return other == *secret;
        }
        match PrivateDir::open(dir).and_then(|dir| dir.map_or(Ok(None), |dir| dir.read(name))) {
            Ok(there) => there.is_none_or(|there| there == secret.expose().as_bytes()),
            Err(error) => {
                *self.failed.borrow_mut() = Some(error);
                true
            }
        }
    }

    /// Fails if the directory could not be looked at.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.failed
            .borrow_mut()
            .take()
            .map_or(Ok(()), |error| Err(error.into()))
    }

    pub(super) fn write(&self) -> Result<(), Error> {
        let chosen = self.chosen.borrow();
        let (Some(dir), false) = (&self.dir, chosen.is_empty()) else {
            return Ok(());
        };
        let dir = PrivateDir::create(dir)?;
        for (name, secret) in chosen.iter() {
            dir.replace(name, secret.expose().as_bytes())?;
        }
        Ok(())
    }
}
