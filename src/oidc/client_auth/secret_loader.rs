//! Reads a secret or a private key from its source: a file, a command, or the OS keyring.
//!
//! Owns how long a command may take, how much it may print, and that a secret is one line of it. Never keeps what it has read.

use std::time::Duration;

use zeroize::{Zeroize as _, Zeroizing};

use crate::environment;
use crate::files;
use crate::keyring;
use crate::oidc::errors::secret_source::{CommandFault, ItemFault};
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::{Event, Interaction, LogEvent};
use crate::process::{Finished, run_attended};
use crate::secret::Secret;
use crate::settings::SecretSource;
use crate::untrusted_text::UntrustedText;

/// How long a command may take. It may ask a person to unlock something.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// The longest secret or key that a command may print.
const MAX_PRINTED_BYTES: usize = 64 * 1024;

/// Reads a secret, which is one line. Line ends after it do not belong to it.
pub(in crate::oidc) fn load_secret(
    source: &SecretSource,
    interaction: Interaction<'_>,
) -> Result<Secret, SetupError> {
    if let SecretSource::Inline { secret, .. } = source {
        return Ok(secret.clone());
    }
    let bytes = load_bytes(source, interaction)?;
    let text = match source {
        SecretSource::Command { flag, .. } => {
            one_line(&bytes).map_err(|fault| SetupError::SecretCommand { flag, fault })?
        }
        SecretSource::Inline { .. } | SecretSource::File { .. } | SecretSource::Keyring { .. } => {
            let text = str::from_utf8(&bytes).map_err(|_| no_text(source))?;
            without_line_ends(text)
        }
    };
    if text.is_empty() {
        return Err(no_text(source));
    }
    Ok(Secret::new(text))
}

/// Returns the line that a command printed. Password managers print an entry with all its fields, or a text for people.
fn one_line(printed: &[u8]) -> Result<&str, CommandFault> {
    let text = str::from_utf8(printed).map_err(|_| CommandFault::NotText)?;
    let line = without_line_ends(text);
    match line.lines().count() {
        0 | 1 => Ok(line),
        lines => Err(CommandFault::Lines(lines)),
    }
}

fn without_line_ends(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

/// Reads what is in a source, with its line ends.
pub(super) fn load_bytes(
    source: &SecretSource,
    interaction: Interaction<'_>,
) -> Result<Zeroizing<Vec<u8>>, SetupError> {
    match source {
        SecretSource::Inline { secret, .. } => Ok(Zeroizing::new(secret.expose().into())),
        SecretSource::File { path, flag } => {
            interaction.log(LogEvent::FileRead(path));
            let bytes = files::read_secret(path);
            bytes
                .map(Zeroizing::new)
                .map_err(|source| SetupError::FlagFile { flag, source })
        }
        SecretSource::Command { args, flag } => {
            interaction.log(LogEvent::SecretCommandRun(flag));
            // What it says is not kept, and neither is what it is asked for.
            let on_stderr = |text: &str| interaction.report(Event::ProgramWrote(text));
            // Our own settings may have other secrets.
            let hidden = environment::own_variables();
            let finished = run_attended(
                &args[0],
                &args[1..],
                &hidden,
                COMMAND_TIMEOUT,
                MAX_PRINTED_BYTES,
                &on_stderr,
            );
            let start = |error| CommandFault::Start(UntrustedText::with_limit(&args[0], 200), error);
            let printed = finished.map_err(start).and_then(printed);
            printed.map_err(|fault| SetupError::SecretCommand { flag, fault })
        }
        SecretSource::Keyring {
            service,
            account,
            flag,
        } => {
            let item = keyring::read_item(service, account);
            let item = item.map_err(ItemFault::Keyring).and_then(|item| {
                item.ok_or_else(|| ItemFault::Missing {
                    service: service.clone(),
                    account: account.clone(),
                })
            });
            item.map(|secret| Zeroizing::new(secret.expose().into()))
                .map_err(|fault| SetupError::SecretKeyring { flag, fault })
        }
    }
}

/// Returns what a program printed, if it ended well and in time.
fn printed(mut finished: Finished) -> Result<Zeroizing<Vec<u8>>, CommandFault> {
    let printed = Zeroizing::new(std::mem::take(&mut finished.stdout));
    if printed.len() > MAX_PRINTED_BYTES {
        return Err(CommandFault::TooLong(MAX_PRINTED_BYTES));
    }
    if finished.timed_out {
        return Err(CommandFault::Timeout(COMMAND_TIMEOUT.as_secs()));
    }
    if !finished.success {
        let last_line = finished.stderr.lines().rfind(|line| !line.trim().is_empty());
        let said = UntrustedText::with_limit(last_line.unwrap_or_default(), 200);
        finished.stderr.zeroize();
        return Err(CommandFault::Exit {
            code: finished.code,
            said,
        });
    }
    if printed.is_empty() {
        return Err(CommandFault::NoText);
    }
    Ok(printed)
}

fn no_text(source: &SecretSource) -> SetupError {
    match source {
        SecretSource::Command { flag, .. } => SetupError::SecretCommand {
            flag,
            fault: CommandFault::NoText,
        },
        SecretSource::Keyring { flag, .. } => SetupError::SecretKeyring {
            flag,
            fault: ItemFault::NoText,
        },
        SecretSource::Inline { flag, .. } | SecretSource::File { flag, .. } => {
            SetupError::SecretNotText(flag)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_one_line() {
        for (printed, expected) in [
            (&b"s"[..], Ok("s")),
            (b"s\n", Ok("s")),
            (b"s\r\n", Ok("s")),
            (b"s\n\n", Ok("s")),
            (b" s ", Ok(" s ")),
            (b"\n", Ok("")),
            (
                b"s\nuser: jane\n",
                Err("it printed 2 lines, and the secret is one"),
            ),
            (
                b"s\r\n\r\nuser: jane",
                Err("it printed 3 lines, and the secret is one"),
            ),
            (b"\nsecret", Err("it printed 2 lines, and the secret is one")),
            (b"\xff\xfe", Err("what it printed is not text")),
        ] {
            let line = one_line(printed).map_err(|fault| fault.to_string());
            assert_eq!(line.as_deref().map_err(String::as_str), expected, "{printed:?}");
        }
    }

    #[test]
    fn a_program_gives_a_secret_or_a_reason() {
        let finished = |success: bool, timed_out, stdout: Vec<u8>, stderr: &str| Finished {
            success,
            code: Some(i32::from(!success)),
            timed_out,
            stdout,
            stderr: stderr.to_owned(),
        };
        let fault = |finished| printed(finished).unwrap_err().to_string();
        assert_eq!(
            *printed(finished(true, false, b"s\n".to_vec(), "hello")).unwrap(),
            b"s\n"
        );
        assert_eq!(
            fault(finished(
                false,
                false,
                b"s".to_vec(),
                "first\nvault is \u{1b}[1msealed\n\n"
            )),
            "it ended with exit code 1: vault is [1msealed"
        );
        assert_eq!(
            fault(finished(false, false, vec![], "")),
            "it ended with exit code 1"
        );
        assert_eq!(
            fault(finished(false, true, vec![], "")),
            "it did not end within 60 s"
        );
        assert_eq!(fault(finished(true, false, vec![], "")), "it printed no text");
        assert_eq!(
            fault(finished(true, false, vec![b'x'; MAX_PRINTED_BYTES + 1], "")),
            "it printed more than 65536 bytes"
        );
    }
}
