//! Asks the kernel for one socket by both its addresses (`sock_diag(7)`).
//!
//! Unlike a read of `/proc/net/tcp`, it takes the same time however many sockets other users hold.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt, socket,
    sockopt,
};
use nix::sys::time::TimeVal;

use super::Row;

// Numbers of Linux's interface, the same on all machines, in the widths of the message.
/// `SOCK_DIAG_BY_FAMILY`: the type of the request and of its response.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const IS_REQUEST: u16 = 1;
/// `AF_INET` and `AF_INET6`.
const INET: u8 = 2;
const INET6: u8 = 10;
/// `IPPROTO_TCP`.
const TCP: u8 = 6;

/// Any socket, whatever its cookie (`INET_DIAG_NOCOOKIE`).
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// The kernel responds at once. The limit is for a kernel that does not.
const RESPONSE_TIME: TimeVal = TimeVal::new(2, 0);

/// Finds the socket that is bound to `local` and connected to `remote`. `None` if this network namespace has none, and on a kernel without
/// this interface, which responds in the same way.
///
/// # Errors
/// When the kernel cannot be asked.
pub(super) fn find(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Row>> {
    let diag = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )?;
    setsockopt(&diag, sockopt::ReceiveTimeout, &RESPONSE_TIME)?;
    let request = request(local, remote);
    sendto(
        diag.as_raw_fd(),
        &request,
        &NetlinkAddr::new(0, 0),
        MsgFlags::empty(),
    )?;
    let mut response = [0; 4096];
    let length = recv(diag.as_raw_fd(), &mut response, MsgFlags::empty())?;
    Ok(parse(response.get(..length).unwrap_or_default(), local, remote))
}

/// A netlink header (`netlink(7)`) and an `inet_diag_req_v2` (`linux/inet_diag.h`).
fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    const LENGTH: u32 = 72;
    let (family, local_ip, remote_ip) = addresses(local, remote);
    let mut message = Vec::with_capacity(LENGTH as usize);
    message.extend(LENGTH.to_ne_bytes());
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(IS_REQUEST.to_ne_bytes());
    // The sequence number and the port id of the sender: there is one request on this socket.
    message.extend([0; 8]);
    message.extend([family, TCP, 0, 0]);
    // All states.
    message.extend(u32::MAX.to_ne_bytes());
    message.extend(local.port().to_be_bytes());
    message.extend(remote.port().to_be_bytes());
    message.extend(local_ip);
    message.extend(remote_ip);
    // Any interface.
    message.extend([0; 4]);
    message.extend(NO_COOKIE);
    message
}

/// Returns the address family and both addresses in 16 bytes each. IPv4 in IPv6 is looked up as IPv4.
fn addresses(local: SocketAddr, remote: SocketAddr) -> (u8, [u8; 16], [u8; 16]) {
    let bytes = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
        IpAddr::V6(ip) => ip.octets(),
    };
    let (local, remote) = (local.ip().to_canonical(), remote.ip().to_canonical());
    let family = if local.is_ipv4() { INET } else { INET6 };
    (family, bytes(local), bytes(remote))
}

/// Reads an `inet_diag_msg`. `None` for an error, and for a socket that is not this connection's.
fn parse(message: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<Row> {
    let number = |at: usize| Some(u32::from_ne_bytes(message.get(at..at + 4)?.try_into().ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    if kind != BY_FAMILY {
        return None;
    }
    let state = *message.get(17)?;
    let row = Row {
        local,
        remote,
        state,
        uid: number(80)?,
        inode: u64::from(number(84)?),
    };
    let is_this = (port(20)?, port(22)?) == (local.port(), remote.port()) && row.is_connected();
    is_this.then_some(row)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use nix::unistd::Uid;

    use super::super::{LISTEN, NEW_SYN_RECV, SYN_RECV, SYN_SENT};
    use super::*;

    #[test]
    fn the_socket_of_a_connection_is_found_until_it_is_closed() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (ours, theirs) = (peer.peer_addr().unwrap(), peer.local_addr().unwrap());
            // A kernel without this interface finds nothing.
            if let Some(row) = find(theirs, ours).unwrap() {
                assert_eq!((row.local, row.remote), (theirs, ours));
                assert_eq!(row.uid, Uid::effective().as_raw());
                assert_ne!(row.inode, 0);
            }
            assert!(find(ours, "127.0.0.1:1".parse().unwrap()).unwrap().is_none());
        }
    }

    #[test]
    fn an_error_and_a_listener_are_no_connection() {
        let (local, remote) = (
            "127.0.0.1:4000".parse().unwrap(),
            "127.0.0.1:8000".parse().unwrap(),
        );
        let mut message = vec![0; 88];
        message[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        message[17] = 1;
        message[20..22].copy_from_slice(&4000_u16.to_be_bytes());
        message[22..24].copy_from_slice(&8000_u16.to_be_bytes());
        message[80..84].copy_from_slice(&1000_u32.to_ne_bytes());
        assert_eq!(parse(&message, local, remote).unwrap().uid, 1000);
        assert!(parse(&message, remote, local).is_none(), "other ports");
        assert!(parse(&message[..87], local, remote).is_none(), "cut");
        for state in [SYN_SENT, SYN_RECV, LISTEN, NEW_SYN_RECV] {
            message[17] = state;
            assert!(parse(&message, local, remote).is_none(), "{state}");
        }
        message[17] = 1;
        message[4..6].copy_from_slice(&2_u16.to_ne_bytes());
        assert!(parse(&message, local, remote).is_none(), "an error");
        assert!(parse(&[], local, remote).is_none());
    }
}
