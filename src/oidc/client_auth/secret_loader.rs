//! Reads a secret or a private key from its source: a file, a command, or the OS keyring.
//!
//! Owns how long a command may take, how much it may print, and which line ends do not belong to the secret. Never keeps what it has read.

use std::time::Duration;

use zeroize::{Zeroize as _, Zeroizing};

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

/// Reads a secret. Line ends after one in a file or in the keyring do not belong to it, nor does one line end after one that a command
/// prints.
pub(in crate::oidc) fn load_secret(
    source: &SecretSource,
    interaction: Interaction<'_>,
) -> Result<Secret, SetupError> {
    if let SecretSource::Inline { secret, .. } = source {
        return Ok(secret.clone());
    }
    let bytes = load_bytes(source, interaction)?;
    let text = str::from_utf8(&bytes).map_err(|_| no_text(source))?;
    let text = match source {
        SecretSource::Command { .. } => without_line_end(text),
        SecretSource::Inline { .. } | SecretSource::File { .. } | SecretSource::Keyring { .. } => {
            text.trim_end_matches(['\r', '\n'])
        }
    };
    if text.is_empty() {
        return Err(no_text(source));
    }
    Ok(Secret::new(text))
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
            let finished = run_attended(&args[0], &args[1..], COMMAND_TIMEOUT, &on_stderr);
            let printed = finished.map_err(CommandFault::Start).and_then(printed);
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
    match printed.len() {
        0 => Err(CommandFault::NoText),
        1..=MAX_PRINTED_BYTES => Ok(printed),
        _ => Err(CommandFault::TooLong(MAX_PRINTED_BYTES)),
    }
}

fn without_line_end(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
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
    fn one_line_end_after_what_a_command_prints_does_not_belong_to_the_secret() {
        for (printed, secret) in [
            ("s", "s"),
            ("s\n", "s"),
            ("s\r\n", "s"),
            ("s\n\n", "s\n"),
            (" s ", " s "),
            ("\n", ""),
        ] {
            assert_eq!(without_line_end(printed), secret, "{printed:?}");
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
