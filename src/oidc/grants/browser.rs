//! Opens a browser. This is the only module of `oidc` that starts a process.
//!
//! The URL comes from a provider's document, so it is passed to the opener as one argument and never through a shell
//! (CVE-2025-6514). The opener does not inherit our streams: its output would corrupt the protocol on stdout, and a
//! browser that holds our stderr open would keep kubectl's caller waiting. It does not inherit our environment variables either.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use crate::environment;
use crate::process::core_dump;
use crate::settings::Browser;

/// A failure of the opener counts only within this time. Some openers are the browser itself, and exit when its last window is closed.
const OPENER_FAILURE_WINDOW: Duration = Duration::from_secs(10);

/// Returns the URL that the browser is opened at.
///
/// The desktop's browser gets the start page, if there is one: other users can read the list of processes, and the start page's URL
/// does not contain the `state`. A custom command gets the provider's URL: it may choose a browser by the URL's host, or open the URL on
/// another machine.
pub(in crate::oidc) fn opened_url<'a>(
    browser: &Browser,
    start: Option<&'a Url>,
    provider: &'a Url,
) -> &'a Url {
    match browser {
        Browser::Desktop => start.unwrap_or(provider),
        Browser::Command { .. } | Browser::Print(_) | Browser::Unavailable => provider,
    }
}

/// Opens the URL, on a separate thread. Calls `on_failure` with the reason if no opener succeeds.
pub(in crate::oidc) fn open(
    browser: &Browser,
    url: &Url,
    on_failure: impl Fn(String) + Send + Clone + 'static,
) {
    let url = url.to_string();
    let openers: Box<dyn FnOnce() -> Vec<Opener> + Send> = match browser {
        Browser::Desktop => Box::new(move || desktop_openers(&url)),
        Browser::Command { path, args } => {
            let args = if is_program_path(path) {
                vec![path.clone()]
            } else {
                args.clone()
            };
            Box::new(move || {
                let opener = Opener::new(&args, Some(&url));
                opener
                    .map(|opener| opener.with_setting("--browser-command"))
                    .into_iter()
                    .collect()
            })
        }
        Browser::Print(_) | Browser::Unavailable => return,
    };
    let on_spawn_failure = on_failure.clone();
    let started = thread::Builder::new().name("browser".to_owned()).spawn(move || {
        if let Some(reason) = run_until_success(openers()) {
            on_failure(reason);
        }
    });
    if let Err(error) = started {
        on_spawn_failure(format!("no thread could be started: {error}"));
    }
}

/// Whether the whole text, with its spaces, is the path of a program, as in `/Applications/Google Chrome.app/…`. kubelogin accepts only
/// such a path.
fn is_program_path(text: &str) -> bool {
    let path = Path::new(text);
    path.components().count() > 1 && path.is_file()
}

/// A program that opens the URL.
struct Opener {
    program: String,
    /// The flag or variable that names the program, so that a person knows what to correct. `None` for the system's own openers.
    setting: Option<&'static str>,
    command: Command,
}

impl Opener {
    /// Creates an opener from a command line. `url`, if given, becomes the last argument.
    fn new(words: &[String], url: Option<&str>) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        let mut command = program_command(program);
        command.args(arguments).args(url);
        Some(Self {
            program: program.clone(),
            setting: None,
            command,
        })
    }

    fn with_setting(self, setting: &'static str) -> Self {
        Self {
            setting: Some(setting),
            ..self
        }
    }

    fn display_name(&self) -> String {
        let setting = self.setting.map(|setting| format!(" ({setting})"));
        format!("`{}`{}", self.program, setting.unwrap_or_default())
    }

    /// Runs the program and waits until it exits, which may be when its browser exits. Returns `None` if the exit status is unknown.
    fn run(&mut self) -> io::Result<Option<ExitStatus>> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A browser may run for days after the sign-in. It does not need our settings, and some of them are secrets.
        for name in environment::own_variables() {
            self.command.env_remove(name);
        }
        // Ctrl-C at the terminal is for us, not for the browser.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        match core_dump::with_inherited_limit(|| self.command.spawn())?.wait() {
            // The program has run. If our caller ignores SIGCHLD, we inherit that, and the system discards the exit status of a child.
            Err(error) if is_already_reaped(&error) => Ok(None),
            status => status.map(Some),
        }
    }
}

#[cfg(unix)]
fn is_already_reaped(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::ECHILD as i32)
}

#[cfg(not(unix))]
fn is_already_reaped(_: &io::Error) -> bool {
    false
}

#[expect(clippy::disallowed_methods, reason = "the access point to the browser")]
fn program_command(program: &str) -> Command {
    Command::new(program)
}

/// Returns the openers of the desktop: those in `BROWSER` first, then the system's.
#[expect(clippy::disallowed_methods, reason = "the access point to the browser")]
fn desktop_openers(url: &str) -> Vec<Opener> {
    let variable = environment::browser().unwrap_or_default();
    let entries = variable.split(list_separator()).filter_map(shlex::split);
    let chosen: Vec<Opener> = entries.filter_map(|words| opener_of_entry(words, url)).collect();
    let system = open::commands(url).into_iter().map(|command| Opener {
        program: command.get_program().to_string_lossy().into_owned(),
        setting: None,
        command,
    });
    // Debian's alternatives system, for a machine without xdg-utils.
    let debian = cfg!(target_os = "linux").then(|| Opener::new(&["x-www-browser".to_owned()], Some(url)));
    chosen.into_iter().chain(system).chain(debian.flatten()).collect()
}

/// Returns the opener for one entry of `BROWSER`. The URL replaces each argument `%s`. A `%s` inside a longer argument is not replaced:
/// that argument may be a script, in which the URL would be run as code.
fn opener_of_entry(mut words: Vec<String>, url: &str) -> Option<Opener> {
    let placeholders = words.iter_mut().skip(1).filter(|word| *word == "%s");
    let count = placeholders.map(|word| url.clone_into(word)).count();
    let opener = Opener::new(&words, (count == 0).then_some(url))?;
    Some(opener.with_setting("BROWSER"))
}

/// Returns the separator of the entries of `BROWSER`, which is the separator of `PATH`.
fn list_separator() -> char {
    if cfg!(windows) { ';' } else { ':' }
}

/// Runs the openers in order until one succeeds. If all fail, returns why the first one failed: that is the one that a person chose.
///
/// A system opener that is not installed is not reported as a failure if another opener has failed.
fn run_until_success(openers: Vec<Opener>) -> Option<String> {
    let mut failure = None;
    let mut absent = Vec::new();
    for mut opener in openers {
        let started_at = Instant::now();
        let name = opener.display_name();
        match opener.run() {
            Ok(None) => return None,
            Ok(Some(status)) if status.success() || !is_failure(&opener.program, started_at) => return None,
            Ok(Some(status)) => failure = failure.or_else(|| Some(format!("{name} ended with {status}"))),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                failure = failure.or_else(|| Some(format!("{name}: {error}")));
            }
            Err(_) if opener.setting.is_some() => {
                failure = failure.or_else(|| Some(format!("there is no program {name}")));
            }
            Err(_) => absent.push(name),
        }
    }
    failure.or_else(|| match absent.as_slice() {
        [] => Some("there is nothing to open it with".to_owned()),
        [one] => Some(format!("there is no program {one}")),
        [first, ..] => Some(format!(
            "there is none of {first} and {} other programs",
            absent.len() - 1
        )),
    })
}

/// Whether an exit status other than success means that no page was opened. Windows Explorer returns such a status after it has opened a
/// page.
fn is_failure(program: &str, started_at: Instant) -> bool {
    !program.to_ascii_lowercase().contains("explorer") && started_at.elapsed() < OPENER_FAILURE_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_replaces_a_placeholder_or_is_the_last_argument() {
        let arguments = |words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned()).collect();
            let opener = opener_of_entry(words, "https://i/?a=b").unwrap();
            let arguments = opener.command.get_args();
            let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
            arguments.collect::<Vec<_>>()
        };
        assert_eq!(arguments(&["firefox"]), ["https://i/?a=b"]);
        assert_eq!(
            arguments(&["firefox", "-P", "my work"]),
            ["-P", "my work", "https://i/?a=b"]
        );
        assert_eq!(arguments(&["opener", "%s", "-x"]), ["https://i/?a=b", "-x"]);
        let script = "printf '%s' \"$1\"";
        assert_eq!(
            arguments(&["sh", "-c", script, "sh"]),
            ["-c", script, "sh", "https://i/?a=b"]
        );
    }

    #[test]
    fn a_command_gets_the_url_of_the_provider_and_the_desktop_a_start_page() {
        let url = |text| Url::parse(text).unwrap();
        let (start, provider) = (url("http://127.0.0.1:1/start"), url("https://i/authorize"));
        let command = Browser::Command {
            path: "firefox".to_owned(),
            args: vec!["firefox".to_owned()],
        };
        assert_eq!(opened_url(&Browser::Desktop, Some(&start), &provider), &start);
        assert_eq!(opened_url(&Browser::Desktop, None, &provider), &provider);
        assert_eq!(opened_url(&command, Some(&start), &provider), &provider);
    }

    #[test]
    fn the_failure_of_the_first_installed_opener_is_reported() {
        let openers = |programs: &[&str]| {
            let programs = programs.iter().map(|&program| vec![program.to_owned()]);
            run_until_success(
                programs
                    .filter_map(|words| Opener::new(&words, Some("x")))
                    .collect(),
            )
        };
        assert_eq!(openers(&[]).unwrap(), "there is nothing to open it with");
        assert_eq!(
            openers(&["no-such-opener"]).unwrap(),
            "there is no program `no-such-opener`"
        );
        if cfg!(unix) {
            assert_eq!(openers(&["no-such-opener", "false", "true"]), None);
            let failure = openers(&["no-such-opener", "false", "also-none"]).unwrap();
            assert!(failure.starts_with("`false` ended with "), "{failure}");
        }
    }

    #[test]
    fn a_chosen_opener_that_is_not_installed_is_reported_with_the_variable_that_names_it() {
        let chosen = opener_of_entry(vec!["no-such-opener".to_owned()], "x").unwrap();
        let system = Opener::new(&["also-none".to_owned()], Some("x")).unwrap();
        assert_eq!(
            run_until_success(vec![chosen, system]).unwrap(),
            "there is no program `no-such-opener` (BROWSER)"
        );
    }
}
