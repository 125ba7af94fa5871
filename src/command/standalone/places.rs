//! Where calls for the same entry wait for each other, and where tokens are kept that could not be written.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::command::kubeconfig::files::Kubeconfig;
use crate::environment::Environment;
use crate::session::{Error, Identity, Key, Store};
use crate::settings::{self, Storage};

/// The places of one entry: below the home, where nobody else can put anything, and which is the same in every shell of a person, whatever
/// its `KUBECACHEDIR`. Where that cannot be, another place is better than none; without any, calls don't wait.
pub(super) struct Places {
    /// The first that can be used.
    pub(super) turns: Option<Store>,
    /// Those after it: tokens may have been kept there when the first one could not be used.
    pub(super) others: Vec<Store>,
    /// Why a place before it cannot be used now, where tokens may be kept.
    hidden: Mutex<Option<Error>>,
}

impl Places {
    pub(super) fn new(file: &Kubeconfig, user: &str, identity: &Identity, environment: &Environment) -> Self {
        let file = file.real().to_string_lossy();
        let variant_tags = ["auth-provider", &*file, user];
        let key = Key::new(
            &identity.issuer,
            &identity.client_id,
            [],
            &[],
            None,
            &variant_tags,
        );
        Self::among(&dirs(environment), &key, identity)
    }

    fn among(dirs: &[PathBuf], key: &Key, identity: &Identity) -> Self {
        let mut places = Self {
            turns: None,
            others: Vec::new(),
            hidden: Mutex::default(),
        };
        for dir in dirs {
            let (key, identity) = (key.clone(), identity.clone());
            if places.turns.is_some() {
                let other = Store::open(dir, key, identity, Storage::Disk);
                places.others.extend(other.ok().flatten());
                continue;
            }
            match Store::create(dir, key.clone(), identity, Storage::Disk) {
                Ok(store) => places.turns = Some(store),
                Err(error) if may_hide(&error, dir, &key) => {
                    let hidden = places.hidden.get_mut().unwrap_or_else(PoisonError::into_inner);
                    hidden.get_or_insert(error);
                }
                Err(_) => {}
            }
        }
        places
    }

    pub(super) fn take_hidden(&self) -> Option<Error> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Those where tokens are kept, as far as can be seen.
    pub(super) fn with_kept(&self) -> impl Iterator<Item = &Store> {
        let all = self.turns.iter().chain(&self.others);
        all.filter(|store| store.has_session())
    }
}

fn may_hide(error: &Error, dir: &Path, key: &Key) -> bool {
    error.may_hide_ours() && !matches!(Store::is_plain_in(dir, key), Ok(false))
}

/// Each once.
fn dirs(environment: &Environment) -> Vec<PathBuf> {
    let all = [
        settings::home_cache_dir(environment),
        settings::cache_dir(None, environment).ok(),
        environment.temporary_dir.clone(),
    ];
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in all.into_iter().flatten() {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}
