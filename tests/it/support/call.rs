//! One run of the program.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use super::outcome::Outcome;
use super::skip::works_or_skip;
use super::terminal::Terminal;
use super::waits::finish;
use okta::MockOkta;

/// A run that is being prepared.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) terminal: Option<std::sync::Arc<OwnedFd>>,
    pub(super) wrapper: Vec<String>,
}

impl Call {
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// The same arguments for another command.
    pub(crate) fn instead_of_command(mut self, command: &str) -> Self {
        command.clone_into(&mut self.args[0]);
        self
    }

    /// As the web app of the provider, which has a secret.
    pub(crate) fn by_web_app(self, okta: &MockOkta) -> Self {
        self.with("--oidc-client-id", &okta.web_client_id())
            .arg(&format!("--oidc-client-secret={}", okta.web_client_secret()))
    }

    /// The arguments as a flow sequence of YAML has them.
    pub(crate) fn entry_args(&self) -> String {
        let quoted = self
            .args
            .iter()
            .map(|arg| format!("'{}'", arg.replace('\'', "''")));
        quoted.collect::<Vec<_>>().join(", ")
    }

    /// Drops the arguments that begin so.
    pub(crate) fn without(mut self, prefix: &str) -> Self {
        self.args.retain(|arg| !arg.starts_with(prefix));
        self
    }

    /// Replaces the value of a flag.
    pub(crate) fn with(self, flag: &str, value: &str) -> Self {
        self.without(&format!("{flag}=")).arg(&format!("{flag}={value}"))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Runs with a terminal as standard input, as under a person's kubectl.
    pub(crate) fn at_terminal(mut self) -> Self {
        let Terminal { far, near } = Terminal::open();
        // The far end has to stay open for as long as the program runs. Tests are short, so it is never closed.
        std::mem::forget(far);
        self.terminal = Some(std::sync::Arc::new(near));
        self
    }

    /// Runs with this end of a terminal as standard input.
    pub(crate) fn with_stdin(mut self, terminal: OwnedFd) -> Self {
        self.terminal = Some(std::sync::Arc::new(terminal));
        self
    }

    /// Runs under a shell of its own, so that the parent is another process than the test.
    pub(crate) fn in_new_command(self) -> Self {
        self.repeated(1)
    }

    /// Runs so often under one shell, as kubectl runs a failing plugin.
    pub(crate) fn repeated(mut self, times: u32) -> Self {
        let script =
            format!("i=0; while [ $i -lt {times} ]; do \"$@\"; code=$?; i=$((i + 1)); done; exit $code");
        self.wrapper = vec!["sh".into(), "-c".into(), script, "sh".into()];
        self
    }

    /// Runs the program through another one, such as `prlimit`.
    pub(crate) fn through(mut self, wrapper: &[impl AsRef<str>]) -> Self {
        self.wrapper = wrapper.iter().map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// By a user whom modes of files hold up, which root is not by itself. None, and the test is skipped, where root cannot be made one.
    pub(crate) fn without_rights_of_root_or_skip(self) -> Option<Self> {
        if !nix::unistd::Uid::effective().is_root() {
            return Some(self);
        }
        let wrapper = [
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search",
            "--inh-caps=-all",
        ];
        let wrapper = wrapper.map(str::to_owned).into();
        let reason = "needs `setpriv`, to take from root what modes of files do not hold up";
        works_or_skip(wrapper, &["true"], reason).map(|wrapper| self.through(&wrapper))
    }

    pub(crate) fn spawn(&self) -> Child {
        let program = env!("CARGO_BIN_EXE_kubesesame").to_owned();
        let words: Vec<&String> = self.wrapper.iter().chain([&program]).chain(&self.args).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().envs(self.env.clone());
        command.stdin(match &self.terminal {
            Some(slave) => Stdio::from(slave.try_clone().expect("the terminal")),
            None => Stdio::null(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Runs it to its end, as a new kubectl would: one that is the same as before would be taken for one whose token was refused.
    #[must_use = "how it ended is what a test is about"]
    pub(crate) fn run(&self) -> Outcome {
        let call = self.clone();
        let call = if call.wrapper.is_empty() {
            call.in_new_command()
        } else {
            call
        };
        finish(call.spawn())
    }
}
