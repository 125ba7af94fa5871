//! Another user of the machine at the callback address, and at the start page.

use std::io::{Read, Write};
use std::net::TcpStream;

use nix::unistd::{Uid, setfsuid};
use url::Url;

use crate::callback_load::{Callback, desktop, opens_tab, status};
use crate::support::{Sandbox, finish, is_root_or_skip, url_from_stderr, visit};

/// Asks as another user: a socket belongs to the file system's user of the thread that makes it.
fn as_another_user(port: u16, request: String, then: fn(TcpStream) -> String) -> String {
    let thread = std::thread::spawn(move || {
        setfsuid(Uid::from_raw(4242));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        then(stream)
    });
    thread.join().unwrap()
}

fn read_all(mut stream: TcpStream) -> String {
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn another_user_cannot_finish_the_sign_in() {
    if !is_root_or_skip() {
        return;
    }
    let sandbox = Sandbox::unattended();
    let call = sandbox.get_token().without("--browser-command").at_terminal();
    let (mut child, _, url) = url_from_stderr(call.spawn());
    let stderr = child.stderr.take().unwrap();
    let told = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let callback = Callback::of(&url);
    let port = callback.answer.port().unwrap();
    let request = callback.request("GET", &callback.target().replace("code=", "code=stolen"), "");
    for _ in 0..2 {
        let response = as_another_user(port, request.clone(), read_all);
        assert_eq!(status(&response), 403, "{response}");
        assert!(response.contains("another user"), "{response}");
    }
    // One that has left at once has no user any more.
    as_another_user(port, request, |stream| {
        drop(stream);
        String::new()
    });
    assert_eq!(visit(&url).status, 200);
    finish(child).token();
    let told = told.join().unwrap();
    assert_eq!(told.matches("another user").count(), 1, "{told}");
    assert!(told.contains("4242"), "{told}");
}

#[test]
fn another_user_learns_nothing_from_the_start_page() {
    if !is_root_or_skip() {
        return;
    }
    let sandbox = Sandbox::with_habit(Box::new(|url| {
        let start = Url::parse(url).unwrap();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            start.path(),
            start.authority()
        );
        let response = as_another_user(start.port().unwrap(), request, read_all);
        assert_eq!(status(&response), 403, "{response}");
        assert!(!response.contains("state="), "{response}");
        assert_eq!(visit(url).status, 200);
    }));
    desktop(&sandbox, &opens_tab(&sandbox)).run().token();
    assert_eq!(sandbox.tabs(), 1);
}
