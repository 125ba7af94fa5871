//! Finds the user whose process has opened a loopback connection (rule L17).
//!
//! Decides from what the kernel says of its sockets (Linux). Any user of the machine can connect to a loopback address. A user who knows
//! the `state` of a sign-in could complete it with an authorization code of their own account.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod platform;
#[cfg(target_os = "linux")]
mod sock_diag;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(in crate::oidc) use platform::look_up_owner;

/// Both addresses of an accepted connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::oidc) struct Endpoints {
    pub(in crate::oidc) browser: SocketAddr,
    pub(in crate::oidc) listener: SocketAddr,
}

/// Which user owns the browser's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Owner {
    /// A user who may finish the sign-in.
    Allowed,
    /// The user with this id, who may not.
    OtherUser(u32),
    /// The browser has closed the connection, so the kernel has no owner any more. A browser that waits for a page does not close it.
    Closed,
    /// The system does not know: the browser is on another machine or in another network namespace, or there is no table. Accepted
    /// like `Allowed`.
    Unknown,
    /// The lookup failed or took too long. Another user can cause that, so the response is refused.
    LookupFailed,
}

/// The users whose processes may finish a sign-in.
#[derive(Debug, Clone, Default)]
pub(in crate::oidc) struct AllowedUsers {
    pub(in crate::oidc) uids: Vec<u32>,
    /// The id that the kernel shows for each user who has no id in this user namespace (`user_namespaces(7)`).
    pub(in crate::oidc) overflow_uid: Option<u32>,
}

/// Finds the owner in the text of the tables.
fn find_owner(allowed: &AllowedUsers, tables: &str, endpoints: Endpoints) -> Owner {
    let rows: Vec<Row> = tables.lines().filter_map(Row::parse).collect();
    let between = |from, to| {
        let same = |a: SocketAddr, b: SocketAddr| {
            (a.ip().to_canonical(), a.port()) == (b.ip().to_canonical(), b.port())
        };
        rows.iter()
            .filter(move |row| same(row.local, from) && same(row.remote, to) && row.is_connected())
    };
    // Two sockets that are bound to different interfaces can have the same addresses. The connection may be of any of them.
    let mut owners = between(endpoints.browser, endpoints.listener).map(|row| allowed.owner_of(row));
    if let Some(first) = owners.next() {
        return owners
            .find(|owner| matches!(owner, Owner::OtherUser(_)))
            .unwrap_or(first);
    }
    match between(endpoints.listener, endpoints.browser).next() {
        Some(row) if row.state == ESTABLISHED => Owner::Unknown,
        // The browser has closed the connection, so its row may have disappeared.
        Some(_) => Owner::Closed,
        // If the tables contain our listener, they are the tables of our network namespace.
        None if rows.iter().any(|row| row.is_listener(endpoints.listener.port())) => Owner::Closed,
        None => Owner::Unknown,
    }
}

impl AllowedUsers {
    fn owner_of(&self, row: &Row) -> Owner {
        // Root may be a port forwarder, such as that of WSL or Docker. Refusing root would not protect anything: root can do anything on
        // this machine.
        const ROOT: u32 = 0;
        let is_closed = row.inode == 0;
        // Older kernels show root as the owner of a socket that its process has closed.
        if is_closed && (row.uid == ROOT || Some(row.uid) == self.overflow_uid) {
            return Owner::Closed;
        }
        if self.uids.contains(&row.uid) {
            return Owner::Allowed;
        }
        if row.uid == ROOT || Some(row.uid) == self.overflow_uid {
            return Owner::Unknown;
        }
        Owner::OtherUser(row.uid)
    }
}

/// States of a connection, as in `include/net/tcp_states.h`.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const SYN_RECV: u8 = 3;
const LISTEN: u8 = 10;
const NEW_SYN_RECV: u8 = 12;

/// A line of `/proc/net/tcp` or `/proc/net/tcp6`.
#[derive(Debug)]
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    uid: u32,
    /// 0 if no process has the socket open.
    inode: u64,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        Some(Self {
            local: parse_address(fields.next()?)?,
            remote: parse_address(fields.next()?)?,
            state: u8::from_str_radix(fields.next()?, 16).ok()?,
            uid: fields.nth(3)?.parse().ok()?,
            inode: fields.nth(1)?.parse().ok()?,
        })
    }

    /// Whether the handshake is over. A socket that tries to connect may have the addresses of the connection of another one.
    fn is_connected(&self) -> bool {
        ![SYN_SENT, SYN_RECV, LISTEN, NEW_SYN_RECV].contains(&self.state)
    }

    fn is_listener(&self, port: u16) -> bool {
        self.state == LISTEN && self.local.port() == port
    }
}

/// Parses an address such as `0100007F:1F40`: words of 32 bits in the machine's byte order, and a port.
fn parse_address(text: &str) -> Option<SocketAddr> {
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
