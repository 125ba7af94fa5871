//! Who can use a file that takes the place of another: access lists and other extended attributes, beside owner and mode.
//!
//! POSIX access lists (`acl(5)`) are one of the attributes on Linux. With a list, the group's bits of the mode are the most that any
//! named user or group gets, so a mode without its list says something else.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use xattr::FileExt as _;

const POSIX_LIST: &str = "system.posix_acl_access";
const NFS_LIST: &str = "system.nfs4_acl";

/// They are of the content, which is another one.
const OF_CONTENT: [&str; 3] = ["security.capability", "security.evm", "security.ima"];

const OF_OTHERS: u32 = 0o077;

/// Gives a new file the mode, the access list and the attributes of the one that it replaces. Where the list cannot be kept, only the
/// owner gets in: nobody gets more than before.
pub(super) fn keep_access(new: &File, replaced: &File, metadata: &Metadata) -> io::Result<()> {
    let mode = metadata.mode() & 0o7777;
    let set_mode = |mode| new.set_permissions(Permissions::from_mode(mode));
    let is_kept = keep_posix_list(new, replaced);
    set_mode(if is_kept { mode } else { mode & !OF_OTHERS })?;
    if !keep_attributes(new, replaced) {
        set_mode(mode & !OF_OTHERS)?;
    }
    Ok(())
}

/// Removes the list that a new file has from its directory. Best effort: the mode that the file was made with limits it.
pub(super) fn drop_inherited_list(new: &File) -> bool {
    match new.get_xattr(POSIX_LIST) {
        Ok(Some(_)) => new.remove_xattr(POSIX_LIST).is_ok(),
        Ok(None) => true,
        Err(error) => has_no_lists(&error),
    }
}

fn keep_posix_list(new: &File, replaced: &File) -> bool {
    match replaced.get_xattr(POSIX_LIST) {
        Ok(Some(list)) => new.set_xattr(POSIX_LIST, &list).is_ok(),
        Ok(None) => drop_inherited_list(new),
        Err(error) => has_no_lists(&error),
    }
}

/// The file system, or the kernel, does not know such lists.
fn has_no_lists(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Returns whether an access list among them is kept; of the others each is kept that this user may set.
fn keep_attributes(new: &File, replaced: &File) -> bool {
    let mut is_kept = true;
    for name in replaced.list_xattr().into_iter().flatten() {
        if name == POSIX_LIST || OF_CONTENT.iter().any(|other| name == **other) {
            continue;
        }
        let copied = match replaced.get_xattr(&name) {
            Ok(Some(value)) => new.set_xattr(&name, &value).is_ok(),
            _ => false,
        };
        is_kept &= copied || name != NFS_LIST;
    }
    is_kept
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn only_a_system_without_lists_is_known_to_have_none() {
        for (errno, has_none) in [
            (Errno::EOPNOTSUPP, true),
            (Errno::ENOSYS, true),
            (Errno::EPERM, false),
            (Errno::EIO, false),
        ] {
            assert_eq!(has_no_lists(&io::Error::from(errno)), has_none, "{errno}");
        }
    }
}
