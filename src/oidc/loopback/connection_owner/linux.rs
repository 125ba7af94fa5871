//! Linux: finds the user who owns the browser's socket, by `sock_diag`, else by the tables in `/proc/net/tcp` (`proc_pid_net(5)`).

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use super::{AllowedUsers, Endpoints, Owner, find_owner, sock_diag};
use crate::{environment, files};

/// Enough to read the tables: a hundred thousand connections take much less. Another user can make it take longer, with sockets that the
/// kernel is slow to list.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The content of `/proc/self/loginuid` in a process that does not belong to a login session.
const NO_LOGIN_UID: u32 = u32::MAX;

/// Finds the owner of the browser's socket. Where the kernel cannot be asked for that socket alone, it takes a while on a machine with very
/// many connections.
pub(in crate::oidc) fn look_up_owner(endpoints: Endpoints) -> Owner {
    let allowed = allowed_users();
    if let Ok(Some(row)) = sock_diag::find(endpoints.browser, endpoints.listener) {
        return allowed.owner_of(&row);
    }
    let deadline = Instant::now() + READ_TIMEOUT;
    // If the browser closes during the first read, the owner may look unknown. The second read then shows that the browser has closed.
    for _ in 0..2 {
        let tables = match tables(endpoints.listener.port(), deadline) {
            Ok(tables) => tables,
            Err(error) => return owner_without_tables(&error),
        };
        match find_owner(&allowed, &tables, endpoints) {
            Owner::Unknown => {}
            owner => return owner,
        }
    }
    Owner::Unknown
}

/// Unknown if there are no tables; `LookupFailed` otherwise, since another user can cause any other error, such as too many open files.
fn owner_without_tables(error: &io::Error) -> Owner {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => Owner::Unknown,
        _ => Owner::LookupFailed,
    }
}

/// Returns the lines that contain this port.
fn tables(port: u16, deadline: Instant) -> io::Result<String> {
    let port = format!(":{port:04X} ");
    let read = |path| files::table_lines(Path::new(path), |line| line.contains(&port), deadline);
    let ipv4 = read("/proc/net/tcp")?;
    match read("/proc/net/tcp6") {
        Ok(ipv6) => Ok(ipv4 + &ipv6),
        // This table does not exist if IPv6 is turned off.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(ipv4),
        Err(error) => Err(error),
    }
}

/// Returns this user, and the user who became this user with `sudo` or `su`: the browser of that user's desktop session runs as that user.
fn allowed_users() -> AllowedUsers {
    let number = |path: &str| {
        let text = files::read_named(Path::new(path)).ok()?;
        String::from_utf8(text).ok()?.trim().parse::<u32>().ok()
    };
    let login = number("/proc/self/loginuid").filter(|uid| *uid != NO_LOGIN_UID);
    let sudo = Uid::effective().is_root().then(environment::sudo_uid).flatten();
    let own = [Uid::effective().as_raw(), Uid::current().as_raw()];
    AllowedUsers {
        uids: own.into_iter().chain(login).chain(sudo).collect(),
        overflow_uid: (!has_all_users()).then(|| number("/proc/sys/kernel/overflowuid").unwrap_or(65534)),
    }
}

/// Whether each user of the machine has an id in this user namespace. In a namespace of a container, most have none.
fn has_all_users() -> bool {
    let map = files::read_named(Path::new("/proc/self/uid_map")).unwrap_or_default();
    let map = String::from_utf8_lossy(&map).into_owned();
    map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another user can fill the tables, or use up files, so that nobody learns whose connection it is.
    #[test]
    fn only_a_system_without_tables_leaves_the_owner_unknown() {
        for (kind, owner) in [
            (ErrorKind::NotFound, Owner::Unknown),
            (ErrorKind::PermissionDenied, Owner::Unknown),
            (ErrorKind::TimedOut, Owner::LookupFailed),
            (ErrorKind::OutOfMemory, Owner::LookupFailed),
        ] {
            assert_eq!(owner_without_tables(&kind.into()), owner, "{kind}");
        }
        let too_many_files = io::Error::from(nix::errno::Errno::EMFILE);
        assert_eq!(owner_without_tables(&too_many_files), Owner::LookupFailed);
    }

    #[test]
    fn the_deadline_of_the_tables_is_an_error() {
        let error = tables(1, Instant::now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
