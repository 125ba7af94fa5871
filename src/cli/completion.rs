//! Shell completion: what can follow on a command line, and the scripts that shells load.
//!
//! Pure: the caller has read the names in the kubeconfigs. The shells' scripts and the search are clap's.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::{Arg, CommandFactory, ValueEnum};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete,
};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

use super::Cli;
use super::companion::companion_args;

const PROGRAM: &str = "kubesesame";

/// The variable that a shell's script sets to its own name when it asks what can follow. It has no prefix of ours, since those set flags.
pub(crate) const COMPLETION_VARIABLE: &str = "_KUBESESAME_COMPLETE";

/// The name under which kubectl looks for the completion of `kubectl oidc-login`.
const KUBECTL_COMPLETION: &str = "kubectl_complete-oidc_login";

/// A shell with a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// Values of this machine that flags can have.
#[derive(Debug, Default, Clone)]
pub(crate) struct KnownValues {
    pub(crate) contexts: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) issuers: Vec<String>,
}

/// A request for what can follow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CompletionRequest {
    /// From the script of a shell. `words` are those of the command line, with the program first.
    Shell { shell: Shell, words: Vec<OsString> },
    /// From kubectl. The last of the words is incomplete.
    Kubectl { words: Vec<OsString> },
}

impl CompletionRequest {
    /// Recognizes a request by the program's arguments, with its own name first, and the value of [`COMPLETION_VARIABLE`].
    pub(crate) fn parse(args: &[OsString], variable: Option<&OsStr>) -> Option<Self> {
        let (program, arguments) = args.split_first()?;
        if Path::new(program).file_stem() == Some(OsStr::new(KUBECTL_COMPLETION)) {
            let words = arguments.to_vec();
            return Some(Self::Kubectl { words });
        }
        let shell = Shell::from_str(variable?.to_str()?, false).ok()?;
        let (separator, words) = arguments.split_first()?;
        (separator == "--").then(|| Self::Shell {
            shell,
            words: words.to_vec(),
        })
    }

    /// Returns the arguments of a request to `kubesesame-cluster`, if what follows one of its commands is asked for. The script of a shell
    /// asks it in the same way.
    pub(crate) fn for_companion(&self) -> Option<Vec<OsString>> {
        let Self::Shell { words, .. } = self else {
            return None;
        };
        // The word that is being typed is among them: with two, it is the command itself.
        let is_asked = words.len() > 2 && companion_args(words).is_some();
        is_asked.then(|| [OsString::from("--")].into_iter().chain(words.clone()).collect())
    }

    /// Returns the response in the form that the shell's script, or kubectl, reads.
    ///
    /// # Errors
    /// If the command line cannot be completed.
    pub(crate) fn response(self, known: &KnownValues, current_dir: Option<&Path>) -> io::Result<String> {
        self.response_of(Cli::command(), known, current_dir)
    }

    /// As [`Self::response`], for the command line of another program.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn response_of(
        self,
        command: clap::Command,
        known: &KnownValues,
        current_dir: Option<&Path>,
    ) -> io::Result<String> {
        let mut command = command_with_values(command, known, current_dir);
        match self {
            Self::Shell { shell, words } => {
                let mut response = Vec::new();
                shell
                    .completer()
                    .write_complete(&mut command, words, current_dir, &mut response)?;
                Ok(String::from_utf8_lossy(&response).into_owned())
            }
            Self::Kubectl { words } => {
                let index = words.len();
                let words = [OsString::from(PROGRAM)].into_iter().chain(words).collect();
                complete(&mut command, words, index, current_dir).map(|found| for_kubectl(&found))
            }
        }
    }
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
        }
    }

    /// Returns the script that the shell loads.
    ///
    /// # Errors
    /// Never in practice.
    pub(crate) fn script(self) -> io::Result<String> {
        let mut script = Vec::new();
        self.completer()
            .write_registration(COMPLETION_VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
        Ok(String::from_utf8_lossy(&script).trim_start().to_owned())
    }
}

/// Returns the command with this machine's values for its flags.
fn command_with_values(
    mut command: clap::Command,
    known: &KnownValues,
    current_dir: Option<&Path>,
) -> clap::Command {
    // The arguments of the commands exist only after this.
    command.build();
    with_values(command, known, current_dir)
}

fn with_values(command: clap::Command, known: &KnownValues, current_dir: Option<&Path>) -> clap::Command {
    command
        .mut_args(|arg| arg_with_values(arg, known, current_dir))
        .mut_subcommands(|command| with_values(command, known, current_dir))
}

fn arg_with_values(arg: Arg, known: &KnownValues, current_dir: Option<&Path>) -> Arg {
    let values = match arg.get_long() {
        Some("context") => &known.contexts,
        Some("user") => &known.users,
        Some("oidc-issuer-url") => &known.issuers,
        _ => {
            let name = arg.get_value_names().and_then(<[_]>::first).cloned();
            return match name.as_deref() {
                Some("FILE") => arg.add(paths(PathCompleter::file(), current_dir)),
                Some("DIR") => arg.add(paths(PathCompleter::dir(), current_dir)),
                _ => arg,
            };
        }
    };
    let values = values.clone();
    arg.add(ArgValueCandidates::new(move || {
        values.iter().map(CompletionCandidate::new).collect()
    }))
}

/// Completes paths by one name, which is a plain one. The directory before it stays as it was typed.
fn paths(paths: PathCompleter, current_dir: Option<&Path>) -> ArgValueCompleter {
    let paths = match current_dir {
        Some(dir) => paths.current_dir(dir),
        None => paths,
    };
    ArgValueCompleter::new(move |typed: &OsStr| {
        let is_safe = |candidate: &CompletionCandidate| {
            let name = candidate.get_value().to_str().and_then(|path| {
                let path = path.strip_suffix('/').unwrap_or(path);
                path.rsplit('/').next()
            });
            name.is_some_and(is_plain)
        };
        paths.complete(typed).into_iter().filter(is_safe).collect()
    })
}

/// Whether a shell reads the name as it is. A shell puts a candidate into the line unquoted, so one that it would read as something else is left
/// out: `$(…)`, `*`, a quote.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.:/@+=,%".contains(c);
    !name.is_empty() && !name.starts_with(['-', '=']) && name.chars().all(is_plain)
}

/// Returns the form of cobra, which kubectl reads: a line for each candidate, a tab before its description, and at the end what the shell is
/// to do: 4 is "no file names besides", 2 is "no space after it".
fn for_kubectl(found: &[CompletionCandidate]) -> String {
    let mut response = String::new();
    for candidate in found {
        response += &candidate.get_value().to_string_lossy();
        if let Some(help) = candidate.get_help() {
            let help = help.to_string();
            response += "\t";
            response += help.lines().next().unwrap_or_default();
        }
        response += "\n";
    }
    let is_unfinished = |candidate: &CompletionCandidate| {
        let value = candidate.get_value().as_encoded_bytes();
        value.ends_with(b"/") || value.ends_with(b"=")
    };
    let no_space = !found.is_empty() && found.iter().all(is_unfinished);
    response += if no_space { ":6\n" } else { ":4\n" };
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn known() -> KnownValues {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        KnownValues {
            contexts: texts(&["production", "staging"]),
            users: texts(&["oidc"]),
            issuers: texts(&["https://i.example.com/oauth2/default"]),
        }
    }

    fn completed(words: &[&str]) -> Vec<String> {
        let request = CompletionRequest::Kubectl { words: os(words) };
        let response = request.response(&known(), None).unwrap();
        let lines = response
            .lines()
            .map(|line| line.split('\t').next().unwrap().to_owned());
        lines.collect()
    }

    #[test]
    fn a_request_is_recognized_by_the_variable_or_the_name_of_the_program() {
        let parse = |args: &[&str], variable: Option<&str>| {
            CompletionRequest::parse(&os(args), variable.map(OsStr::new))
        };
        let words = os(&["kubesesame", "get"]);
        let shell = Shell::Bash;
        assert_eq!(
            parse(&["kubesesame", "--", "kubesesame", "get"], Some("bash")),
            Some(CompletionRequest::Shell { shell, words })
        );
        assert_eq!(
            parse(&["/bin/kubectl_complete-oidc_login", "get-token", ""], None),
            Some(CompletionRequest::Kubectl {
                words: os(&["get-token", ""])
            })
        );
        assert_eq!(parse(&["kubesesame", "get-token"], Some("bash")), None);
        for (words, expected) in [
            (
                &["kubesesame", "rbac", ""][..],
                Some(&["--", "kubesesame", "rbac", ""][..]),
            ),
            (&["kubesesame", "rbac"], None),
            (&["kubesesame", "get-token", ""], None),
        ] {
            let words = os(words);
            let request = CompletionRequest::Shell { shell, words };
            assert_eq!(request.for_companion(), expected.map(os));
        }
        assert_eq!(parse(&["kubesesame", "--", "kubesesame"], Some("tcsh")), None);
        assert_eq!(parse(&["kubesesame", "--", "kubesesame"], None), None);
        assert_eq!(parse(&[], Some("bash")), None);
    }

    #[test]
    fn commands_flags_and_values_are_completed() {
        assert_eq!(completed(&["get-t"]), ["get-token", ":4"]);
        assert_eq!(
            completed(&["get-token", "--oidc-iss"]),
            ["--oidc-issuer-url", ":4"]
        );
        for (words, expected) in [
            (
                &["get-token", "--oidc-issuer-url", ""][..],
                "https://i.example.com/oauth2/default",
            ),
            (&["kubeconfig", "convert", "--context", "pro"], "production"),
            (&["kubeconfig", "convert", "--user="], "--user=oidc"),
            (&["get-token", "--grant-type", "dev"], "device-code"),
            (&["completion", "f"], "fish"),
        ] {
            assert_eq!(
                completed(words).first().map(String::as_str),
                Some(expected),
                "{words:?}"
            );
        }
        assert!(!completed(&[""]).iter().any(|word| word == "background-refresh"));
        assert_eq!(completed(&["get-token", "--nosuch"]), [":4"]);
    }

    /// Bash puts a candidate into the line as it is, and the file may be a stranger's: from an archive, or a repository.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the access points are the product's; the test makes files"
    )]
    fn a_file_whose_name_a_shell_would_read_as_something_else_is_left_out() {
        let home = tempfile::tempdir().unwrap();
        for name in [
            "kube.yaml",
            "kube$(id>PWNED).yaml",
            "kube`id`",
            "kube a",
            "kube;b",
            "-kube",
        ] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        for name in ["kubes", "kube&c"] {
            std::fs::create_dir(home.path().join(name)).unwrap();
            std::fs::write(home.path().join(name).join("in"), "").unwrap();
        }
        let completed = |words: &[&str]| {
            let request = CompletionRequest::Kubectl { words: os(words) };
            let response = request.response(&known(), Some(home.path())).unwrap();
            response.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            completed(&["status", "--kubeconfig", "k"]),
            ["kube.yaml", "kubes/", ":4"]
        );
        assert_eq!(
            completed(&["status", "--kubeconfig=k"]),
            ["--kubeconfig=kube.yaml", "--kubeconfig=kubes/", ":4"]
        );
        assert!(!completed(&["status", "--kubeconfig", ""]).contains(&"-kube".to_owned()));
        assert_eq!(
            completed(&["get-token", "--token-cache-dir", "k"]),
            ["kubes/", ":6"]
        );
        assert_eq!(
            completed(&["status", "--kubeconfig", "kubes/"]),
            ["kubes/in", ":4"]
        );
        // What the person has typed already stays.
        assert_eq!(
            completed(&["status", "--kubeconfig", "kube&c/"]),
            ["kube&c/in", ":4"]
        );
    }

    #[test]
    fn each_shell_has_a_script_that_calls_us_with_the_variable() {
        for shell in Shell::value_variants() {
            let script = shell.script().unwrap();
            assert!(
                script.contains(COMPLETION_VARIABLE) && script.contains(PROGRAM),
                "{script}"
            );
        }
    }
}
