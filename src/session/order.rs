//! Decides which of several records of a session is the latest. Pure.

/// The position of a record among those of its session, which may be in several directories. The token's `iat` cannot order them, since
/// the clocks of a provider's machines differ. Both fields are zero in a record of a version that did not store them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order {
    /// When the login was, in seconds since the epoch by this machine's clock. A later login always has a larger value, even if that clock
    /// was set back.
    pub(super) signed_in_at: i64,
    /// How often the session was stored since that login.
    pub(super) generation: u64,
}

impl Order {
    /// Returns the order of the next record of the same login.
    pub(crate) fn next(self) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            ..self
        }
    }

    /// Returns the order of the first record of a new login. `now` is in seconds since the epoch.
    pub(crate) fn signed_in(self, now: i64) -> Self {
        Self {
            signed_in_at: now.max(self.signed_in_at.saturating_add(1)),
            generation: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_login_is_later_than_all_known_records_even_if_the_clock_was_set_back() {
        let old = Order {
            signed_in_at: 100,
            generation: 6,
        };
        for now in [99, 100, 101, 5000] {
            let new = old.signed_in(now);
            assert!(new > old.next() && old.next() > old, "{now}");
            assert_eq!(new.signed_in_at, now.max(101));
        }
    }
}
