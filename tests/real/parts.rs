//! Where the real parts are, and where what the tests leave behind goes. Knows paths, starts nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the path of a part that `provision` put there.
pub(crate) fn part(name: &str) -> PathBuf {
    let path = home().join(name);
    assert!(
        path.exists(),
        "the real part `{name}` is missing: run tests/real/provision first (looked for {})",
        path.display()
    );
    path
}

/// Returns a folder of `target/real` for what should outlive the test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = home().join(name);
    fs::create_dir_all(&path).unwrap();
    path
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("real")
}
