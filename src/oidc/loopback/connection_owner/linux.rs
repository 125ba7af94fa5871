//! Asks the kernel: first for this one socket, and else for its tables of connections (`proc_pid_net(5)`).

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use super::{Allowed, Ends, Owner, owner, sock_diag};
use crate::{environment, files};

/// A hundred thousand connections are read in much less. Another user can make it longer, by sockets that the kernel is slow to list.
const READING_TIME: Duration = Duration::from_secs(5);

/// What `/proc/self/loginuid` says of a process that no log-in has started.
const NO_LOGIN: u32 = u32::MAX;

/// Looks at who is at the other end; takes a while on a machine with very many connections.
pub(in crate::oidc) fn look(ends: Ends) -> Owner {
    let allowed = allowed();
    // Where it cannot be asked, the tables are read.
    if let Ok(Some(row)) = sock_diag::find(ends.peer, ends.ours) {
        return allowed.judge(&row);
    }
    let deadline = Instant::now() + READING_TIME;
    // The second look shows that the connection was there during the first one: its other end did not just leave.
    for _ in 0..2 {
        let tables = match tables(ends.ours.port(), deadline) {
            Ok(tables) => tables,
            Err(error) => return without_tables(&error),
        };
        match owner(&allowed, &tables, ends) {
            Owner::Unknown => {}
            known => return known,
        }
    }
    Owner::Unknown
}

/// A system may have no tables. Any other error, as of too many open files, can be another user's doing.
fn without_tables(error: &io::Error) -> Owner {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => Owner::Unknown,
        _ => Owner::Undecided,
    }
}

/// The lines that have this port at one of their ends.
fn tables(port: u16, deadline: Instant) -> io::Result<String> {
    let port = format!(":{port:04X} ");
    let read = |path| files::table_lines(Path::new(path), |line| line.contains(&port), deadline);
    let ipv4 = read("/proc/net/tcp")?;
    match read("/proc/net/tcp6") {
        Ok(ipv6) => Ok(ipv4 + &ipv6),
        // IPv6 is turned off.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(ipv4),
        Err(error) => Err(error),
    }
}

/// This user, and whoever has become this user by `sudo` or `su`: their browser is still that of their own desktop.
fn allowed() -> Allowed {
    let number = |path: &str| {
        let text = files::read_named(Path::new(path)).ok()?;
        String::from_utf8(text).ok()?.trim().parse::<u32>().ok()
    };
    let login = number("/proc/self/loginuid").filter(|uid| *uid != NO_LOGIN);
    let sudo = Uid::effective().is_root().then(environment::sudo_uid).flatten();
    let own = [Uid::effective().as_raw(), Uid::current().as_raw()];
    Allowed {
        uids: own.into_iter().chain(login).chain(sudo).collect(),
        unmapped: (!has_all_users()).then(|| number("/proc/sys/kernel/overflowuid").unwrap_or(65534)),
    }
}

/// Whether each user of the machine has an id here: in a user namespace most have none.
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
            (ErrorKind::TimedOut, Owner::Undecided),
            (ErrorKind::OutOfMemory, Owner::Undecided),
        ] {
            assert_eq!(without_tables(&kind.into()), owner, "{kind}");
        }
        let too_many_files = io::Error::from(nix::errno::Errno::EMFILE);
        assert_eq!(without_tables(&too_many_files), Owner::Undecided);
    }

    #[test]
    fn the_deadline_of_the_tables_is_an_error() {
        let error = tables(1, Instant::now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
