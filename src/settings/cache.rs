//! Where sessions are kept, in which form, and what may be done about them without being asked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, expand_home};
use crate::cli::CacheArgs;
use crate::environment::Environment;

/// Where sessions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cache {
    /// How sessions are kept, if they are kept at all.
    pub(crate) storage: Option<Storage>,
    /// None without a home and a flag.
    pub(crate) dir: Option<PathBuf>,
    /// Where sessions are if that directory cannot be written.
    fallback: Option<PathBuf>,
    pub(crate) force_refresh: bool,
    /// Whether a token that a client asks for again was refused.
    pub(crate) detects_rejections: bool,
    /// Whether a token is refreshed before its end, by a process that nobody waits for.
    pub(crate) background_refresh: bool,
    /// Where sessions of kubelogin may be, to be taken over.
    pub(crate) adopt_from: Vec<PathBuf>,
}

/// How a session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Storage {
    /// In a plain file that only its owner can read.
    Disk,
    /// In a file that is sealed with a key of the OS keyring.
    Keyring,
    /// Sealed where there is a keyring, else plain.
    Auto,
}

impl Cache {
    pub(crate) fn new(args: CacheArgs, environment: &Environment) -> Result<Self, Error> {
        let storage = match args.token_cache_storage.as_str() {
            "disk" => Some(Storage::Disk),
            "keyring" => Some(Storage::Keyring),
            "auto" => Some(Storage::Auto),
            "none" => None,
            other => {
                let among = &["disk", "keyring", "auto", "none"];
                return Err(Error::no_choice("token-cache-storage", other, among));
            }
        };
        let is_on = |flag, text: &str| match text {
            "auto" => Ok(true),
            "off" => Ok(false),
            other => Err(Error::no_choice(flag, other, &["auto", "off"])),
        };
        let background_refresh = is_on("refresh-ahead", &args.refresh_ahead)?;
        let detects_rejections = is_on("notice-refusal", &args.notice_refusal)?;
        let adopt_from = if is_on("adopt", &args.adopt)? {
            kubelogin_dirs(args.token_cache_dir.as_deref(), environment)
        } else {
            Vec::new()
        };
        Ok(Self {
            detects_rejections,
            background_refresh,
            adopt_from,
            storage,
            // Nothing about the cache withholds a token that can be had: without a home it is not kept.
            dir: cache_dir(args.token_cache_dir, environment).ok(),
            fallback: runtime_dir(environment),
            force_refresh: args.force_refresh.unwrap_or(false),
        })
    }

    /// The directories for sessions, in the order of preference.
    pub(crate) fn dirs(&self) -> impl Iterator<Item = &Path> {
        [self.dir.as_ref(), self.fallback.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

/// Where sessions are: as the flag says, as kubectl's own variable says, or below the home.
pub(crate) fn cache_dir(flag: Option<String>, environment: &Environment) -> Result<PathBuf, Error> {
    match (flag, &environment.kube_cache_dir) {
        (Some(dir), _) if !dir.is_empty() => Ok(expand_home(&PathBuf::from(dir), environment)),
        (_, Some(cache)) => Ok(cache.join("kubesesame")),
        _ => cache_dir_of_home(environment).ok_or(Error::NoHome),
    }
}

/// Where sessions are if nothing says otherwise: for what has to be in one place, however a shell is set up.
pub(crate) fn cache_dir_of_home(environment: &Environment) -> Option<PathBuf> {
    let home = environment.home.as_ref()?;
    Some(home.join(".kube").join("cache").join("kubesesame"))
}

/// Where the cache directory seems to be, from a look at the words alone: good enough for a place to look for a note in, which
/// says itself for which command line it is.
pub(crate) fn likely_cache_dir(words: &[OsString], environment: &Environment) -> Option<PathBuf> {
    const FLAG: &str = "--token-cache-dir";
    let value_at = |at: usize| match words[at].to_str()?.strip_prefix(FLAG)? {
        "" => words.get(at + 1)?.to_str(),
        rest => rest.strip_prefix('='),
    };
    // The last one counts.
    let typed = (0..words.len()).rev().find_map(value_at);
    let variable = || {
        let variable = environment
            .flags
            .iter()
            .find(|(name, _)| name == "KUBESESAME_TOKEN_CACHE_DIR");
        variable.map(|(_, value)| value.as_str())
    };
    cache_dir(typed.or_else(variable).map(str::to_owned), environment).ok()
}

/// Where notes are kept that are of no use after the last process of the user has gone.
pub(crate) fn runtime_dir(environment: &Environment) -> Option<PathBuf> {
    environment.runtime_dir.as_ref().map(|dir| dir.join("kubesesame"))
}

/// Where failures are remembered if no session is kept.
pub(crate) fn failures_dir(environment: &Environment) -> Option<PathBuf> {
    runtime_dir(environment).or_else(|| environment.temporary_dir.clone())
}

/// Where kubelogin keeps its sessions: in the directory that a kubeconfig of today names, else in its own. A directory is named
/// to keep accounts apart, so that there is nothing in the other one for who names it.
fn kubelogin_dirs(flag: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    if let Some(typed) = flag.filter(|dir| !dir.is_empty()) {
        return vec![expand_home(typed.as_ref(), environment)];
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

    fn dir(typed: Option<&str>, kube_cache_dir: Option<&str>, home: Option<&str>) -> Option<String> {
        let environment = Environment {
            kube_cache_dir: kube_cache_dir.map(PathBuf::from),
            home: home.map(PathBuf::from),
            ..Environment::default()
        };
        let dir = cache_dir(typed.map(str::to_owned), &environment);
        dir.ok().map(|dir| dir.to_string_lossy().into_owned())
    }

    #[test]
    fn the_cache_is_where_the_flag_then_kubectl_then_home_say() {
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
        let likely = |words: &[&str], variable: Option<&str>| {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            let flags = variable.map(|value| ("KUBESESAME_TOKEN_CACHE_DIR".to_owned(), value.to_owned()));
            let environment = Environment {
                home: Some("/h".into()),
                flags: flags.into_iter().collect(),
                ..Environment::default()
            };
            likely_cache_dir(&words, &environment)
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
    fn a_tilde_is_the_home_and_only_at_the_start_of_a_path() {
        assert_eq!(dir(Some("~/c"), None, Some("/h")).as_deref(), Some("/h/c"));
        assert_eq!(dir(Some("~bob/c"), None, Some("/h")).as_deref(), Some("~bob/c"));
    }
}
