use super::*;

#[path = "other.rs"]
mod other;

const HEADER: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

fn hex(address: &str) -> String {
    let address: SocketAddr = address.parse().unwrap();
    let words: Vec<u8> = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = words
        .chunks(4)
        .map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap())));
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

/// A line of the table, as the kernel writes it.
fn row(local: &str, remote: &str, state: &str, uid: u32, inode: u64) -> String {
    format!(
        "   1: {} {} {state} 00000000:00000000 00:00000000 00000000 {uid:>5}        0 {inode} 1 0000000000000000 20 4 30 10 -1\n",
        hex(local),
        hex(remote)
    )
}

fn found(table: &str) -> Owner {
    found_between(table, "127.0.0.1:40000", "127.0.0.1:8000")
}

fn found_between(table: &str, peer: &str, local: &str) -> Owner {
    let allowed = AllowedUsers {
        uids: vec![1000, 1001],
        overflow_uid: None,
    };
    let endpoints = Endpoints {
        browser: peer.parse().unwrap(),
        listener: local.parse().unwrap(),
    };
    find_owner(&allowed, &format!("{HEADER}{table}"), endpoints)
}

const PEER: &str = "127.0.0.1:40000";
const LOCAL: &str = "127.0.0.1:8000";

#[test]
fn a_line_of_a_little_endian_machine_is_read() {
    if cfg!(target_endian = "little") {
        assert_eq!(parse_address("0100007F:1F40").unwrap(), LOCAL.parse().unwrap());
        let loopback = "00000000000000000000000001000000:1F40";
        assert_eq!(parse_address(loopback).unwrap(), "[::1]:8000".parse().unwrap());
    }
    for wrong in [
        "",
        "0100007F",
        "0100007F:",
        "01:1F40",
        "0100007é:1F40",
        "0100007F:1F401",
    ] {
        assert_eq!(parse_address(wrong), None, "{wrong}");
    }
}

#[test]
fn the_owner_is_the_user_of_the_clients_socket() {
    let open = |uid| row(LOCAL, PEER, "01", 1000, 7) + &row(PEER, LOCAL, "01", uid, 8);
    for (uid, expected) in [
        (1000, Owner::Allowed),
        (1001, Owner::Allowed),
        (0, Owner::Unknown),
        (5002, Owner::OtherUser(5002)),
        (65534, Owner::OtherUser(65534)),
    ] {
        assert_eq!(found(&open(uid)), expected, "{uid}");
    }
}

#[test]
fn connections_of_others_beside_it_do_not_count() {
    let table = row("127.0.0.1:40000", "127.0.0.1:8001", "01", 5002, 1)
        + &row("127.0.0.1:40001", LOCAL, "01", 5002, 2)
        + &row("127.0.0.2:40000", LOCAL, "01", 5002, 3)
        + &row(LOCAL, PEER, "01", 5002, 4)
        + &row(PEER, LOCAL, "01", 1000, 5);
    assert_eq!(found(&table), Owner::Allowed);
}

#[test]
fn addresses_of_ipv4_in_ipv6_are_the_same() {
    let table = row(
        "[::ffff:127.0.0.1]:40000",
        "[::ffff:127.0.0.1]:8000",
        "01",
        5002,
        8,
    );
    assert_eq!(found(&table), Owner::OtherUser(5002));
    let mapped = "[::ffff:127.0.0.1]";
    let both = found_between(&table, &format!("{mapped}:40000"), &format!("{mapped}:8000"));
    assert_eq!(both, Owner::OtherUser(5002));
    let ipv6 = row("[::1]:40000", "[::1]:8000", "01", 1000, 8);
    assert_eq!(found_between(&ipv6, "[::1]:40000", "[::1]:8000"), Owner::Allowed);
    assert_eq!(found_between(&ipv6, PEER, "[::1]:8000"), Owner::Unknown);
}

/// A kernel shows root as the owner of a socket that no process has open.
#[test]
fn a_client_that_has_closed_the_connection_has_no_owner() {
    let listener = row(LOCAL, "0.0.0.0:0", "0A", 1000, 6);
    let waits = row(LOCAL, PEER, "08", 1000, 7);
    let closed = |uid| row(PEER, LOCAL, "05", uid, 0);
    assert_eq!(found(&(waits.clone() + &closed(0))), Owner::Closed);
    assert_eq!(found(&(waits.clone() + &closed(5002))), Owner::OtherUser(5002));
    assert_eq!(found(&(waits.clone() + &closed(1000))), Owner::Allowed);
    assert_eq!(found(&row(PEER, LOCAL, "06", 0, 0)), Owner::Closed);
    // The client has closed only its sending direction.
    assert_eq!(
        found(&(waits.clone() + &row(PEER, LOCAL, "05", 1000, 8))),
        Owner::Allowed
    );
    assert_eq!(found(&(listener.clone() + &waits)), Owner::Closed);
    assert_eq!(found(&listener), Owner::Closed);
}

/// As sockets that are bound to different interfaces.
#[test]
fn of_two_sockets_with_the_same_addresses_the_one_of_another_user_counts() {
    let mut rows = [row(PEER, LOCAL, "01", 1000, 8), row(PEER, LOCAL, "01", 5002, 9)];
    assert_eq!(found(&rows.concat()), Owner::OtherUser(5002));
    rows.reverse();
    assert_eq!(found(&rows.concat()), Owner::OtherUser(5002));
    let connecting = row(PEER, LOCAL, "02", 1000, 8);
    let connected = row(PEER, LOCAL, "01", 5002, 9);
    assert_eq!(found(&(connecting + &connected)), Owner::OtherUser(5002));
}

#[test]
fn another_machine_or_namespace_is_unknown() {
    let open = row(LOCAL, PEER, "01", 1000, 7);
    assert_eq!(found(&open), Owner::Unknown);
    assert_eq!(found(""), Owner::Unknown);
    assert_eq!(found("\u{fffd} garbage : 1 2\n"), Owner::Unknown);
}

#[test]
fn a_user_without_an_id_in_this_namespace_is_unknown() {
    let allowed = AllowedUsers {
        uids: vec![0],
        overflow_uid: Some(65534),
    };
    let endpoints = Endpoints {
        browser: PEER.parse().unwrap(),
        listener: LOCAL.parse().unwrap(),
    };
    let owner_of = |uid, inode| find_owner(&allowed, &row(PEER, LOCAL, "01", uid, inode), endpoints);
    assert_eq!(owner_of(65534, 8), Owner::Unknown);
    assert_eq!(owner_of(65534, 0), Owner::Closed);
    assert_eq!(owner_of(0, 8), Owner::Allowed);
    assert_eq!(owner_of(4242, 8), Owner::OtherUser(4242));
}

#[test]
fn the_owner_is_unknown_on_a_system_without_tables() {
    let endpoints = Endpoints {
        browser: PEER.parse().unwrap(),
        listener: LOCAL.parse().unwrap(),
    };
    assert_eq!(other::look_up_owner(endpoints), Owner::Unknown);
}

/// The real tables, of a connection that this process has with itself.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_of_this_process_is_allowed_until_it_is_closed() {
    use std::net::{TcpListener, TcpStream};
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else {
            continue;
        };
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, from) = listener.accept().unwrap();
        let endpoints = Endpoints {
            browser: from,
            listener: accepted.local_addr().unwrap(),
        };
        assert_eq!(look_up_owner(endpoints), Owner::Allowed, "{address}");
        drop(peer);
        // A newer kernel still shows the owner.
        assert!(
            [Owner::Closed, Owner::Allowed].contains(&look_up_owner(endpoints)),
            "{address}"
        );
    }
}
