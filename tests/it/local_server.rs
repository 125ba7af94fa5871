//! A loopback listener with https, for providers that redirect to nothing else.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair};
use url::Url;

use crate::support::{Call, Sandbox, free_port, redirect_of, visit};
use okta::Endpoint;

/// Writes a certificate for `localhost` and its key.
fn certificate(sandbox: &Sandbox, name: &str) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    fs::write(sandbox.path(&format!("{name}.pem")), certificate.pem()).unwrap();
    let file = sandbox.path(&format!("{name}.key"));
    fs::write(&file, key.serialize_pem()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn call(sandbox: &Sandbox, certificate: &str, key: &str) -> Call {
    sandbox
        .get_token()
        .arg(&format!("--local-server-cert=~/{certificate}"))
        .arg(&format!("--local-server-key=~/{key}"))
        .arg("--authentication-timeout-sec=600")
}

fn redirect_uri(sandbox: &Sandbox) -> String {
    let requests = sandbox.okta.requests();
    let authorize = requests
        .iter()
        .find(|request| request.endpoint == Endpoint::Authorize)
        .expect("a sign-in");
    let (_, uri) = authorize
        .query
        .iter()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    uri.clone()
}

/// A provider that takes https on any port of `localhost`.
fn sandbox(habit: Box<dyn Fn(&str) + Send>) -> Sandbox {
    let sandbox = Sandbox::with_habit(habit);
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push("https://localhost:1".to_owned()));
    certificate(&sandbox, "local");
    sandbox
}

#[test]
fn the_browser_comes_back_by_https() {
    let sandbox = sandbox(Box::new(|url| {
        let page = visit(url);
        assert!(page.body.contains("You are signed in"), "{}", page.body);
    }));
    let call = call(&sandbox, "local.pem", "local.key");
    call.run().token();
    assert!(
        redirect_uri(&sandbox).starts_with("https://localhost:"),
        "{}",
        redirect_uri(&sandbox)
    );
    // The files are for a sign-in: later calls do not need them.
    fs::remove_file(sandbox.path("local.key")).unwrap();
    assert_eq!(call.run().stderr, "");
}

#[test]
fn a_client_that_speaks_plain_http_or_says_nothing_ends_no_sign_in() {
    let sandbox = sandbox(Box::new(|url| {
        let answer = redirect_of(url);
        let port = Url::parse(&answer).unwrap().port().unwrap();
        let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut plain = TcpStream::connect(("127.0.0.1", port)).unwrap();
        plain
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut told = Vec::new();
        // Whether it is reset or told, it gets no page.
        drop(plain.read_to_end(&mut told));
        assert!(!told.starts_with(b"HTTP/"), "{told:?}");
        visit(&answer);
        drop(silent);
    }));
    call(&sandbox, "local.pem", "local.key").run().token();
}

/// A browser that does not know the certificate would show its warning twice.
#[test]
fn the_desktop_begins_at_the_provider() {
    let sandbox = sandbox(Box::new(|url| {
        assert!(url.contains("&state="), "{url}");
        visit(url);
    }));
    let opener = sandbox.path("opener");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" > '{}'\n",
        sandbox.path("browser").display()
    );
    fs::write(&opener, script).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o700)).unwrap();
    let call = call(&sandbox, "local.pem", "local.key").without("--browser-command");
    call.env("BROWSER", &opener.display().to_string()).run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_redirect_url_of_ones_own_is_https_then() {
    let sandbox = sandbox(Box::new(|url| drop(visit(url))));
    let own = format!("https://localhost:{}/callback", free_port());
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push(own.clone()));
    let call = call(&sandbox, "local.pem", "local.key").arg(&format!("--oidc-redirect-url={own}"));
    call.clone().without("--listen-address").run().token();
    assert_eq!(redirect_uri(&sandbox), own);
    call.with("--oidc-redirect-url", "http://localhost:8000")
        .run()
        .fails(2, &["with --local-server-cert it has to be https"]);
}

#[test]
fn what_cannot_be_used_is_told_before_a_browser_opens() {
    let sandbox = sandbox(Box::new(|_| ()));
    certificate(&sandbox, "other");
    fs::write(sandbox.path("empty.pem"), "nothing").unwrap();
    for (cert, key, words) in [
        (
            "missing.pem",
            "local.key",
            "cannot read the file of --local-server-cert",
        ),
        (
            "empty.pem",
            "local.key",
            "--local-server-cert cannot be used: it has no certificate",
        ),
        (
            "local.pem",
            "missing.key",
            "cannot read the file of --local-server-key",
        ),
        ("local.pem", "other.key", "--local-server-cert cannot be used: "),
    ] {
        call(&sandbox, cert, key).run().fails(2, &[words]);
    }
    fs::set_permissions(sandbox.path("empty.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    call(&sandbox, "local.pem", "empty.pem")
        .run()
        .fails(2, &["it has no private key in PEM"]);
    fs::set_permissions(sandbox.path("local.key"), fs::Permissions::from_mode(0o644)).unwrap();
    call(&sandbox, "local.pem", "local.key")
        .run()
        .fails(2, &["is open to other users", "chmod 600"]);
    let half = call(&sandbox, "local.pem", "local.key").without("--local-server-key");
    half.run().fails(2, &["belong together", "give both, or neither"]);
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn setup_repeats_the_files_by_their_whole_names() {
    let sandbox = sandbox(Box::new(|url| drop(visit(url))));
    let outcome = sandbox
        .setup()
        .arg(&format!(
            "--local-server-cert={}",
            sandbox.path("local.pem").display()
        ))
        .arg("--local-server-key=~/local.key")
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let told = sandbox.filtered(&outcome);
    assert!(told.contains("--local-server-cert=[HOME]/local.pem"), "{told}");
    assert!(told.contains("--local-server-key=~/local.key"), "{told}");
}
