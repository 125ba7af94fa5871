//! Where and how sessions are stored, and which refreshes happen automatically.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, expand_home};
use crate::cli::{Automatic, CacheArgs, StorageChoice};
use crate::environment::Environment;

/// The settings of the session cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cache {
    /// How sessions are stored. `None` stores no sessions.
    pub(crate) storage: Option<Storage>,
    /// The directory for sessions. `None` if there is no flag, no `KUBECACHEDIR` and no home directory.
    pub(crate) dir: Option<PathBuf>,
    /// The directory for sessions if `dir` is not writable.
    fallback_dir: Option<PathBuf>,
    pub(crate) force_refresh: bool,
    /// Whether to refresh a token that the same client requests again soon, because the API server may have rejected it (`--notice-refusal`).
    pub(crate) detects_rejections: bool,
    /// Whether a background process refreshes a token before it expires (`--refresh-ahead`).
    pub(crate) background_refresh: bool,
    /// Directories with sessions of kubelogin to import (`--adopt`). Empty if that is off.
    pub(crate) kubelogin_dirs: Vec<PathBuf>,
}

/// How a session is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Storage {
    /// In an unencrypted file that only its owner can read.
    Disk,
    /// In a file that is encrypted with a key from the OS keyring.
    Keyring,
    /// Encrypted if there is a keyring, else not.
    Auto,
}

impl Storage {
    /// The value of `--token-cache-storage` that means it.
    pub(crate) fn flag_value(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Keyring => "keyring",
            Self::Auto => "auto",
        }
    }
}

impl Cache {
    pub(crate) fn new(args: &CacheArgs, environment: &Environment) -> Self {
        let storage = match args.token_cache_storage {
            StorageChoice::Disk => Some(Storage::Disk),
            StorageChoice::Keyring => Some(Storage::Keyring),
            StorageChoice::Auto => Some(Storage::Auto),
            StorageChoice::None => None,
        };
        let kubelogin_dirs = match args.adopt {
            Automatic::Auto => kubelogin_dirs(args.token_cache_dir.as_deref(), environment),
            Automatic::Off => Vec::new(),
        };
        Self {
            detects_rejections: args.notice_refusal == Automatic::Auto,
            background_refresh: args.refresh_ahead == Automatic::Auto,
            kubelogin_dirs,
            storage,
            // A problem with the cache must not prevent a sign-in: without a home directory, no session is stored.
            dir: cache_dir(args.token_cache_dir.as_deref(), environment).ok(),
            fallback_dir: runtime_dir(environment),
            force_refresh: args.force_refresh.unwrap_or(false),
        }
    }

    /// The directories for sessions, in the order of preference.
    pub(crate) fn dirs(&self) -> impl Iterator<Item = &Path> {
        [self.dir.as_ref(), self.fallback_dir.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

/// Returns the directory for sessions: from the flag, from kubectl's variable `KUBECACHEDIR`, or below the home directory.
///
/// # Errors
/// If there is none of them.
pub(crate) fn cache_dir(flag: Option<&str>, environment: &Environment) -> Result<PathBuf, Error> {
    match (given(flag), &environment.kube_cache_dir) {
        (Some(dir), _) => Ok(expand_home(dir, environment)),
        (None, Some(cache)) => Ok(cache.join("kubesesame")),
        (None, None) => home_cache_dir(environment).ok_or(Error::NoHome),
    }
}

/// Returns the path of a flag. An empty one is as if absent.
fn given(flag: Option<&str>) -> Option<&Path> {
    flag.filter(|dir| !dir.is_empty()).map(Path::new)
}

/// Returns the default directory for sessions. It serves files that must have the same place whatever the flags and variables are.
pub(crate) fn home_cache_dir(environment: &Environment) -> Option<PathBuf> {
    let home = environment.home.as_ref()?;
    Some(home.join(".kube").join("cache").join("kubesesame"))
}

/// Guesses the cache directory from unparsed arguments. A wrong guess does no harm: the fast path's entry names its command line, so
/// an entry in a wrong directory does not match.
pub(crate) fn likely_cache_dir(args: &[OsString], environment: &Environment) -> Option<PathBuf> {
    let flag = likely_value(
        "--token-cache-dir",
        "KUBESESAME_TOKEN_CACHE_DIR",
        args,
        environment,
    );
    cache_dir(flag, environment).ok()
}

/// Returns the last value of a flag in unparsed arguments, else of its variable.
pub(crate) fn likely_value<'a>(
    flag: &str,
    variable: &str,
    args: &'a [OsString],
    environment: &'a Environment,
) -> Option<&'a str> {
    let value_at = |at: usize| match args[at].to_str()?.strip_prefix(flag)? {
        "" => args.get(at + 1)?.to_str(),
        rest => rest.strip_prefix('='),
    };
    let from_variable = || {
        let mut variables = environment.flag_variables.iter();
        variables
            .find(|(name, value)| name == variable && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    // If the flag is repeated, the last one counts.
    (0..args.len()).rev().find_map(value_at).or_else(from_variable)
}

/// Returns our directory in `XDG_RUNTIME_DIR`, which the system empties at logout.
pub(crate) fn runtime_dir(environment: &Environment) -> Option<PathBuf> {
    environment.runtime_dir.as_ref().map(|dir| dir.join("kubesesame"))
}

/// Returns the directory for remembered failures if no session is stored.
pub(crate) fn failures_dir(environment: &Environment) -> Option<PathBuf> {
    runtime_dir(environment).or_else(|| environment.temporary_dir.clone())
}

/// Returns the directories with kubelogin's sessions: the one of `--token-cache-dir`, else kubelogin's default.
///
/// With the flag, the default directory is not searched: people set the flag to separate accounts.
pub(crate) fn kubelogin_dirs(flag: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    if let Some(dir) = given(flag) {
        return vec![expand_home(dir, environment)];
    }
    let own = match (&environment.kube_cache_dir, &environment.home) {
        (Some(cache), _) => Some(cache.join("oidc-login")),
        (None, Some(home)) => Some(home.join(".kube").join("cache").join("oidc-login")),
        (None, None) => None,
    };
    own.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(flag: Option<&str>, kube_cache_dir: Option<&str>, home: Option<&str>) -> Option<String> {
        let environment = Environment {
            kube_cache_dir: kube_cache_dir.map(PathBuf::from),
            home: home.map(PathBuf::from),
            ..Environment::default()
        };
        let dir = cache_dir(flag, &environment);
        dir.ok().map(|dir| dir.to_string_lossy().into_owned())
    }

    #[test]
    fn the_cache_directory_is_that_of_the_flag_then_kubectl_then_home() {
        assert_eq!(dir(Some("/c"), Some("/k"), Some("/h")).as_deref(), Some("/c"));
        assert_eq!(
            dir(None, Some("/k"), Some("/h")).as_deref(),
            Some("/k/kubesesame")
        );
        assert_eq!(
            dir(None, None, Some("/h")).as_deref(),
            Some("/h/.kube/cache/kubesesame")
        );
        assert_eq!(dir(None, None, None), None);
    }

    #[test]
    fn the_likely_directory_is_that_of_the_last_flag_or_the_variable() {
        let likely = |args: &[&str], variable: Option<&str>| {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            let flags = variable.map(|value| ("KUBESESAME_TOKEN_CACHE_DIR".to_owned(), value.to_owned()));
            let environment = Environment {
                home: Some("/h".into()),
                flag_variables: flags.into_iter().collect(),
                ..Environment::default()
            };
            likely_cache_dir(&args, &environment)
                .unwrap()
                .display()
                .to_string()
        };
        assert_eq!(
            likely(&["k", "--token-cache-dir=/a", "--token-cache-dir", "~/b"], None),
            "/h/b"
        );
        assert_eq!(likely(&["k", "--token-cache-dir"], Some("/v")), "/v");
        assert_eq!(
            likely(&["k", "--token-cache-dirs=/a"], None),
            "/h/.kube/cache/kubesesame"
        );
    }

    #[test]
    fn a_tilde_is_the_home_only_as_the_first_part_of_a_path() {
        assert_eq!(dir(Some("~/c"), None, Some("/h")).as_deref(), Some("/h/c"));
        assert_eq!(dir(Some("~bob/c"), None, Some("/h")).as_deref(), Some("~bob/c"));
    }
}
