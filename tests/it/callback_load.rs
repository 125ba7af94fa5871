//! What comes to the callback address in numbers or in pieces: the person's own answer gets through.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use url::Url;

use crate::support::{Call, Sandbox, redirect_of, visit};

/// The provider's answer, which the browser has not followed yet.
pub(crate) struct Callback {
    pub(crate) answer: Url,
}

impl Callback {
    pub(crate) fn of(authorization_url: &str) -> Self {
        Self {
            answer: Url::parse(&redirect_of(authorization_url)).unwrap(),
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.answer.port().unwrap())).unwrap()
    }

    /// Path and query of the right answer.
    pub(crate) fn target(&self) -> String {
        format!("{}?{}", self.answer.path(), self.answer.query().unwrap())
    }

    /// A whole request.
    pub(crate) fn request(&self, method: &str, target: &str, headers: &str) -> String {
        let host = self.answer.authority();
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")
    }

    /// Sends these bytes and returns what comes back; the server may hang up in the middle of either.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        drop(stream.write_all(bytes));
        let mut received = Vec::new();
        drop(stream.read_to_end(&mut received));
        String::from_utf8_lossy(&received).into_owned()
    }

    /// The status of the response to the right answer with these headers.
    fn answered_with(&self, headers: &str) -> u16 {
        status(&self.send(self.request("GET", &self.target(), headers).as_bytes()))
    }
}

pub(crate) fn status(response: &str) -> u16 {
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_default()
}

#[test]
fn no_number_of_stray_requests_ends_the_login() {
    let no_cors = "Origin: https://evil.example\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: empty\r\n";
    for (target, headers, refusal) in [
        ("/", no_cors, 403),
        ("/favicon.ico", "", 404),
        ("/?code=a&state=b", "", 400),
    ] {
        let sandbox = Sandbox::with_habit(Box::new(move |url| {
            let callback = Callback::of(url);
            for _ in 0..300 {
                let response = callback.send(callback.request("GET", target, headers).as_bytes());
                assert_eq!(status(&response), refusal);
            }
            assert_eq!(callback.answered_with(""), 200);
        }));
        sandbox.get_token().run().token();
    }
}

/// Cookies are sent to every port of a host (RFC 6265 8.5).
#[test]
fn cookies_of_other_servers_on_localhost_come_along() {
    let cookie = |number: usize, length: usize| {
        let pairs: Vec<_> = (0..number)
            .map(|n| format!("c{n}={}", "v".repeat(length)))
            .collect();
        format!("Cookie: {}\r\n", pairs.join("; "))
    };
    let many_headers: Vec<_> = (0..500)
        .map(|n| format!("X-{n}: {}\r\n", "v".repeat(100)))
        .collect();
    let many_headers = many_headers.concat();
    for headers in [cookie(24, 1000), cookie(180, 4000), many_headers] {
        let sandbox = Sandbox::with_habit(Box::new(move |url| {
            assert_eq!(Callback::of(url).answered_with(&headers), 200);
        }));
        sandbox.get_token().run().token();
    }
}

#[test]
fn connections_that_send_no_whole_request_make_place_for_the_person() {
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let sandbox = Sandbox::with_habit(Box::new(move |url| {
            let callback = Callback::of(url);
            let held: Vec<_> = (0..100)
                .map(|_| {
                    let mut stream = callback.connect();
                    drop(stream.write_all(sent.as_bytes()));
                    stream
                })
                .collect();
            assert_eq!(callback.answered_with(""), 200);
            drop(held);
        }));
        sandbox.get_token().run().token();
    }
}

/// The same with pieces that come again and again while the person's answer does.
#[test]
fn a_flood_of_connections_does_not_keep_the_person_out() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let callback = Callback::of(url);
        let port = callback.answer.port().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let flood = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let mut held = std::collections::VecDeque::new();
                while !is_over.load(Ordering::Relaxed) {
                    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
                        drop(stream.write_all(b"G"));
                        held.push_back(stream);
                    }
                    if held.len() > 200 {
                        held.pop_front();
                    }
                }
            }
        });
        assert_eq!(callback.answered_with(""), 200);
        is_over.store(true, Ordering::Relaxed);
        flood.join().unwrap();
    }));
    sandbox.get_token().run().token();
}

#[test]
fn what_is_no_plain_get_request_ends_nothing() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let callback = Callback::of(url);
        let target = callback.target();
        for method in ["HEAD", "POST", "OPTIONS", "PUT", "CONNECT"] {
            let response = callback.send(callback.request(method, &target, "").as_bytes());
            assert!([400, 405].contains(&status(&response)), "{method}: {response}");
        }
        let body = "Content-Length: 1000000\r\nExpect: 100-continue\r\n";
        assert_eq!(
            status(&callback.send(callback.request("POST", &target, body).as_bytes())),
            405
        );
        let other_host = format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert_eq!(status(&callback.send(other_host.as_bytes())), 421);
        let without_host = format!("GET {target} HTTP/1.0\r\n\r\n");
        assert_eq!(status(&callback.send(without_host.as_bytes())), 421);
        // Of requests in one piece the first counts: the connection ends with its response.
        let pipelined = callback.request("GET", "/favicon.ico", "") + &callback.request("GET", &target, "");
        let response = callback.send(pipelined.as_bytes());
        assert_eq!(
            (status(&response), response.matches("HTTP/1.1 ").count()),
            (404, 1)
        );
        for no_request in [
            &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"[..],
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
            b"\r\n\r\n\r\n\r\nnonsense\r\n\r\n",
            &[0xff; 3000],
        ] {
            let response = callback.send(no_request);
            assert!([0, 400].contains(&status(&response)), "{response}");
        }
        assert_eq!(callback.answered_with(""), 200);
    }));
    sandbox.get_token().run().token();
    assert_eq!(sandbox.grants("authorization_code"), 1);
}

/// What the desktop's opener gets is in the list of processes, which all users see.
pub(crate) fn desktop(sandbox: &Sandbox, script: &str) -> Call {
    let opener = sandbox.path("opener");
    fs::write(&opener, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o700)).unwrap();
    let call = sandbox.get_token().without("--browser-command");
    call.env("BROWSER", &opener.display().to_string())
}

pub(crate) fn opens_tab(sandbox: &Sandbox) -> String {
    format!("printf '%s\\n' \"$1\" > '{}'", sandbox.path("browser").display())
}

#[test]
fn the_desktop_gets_a_start_page_in_place_of_the_state() {
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let start = Url::parse(url).unwrap();
        assert_eq!(
            (start.scheme(), start.host_str(), start.query()),
            ("http", Some("127.0.0.1"), None)
        );
        let ask = |method: &str, path: &str, host: &str| {
            let mut stream = TcpStream::connect(("127.0.0.1", start.port().unwrap())).unwrap();
            write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            response
        };
        let own = start.authority();
        assert_eq!(status(&ask("POST", start.path(), own)), 405);
        assert_eq!(status(&ask("GET", start.path(), "evil.example")), 421);
        assert_eq!(status(&ask("GET", &format!("{}x", start.path()), own)), 421);
        let response = ask("GET", start.path(), own);
        assert_eq!(status(&response), 302, "{response}");
        for header in [
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "/authorize?",
        ] {
            assert!(response.contains(header), "{response}");
        }
        assert_eq!(visit(url).status, 200);
    }));
    desktop(&sandbox, &opens_tab(&sandbox)).run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// It may choose a browser by the provider's host, or open the URL on another machine.
#[test]
fn a_browser_command_gets_the_provider_s_url() {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    assert!(sandbox.wait_for_tabs(1).contains("&state="));
}

#[test]
fn the_browser_gets_none_of_our_variables() {
    let sandbox = Sandbox::new();
    let seen = sandbox.path("seen");
    let script = format!("env > '{}'; {}", seen.display(), opens_tab(&sandbox));
    let call = desktop(&sandbox, &script)
        .env("KUBESESAME_PASSWORD", "PW")
        .env("KUBESESAME_NO_SUCH_FLAG", "XX")
        .env("OWN", "kept");
    call.run().token();
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("OWN=kept"), "{seen}");
    for name in ["KUBESESAME_", "KUBERNETES_EXEC_INFO"] {
        assert!(!seen.contains(name), "{seen}");
    }
}
