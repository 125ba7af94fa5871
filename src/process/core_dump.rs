//! Disables core files, since the memory contains secrets.
//!
//! It sets the size limit and not `PR_SET_DUMPABLE`. Other programs cannot inspect a process that is not dumpable: a password manager that
//! checks who requests a key, or another kubesesame that looks up who uses its port.

#[cfg(unix)]
use std::sync::OnceLock;

#[cfg(unix)]
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// One byte is too little for any core file. If cores are piped to a program (systemd-coredump), Linux treats a limit of 1 as "no core",
/// unlike 0 (`core(5)`).
#[cfg(target_os = "linux")]
const NO_CORE_LIMIT: rlim_t = 1;
#[cfg(all(unix, not(target_os = "linux")))]
const NO_CORE_LIMIT: rlim_t = 0;

/// The soft and hard limit before [`disable`].
#[cfg(unix)]
static INHERITED_LIMIT: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// Disables core files for this process. Best effort: a filter of system calls may forbid the change.
pub(crate) fn disable() {
    #[cfg(unix)]
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_CORE)
        && setrlimit(Resource::RLIMIT_CORE, NO_CORE_LIMIT.min(hard), hard).is_ok()
    {
        let _only_once = INHERITED_LIMIT.set((soft, hard));
    }
}

/// Calls `start`, which starts another program, with the limit that this process inherited.
pub(crate) fn with_inherited_limit<T>(start: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    if let Some((soft, hard)) = INHERITED_LIMIT.get() {
        let set = |limit| {
            let _failed = setrlimit(Resource::RLIMIT_CORE, limit, *hard);
        };
        set(*soft);
        let started = start();
        set(NO_CORE_LIMIT.min(*hard));
        return started;
    }
    start()
}
