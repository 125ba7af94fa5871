//! Decides which of several records of a session is the latest. Pure.

use crate::clock::Timestamp;

/// The position of a record among those of its session, which may be in several directories. The token's `iat` cannot order them, since
/// the clocks of a provider's machines differ. A record of a version that did not store it has the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order {
    /// The login's time on this machine's clock, if known. A later login always has a larger value, even if that clock was set
    /// back.
    pub(super) signed_in_at: Option<Timestamp>,
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

    /// Returns the order of the first record of a new login.
    pub(crate) fn for_new_login(self, now: Timestamp) -> Self {
        let after_last = self.signed_in_at.map(|last| last.saturating_add(1));
        Self {
            signed_in_at: after_last.max(Some(now)),
            generation: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;

    #[test]
    fn a_new_login_is_later_than_all_known_records_even_if_the_clock_was_set_back() {
        let old = Order {
            signed_in_at: Some(at(100)),
            generation: 6,
        };
        for now in [99, 100, 101, 5000].map(at) {
            let new = old.for_new_login(now);
            assert!(new > old.next() && old.next() > old, "{now:?}");
            assert_eq!(new.signed_in_at, Some(now.max(at(101))));
        }
    }
}
