//! Whether the process was started without a standard output.
//!
//! Rust's runtime opens `/dev/null` in place of a descriptor that is closed, and from then on a result that is lost looks like
//! one that was written. So this looks before `main`, by a function that the loader calls.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::fcntl::{FcntlArg, fcntl};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

pub(crate) fn was_closed() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

#[expect(clippy::disallowed_methods, reason = "it is looked at, and not written to")]
extern "C" fn look() {
    let is_closed = fcntl(std::io::stdout(), FcntlArg::F_GETFD).is_err();
    WAS_CLOSED.store(is_closed, Ordering::Relaxed);
}

/// A list of functions in the executable's format (System V ABI, chapter 5; Mach-O's initializers).
#[used]
#[expect(
    unsafe_code,
    reason = "the attribute alone is; the function does nothing that is"
)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = look;
