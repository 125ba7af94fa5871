//! Copies the access rights of a file to the file that replaces it: the mode, access control lists and other extended attributes.
//!
//! POSIX access control lists (`acl(5)`) are extended attributes on Linux. With such a list, the group bits of the mode are the maximum for
//! every named user and group, so the mode has another meaning without the list.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use xattr::FileExt as _;

const POSIX_ACL: &str = "system.posix_acl_access";
const NFS_ACL: &str = "system.nfs4_acl";

/// Attributes that depend on the old content, so they are not copied.
const CONTENT_ATTRIBUTES: [&str; 3] = ["security.capability", "security.evm", "security.ima"];

const OTHERS_MODE_BITS: u32 = 0o077;

/// Gives a new file the mode, the access control list and the attributes of the file that it replaces. If the list cannot be copied, only
/// the owner gets access, so that no user gets more access than before.
pub(super) fn keep_access(new: &File, replaced: &File, metadata: &Metadata) -> io::Result<()> {
    let mode = metadata.mode() & 0o7777;
    let set_mode = |mode| new.set_permissions(Permissions::from_mode(mode));
    let is_copied = copy_posix_acl(new, replaced);
    set_mode(if is_copied { mode } else { mode & !OTHERS_MODE_BITS })?;
    if !copy_attributes(new, replaced) {
        set_mode(mode & !OTHERS_MODE_BITS)?;
    }
    Ok(())
}

/// Removes the access control list that a new file inherited from its directory. Best effort: the file's mode limits the list anyway.
pub(super) fn drop_inherited_list(new: &File) -> bool {
    match new.get_xattr(POSIX_ACL) {
        Ok(Some(_)) => new.remove_xattr(POSIX_ACL).is_ok(),
        Ok(None) => true,
        Err(error) => has_no_acl_support(&error),
    }
}

fn copy_posix_acl(new: &File, replaced: &File) -> bool {
    match replaced.get_xattr(POSIX_ACL) {
        Ok(Some(list)) => new.set_xattr(POSIX_ACL, &list).is_ok(),
        Ok(None) => drop_inherited_list(new),
        Err(error) => has_no_acl_support(&error),
    }
}

/// Whether the file system or the kernel does not support such lists.
fn has_no_acl_support(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Copies the attributes that this user may set. Returns whether an NFS access control list among them was copied.
fn copy_attributes(new: &File, replaced: &File) -> bool {
    let mut is_copied = true;
    for name in replaced.list_xattr().into_iter().flatten() {
        if name == POSIX_ACL || CONTENT_ATTRIBUTES.iter().any(|other| name == **other) {
            continue;
        }
        let copied = match replaced.get_xattr(&name) {
            Ok(Some(value)) => new.set_xattr(&name, &value).is_ok(),
            _ => false,
        };
        is_copied &= copied || name != NFS_ACL;
    }
    is_copied
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn only_unsupported_lists_count_as_absent() {
        for (errno, has_none) in [
            (Errno::EOPNOTSUPP, true),
            (Errno::ENOSYS, true),
            (Errno::EPERM, false),
            (Errno::EIO, false),
        ] {
            assert_eq!(has_no_acl_support(&io::Error::from(errno)), has_none, "{errno}");
        }
    }
}
