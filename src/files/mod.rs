//! Private files: the only access point to the file system.
//!
//! Owns how a file is read, replaced, locked and removed so that no other user of the machine can read, create or
//! replace it: owner and mode are checked on the open descriptor, links are not followed, and a file is replaced as a whole.
//! Never interprets the content of a file.

#[cfg(unix)]
mod access;
mod error;
mod hint;
#[cfg(target_os = "linux")]
mod kernel_table;
mod named;
mod private_dir;
mod program;
mod reserved;
mod shared;
mod shown;
#[cfg(unix)]
mod unmapped;
mod user_file;

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(not(unix))]
#[path = "other.rs"]
mod platform;

use error::Action;
pub(crate) use error::{Error, Kind};
pub(crate) use hint::Purpose;
use hint::SystemFault;
#[cfg(target_os = "linux")]
pub(crate) use kernel_table::table_lines;
pub(crate) use named::{
    all_end_soon, ends_soon, files_below, make_dir, read_large, read_named, read_secret, write_new,
    write_temporary,
};
use private_dir::{MAX_BYTES, open};
pub(crate) use private_dir::{PrivateDir, is_file_limit};
pub(crate) use program::{find_companion, find_program, is_same_file};
pub(crate) use reserved::Reserved;
pub(crate) use shared::{LockFile, SlotFile};
pub(crate) use shown::{quoted, shown};
pub(crate) use user_file::{Staged, UserFile, UserFileError, UserFileLock};
