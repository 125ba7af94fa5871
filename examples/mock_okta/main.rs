//! Runs the mock provider for people: `cargo run --example mock_okta -- --help`.
#![expect(
    clippy::print_stdout,
    reason = "a program for a terminal: what it prints is what it is for"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "an example writes the CA file itself, it has no modules with access points"
)]

use std::path::PathBuf;

use clap::Parser;

use okta::{DeviceVerification, MockOkta, Options};

/// An OIDC provider on loopback that behaves as Okta does
#[derive(Debug, Parser)]
struct Arguments {
    /// Listen on this port
    #[arg(long, default_value_t = 9443)]
    port: u16,
    /// Name in the issuer URL
    #[arg(long, default_value = "127.0.0.1", value_parser = ["127.0.0.1", "localhost"])]
    host: String,
    /// Serve https with a fresh certificate authority
    #[arg(long)]
    tls: bool,
    /// Write the CA certificate here
    #[arg(long, value_name = "PATH", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// Approve every sign-in and device at once instead of showing the page
    #[arg(long)]
    auto_approve: bool,
    /// Life of an ID token
    #[arg(long, value_name = "SECS")]
    id_token_lifetime: Option<i64>,
    /// Register this redirect URI too
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let options = Options {
        tls: arguments.tls,
        port: arguments.port,
        host: arguments.host,
    };
    let okta = MockOkta::try_start(&options)?;
    okta.behave(|behaviour| {
        behaviour.auto_approve = arguments.auto_approve;
        if !arguments.auto_approve {
            behaviour.device_verification = DeviceVerification::ByPage;
        }
        behaviour.redirect_uris.extend(arguments.redirect_uri);
        if let Some(seconds) = arguments.id_token_lifetime {
            behaviour.id_token_lifetime_secs = seconds;
        }
    });
    let mut trust = String::new();
    if let (Some(path), Some(pem)) = (arguments.ca_file, okta.ca_pem()) {
        std::fs::write(&path, pem)?;
        trust = format!(" --certificate-authority={}", path.display());
    }
    let user = okta.behaviour().user;
    println!("issuer      {}", okta.issuer());
    println!("org issuer  {}", okta.org_issuer());
    println!("client id   {}  (native app, no secret)", okta.client_id());
    println!("user        {}  password: {}", user.login, user.password);
    println!("control     {}/control/behaviour", okta.origin());
    println!();
    println!(
        "kubesesame get-token --oidc-issuer-url={} --oidc-client-id={} --oidc-extra-scope=email \
         --oidc-extra-scope=offline_access{trust}",
        okta.issuer(),
        okta.client_id()
    );
    loop {
        std::thread::park();
    }
}
