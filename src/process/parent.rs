//! The process that started this one.

use serde::{Deserialize, Serialize};

use super::platform;

/// The process that started this one. The system reuses a pid, but not a pid with a start time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParentProcess {
    pub(crate) pid: u32,
    /// The start time in the system's own unit, if it is known.
    pub(crate) started: Option<u64>,
}

impl ParentProcess {
    /// Looks up the process that started this one.
    pub(crate) fn of_this_process() -> Self {
        platform::parent()
    }

    /// Whether it was running at a time of [`crate::clock::boot_ticks`].
    pub(crate) fn was_running_at(&self, boot_ticks: u64) -> bool {
        self.started.is_some_and(|started| started <= boot_ticks)
    }
}

/// Returns the id of the process that started this one. Cheaper than [`ParentProcess::of_this_process`].
pub(crate) fn parent_id() -> u32 {
    platform::parent_id()
}

#[cfg(test)]
mod tests {
    use super::super::other;
    use super::*;

    #[test]
    fn the_parent_is_running_now_and_was_not_before_its_start() {
        let parent = ParentProcess::of_this_process();
        assert!(parent.was_running_at(crate::clock::boot_ticks()));
        assert!(!parent.was_running_at(parent.started.unwrap() - 1));
        assert_eq!(parent_id(), parent.pid);
    }

    #[test]
    fn the_parent_has_a_start_time_on_linux_and_by_the_library() {
        assert!(ParentProcess::of_this_process().started.is_some());
        let other = other::parent();
        assert!(other.started.is_some());
        assert_eq!(other.pid, ParentProcess::of_this_process().pid);
    }
}
