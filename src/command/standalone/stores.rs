//! The session stores of an entry: calls for the same entry wait for each other with their lock, and they hold tokens that could not be
//! written into the kubeconfig (pending tokens).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::command::kubeconfig::files::Kubeconfig;
use crate::environment::Environment;
use crate::session::{Error, Identity, Key, Store};
use crate::settings::{self, Storage};

/// The stores of one entry.
///
/// The preferred one is below the home directory: no other user can write there, and it does not depend on `KUBECACHEDIR`, which may differ
/// between shells. If it cannot be used, another one is. Without any store, calls do not wait for each other.
pub(super) struct EntryStores {
    /// The first store that can be used. It has the lock.
    pub(super) primary: Option<Store>,
    /// The stores after it. They may have pending tokens from a time when the primary store could not be used.
    pub(super) others: Vec<Store>,
    /// Why a store before the primary one cannot be used now. It may have pending tokens.
    inaccessible: Mutex<Option<Error>>,
}

impl EntryStores {
    pub(super) fn new(file: &Kubeconfig, user: &str, identity: &Identity, environment: &Environment) -> Self {
        let file = file.canonical_path().to_string_lossy();
        let variant_tags = ["auth-provider", &*file, user];
        let key = Key::new(
            &identity.issuer,
            &identity.client_id,
            [],
            &[],
            None,
            &variant_tags,
        );
        Self::in_dirs(&dirs(environment), &key, identity)
    }

    fn in_dirs(dirs: &[PathBuf], key: &Key, identity: &Identity) -> Self {
        let mut stores = Self {
            primary: None,
            others: Vec::new(),
            inaccessible: Mutex::default(),
        };
        for dir in dirs {
            let (key, identity) = (key.clone(), identity.clone());
            if stores.primary.is_some() {
                let other = Store::open(dir, key, identity, Storage::Disk);
                stores.others.extend(other.ok().flatten());
                continue;
            }
            match Store::create(dir, key.clone(), identity, Storage::Disk) {
                Ok(store) => stores.primary = Some(store),
                Err(error) if may_have_pending_tokens(&error, dir, &key) => {
                    let inaccessible = stores
                        .inaccessible
                        .get_mut()
                        .unwrap_or_else(PoisonError::into_inner);
                    inaccessible.get_or_insert(error);
                }
                Err(_) => {}
            }
        }
        stores
    }

    pub(super) fn take_access_error(&self) -> Option<Error> {
        self.inaccessible
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Returns the stores that have pending tokens.
    pub(super) fn with_pending_tokens(&self) -> impl Iterator<Item = &Store> {
        let all = self.primary.iter().chain(&self.others);
        all.filter(|store| store.has_session())
    }
}

fn may_have_pending_tokens(error: &Error, dir: &Path, key: &Key) -> bool {
    error.may_hide_session() && !matches!(Store::is_plain_in(dir, key), Ok(false))
}

/// Returns the directories of the stores, without duplicates, in the order of preference.
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
