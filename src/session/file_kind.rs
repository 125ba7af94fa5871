//! The files in a directory of sessions. Each is named `HASH.SUFFIX`.
//!
//! Owns the list of all kinds, so that `clean` removes everything that kubesesame makes, and nothing else. The hash is the session's key;
//! for a fast path entry it is the hash of the invocation, and for the provider's documents the hash of the issuer.

use std::fmt;

/// The most refresh tokens of one session that wait to be revoked. A person who signs in and out while the provider cannot revoke adds
/// one each time.
pub(super) const MAX_PENDING_REVOCATIONS: usize = 8;

/// The beginning of the suffix of the files that wait for a revocation.
const PENDING: &str = "revocation";

/// What a file in a directory of sessions is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Session,
    QuarantinedSession,
    /// A session that is encrypted with a key of the OS keyring.
    SealedSession,
    QuarantinedSealedSession,
    /// A session that a person has ended, and whose refresh token is still to be revoked. There may be several of one key
    /// ([`FileKind::pending_name`]).
    PendingRevocation,
    SealedPendingRevocation,
    /// When a person has signed out of the session last.
    SignOutMark,
    /// The lock for refreshes and logins.
    Lock,
    LoginFailures,
    /// The last failure of the provider.
    Outage,
    /// The state of the background refresh.
    BackgroundRefresh,
    /// The log of which process got which token.
    IssuedLog,
    /// The discovery document and the key set.
    ProviderDocuments,
    FastPathEntry,
}

impl FileKind {
    const ALL: [Self; 14] = [
        Self::Session,
        Self::QuarantinedSession,
        Self::SealedSession,
        Self::QuarantinedSealedSession,
        Self::PendingRevocation,
        Self::SealedPendingRevocation,
        Self::SignOutMark,
        Self::Lock,
        Self::LoginFailures,
        Self::Outage,
        Self::BackgroundRefresh,
        Self::IssuedLog,
        Self::ProviderDocuments,
        Self::FastPathEntry,
    ];

    /// The part of the name after the hash. It must not change, since users have these files on disk.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Session => "session.json",
            Self::QuarantinedSession => "session.json.quarantined",
            Self::SealedSession => "session.sealed",
            Self::QuarantinedSealedSession => "session.sealed.quarantined",
            Self::PendingRevocation => "revocation.json",
            Self::SealedPendingRevocation => "revocation.sealed",
            Self::SignOutMark => "signed-out.json",
            Self::Lock => "lock",
            Self::LoginFailures => "failure.json",
            Self::Outage => "passing.json",
            Self::BackgroundRefresh => "background-refresh.json",
            Self::IssuedLog => "issued",
            Self::ProviderDocuments => "provider.json",
            Self::FastPathEntry => "fast-path.json",
        }
    }

    /// Returns the name of the file of this kind with this hash.
    pub(crate) fn name(self, hash: impl fmt::Display) -> String {
        format!("{hash}.{}", self.suffix())
    }

    /// Returns the name of the file in the `slot` of those that wait for a revocation. The first one has no number, as when there was
    /// only one.
    pub(super) fn pending_name(self, hash: impl fmt::Display, slot: usize) -> String {
        let name = self.name(hash);
        match slot {
            0 => name,
            slot => name.replacen(PENDING, &format!("{PENDING}-{}", slot + 1), 1),
        }
    }

    /// Parses the name of a file. `None` if kubesesame makes no file of this name.
    pub(crate) fn parse(name: &str) -> Option<(&str, Self)> {
        let (hash, suffix) = name.split_once('.')?;
        let is_named = |kind: &Self| match suffix.strip_prefix(PENDING).and_then(|rest| rest.split_once('.'))
        {
            Some((number, form)) if !number.is_empty() => {
                is_slot_number(number) && kind.suffix().strip_prefix(PENDING) == Some(&format!(".{form}"))
            }
            _ => kind.suffix() == suffix,
        };
        let kind = Self::ALL.into_iter().find(is_named)?;
        is_hash(hash).then_some((hash, kind))
    }

    /// Parses the name of the temporary file of a writer, `.HASH.SUFFIX-RANDOM.tmp`, which stays if the writer was killed.
    pub(super) fn parse_temporary(name: &str) -> Option<(&str, Self)> {
        let name = name.strip_prefix('.')?.strip_suffix(".tmp")?;
        Self::parse(name.rsplit_once('-')?.0)
    }

    pub(super) fn is_session(self) -> bool {
        matches!(self, Self::Session | Self::SealedSession)
    }

    pub(super) fn is_quarantined(self) -> bool {
        matches!(self, Self::QuarantinedSession | Self::QuarantinedSealedSession)
    }

    /// Whether it is of a session that was ended, and whose refresh token is still to be revoked.
    pub(super) fn is_pending_revocation(self) -> bool {
        matches!(self, Self::PendingRevocation | Self::SealedPendingRevocation)
    }

    pub(super) fn is_sealed(self) -> bool {
        matches!(
            self,
            Self::SealedSession | Self::QuarantinedSealedSession | Self::SealedPendingRevocation
        )
    }
}

/// Whether kubesesame made the file of this name and it may be removed. A lock may not, since a process may hold it.
pub(super) fn is_removable(name: &str) -> bool {
    FileKind::parse_temporary(name).is_some()
        || FileKind::parse(name).is_some_and(|(_, kind)| kind != FileKind::Lock)
}

/// Whether the text is `-2` to `-8`.
fn is_slot_number(text: &str) -> bool {
    (1..MAX_PENDING_REVOCATIONS).any(|slot| text == format!("-{}", slot + 1))
}

pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "e0c54678425f630cf8503163ef02df2839b75624cc1416bd507909ef7d9fd50d";

    #[test]
    fn each_kind_is_in_the_list_and_is_recognized_by_its_name() {
        assert_eq!(FileKind::ALL.len(), FileKind::FastPathEntry as usize + 1);
        for kind in FileKind::ALL {
            assert_eq!(FileKind::parse(&kind.name(HASH)), Some((HASH, kind)));
            assert_eq!(is_removable(&kind.name(HASH)), kind != FileKind::Lock);
        }
    }

    #[test]
    fn each_of_the_files_that_wait_for_a_revocation_is_recognized() {
        for kind in [FileKind::PendingRevocation, FileKind::SealedPendingRevocation] {
            assert_eq!(kind.pending_name(HASH, 0), kind.name(HASH));
            for slot in 0..MAX_PENDING_REVOCATIONS {
                let name = kind.pending_name(HASH, slot);
                assert_eq!(FileKind::parse(&name), Some((HASH, kind)), "{name}");
                assert!(is_removable(&name));
            }
        }
        assert_eq!(
            FileKind::SealedPendingRevocation.pending_name("HASH", 1),
            "HASH.revocation-2.sealed"
        );
        for other in [
            "revocation-1.json",
            "revocation-9.json",
            "revocation-02.json",
            "revocation-2.lock",
        ] {
            assert_eq!(FileKind::parse(&format!("{HASH}.{other}")), None, "{other}");
        }
    }

    #[test]
    fn files_of_others_are_not_removable() {
        assert!(is_removable(&format!(".{HASH}.session.json-x.tmp")));
        for other in [
            HASH.to_owned(),
            format!("{HASH}.txt"),
            format!("{HASH}.session.json.bak"),
            "notes.session.json".into(),
            "config".into(),
            ".x.tmp".into(),
            ".x-y.tmp".into(),
        ] {
            assert!(!is_removable(&other), "{other}");
        }
    }
}
