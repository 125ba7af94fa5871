//! The sessions in a directory, for a person who wants to see them.
//!
//! Reads, without a lock, and asks neither the OS keyring nor a provider. Of a sealed session, only one whose key is in the kernel's cache
//! can be read.

use std::path::{Path, PathBuf};

use super::file_kind::FileKind;
use super::record::{Record, is_pending};
use super::sealed::{Binding, Sealed, WrappingKey};
use super::{Error, Identity, Key};
use crate::files::{self, PrivateDir};
use crate::keyring;

/// A session's file.
#[derive(Debug)]
pub(crate) struct ListedSession {
    pub(crate) key: Key,
    /// The name of the file in its directory.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) is_sealed: bool,
    pub(crate) content: ListedContent,
}

/// What is known of a session.
#[derive(Debug)]
pub(crate) enum ListedContent {
    /// Boxed, since the other variants are small.
    Record(Box<Record>),
    /// It is sealed, and only the OS keyring has its key.
    Sealed,
    /// The file cannot be used. The text says why.
    Unusable(&'static str),
    /// The file cannot be read, or is not private.
    Unreadable(files::Error),
}

/// Returns the sessions in a directory, in the order of their names; none if the directory does not exist. `identity_of` returns whose
/// session a key is, if that is known from elsewhere: a sealed session can be opened only with that.
///
/// # Errors
/// If the directory cannot be read, or is not private.
pub(crate) fn list_sessions(
    dir: &Path,
    identity_of: &dyn Fn(&Key) -> Option<Identity>,
) -> Result<Vec<ListedSession>, Error> {
    list(dir, Which::InUse, identity_of)
}

/// Returns the sessions that no call uses any more, and whose refresh tokens may be alive: those that were ended and are still to be revoked,
/// those that were quarantined, those that a killed writer left behind, and tokens that are to be written into a kubeconfig; otherwise as
/// [`list_sessions`].
///
/// # Errors
/// As for [`list_sessions`].
pub(crate) fn list_unused_sessions(
    dir: &Path,
    identity_of: &dyn Fn(&Key) -> Option<Identity>,
) -> Result<Vec<ListedSession>, Error> {
    list(dir, Which::Unused, identity_of)
}

/// Which files are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    InUse,
    Unused,
}

impl Which {
    /// Returns the hash and the kind of a file that may be one of them.
    fn parse(self, name: &str) -> Option<(&str, FileKind)> {
        let temporary = FileKind::parse_temporary(name).filter(|(_, kind)| kind.is_session());
        let (hash, kind) = match self {
            Self::InUse => FileKind::parse(name)?,
            Self::Unused => FileKind::parse(name).or(temporary)?,
        };
        let is_ended = kind.is_pending_revocation() || kind.is_quarantined();
        // Of the unused ones among the sessions, the content tells.
        (kind.is_session() || is_ended && self == Self::Unused).then_some((hash, kind))
    }

    /// Whether a file that is no sealed one belongs to them. `get-token` does not use tokens that are to be written into a kubeconfig.
    fn has(self, name: &str, bytes: &[u8]) -> bool {
        let is_in_use =
            FileKind::parse(name).is_some_and(|(_, kind)| kind.is_session()) && !is_pending(bytes);
        is_in_use == (self == Self::InUse)
    }

    /// The same of a file whose content is not known.
    fn has_unread(self, name: &str) -> bool {
        self.has(name, b"")
    }
}

fn list(
    dir: &Path,
    which: Which,
    identity_of: &dyn Fn(&Key) -> Option<Identity>,
) -> Result<Vec<ListedSession>, Error> {
    let Some(dir) = PrivateDir::open(dir)? else {
        return Ok(Vec::new());
    };
    let mut names = dir.names()?;
    names.sort();
    let sessions = names.iter().filter_map(|name| {
        let (hash, kind) = which.parse(name)?;
        let is_sealed = kind.is_sealed();
        let key = Key::of_hash(hash);
        let (is_meant, content) = match dir.read(name) {
            Ok(None) => return None,
            Ok(Some(bytes)) if is_sealed => {
                (which.has_unread(name), unsealed(&bytes, &key, identity_of(&key)))
            }
            Ok(Some(bytes)) => (
                which.has(name, &bytes),
                Record::parse_any(&bytes).map_or_else(ListedContent::Unusable, boxed),
            ),
            Err(error) => (which.has_unread(name), ListedContent::Unreadable(error)),
        };
        if !is_meant {
            return None;
        }
        Some(ListedSession {
            path: dir.path_of(name),
            name: name.clone(),
            key,
            is_sealed,
            content,
        })
    });
    Ok(sessions.collect())
}

fn boxed(record: Record) -> ListedContent {
    ListedContent::Record(Box::new(record))
}

fn unsealed(bytes: &[u8], key: &Key, identity: Option<Identity>) -> ListedContent {
    let sealed = match Sealed::parse(bytes) {
        Ok(sealed) => sealed,
        Err(reason) => return ListedContent::Unusable(reason),
    };
    let cached = WrappingKey::find(&sealed, |name| {
        Ok::<_, std::convert::Infallible>(keyring::cached_key(name))
    });
    let (Ok(Some(with)), Some(identity)) = (cached, identity) else {
        return ListedContent::Sealed;
    };
    let binding = Binding {
        key,
        identity: &identity,
    };
    let opened = sealed.open(&with, &binding);
    match opened.and_then(|bytes| Record::parse(&bytes, &identity)) {
        Ok(record) => boxed(record),
        Err(reason) => ListedContent::Unusable(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Store, sample_record};
    use crate::settings::Storage;

    #[test]
    fn sessions_are_listed_with_what_can_be_read_of_them() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sessions");
        let record = sample_record(0, 3600);
        let key = Key::new("i", "c", [], &[], None, &[]);
        let store = Store::create(&path, key.clone(), record.identity.clone(), Storage::Disk).unwrap();
        let write = |name: &str, bytes: &[u8]| store.dir().replace(name, bytes).unwrap();
        write(&key.file(FileKind::Session), &record.to_json().unwrap());
        let broken = Key::new("i", "broken", [], &[], None, &[]);
        write(&broken.file(FileKind::Session), b"{");
        let sealed = Key::new("i", "sealed", [], &[], None, &[]);
        write(
            &sealed.file(FileKind::SealedSession),
            &[b"kubesesame sealed 1\n".as_slice(), &[7; 60]].concat(),
        );
        let mut pending = record.clone();
        pending.replaces = Some("x".to_owned());
        let waiting = Key::new("i", "waiting", [], &[], None, &[]);
        write(&waiting.file(FileKind::Session), &pending.to_json().unwrap());
        write(&key.file(FileKind::IssuedLog), b"x");

        let listed = list_sessions(&path, &|_| None).unwrap();
        let shown = |wanted: &Key| {
            let session = listed.iter().find(|session| session.key == *wanted)?;
            Some(match &session.content {
                ListedContent::Record(found) => format!("record {}", **found == record),
                ListedContent::Sealed => format!("sealed {}", session.is_sealed),
                ListedContent::Unusable(reason) => (*reason).to_owned(),
                ListedContent::Unreadable(error) => error.to_string(),
            })
        };
        assert_eq!(shown(&key).as_deref(), Some("record true"));
        assert_eq!(shown(&broken).as_deref(), Some("it is broken"));
        assert_eq!(shown(&sealed).as_deref(), Some("sealed true"));
        assert_eq!(shown(&waiting), None);
        assert_eq!(listed.len(), 3);
        assert!(
            list_sessions(&home.path().join("nowhere"), &|_| None)
                .unwrap()
                .is_empty()
        );
    }
}
