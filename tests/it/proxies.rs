//! The way to the provider through a proxy of the environment.

use std::io::{BufRead, BufReader, Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::support::{Call, Sandbox, finish, wait_until};
use okta::{Endpoint, Fault, FaultKind};

/// A name that no resolver has, so that there is no other way than the proxy's.
const HOST: &str = "okta.invalid";

/// A proxy that says no, and tells what it was asked for.
fn proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut line = String::new();
            drop(BufReader::new(&client).read_line(&mut line));
            drop(sender.send(line.trim().to_owned()));
            drop(
                client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
            );
        }
    });
    (address, asked)
}

/// As with kubelogin, this machine itself is never asked for through a proxy.
#[test]
fn a_proxy_is_used_where_the_environment_says_so() {
    let sandbox = Sandbox::unattended();
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let (proxy, asked) = proxy();
        let elsewhere = sandbox
            .get_token()
            .with("--oidc-issuer-url", "https://okta.invalid")
            .env(variable, &proxy);
        elsewhere.run().fails(1, &["https://okta.invalid", "proxy"]);
        assert_eq!(
            asked.try_recv().as_deref(),
            Ok("CONNECT okta.invalid:443 HTTP/1.1"),
            "{variable}"
        );
        while asked.try_recv().is_ok() {}
        for no_proxy in ["NO_PROXY", "no_proxy"] {
            elsewhere
                .clone()
                .env(no_proxy, "okta.invalid")
                .run()
                .fails(1, &[]);
            assert!(asked.try_recv().is_err(), "{variable} in spite of {no_proxy}");
        }
    }
    let (proxy, asked) = proxy();
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().env("HTTP_PROXY", &proxy);
    call.env("http_proxy", &proxy).run().token();
    assert!(asked.try_recv().is_err());
}

/// Carries bytes both ways between a client and the provider on this machine.
fn carry(client: TcpStream, port: u16) {
    let provider = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for (mut from, mut to) in [
        (client.try_clone().unwrap(), provider.try_clone().unwrap()),
        (provider, client),
    ] {
        thread::spawn(move || {
            drop(copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
    }
}

/// A proxy that opens each tunnel that it is asked for; whatever the name, it leads to the provider.
fn tunnels(open: fn(&mut TcpStream) -> (String, u16)) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let (host, port) = open(&mut client);
            drop(sender.send(host));
            carry(client, port);
        }
    });
    (address, asked)
}

fn bytes<const N: usize>(client: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).unwrap();
    bytes
}

/// RFC 9110 9.3.6.
fn by_connect(client: &mut TcpStream) -> (String, u16) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(bytes::<1>(client)[0]));
    }
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split_once(' '))
        .unwrap()
        .0;
    let (host, port) = target.split_once(':').unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    (host.to_owned(), port.parse().unwrap())
}

/// RFC 1928, without authentication and with a name for an address.
fn by_socks(client: &mut TcpStream) -> (String, u16) {
    let [5, methods] = bytes(client) else {
        panic!("not SOCKS 5")
    };
    for _ in 0..methods {
        bytes::<1>(client);
    }
    client.write_all(&[5, 0]).unwrap();
    let [5, 1, 0, 3, length] = bytes(client) else {
        panic!("no tunnel to a name")
    };
    let host: Vec<u8> = (0..length).map(|_| bytes::<1>(client)[0]).collect();
    let port = u16::from_be_bytes(bytes(client));
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    (String::from_utf8(host).unwrap(), port)
}

fn signs_in_through(proxy: &str, asked: &Receiver<String>) {
    let sandbox = Sandbox::with_provider_at(HOST);
    let call: Call = sandbox.get_token().arg("--certificate-authority=~/ca.pem");
    let call = call.env("HTTPS_PROXY", proxy);
    let token = call.run().token();
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|host| host == HOST),
        "{asked:?}"
    );
}

#[test]
fn a_whole_session_goes_through_a_tunnel() {
    let (address, asked) = tunnels(by_connect);
    signs_in_through(&format!("http://{address}"), &asked);
}

/// Okta's console is named only to those whose issuer is Okta's.
#[test]
fn at_okta_a_refusal_is_explained_with_the_place_in_its_console() {
    let (address, _) = tunnels(by_connect);
    let sandbox = Sandbox::with_provider_at("corp.okta.com");
    sandbox.okta.behave(|behaviour| behaviour.assigned = false);
    let call = sandbox.get_token().arg("--certificate-authority=~/ca.pem");
    let call = call.env("HTTPS_PROXY", &format!("http://{address}"));
    call.run().fails(
        1,
        &[
            "ask an Okta administrator",
            "Applications > the app > Assignments",
        ],
    );
}

/// Three policies have to allow a sign-in, and `setup` says which one did not.
#[test]
fn at_okta_setup_names_the_policy_that_refuses() {
    let (address, _) = tunnels(by_connect);
    let sandbox = Sandbox::with_provider_at("corp.okta.com");
    sandbox.okta.behave(|behaviour| behaviour.assigned = false);
    let call = sandbox.setup().arg("--certificate-authority=~/ca.pem");
    let call = call.env("HTTPS_PROXY", &format!("http://{address}"));
    call.run().fails(
        1,
        &[
            "of the three policy layers of Okta, the first, the assignment of the app, refused; ask an Okta administrator",
            "Applications > the app > Assignments",
        ],
    );
}

/// A network that hangs is noticed while the old refresh token still works, which Okta is known for.
#[cfg(target_os = "linux")]
#[test]
fn at_okta_an_answer_that_does_not_come_is_asked_for_once_more_within_the_leeway() {
    let (address, _) = tunnels(by_connect);
    let sandbox = Sandbox::with_provider_at("corp.okta.com");
    let call = sandbox.get_token().arg("--certificate-authority=~/ca.pem");
    let call = call.env("HTTPS_PROXY", &format!("http://{address}"));
    let old = call.run().token();
    sandbox.okta.clear_requests();
    sandbox.expire();
    let hangs = FaultKind::SlowAfterCommit { millis: 60_000 };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, hangs)]);
    let child = call.by_timers_of(&sandbox).spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    // Well within the 30 seconds that Okta gives.
    sandbox.let_pass(15);
    assert_ne!(finish(child).token(), old);
    assert_eq!((sandbox.okta.count(Endpoint::Token), sandbox.tabs()), (2, 1));
    assert_eq!(sandbox.okta.reuse_detected(), 0);
}

#[test]
fn a_whole_session_goes_through_a_socks_proxy() {
    let (address, asked) = tunnels(by_socks);
    signs_in_through(&format!("socks5h://{address}"), &asked);
}

/// Go takes the first value that is not empty, the variable in capitals first; and its `NO_PROXY` knows more forms than curl's.
#[test]
fn proxy_variables_are_read_as_kubectl_reads_them() {
    let sandbox = Sandbox::unattended();
    for (issuer, no_proxy, through) in [
        ("https://idp.corp.invalid", "*.corp.invalid", false),
        ("https://idp.corp.invalid:8443", ".corp.invalid:8443", false),
        ("https://idp.corp.invalid:8443", "idp.corp.invalid:443", true),
        ("https://idp.corp.invalid", "idp.corp.invalid:443", false),
        ("https://corp.invalid", ".corp.invalid", true),
    ] {
        let (proxy, asked) = proxy();
        let call = sandbox.get_token().with("--oidc-issuer-url", issuer);
        let call = call.env("HTTPS_PROXY", "").env("https_proxy", &proxy);
        call.env("NO_PROXY", no_proxy).run().fails(1, &[issuer]);
        assert_eq!(asked.try_recv().is_ok(), through, "{issuer} NO_PROXY={no_proxy}");
    }
}

#[test]
fn a_proxy_that_wants_a_password_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut line = String::new();
        drop(BufReader::new(&client).read_line(&mut line));
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=x\r\n\
                       content-length: 0\r\n\r\n";
        drop(client.write_all(answer));
    });
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", "https://okta.invalid");
    let call = call.env("HTTPS_PROXY", &format!("http://{address}"));
    call.run()
        .fails(1, &["put them into HTTPS_PROXY", "user:password@"]);
}
