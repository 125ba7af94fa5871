//! Checks whether the process was started without a standard output.
//!
//! Rust's runtime opens `/dev/null` for a closed descriptor, so a lost result would look like a written one. So the check runs before
//! `main`, in a function that the loader calls.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::fcntl::{FcntlArg, fcntl};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

pub(crate) fn was_closed() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

#[expect(
    clippy::disallowed_methods,
    reason = "it only reads the state of the descriptor"
)]
extern "C" fn check_stdout() {
    let is_closed = fcntl(std::io::stdout(), FcntlArg::F_GETFD).is_err();
    WAS_CLOSED.store(is_closed, Ordering::Relaxed);
}

/// A list of functions in the executable's format (System V ABI, chapter 5; Mach-O's initializers).
#[used]
#[expect(unsafe_code, reason = "only the attribute is unsafe, not the function")]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static RUN_BEFORE_MAIN: extern "C" fn() = check_stdout;
