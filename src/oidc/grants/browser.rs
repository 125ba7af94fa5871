//! Opening a browser: the only place of `oidc` that starts a process.
//!
//! The URL comes from a provider's document, so it goes to the opener as one argument and never through a shell
//! (CVE-2025-6514). The opener gets none of our streams: its output would spoil the protocol on stdout, and a
//! browser that holds our stderr would keep kubectl's caller waiting. Nor does it get our variables.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use crate::environment;
use crate::process::core_dump;
use crate::settings::Browser;

/// An opener that fails later than this has shown something: some are the browser, and end with its last window.
const OPENING_TIME: Duration = Duration::from_secs(10);

/// Which URL a browser is opened at.
///
/// The desktop's gets the start page, if there is one: it has no state in it, for those who see the list of processes. A command of
/// the person's own may need the provider's URL itself: to pick a browser by its host, or to open it on another machine.
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

/// Starts what opens the URL, on a thread of its own. `on_failure` hears why it failed, if it did, and nothing otherwise.
pub(in crate::oidc) fn open(
    browser: &Browser,
    url: &Url,
    on_failure: impl Fn(String) + Send + Clone + 'static,
) {
    let url = url.to_string();
    let openers: Box<dyn FnOnce() -> Vec<Opener> + Send> = match browser {
        Browser::Desktop => Box::new(move || desktop(&url)),
        Browser::Command { path, args } => {
            let args = if is_program(path) {
                vec![path.clone()]
            } else {
                args.clone()
            };
            Box::new(move || {
                let opener = Opener::new(&args, Some(&url));
                opener
                    .map(|opener| opener.named_by("--browser-command"))
                    .into_iter()
                    .collect()
            })
        }
        Browser::Print(_) | Browser::Unavailable => return,
    };
    let told = on_failure.clone();
    let started = thread::Builder::new().name("browser".to_owned()).spawn(move || {
        if let Some(reason) = first_that_works(openers()) {
            on_failure(reason);
        }
    });
    if let Err(error) = started {
        told(format!("no thread could be started: {error}"));
    }
}

/// Whether a text names a program by its path, spaces and all, as in `/Applications/Google Chrome.app/…`: kubelogin takes nothing
/// else.
fn is_program(text: &str) -> bool {
    let path = Path::new(text);
    path.components().count() > 1 && path.is_file()
}

/// A program that opens the URL.
struct Opener {
    program: String,
    /// What names it, so that a person knows what to correct; none for what a system has by itself.
    setting: Option<&'static str>,
    command: Command,
}

impl Opener {
    /// The URL comes last, if it is not among the words yet.
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

    fn named_by(self, setting: &'static str) -> Self {
        Self {
            setting: Some(setting),
            ..self
        }
    }

    fn shown(&self) -> String {
        let setting = self.setting.map(|setting| format!(" ({setting})"));
        format!("`{}`{}", self.program, setting.unwrap_or_default())
    }

    /// Runs it to its end, which may be that of its browser. None where the system does not tell how it ended.
    fn run(&mut self) -> io::Result<Option<ExitStatus>> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A browser outlives the sign-in by days, and has no use for our settings, some of which are secrets.
        for name in environment::own_variables() {
            self.command.env_remove(name);
        }
        // Ctrl-C at the terminal is for us, not for the browser.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        match core_dump::with_inherited_limit(|| self.command.spawn())?.wait() {
            // It has run: a caller that ignores SIGCHLD leaves that to us, and the system forgets how a child ends.
            Err(error) if is_forgotten_child(&error) => Ok(None),
            ended => ended.map(Some),
        }
    }
}

#[cfg(unix)]
fn is_forgotten_child(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::ECHILD as i32)
}

#[cfg(not(unix))]
fn is_forgotten_child(_: &io::Error) -> bool {
    false
}

#[expect(clippy::disallowed_methods, reason = "the access point to the browser")]
fn program_command(program: &str) -> Command {
    Command::new(program)
}

/// What the desktop has: the user's own choice first, then the system's.
#[expect(clippy::disallowed_methods, reason = "the access point to the browser")]
fn desktop(url: &str) -> Vec<Opener> {
    let chosen = environment::browser().unwrap_or_default();
    let chosen = chosen.split(list_separator()).filter_map(shlex::split);
    let chosen: Vec<Opener> = chosen.filter_map(|words| chosen_opener(words, url)).collect();
    let system = open::commands(url).into_iter().map(|command| Opener {
        program: command.get_program().to_string_lossy().into_owned(),
        setting: None,
        command,
    });
    // Debian's alternatives, for a system without xdg-utils.
    let debian = cfg!(target_os = "linux").then(|| Opener::new(&["x-www-browser".to_owned()], Some(url)));
    chosen.into_iter().chain(system).chain(debian.flatten()).collect()
}

/// An entry of `BROWSER`: a word `%s` is the place of the URL. Within a word it is left alone: that may be a script, in which the
/// URL would be code.
fn chosen_opener(mut words: Vec<String>, url: &str) -> Option<Opener> {
    let places = words.iter_mut().skip(1).filter(|word| *word == "%s");
    let count = places.map(|word| url.clone_into(word)).count();
    let opener = Opener::new(&words, (count == 0).then_some(url))?;
    Some(opener.named_by("BROWSER"))
}

/// `BROWSER` is a list like `PATH`.
fn list_separator() -> char {
    if cfg!(windows) { ';' } else { ':' }
}

/// Tries one after the other, and returns why the first has failed, if all fail: what a person chose comes first. Of what a system
/// may have, what is not there has not failed.
fn first_that_works(openers: Vec<Opener>) -> Option<String> {
    let mut failure = None;
    let mut absent = Vec::new();
    for mut opener in openers {
        let began = Instant::now();
        let name = opener.shown();
        match opener.run() {
            Ok(None) => return None,
            Ok(Some(status)) if status.success() || !is_a_failure(&opener.program, began) => return None,
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

/// Windows' Explorer ends with a failure when it has opened a page.
fn is_a_failure(program: &str, began: Instant) -> bool {
    !program.to_ascii_lowercase().contains("explorer") && began.elapsed() < OPENING_TIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_argument_at_its_place_or_last() {
        let arguments = |words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned()).collect();
            let opener = chosen_opener(words, "https://i/?a=b").unwrap();
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
    fn the_first_opener_that_is_there_says_why_it_failed() {
        let openers = |programs: &[&str]| {
            let programs = programs.iter().map(|&program| vec![program.to_owned()]);
            first_that_works(
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
    fn a_chosen_opener_that_is_not_there_is_told_with_the_variable_that_names_it() {
        let chosen = chosen_opener(vec!["no-such-opener".to_owned()], "x").unwrap();
        let system = Opener::new(&["also-none".to_owned()], Some("x")).unwrap();
        assert_eq!(
            first_that_works(vec![chosen, system]).unwrap(),
            "there is no program `no-such-opener` (BROWSER)"
        );
    }
}
