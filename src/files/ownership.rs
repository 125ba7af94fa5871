//! Whose a directory is.

use std::path::Path;

/// Whether a directory belongs to this user and no other user can make files in it.
#[cfg(unix)]
pub(crate) fn is_only_ours(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    const OTHERS_MAY_WRITE: u32 = 0o022;
    std::fs::metadata(dir).is_ok_and(|metadata| {
        metadata.uid() == nix::unistd::geteuid().as_raw() && metadata.mode() & OTHERS_MAY_WRITE == 0
    })
}

/// Each user has a directory for temporary files there.
#[cfg(not(unix))]
pub(crate) fn is_only_ours(_: &Path) -> bool {
    true
}
