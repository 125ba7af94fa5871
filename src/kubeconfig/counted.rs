//! For tests: a value that counts its comparisons, so that a test can check that an algorithm takes linear time.

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

thread_local! {
    static COMPARISONS: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Counted(pub(super) u32);

/// Returns the number of comparisons that `work` makes.
pub(super) fn comparisons(work: impl FnOnce()) -> u32 {
    COMPARISONS.set(0);
    work();
    COMPARISONS.get()
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0 == other.0
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0.cmp(&other.0)
    }
}
