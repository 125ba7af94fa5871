//! What the process was started with: variables, terminals, home.
//!
//! The one place that reads the environment. It keeps what it finds as it is; `settings` gives it a meaning.
//! (Libraries still read their own variables: `SSL_CERT_FILE`, the loader's.)

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::cli;

const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

/// The parts of the environment that change what we do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Our own variables, each the value of a flag.
    pub(crate) flags: Vec<(String, String)>,
    /// `KUBERNETES_EXEC_INFO`, set by kubectl.
    pub(crate) exec_info: Option<String>,
    /// `KUBECACHEDIR`, kubectl's own cache root.
    pub(crate) kube_cache_dir: Option<PathBuf>,
    /// `KUBECONFIG`, a list of files; counts only when it is not empty, as for kubectl.
    pub(crate) kubeconfig: Option<OsString>,
    pub(crate) home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: a directory of the user's own that is gone with the last session on this machine.
    pub(crate) runtime_dir: Option<PathBuf>,
    /// A directory for this user among the temporary files of the system, whether it exists or not.
    pub(crate) temporary_dir: Option<PathBuf>,
    /// Standard input is a terminal, so a person can be asked.
    pub(crate) stdin_is_terminal: bool,
    /// Standard input or standard error is a terminal, so a person is there.
    pub(crate) at_terminal: bool,
    /// A desktop is there to open a browser on.
    pub(crate) has_display: bool,
}

impl Environment {
    /// Reads everything once.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the environment"
    )]
    pub(crate) fn read() -> Self {
        Self {
            flags: flags(std::env::vars_os()),
            exec_info: std::env::var(EXEC_INFO).ok(),
            kube_cache_dir: std::env::var_os("KUBECACHEDIR")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()),
            home: home(),
            runtime_dir: std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .filter(|dir| dir.is_absolute()),
            temporary_dir: Some(std::env::temp_dir().join(name_for_this_user())),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            at_terminal: std::io::stdin().is_terminal() || std::io::stderr().is_terminal(),
            has_display: has_display(std::env::var_os),
        }
    }
}

/// Whose the terminal of standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// There is none.
    Absent,
    /// Another job's for now; `fg` may give it to this one.
    OfOtherJob,
    /// Ours: a person can be asked.
    Ours,
}

impl Environment {
    /// Looks whose the terminal is now.
    pub(crate) fn terminal(&self) -> Terminal {
        match (self.stdin_is_terminal, is_background_job()) {
            (false, _) => Terminal::Absent,
            (true, true) => Terminal::OfOtherJob,
            (true, false) => Terminal::Ours,
        }
    }
}

/// Whether the terminal understands control sequences (ECMA-48). A Windows console says so by a variable of its own.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn terminal_understands_ecma_48() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    match variable("TERM") {
        Some(term) => term != "dumb",
        None => variable("WT_SESSION").is_some(),
    }
}

/// Names of the variables that are set for us, and for no program that we start.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn own_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| is_own(name)).collect()
}

/// On Windows the case of a name does not count.
fn is_own(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let begins_with = |prefix: &str| {
        let start = name.get(..prefix.len()).unwrap_or_default();
        start == prefix.as_bytes() || cfg!(windows) && start.eq_ignore_ascii_case(prefix.as_bytes())
    };
    begins_with(cli::PREFIX) || begins_with(EXEC_INFO)
}

/// `SUDO_UID`: who has become root by `sudo`.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn sudo_uid() -> Option<u32> {
    std::env::var("SUDO_UID").ok()?.parse().ok()
}

/// `BROWSER`: programs that open a URL, as many desktops and remote development environments set it.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn browser() -> Option<String> {
    std::env::var("BROWSER")
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// The value of the first of these variables that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the access point to the environment")]
pub(crate) fn first_set(names: &[&str]) -> Option<String> {
    let mut values = names.iter().filter_map(std::env::var_os);
    let value = values.find(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

/// A name that no other user of this machine has.
#[cfg(unix)]
fn name_for_this_user() -> String {
    format!("kubesesame-{}", nix::unistd::Uid::effective())
}

/// Each user has temporary files of their own.
#[cfg(not(unix))]
fn name_for_this_user() -> String {
    "kubesesame".to_owned()
}

/// Keeps the variables whose names say that they are ours.
fn flags(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    let ours = variables.filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let is_ours = name.starts_with(cli::PREFIX);
        is_ours.then(|| (name, value.to_string_lossy().into_owned()))
    });
    ours.collect()
}

/// Whether there may be something to read on standard input: a terminal, a pipe or a file, and not the null device.
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

/// Whether standard error is the null device, as after `2>/dev/null`. A pipe or a file may be read by somebody.
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

/// Not looked at.
#[cfg(not(unix))]
pub(crate) fn stderr_is_null_device() -> bool {
    false
}

/// Whether the terminal of standard input belongs to another job of the shell, as after `kubectl … &`: the system would stop this
/// process when it reads there (SIGTTIN). A terminal that is not the controlling one has no jobs.
#[cfg(unix)]
pub(crate) fn is_background_job() -> bool {
    is_background_of(std::io::stdin())
}

/// The same for another way to the terminal.
#[cfg(unix)]
pub(crate) fn is_background_of(terminal: impl std::os::fd::AsFd) -> bool {
    nix::unistd::tcgetpgrp(terminal).is_ok_and(|foreground| foreground != nix::unistd::getpgrp())
}

/// There are no jobs.
#[cfg(not(unix))]
pub(crate) fn is_background_job() -> bool {
    false
}

/// Whether there may be something to read on standard input.
#[cfg(not(unix))]
pub(crate) fn stdin_can_be_read() -> bool {
    true
}

/// Returns the variables of others that decide how an attempt to sign in ends: the display and its browser, proxies, certificates.
#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the environment"
)]
pub(crate) fn sign_in_variables() -> Vec<(String, String)> {
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

/// `HOME` first, since that needs no look at the user database; `directories` knows the other systems.
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

/// macOS and Windows always have a desktop to ask; elsewhere a display, a configured `BROWSER` or WSL has to be there.
fn has_display(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
    cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

/// The command line, the program's own name first.
pub(crate) fn args() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_set_for_us_are_known_by_their_names() {
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
