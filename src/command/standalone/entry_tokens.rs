//! The tokens of an `auth-provider` entry, and the decision whether stored tokens that could not be written into the kubeconfig are still
//! to be written. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::clock::Timestamp;
use crate::kubeconfig::AuthProvider;
use crate::secret::Secret;
use crate::session::Record;

/// The tokens in an entry.
#[derive(Debug, Clone, Default)]
pub(super) struct EntryTokens {
    id_token: Option<Secret>,
    refresh_token: Option<Secret>,
}

impl EntryTokens {
    pub(super) fn new(entry: &AuthProvider) -> Self {
        Self {
            id_token: entry.id_token.clone(),
            refresh_token: entry.refresh_token.clone(),
        }
    }

    /// Returns the tokens of the entry after `written` was written. A token that `written` does not have stays as it was.
    pub(super) fn after_write(&self, written: &Record) -> Self {
        Self {
            id_token: written.token().or(self.id_token.as_ref()).cloned(),
            refresh_token: written
                .refresh_token
                .as_ref()
                .or(self.refresh_token.as_ref())
                .cloned(),
        }
    }

    pub(super) fn has_refresh_token_of(&self, other: &Self) -> bool {
        self.refresh_token == other.refresh_token
    }

    /// Returns a hash that identifies the state of the session: of the refresh token, or of the ID token if there is no refresh token.
    pub(super) fn hash(&self) -> String {
        let (kind, token) = match (&self.refresh_token, &self.id_token) {
            (Some(token), _) => ("refresh-token", token.expose()),
            (None, Some(token)) => ("id-token", token.expose()),
            (None, None) => ("nothing", ""),
        };
        HEXLOWER.encode(digest(&SHA256, format!("{kind} {token}").as_bytes()).as_ref())
    }

    /// Whether pending tokens are still to be written: the entry has the tokens that they were to replace, so no login or logout has
    /// happened since. `issued_at` is the time of the entry's ID token.
    pub(super) fn are_to_be_replaced_by(&self, pending: &Record, issued_at: Option<Timestamp>) -> bool {
        // If the provider does not rotate refresh tokens, only the time shows a later refresh. If it does, the time is ignored: the clocks
        // of the provider's servers differ.
        let is_rotated = pending.refresh_token.is_some() && pending.refresh_token != self.refresh_token;
        let is_entry_newer = issued_at.is_some_and(|issued_at| issued_at > pending.issued_at);
        pending.replaces.as_deref() == Some(&*self.hash()) && (is_rotated || !is_entry_newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::session::sample_record;

    fn tokens(id_token: &str, refresh_token: &str) -> EntryTokens {
        let token = |text: &str| Some(Secret::new(text)).filter(|_| !text.is_empty());
        EntryTokens {
            id_token: token(id_token),
            refresh_token: token(refresh_token),
        }
    }

    #[test]
    fn pending_tokens_are_written_if_no_login_or_logout_has_happened_since() {
        const THEN: i64 = 5;
        for (before, pending, now, issued_at, expected) in [
            (("i", "r1"), "r2", ("i", "r1"), Some(4), true),
            // The ID token was removed to force a refresh.
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
            record.refresh_token = Some(Secret::new(pending)).filter(|_| !pending.is_empty());
            record.replaces = Some(tokens(before.0, before.1).hash());
            let is_to_be_replaced = tokens(now.0, now.1).are_to_be_replaced_by(&record, issued_at.map(at));
            assert_eq!(is_to_be_replaced, expected, "{before:?} {pending} {now:?}");
        }
        assert!(
            !tokens("i", "r1").are_to_be_replaced_by(&sample_record(THEN, 50), None),
            "`replaces` is not set"
        );
    }

    #[test]
    fn a_write_replaces_only_the_tokens_that_it_has() {
        let mut record = sample_record(0, 50);
        assert_eq!(
            tokens("i", "r").after_write(&record).hash(),
            tokens("", "refresh").hash()
        );
        record.refresh_token = None;
        assert_eq!(
            tokens("i", "r").after_write(&record).hash(),
            tokens("", "r").hash()
        );
        assert_eq!(
            tokens("i", "").after_write(&record).hash(),
            tokens("h.p.s", "").hash()
        );
        record.remove_token();
        assert_eq!(
            tokens("i", "").after_write(&record).hash(),
            tokens("i", "").hash()
        );
    }
}
