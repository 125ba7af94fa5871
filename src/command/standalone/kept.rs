//! Tokens that could not be written into the kubeconfig and are kept beside the lock: whether they still belong there. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::kubeconfig::AuthProvider;
use crate::secret::Secret;
use crate::session::Record;

/// The tokens that an entry holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    id_token: Option<Secret>,
    refresh_token: Option<Secret>,
}

impl Held {
    pub(super) fn of(entry: &AuthProvider) -> Self {
        Self {
            id_token: entry.id_token.clone(),
            refresh_token: entry.refresh_token.clone(),
        }
    }

    /// What the entry holds after these were written: a token that is not there leaves the old one.
    pub(super) fn with(&self, written: &Record) -> Self {
        let id_token = Some(&written.token).filter(|token| !token.expose().is_empty());
        Self {
            id_token: id_token.or(self.id_token.as_ref()).cloned(),
            refresh_token: written
                .refresh_token
                .as_ref()
                .or(self.refresh_token.as_ref())
                .cloned(),
        }
    }

    /// The refresh token says whose sign-in it is and how far it has come; where there is none, the ID token does.
    pub(super) fn hash(&self) -> String {
        let (kind, token) = match (&self.refresh_token, &self.id_token) {
            (Some(token), _) => ("refresh-token", token.expose()),
            (None, Some(token)) => ("id-token", token.expose()),
            (None, None) => ("nothing", ""),
        };
        HEXLOWER.encode(digest(&SHA256, format!("{kind} {token}").as_bytes()).as_ref())
    }

    /// Whether kept tokens are still to be written: the entry holds what they were to replace, so nobody has signed in or out since.
    pub(super) fn awaits(&self, kept: &Record, issued_at: Option<i64>) -> bool {
        // A provider that leaves the refresh token as it is leaves no other trace of a later refresh. By itself the time says little: the
        // clocks of its machines differ.
        let is_rotated = kept.refresh_token.is_some() && kept.refresh_token != self.refresh_token;
        let is_later = issued_at.is_some_and(|issued_at| issued_at > kept.issued_at);
        kept.replaces.as_deref() == Some(&*self.hash()) && (is_rotated || !is_later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::sample_record;

    fn held(id_token: &str, refresh_token: &str) -> Held {
        let token = |text: &str| Some(Secret::new(text)).filter(|_| !text.is_empty());
        Held {
            id_token: token(id_token),
            refresh_token: token(refresh_token),
        }
    }

    #[test]
    fn kept_tokens_are_awaited_where_nobody_has_signed_in_or_out_since() {
        const THEN: i64 = 5;
        for (before, kept, now, issued_at, expected) in [
            (("i", "r1"), "r2", ("i", "r1"), Some(4), true),
            // The ID token was removed, to have another one.
            (("i", "r1"), "r2", ("", "r1"), None, true),
            (("i", "r1"), "r2", ("later", "r1"), Some(6), true),
            (("i", "r1"), "r2", ("", ""), None, false),
            (("i", "r1"), "r2", ("", "another"), None, false),
            (("i", "r1"), "r2", ("i", "another"), Some(4), false),
            (("i", "r1"), "r2", ("i", ""), Some(4), false),
            (("i", "r1"), "r1", ("i", "r1"), Some(4), true),
            (("i", "r1"), "r1", ("later", "r1"), Some(6), false),
            (("", "r1"), "r2", ("", "r1"), None, true),
            (("", ""), "r1", ("", ""), None, true),
            (("", ""), "r1", ("", "another"), None, false),
            (("", ""), "r1", ("another", ""), Some(4), false),
            (("i", ""), "", ("i", ""), Some(4), true),
            (("i", ""), "", ("another", ""), Some(4), false),
            // A refresh token is no ID token.
            (("same", ""), "r1", ("", "same"), None, false),
        ] {
            let mut record = sample_record(THEN, 50);
            record.refresh_token = Some(Secret::new(kept)).filter(|_| !kept.is_empty());
            record.replaces = Some(held(before.0, before.1).hash());
            let is_awaited = held(now.0, now.1).awaits(&record, issued_at);
            assert_eq!(is_awaited, expected, "{before:?} {kept} {now:?}");
        }
        assert!(
            !held("i", "r1").awaits(&sample_record(THEN, 50), None),
            "not said"
        );
    }

    #[test]
    fn what_is_written_is_held_and_what_is_not_there_stays() {
        let mut record = sample_record(0, 50);
        assert_eq!(held("i", "r").with(&record).hash(), held("", "refresh").hash());
        record.refresh_token = None;
        assert_eq!(held("i", "r").with(&record).hash(), held("", "r").hash());
        assert_eq!(held("i", "").with(&record).hash(), held("h.p.s", "").hash());
        record.token = Secret::new("");
        assert_eq!(held("i", "").with(&record).hash(), held("i", "").hash());
    }
}
