//! The environment of the process: variables, terminals, the home directory.
//!
//! The single access point to the environment. It stores the values unchanged; `settings` interprets them.
//! (Libraries read some variables themselves, such as `SSL_CERT_FILE` and those of the loader.)

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::cli;
use crate::secret::Secret;

const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

/// The parts of the environment that change what the program does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// The variables `KUBESESAME_…`, as name and value. Each sets a flag.
    pub(crate) flag_variables: Vec<(String, String)>,
    /// `KUBERNETES_EXEC_INFO`, set by kubectl.
    pub(crate) exec_info: Option<String>,
    /// `KUBECACHEDIR`, kubectl's own cache root.
    pub(crate) kube_cache_dir: Option<PathBuf>,
    /// `KUBECONFIG`, a list of files. An empty value counts as unset, as for kubectl.
    pub(crate) kubeconfig: Option<OsString>,
    pub(crate) home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: a directory of the user that the system removes at the last logout from this machine.
    pub(crate) runtime_dir: Option<PathBuf>,
    /// A directory for this user below the system's directory for temporary files. It may not exist.
    pub(crate) temporary_dir: Option<PathBuf>,
    /// The shell that asks for completions.
    pub(crate) completion: Option<OsString>,
    /// Whether standard input is a terminal, so that a prompt is possible.
    pub(crate) stdin_is_terminal: bool,
    /// Whether standard input or standard error is a terminal, so that a person is present.
    pub(crate) at_terminal: bool,
    /// Whether there is a desktop on which a browser can be opened.
    pub(crate) has_display: bool,
}

impl Environment {
    /// Reads the environment. Called once.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the environment"
    )]
    pub(crate) fn read() -> Self {
        Self {
            flag_variables: flag_variables(std::env::vars_os()),
            exec_info: std::env::var(EXEC_INFO).ok(),
            kube_cache_dir: std::env::var_os("KUBECACHEDIR")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()),
            home: home(),
            runtime_dir: std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .filter(|dir| dir.is_absolute()),
            // A relative one would be in whatever directory the call is made.
            temporary_dir: Some(std::env::temp_dir())
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join(name_for_this_user())),
            completion: std::env::var_os(cli::COMPLETION_VARIABLE),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            at_terminal: std::io::stdin().is_terminal() || std::io::stderr().is_terminal(),
            has_display: has_display(std::env::var_os),
        }
    }
}

/// Returns the directory that relative paths begin at.
pub(crate) fn current_dir() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

impl Environment {
    /// Returns the environment of a process that gets these variables too, as a plugin gets those of its entry. An empty value of a
    /// directory counts as unset.
    pub(crate) fn with_variables(&self, variables: &[(String, Secret)]) -> Self {
        let mut changed = self.clone();
        for (name, value) in variables {
            let value = value.expose();
            let dir = Some(PathBuf::from(value)).filter(|_| !value.is_empty());
            match name.as_str() {
                "KUBECACHEDIR" => changed.kube_cache_dir = dir,
                "HOME" => changed.home = dir.or(changed.home),
                "XDG_RUNTIME_DIR" => changed.runtime_dir = dir.filter(|dir| dir.is_absolute()),
                "TMPDIR" if cfg!(unix) => {
                    let dir = dir.filter(|dir| dir.is_absolute());
                    changed.temporary_dir = dir.map(|dir| dir.join(name_for_this_user()));
                }
                name if name.starts_with(cli::VARIABLE_PREFIX) => {
                    changed.flag_variables.retain(|(known, _)| known != name);
                    let variable = (name.to_owned(), value.to_owned());
                    changed.flag_variables.push(variable);
                }
                _ => {}
            }
        }
        changed
    }
}

/// Whether [`Environment::with_variables`] reads a variable of this name.
pub(crate) fn is_read_from_entries(name: &str) -> bool {
    ["KUBECACHEDIR", "HOME", "XDG_RUNTIME_DIR", "TMPDIR"].contains(&name)
        || name.starts_with(cli::VARIABLE_PREFIX)
}

/// Which job the terminal of standard input belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// Standard input is no terminal.
    Absent,
    /// It belongs to another job. `fg` may give it to this one.
    OfOtherJob,
    /// It belongs to this job, so a prompt is possible.
    Ours,
}

impl Environment {
    /// Looks up which job the terminal belongs to now.
    pub(crate) fn terminal(&self) -> Terminal {
        match (self.stdin_is_terminal, is_background_job()) {
            (false, _) => Terminal::Absent,
            (true, true) => Terminal::OfOtherJob,
            (true, false) => Terminal::Ours,
        }
    }
}

/// Whether the terminal understands control sequences (ECMA-48). The Windows Terminal sets `WT_SESSION` instead of `TERM`.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn terminal_understands_ecma_48() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    match variable("TERM") {
        Some(term) => term != "dumb",
        None => variable("WT_SESSION").is_some(),
    }
}

/// Returns the names of the variables for kubesesame, which programs that it starts must not inherit.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn own_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| is_own(name)).collect()
}

/// Whether a variable is for kubesesame. On Windows, the names of variables are not case-sensitive.
fn is_own(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let begins_with = |prefix: &str| {
        let start = name.get(..prefix.len()).unwrap_or_default();
        start == prefix.as_bytes() || cfg!(windows) && start.eq_ignore_ascii_case(prefix.as_bytes())
    };
    begins_with(cli::VARIABLE_PREFIX) || begins_with(EXEC_INFO)
}

/// Returns `SUDO_UID`: the user who called `sudo`.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn sudo_uid() -> Option<u32> {
    std::env::var("SUDO_UID").ok()?.parse().ok()
}

/// Returns `BROWSER`: programs that open a URL. Many desktops and remote development environments set it.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn browser() -> Option<String> {
    std::env::var("BROWSER")
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// Returns the value of the first of these variables that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn first_nonempty_value(names: &[&str]) -> Option<String> {
    let mut values = names.iter().filter_map(std::env::var_os);
    let value = values.find(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

/// Returns a name that differs for each user of this machine.
#[cfg(unix)]
fn name_for_this_user() -> String {
    format!("kubesesame-{}", nix::unistd::Uid::effective())
}

/// Returns a constant name: on these systems, each user has a private directory for temporary files.
#[cfg(not(unix))]
fn name_for_this_user() -> String {
    "kubesesame".to_owned()
}

/// Returns the names of the variables that begin with one of these prefixes and are not empty.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn names_with_prefix(prefixes: &[&str]) -> Vec<String> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let names = set.filter_map(|(name, _)| name.into_string().ok());
    let mut names: Vec<_> = names
        .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    names.sort_unstable();
    names
}

/// Returns the file of this program.
pub(crate) fn this_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Returns the variables of kubesesame, by their prefix.
fn flag_variables(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    let ours = variables.filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let is_ours = name.starts_with(cli::VARIABLE_PREFIX);
        is_ours.then(|| (name, value.to_string_lossy().into_owned()))
    });
    ours.collect()
}

/// Whether standard input may have something to read: it is a terminal in the foreground, a pipe or a file, and not the null device.
#[cfg(unix)]
pub(crate) fn stdin_can_be_read() -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;

    let stdin = std::io::stdin();
    let file = stdin.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let kind = file
        .and_then(|file| file.metadata())
        .map(|metadata| metadata.file_type());
    if stdin.is_terminal() {
        !is_background_job()
    } else {
        kind.is_ok_and(|kind| !kind.is_char_device())
    }
}

/// Whether standard error is a terminal, so that a person sees messages now.
#[expect(clippy::disallowed_methods, reason = "looked at, not written to")]
pub(crate) fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether standard error is the null device, as after `2>/dev/null`. A person may read a pipe or a file.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "looked at, not written to")]
pub(crate) fn stderr_is_null_device() -> bool {
    use nix::sys::stat::{SFlag, fstat, stat};

    let (Ok(stderr), Ok(null)) = (fstat(std::io::stderr()), stat("/dev/null")) else {
        return false;
    };
    let is_device = |mode| SFlag::from_bits_truncate(mode) & SFlag::S_IFMT == SFlag::S_IFCHR;
    is_device(stderr.st_mode) && is_device(null.st_mode) && stderr.st_rdev == null.st_rdev
}

/// Always false: this is not checked on these systems.
#[cfg(not(unix))]
pub(crate) fn stderr_is_null_device() -> bool {
    false
}

/// Whether the terminal of standard input belongs to another job of the shell, as after `kubectl … &`. Then the system would stop this
/// process at a read (SIGTTIN). A terminal that is not the controlling one has no jobs.
#[cfg(unix)]
pub(crate) fn is_background_job() -> bool {
    is_background_of(std::io::stdin())
}

/// Like [`is_background_job`], for another file descriptor of a terminal.
#[cfg(unix)]
pub(crate) fn is_background_of(terminal: impl std::os::fd::AsFd) -> bool {
    nix::unistd::tcgetpgrp(terminal).is_ok_and(|foreground| foreground != nix::unistd::getpgrp())
}

/// Always false: these systems have no jobs.
#[cfg(not(unix))]
pub(crate) fn is_background_job() -> bool {
    false
}

/// Always true: this is not checked on these systems.
#[cfg(not(unix))]
pub(crate) fn stdin_can_be_read() -> bool {
    true
}

/// Returns the variables of other programs that change how a login ends: for the display, the browser, proxies and certificates.
#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the environment"
)]
pub(crate) fn login_variables() -> Vec<(String, String)> {
    const NAMES: [&str; 14] = [
        "ALL_PROXY",
        "BROWSER",
        "DISPLAY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "WAYLAND_DISPLAY",
        "WSL_DISTRO_NAME",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    ];
    let set = NAMES.into_iter().filter_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((name.to_owned(), value.to_string_lossy().into_owned()))
    });
    set.collect()
}

/// Returns the home directory. `HOME` is preferred, because it needs no lookup in the user database. `directories` supports other systems.
#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the environment"
)]
fn home() -> Option<PathBuf> {
    match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Some(PathBuf::from(home)),
        None => directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
    }
}

/// Whether a browser can be opened. macOS and Windows always have a desktop. Other systems need a display, `BROWSER` or WSL.
fn has_display(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
    cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

/// Returns the command line, with the program's name first.
pub(crate) fn args() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_kubesesame_are_recognized_by_their_prefix() {
        let own = |name: &str| is_own(OsStr::new(name));
        for name in ["KUBESESAME_PASSWORD", "KUBESESAME_", "KUBERNETES_EXEC_INFO"] {
            assert!(own(name), "{name}");
        }
        for name in ["KUBESESAME", "KUBECONFIG", "MY_KUBESESAME_PASSWORD", "HOME", ""] {
            assert!(!own(name), "{name}");
        }
        assert_eq!(own("kubesesame_password"), cfg!(windows));
    }
}
