//! Opening a browser: the only place that starts a process.
//!
//! The URL comes from a provider's document, so it goes to the opener as one argument and never through a shell
//! (CVE-2025-6514). The opener gets none of our streams: its output would spoil the protocol on stdout, and a
//! browser that holds our stderr would keep kubectl's caller waiting.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use tokio::sync::oneshot;
use url::Url;

use crate::settings::Browser;

/// Starts what opens the URL; the receiver hears why it failed, if it did, and nothing otherwise.
pub(super) fn open(browser: &Browser, url: &Url) -> oneshot::Receiver<String> {
    let (failed, receiver) = oneshot::channel();
    let url = url.to_string();
    match browser {
        Browser::Desktop => drop(thread::spawn(move || {
            if let Err(error) = desktop(&url) {
                drop(failed.send(error.to_string()));
            }
        })),
        Browser::Command { whole, words } => {
            let words = if is_program(whole) {
                vec![whole.clone()]
            } else {
                words.clone()
            };
            drop(thread::spawn(move || {
                if let Some(reason) = command(&words, &url) {
                    drop(failed.send(reason));
                }
            }));
        }
        Browser::Print | Browser::Nobody => {}
    }
    receiver
}

/// Whether a text names a program by its path, spaces and all, as in `/Applications/Google Chrome.app/…`: the peer takes nothing
/// else.
fn is_program(text: &str) -> bool {
    let path = Path::new(text);
    path.components().count() > 1 && path.is_file()
}

#[expect(clippy::disallowed_methods, reason = "the door to the browser")]
fn desktop(url: &str) -> io::Result<()> {
    open::that_detached(url)
}

/// Runs the configured command and returns why it failed. It may run as long as its browser does.
#[expect(clippy::disallowed_methods, reason = "the door to the browser")]
fn command(words: &[String], url: &str) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.env_remove("KUBERNETES_EXEC_INFO");
    // Ctrl-C at the terminal is for us, not for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    match command.status() {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("`{program}` ended with {status}")),
        Err(error) => Some(format!("`{program}`: {error}")),
    }
}
