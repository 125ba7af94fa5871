//! One shared library less to load at each start, on Linux with glibc.
//!
//! The standard library asks for `libgcc_s.so.1`, which is there to unwind, and the program aborts instead. Loading it costs a
//! seventh of an empty program's start on a virtual machine: its constructor asks the processor for its features, each question
//! traps, and each symbol of ours is looked up in it first. So the linker finds a script of that name before the library,
//! which names the same code as archives. Whoever sets `KUBESESAME_SHARED_LIBGCC` keeps the library.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script hears of cargo by variables, and its one file is for the linker"
)]

use std::env::var;
use std::path::PathBuf;

const SCRIPT: &str = "GROUP ( -lgcc_eh -lgcc )\n";

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=KUBESESAME_SHARED_LIBGCC");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    let glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !glibc || var("KUBESESAME_SHARED_LIBGCC").is_ok() {
        return Ok(());
    }
    let dir = PathBuf::from(var("OUT_DIR").unwrap_or_default());
    std::fs::write(dir.join("libgcc_s.so"), SCRIPT)?;
    println!("cargo:rustc-link-search=native={}", dir.display());
    Ok(())
}
