//! Which of several records of a session is the later one. Pure.

/// The order of a session's records, which may be in several places. A provider's clocks are no order, since those of its machines differ.
/// Zero in a record from before that was noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order {
    /// When its person signed in, in seconds since the epoch by this machine's clock; of a later sign-in more, whatever that clock says.
    pub(super) signed_in_at: i64,
    /// How often it was stored since then.
    pub(super) generation: u64,
}

impl Order {
    /// Of a record that follows another one of the same sign-in.
    pub(crate) fn next(self) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            ..self
        }
    }

    /// Of the record of a new sign-in.
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
    fn a_new_sign_in_is_later_than_all_that_is_known_whatever_the_clock_says() {
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
