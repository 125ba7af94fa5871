//! Whose process is at the other end of a connection (rule L17).
//!
//! Owns the decision, from what the kernel tells of its sockets (Linux). Any user of the machine can connect to a
//! loopback address; one who knows the state of a sign-in could finish it with a code of their own account.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod platform;
#[cfg(target_os = "linux")]
mod sock_diag;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(in crate::oidc) use platform::look;

/// Both ends of an accepted connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::oidc) struct Ends {
    pub(in crate::oidc) peer: SocketAddr,
    pub(in crate::oidc) ours: SocketAddr,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Owner {
    Ours,
    /// A process of the user with this id.
    Other(u32),
    /// It has closed the connection, so that the kernel does not tell any more. Who waits for a page has not.
    Gone,
    /// The system does not tell: another machine, another network namespace, no table.
    Unknown,
    /// The system tells, and did not in time or without an error. Other users can bring this about, so it counts as another user's.
    Undecided,
}

/// The users whose processes may finish a sign-in.
#[derive(Debug, Clone, Default)]
pub(in crate::oidc) struct Allowed {
    pub(in crate::oidc) uids: Vec<u32>,
    /// What the kernel says in place of a user who has no id in this user namespace (`user_namespaces(7)`).
    pub(in crate::oidc) unmapped: Option<u32>,
}

/// Finds the owner in the text of the tables.
fn owner(allowed: &Allowed, tables: &str, ends: Ends) -> Owner {
    let rows: Vec<Row> = tables.lines().filter_map(Row::parse).collect();
    let between = |from, to| {
        let same = |a: SocketAddr, b: SocketAddr| {
            (a.ip().to_canonical(), a.port()) == (b.ip().to_canonical(), b.port())
        };
        rows.iter()
            .find(move |row| same(row.local, from) && same(row.remote, to))
    };
    if let Some(row) = between(ends.peer, ends.ours) {
        return allowed.judge(row);
    }
    match between(ends.ours, ends.peer) {
        Some(row) if row.state == ESTABLISHED => Owner::Unknown,
        // Closed by the other end, by which its row may have gone.
        Some(_) => Owner::Gone,
        // The tables are those of our namespace if they have our listener.
        None if rows.iter().any(|row| row.is_listener(ends.ours.port())) => Owner::Gone,
        None => Owner::Unknown,
    }
}

impl Allowed {
    fn judge(&self, row: &Row) -> Owner {
        // A forwarder such as that of WSL or Docker, and who is root can do anything here anyway.
        const ROOT: u32 = 0;
        let is_closed = row.inode == 0;
        // Older kernels say root of a socket that its process has closed.
        if is_closed && (row.uid == ROOT || Some(row.uid) == self.unmapped) {
            return Owner::Gone;
        }
        if self.uids.contains(&row.uid) {
            return Owner::Ours;
        }
        if row.uid == ROOT || Some(row.uid) == self.unmapped {
            return Owner::Unknown;
        }
        Owner::Other(row.uid)
    }
}

/// States of a connection, as in `include/net/tcp_states.h`.
const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;

/// A line of `/proc/net/tcp` or `/proc/net/tcp6`.
#[derive(Debug)]
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    uid: u32,
    /// 0 of a socket that no process has.
    inode: u64,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        Some(Self {
            local: address(fields.next()?)?,
            remote: address(fields.next()?)?,
            state: u8::from_str_radix(fields.next()?, 16).ok()?,
            uid: fields.nth(3)?.parse().ok()?,
            inode: fields.nth(1)?.parse().ok()?,
        })
    }

    fn is_listener(&self, port: u16) -> bool {
        self.state == LISTEN && self.local.port() == port
    }
}

/// `0100007F:1F40`: words of 32 bits in the machine's own order, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| {
        let digits = ip.get(8 * at..8 * (at + 1))?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip: IpAddr = match ip.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let mut bytes = [0; 16];
            bytes.copy_from_slice(words.as_flattened());
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests;
