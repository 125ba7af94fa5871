//! Signals that wait while a change is made that must not be left half made.

/// Signals to this thread wait until this is dropped, and then do what they would have done at once.
///
/// Nothing but a quick change of files may happen meanwhile: no wait for a person, a terminal or the network. Where there are no
/// signals (Windows), nothing waits.
#[derive(Debug)]
pub(crate) struct HeldSignals {
    #[cfg(unix)]
    before: Option<nix::sys::signal::SigSet>,
    /// The mask is the thread's.
    _of_this_thread: std::marker::PhantomData<*const ()>,
}

impl HeldSignals {
    /// All of them: an interrupt or a closed terminal would end us, Ctrl-Z would stop us with the lock in hand.
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

/// From now on a limit on the size of files (`ulimit -f`) is an error of a write as on a full disk, and does not end this process (SIGXFSZ).
/// To be called before there is another thread.
#[cfg(unix)]
pub(crate) fn survive_file_size_limits() {
    use nix::sys::signal::{SigSet, Signal};

    let mut limits = SigSet::empty();
    limits.add(Signal::SIGXFSZ);
    // Without that, a process with such a limit ends as it would have before.
    let _failed = limits.thread_block();
}

/// There are no such limits.
#[cfg(not(unix))]
pub(crate) fn survive_file_size_limits() {}

#[cfg(all(test, unix))]
mod tests {
    use nix::sys::signal::{SigSet, Signal};

    use super::*;

    #[test]
    fn signals_are_held_until_the_first_holder_lets_go() {
        let is_held = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM);
        assert!(!is_held());
        let outer = HeldSignals::hold();
        drop(HeldSignals::hold());
        assert!(is_held());
        drop(outer);
        assert!(!is_held());
    }
}
