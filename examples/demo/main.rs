//! Shows what kubesesame does, with one command: `cargo run --example demo`.
//!
//! Starts the mock Okta, lets kubesesame sign in (in your browser if there is one, otherwise automatically), and shows what kubectl gets:
//! the first token, a cached one, and a refreshed one. This executable is also kubesesame: it behaves so if it is started with a command of
//! kubesesame.
//!
//! `cargo run --example demo -- --picture docs/demo.svg` also draws the output, for the README.
#![expect(clippy::print_stdout, reason = "a demo shows what it does")]
#![expect(
    clippy::disallowed_methods,
    reason = "a demo starts programs and looks at the environment itself"
)]

mod screen;

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use okta::{Endpoint, MockOkta, Rotation};
use screen::{Screen, Style};

/// The lifetime of a token. It is short, so that the refresh comes soon: kubesesame uses a token for half of this time.
const TOKEN_SECONDS: i64 = 8;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => report(demo(None)),
        Some("--picture") => match arguments.next() {
            Some(path) => report(demo(Some(PathBuf::from(path)))),
            None => report(Err("--picture needs the name of a file".into())),
        },
        Some("visit") => {
            let url = arguments.next_back().unwrap_or_default();
            report(okta::visit::visit(&url, &[]).map(drop).map_err(Into::into))
        }
        Some(_) => kubesesame::run(),
    }
}

fn report(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows the three calls, and draws them to the file `picture`.
fn demo(picture: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    // The picture is drawn without a person.
    let desktop = picture.is_none() && has_desktop();
    let okta = MockOkta::start();
    okta.behave(|behaviour| {
        behaviour.any_loopback_port = true;
        behaviour.auto_approve = !desktop;
        behaviour.refresh = Rotation::Rotate;
        behaviour.id_token_lifetime_secs = TOKEN_SECONDS;
    });
    let mut screen = Screen::new("cargo run --example demo");
    let issuer = okta.issuer();
    screen.show(Style::Plain, &format!("A mock Okta runs at {issuer}"));
    if desktop {
        let user = okta.behaviour().user;
        let (login, password) = (user.login, user.password);
        screen.show(
            Style::Plain,
            &format!("Sign in there as {login} with the password: {password}"),
        );
    }

    screen.heading("1. kubectl asks for a token for the first time, and kubesesame signs in:");
    let (first, took) = get_token(&mut screen, &okta, home.path(), desktop)?;
    screen.show(Style::Plain, &shortened(&first)?);
    screen.show(
        Style::Result,
        &format!("   took {} ms, the sign-in included", took.as_millis()),
    );

    screen.heading("2. kubectl asks again, as it does for every command:");
    let (cached, took) = get_token(&mut screen, &okta, home.path(), desktop)?;
    let same = cached == first;
    screen.show(
        Style::Result,
        &format!("   the same token: {same}, took {} ms", took.as_millis()),
    );

    screen.heading(&format!(
        "3. The token expires (this one lives for {TOKEN_SECONDS} s), and kubectl asks again:"
    ));
    std::thread::sleep(Duration::from_secs(TOKEN_SECONDS.cast_unsigned() / 2 + 1));
    okta.clear_requests();
    let (refreshed, took) = get_token(&mut screen, &okta, home.path(), desktop)?;
    let (new, took) = (refreshed != first, took.as_millis());
    let (requests, sign_ins) = (okta.requests().len(), okta.count(Endpoint::Authorize));
    screen.show(
        Style::Result,
        &format!("   a new token: {new}, took {took} ms, requests: {requests}, sign-ins: {sign_ins}"),
    );
    match picture {
        Some(path) => Ok(std::fs::write(path, screen.picture())?),
        None => Ok(()),
    }
}

fn has_desktop() -> bool {
    let displays = ["DISPLAY", "WAYLAND_DISPLAY"];
    cfg!(any(target_os = "macos", windows)) || displays.iter().any(|name| std::env::var_os(name).is_some())
}

/// Runs this executable as kubesesame. Returns what kubectl would read, and how long it took.
///
/// Its standard error is shown line by line while it runs, because a line may be the URL to open.
fn get_token(
    screen: &mut Screen,
    okta: &MockOkta,
    home: &Path,
    desktop: bool,
) -> Result<(String, Duration), Box<dyn Error>> {
    let this = std::env::current_exe()?;
    let mut command = Command::new(&this);
    command.args([
        "get-token",
        &format!("--oidc-issuer-url={}", okta.issuer()),
        &format!("--oidc-client-id={}", okta.client_id()),
        "--oidc-extra-scope=offline_access",
        "--listen-address=127.0.0.1:0",
        &format!("--token-cache-dir={}", home.join("sessions").display()),
    ]);
    if !desktop {
        command.arg(format!("--browser-command='{}' visit", this.display()));
    }
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            screen.show(Style::Plain, &line?);
        }
    }
    // A credential has a few KB, which fit into the buffer of a pipe, so the program did not wait for a reader.
    let output = child.wait_with_output()?;
    let took = began.elapsed();
    if !output.status.success() {
        return Err(format!("get-token ended with {}", output.status).into());
    }
    Ok((String::from_utf8(output.stdout)?, took))
}

/// Returns the credential with only the start of its token, because a token should not be shown on a screen.
fn shortened(credential: &str) -> Result<String, Box<dyn Error>> {
    let parsed: serde_json::Value = serde_json::from_str(credential)?;
    let token = parsed["status"]["token"]
        .as_str()
        .ok_or("a credential without a token")?;
    let start = token.get(..10).unwrap_or_default();
    Ok(credential.trim_end().replace(token, &format!("{start}…")))
}
