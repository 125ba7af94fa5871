//! Edits a file that belongs to the user, such as a kubeconfig. Its links, mode, owner and access control list do not change.
//!
//! Owns how such a file is found, locked like kubectl does, replaced as a whole, and backed up in the same directory. Unlike our private
//! files, it may be a link, and other users may be able to read it: that is the user's decision.

mod backup;
mod error;
mod file;
mod lock;
mod staged;

pub(in crate::files) use backup::BackupFault;
pub(in crate::files) use error::FileType;
pub(crate) use error::UserFileError;
pub(crate) use file::UserFile;
use file::{
    COPY_SUFFIX, MAX_BYTES, TEMPORARY_SUFFIX, file_type, read_open, sync_parent, temporary, temporary_prefix,
    with_suffix,
};
pub(crate) use lock::UserFileLock;
pub(crate) use staged::Staged;
