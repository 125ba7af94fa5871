//! No core file while secrets are in memory.
//!
//! By the limit on its size and not by `PR_SET_DUMPABLE`: a process that cannot be dumped cannot be looked at by the programs that ask
//! for its name either (a password manager when it is asked for a key, another kubesesame whose port is taken).

#[cfg(unix)]
use std::sync::OnceLock;

#[cfg(unix)]
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// One byte is too little for any core file, and where cores go to a program instead (systemd-coredump), Linux takes it for "none at all",
/// unlike 0 (`core(5)`).
#[cfg(target_os = "linux")]
const NO_CORE: rlim_t = 1;
#[cfg(all(unix, not(target_os = "linux")))]
const NO_CORE: rlim_t = 0;

/// What the limit was.
#[cfg(unix)]
static INHERITED: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// Turns core files off for this process. Best effort: there may be a filter of system calls.
pub(crate) fn forbid() {
    #[cfg(unix)]
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_CORE)
        && setrlimit(Resource::RLIMIT_CORE, NO_CORE.min(hard), hard).is_ok()
    {
        let _only_once = INHERITED.set((soft, hard));
    }
}

/// Starts another program, which has its core files as its user wants them.
pub(crate) fn allowed_for<T>(start: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    if let Some((soft, hard)) = INHERITED.get() {
        let set = |limit| {
            let _failed = setrlimit(Resource::RLIMIT_CORE, limit, *hard);
        };
        set(*soft);
        let started = start();
        set(NO_CORE.min(*hard));
        return started;
    }
    start()
}
