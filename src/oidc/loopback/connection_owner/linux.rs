//! Reading the tables.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use super::{Allowed, Ends, Owner, owner};
use crate::{environment, files};

/// A hundred thousand connections are read in much less.
const READING_TIME: Duration = Duration::from_secs(5);

/// What `/proc/self/loginuid` says of a process that no log-in has started.
const NO_LOGIN: u32 = u32::MAX;

/// Looks at who is at the other end; takes a while on a machine with very many connections.
pub(in crate::oidc) fn look(ends: Ends) -> Owner {
    let allowed = allowed();
    let deadline = Instant::now() + READING_TIME;
    // The second look shows that the connection was there during the first one: its other end did not just leave.
    for _ in 0..2 {
        let Some(tables) = tables(ends.ours.port(), deadline) else {
            return Owner::Unknown;
        };
        match owner(&allowed, &tables, ends) {
            Owner::Unknown => {}
            known => return known,
        }
    }
    Owner::Unknown
}

/// The lines that have this port at one of their ends.
fn tables(port: u16, deadline: Instant) -> Option<String> {
    let port = format!(":{port:04X} ");
    let read = |path| files::table_lines(Path::new(path), |line| line.contains(&port), deadline);
    let ipv4 = read("/proc/net/tcp").ok()?;
    // Not there where IPv6 is turned off.
    Some(ipv4 + &read("/proc/net/tcp6").unwrap_or_default())
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
