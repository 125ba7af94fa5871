//! The signal mask: holds signals during a change of files that must not be interrupted, and blocks SIGXFSZ.

/// Holds all signals to this thread until this is dropped. Then they have their effect.
///
/// The code in between must only change files quickly, and never wait for a person, a terminal or the network. Does nothing on systems
/// without signals (Windows).
#[derive(Debug)]
pub(crate) struct HeldSignals {
    #[cfg(unix)]
    before: Option<nix::sys::signal::SigSet>,
    /// The signal mask belongs to the thread, so this must not be sent to another one.
    _of_this_thread: std::marker::PhantomData<*const ()>,
}

impl HeldSignals {
    /// Holds all signals: an interrupt or a closed terminal would end the process, and Ctrl-Z would stop it while it holds a lock.
    pub(crate) fn hold() -> Self {
        Self {
            #[cfg(unix)]
            before: {
                use nix::sys::signal::{SigSet, SigmaskHow};
                SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()
            },
            _of_this_thread: std::marker::PhantomData,
        }
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let _failed = before.thread_set_mask();
        }
    }
}

/// Blocks SIGXFSZ: a write beyond the file size limit (`ulimit -f`) then fails as on a full disk, and does not end this process.
/// Call it before other threads start, since they inherit the mask.
#[cfg(unix)]
pub(crate) fn block_file_size_signal() {
    use nix::sys::signal::{SigSet, Signal};

    let mut limits = SigSet::empty();
    limits.add(Signal::SIGXFSZ);
    // If it fails, such a write ends the process.
    let _failed = limits.thread_block();
}

/// There are no such limits.
#[cfg(not(unix))]
pub(crate) fn block_file_size_signal() {}

#[cfg(all(test, unix))]
mod tests {
    use nix::sys::signal::{SigSet, Signal};

    use super::*;

    #[test]
    fn signals_are_held_until_the_outer_guard_is_dropped() {
        let is_held = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM);
        assert!(!is_held());
        let outer = HeldSignals::hold();
        drop(HeldSignals::hold());
        assert!(is_held());
        drop(outer);
        assert!(!is_held());
    }
}
