//! Shows the main job with one command: `cargo run --example demo`.
//!
//! Starts the mock Okta, lets the real program sign in (in your browser, if there is one; by itself if not), and
//! shows what kubectl gets: the first token, a cached one, a renewed one. This executable is the program too:
//! started with a command of kubesesame's it is kubesesame.
#![expect(clippy::print_stdout, reason = "a demo shows what it does")]
#![expect(
    clippy::disallowed_methods,
    reason = "a demo starts programs and looks around; it has no rooms"
)]

#[path = "../mock_okta/okta/mod.rs"]
mod okta;
#[path = "../mock_okta/visit.rs"]
mod visit;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use okta::{Endpoint, MockOkta, Rotation};

/// Short, so that nobody waits long for the renewal: a token is handed out for half of this.
const TOKEN_SECONDS: i64 = 8;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => report(demo()),
        Some("visit") => {
            let url = std::env::args().next_back().unwrap_or_default();
            report(visit::visit(&url, &[]).map(drop).map_err(Into::into))
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

fn demo() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
        || cfg!(any(target_os = "macos", windows));
    let okta = MockOkta::start();
    okta.behave(|behaviour| {
        behaviour.any_loopback_port = true;
        behaviour.auto_approve = !desktop;
        behaviour.refresh = Rotation::Rotate;
        behaviour.id_token_lifetime_secs = TOKEN_SECONDS;
    });
    println!("A mock Okta runs at {}", okta.issuer());
    if desktop {
        let user = okta.behaviour().user;
        println!(
            "Sign in there as {} with the password: {}",
            user.login, user.password
        );
    }

    println!("\n1. kubectl asks for a token for the first time, and kubesesame signs in:\n");
    let (credential, took) = get_token(&okta, home.path(), desktop)?;
    println!(
        "{credential}   took {} ms, the sign-in included",
        took.as_millis()
    );

    println!("\n2. kubectl asks again, as it does for every command:\n");
    let (cached, took) = get_token(&okta, home.path(), desktop)?;
    println!(
        "   the same token: {}, took {} ms",
        cached == credential,
        took.as_millis()
    );

    println!("\n3. The token ends (this one lives for {TOKEN_SECONDS} s), and kubectl asks again:\n");
    std::thread::sleep(Duration::from_secs(TOKEN_SECONDS.cast_unsigned() / 2 + 1));
    okta.clear_requests();
    let (renewed, took) = get_token(&okta, home.path(), desktop)?;
    println!(
        "   a new token: {}, took {} ms, requests: {}, sign-ins: {}",
        renewed != credential,
        took.as_millis(),
        okta.requests().len(),
        okta.count(Endpoint::Authorize)
    );
    Ok(())
}

/// Runs this executable as kubesesame and returns what kubectl would read, and how long it took.
fn get_token(okta: &MockOkta, home: &Path, desktop: bool) -> Result<(String, Duration), Box<dyn Error>> {
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
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let took = began.elapsed();
    if !output.status.success() {
        return Err(format!("get-token ended with {}", output.status).into());
    }
    Ok((String::from_utf8(output.stdout)?, took))
}
