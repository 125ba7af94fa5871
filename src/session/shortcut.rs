//! The shortest way to a session: what a whole command line meant the last time.
//!
//! Parsing a command line costs more than all else that a cached call does. So a call that was served from the store leaves a
//! note of which session that was, named by a hash of everything that decides it. Whoever comes with the very same finds the
//! session without parsing anything. A note that is missing, broken or of another version of the program is nothing lost: the
//! long way leads to the same session, and writes it anew.

use std::ffi::OsString;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Identity, Key, Record, Store, key};
use crate::environment::Environment;
use crate::exec::ApiVersion;
use crate::files::PrivateDir;
use crate::settings::Storage;

/// So many notes are kept: a kubeconfig has a few entries, and only a script that types something new each time has more.
const MAX_NOTES: usize = 300;

/// Everything that decides which session a call means and how it is answered, as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line([u8; 32]);

impl Line {
    /// Hashes the program's version, the command line, and the variables that have a say.
    pub(crate) fn new(words: &[OsString], environment: &Environment) -> Self {
        let mut hash = Context::new(&SHA256);
        // Each part is preceded by its length, so that none runs into the next.
        let mut add = |part: &[u8]| {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(concat!("kubesesame ", env!("CARGO_PKG_VERSION")).as_bytes());
        let arguments = words.iter().skip(1);
        add(&(arguments.len() as u64).to_le_bytes());
        arguments.for_each(|word| add(word.as_encoded_bytes()));
        let paths = [&environment.kube_cache_dir, &environment.home];
        for path in paths {
            add(path
                .as_ref()
                .map_or(&[], |path| path.as_os_str().as_encoded_bytes()));
        }
        add(environment.exec_info.as_deref().unwrap_or_default().as_bytes());
        // The order of the environment means nothing.
        let mut flags: Vec<_> = environment.flags.iter().collect();
        flags.sort();
        for (name, value) in flags {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        Self(bytes)
    }

    /// A part of the hash that tells one line from another among the few of a machine.
    pub(super) fn tag(&self) -> [u8; 8] {
        let mut tag = [0; 8];
        tag.copy_from_slice(&self.0[..8]);
        tag
    }

    fn file(&self) -> String {
        format!("{}.{}", HEXLOWER.encode(&self.0), key::SHORTCUT)
    }
}

/// What a command line meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shortcut {
    version: u32,
    key: Key,
    identity: Identity,
    /// How kubectl wants to be answered.
    pub(crate) api: ApiVersion,
    renewal: Renewal,
    /// Whether a token that is asked for again was refused.
    pub(crate) notices_refusals: bool,
    storage: Storage,
}

/// What may be renewed ahead of a token's end, as far as the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Renewal {
    Off,
    /// A session with a refresh token.
    OfPersons,
    /// Any: a program signs in for itself.
    OfPrograms,
}

impl Renewal {
    pub(crate) fn may_renew(self, record: &Record) -> bool {
        match self {
            Self::Off => false,
            Self::OfPersons => record.refresh_token.is_some(),
            Self::OfPrograms => true,
        }
    }
}

impl Shortcut {
    pub(crate) fn new(
        store: &Store,
        identity: Identity,
        api: ApiVersion,
        renewal: Renewal,
        notices_refusals: bool,
    ) -> Self {
        Self {
            version: 1,
            key: store.key.clone(),
            identity,
            api,
            renewal,
            notices_refusals,
            storage: store.storage,
        }
    }

    /// Reads the note of a command line; anything odd is no note.
    pub(crate) fn read(dir: &PrivateDir, line: &Line) -> Option<Self> {
        let bytes = dir.read(&line.file()).ok().flatten()?;
        let shortcut: Self = serde_json::from_slice(&bytes).ok()?;
        (shortcut.version == 1 && shortcut.key.is_sound()).then_some(shortcut)
    }

    /// Leaves the note. Best effort: the long way is always there.
    pub(crate) fn write(&self, dir: &PrivateDir, line: &Line) {
        let name = line.file();
        let notes = || {
            let names = dir.names().unwrap_or_default();
            names
                .into_iter()
                .filter(|name| key::is_shortcut(name))
                .collect::<Vec<_>>()
        };
        if let [_, ..] = notes().get(MAX_NOTES..).unwrap_or_default() {
            for old in notes() {
                drop(dir.remove(&old));
            }
        }
        drop(dir.replace_hint(&name, &serde_json::to_vec(self).unwrap_or_default()));
    }

    /// The session that is meant.
    pub(crate) fn store(&self, dir: PrivateDir) -> Store {
        Store {
            dir,
            key: self.key.clone(),
            storage: self.storage,
        }
    }

    /// Whether a token near its end is to be renewed now.
    pub(crate) fn is_due(&self, record: &Record, now: i64) -> bool {
        self.renewal.may_renew(record) && record.is_due(now)
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str], change: impl FnOnce(&mut Environment)) -> Line {
        let mut environment = Environment {
            home: Some("/h".into()),
            exec_info: Some("{}".to_owned()),
            ..Environment::default()
        };
        change(&mut environment);
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        Line::new(&words, &environment)
    }

    #[test]
    fn everything_that_decides_makes_another_line() {
        let usual = line(&["k", "get-token", "--a=b"], |_| ());
        let others = [
            line(&["k", "get-token", "--a", "b"], |_| ()),
            line(&["k", "get-token", "--a=b", ""], |_| ()),
            line(&["k", "get-token--a=b"], |_| ()),
            line(&["k", "get-token", "--a=b"], |environment| {
                environment.home = None;
            }),
            line(&["k", "get-token", "--a=b"], |environment| {
                environment.kube_cache_dir = Some("/c".into());
            }),
            line(&["k", "get-token", "--a=b"], |environment| {
                environment.exec_info = None;
            }),
            line(&["k", "get-token", "--a=b"], |environment| {
                environment.flags = vec![("KUBESESAME_V".into(), "1".into())];
            }),
        ];
        for (number, other) in others.iter().enumerate() {
            assert_ne!(&usual, other, "{number}");
        }
    }

    #[test]
    fn what_the_program_is_called_and_the_order_of_variables_change_nothing() {
        let flags = |names: [&str; 2]| {
            let flags = names.map(|name| (name.to_owned(), "x".to_owned())).to_vec();
            line(&["k", "get-token"], |environment| environment.flags = flags)
        };
        assert_eq!(flags(["A", "B"]), flags(["B", "A"]));
        assert_eq!(
            line(&["a", "get-token"], |_| ()),
            line(&["b", "get-token"], |_| ())
        );
    }
}
