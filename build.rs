//! How the program is linked on Linux with glibc: less to load and fewer pages to touch at each start.
//!
//! 1. The standard library asks for `libgcc_s.so.1`, which is there to unwind, and the program aborts instead. Loading it costs a
//!    seventh of an empty program's start on a virtual machine: its constructor asks the processor for its features, each question
//!    traps, and each symbol of ours is looked up in it first. So the linker finds a script of that name before the library,
//!    which names the same code as archives.
//! 2. The functions that a cached call runs are put side by side (`benches/order` lists them), which saves a fifth of its memory
//!    and 3 % of its time. Only the linker that comes with Rust knows how. It ignores a name that is no more; the bench prints how many
//!    there are still.
//!
//! Whoever sets `KUBESESAME_PLAIN_LINK` does without both.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script hears of cargo by variables, and its one file is for the linker"
)]

use std::env::var;
use std::path::{Path, PathBuf};

const LIBGCC: &str = "GROUP ( -lgcc_eh -lgcc )\n";
const ORDER: &str = "benches/cached/order.txt";

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ORDER}");
    println!("cargo:rerun-if-env-changed=KUBESESAME_PLAIN_LINK");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    let glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !glibc || var("KUBESESAME_PLAIN_LINK").is_ok() {
        return Ok(());
    }
    let dir = PathBuf::from(var("OUT_DIR").unwrap_or_default());
    std::fs::write(dir.join("libgcc_s.so"), LIBGCC)?;
    println!("cargo:rustc-link-search=native={}", dir.display());
    if is("TARGET", "x86_64-unknown-linux-gnu") && links_with_lld() {
        let order = Path::new(&var("CARGO_MANIFEST_DIR").unwrap_or_default()).join(ORDER);
        println!(
            "cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={}",
            order.display()
        );
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
        // The bench counts which of the names are in it.
        println!(
            "cargo:rustc-link-arg-bins=-Wl,-Map={}",
            dir.join("kubesesame.map").display()
        );
    }
    Ok(())
}

/// Whether nobody has chosen another linker than the one that upstream's compiler brings along and uses on this target.
fn links_with_lld() -> bool {
    if var("RUSTC_LINKER").is_ok() || var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| !flags.is_empty()) {
        return false;
    }
    let sysroot = std::process::Command::new(var("RUSTC").unwrap_or_default())
        .args(["--print", "sysroot"])
        .output();
    let sysroot = sysroot.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    sysroot.is_ok_and(|sysroot| {
        let own = "lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld";
        !sysroot.is_empty() && Path::new(&sysroot).join(own).exists()
    })
}
