//! What the command line means: types that cannot be wrong once they are built.
//!
//! Reads nothing but what it is given. A setting that needs a file (a CA) or the network is taken as it is and
//! looked at when it is needed, since the cached path never needs it.

mod login;
mod provider;
mod secret_source;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use login::{Browser, Grant, ListenAddress, LocalServer, Login, Redirect};
pub(crate) use provider::{Issuer, Pkce, Provider, Scopes, TokenKind, is_loopback};
pub(crate) use secret_source::SecretSource;

use serde::{Deserialize, Serialize};

use crate::cli::{CacheArgs, TlsArgs};
use crate::environment::Environment;
use crate::foreign_text::ForeignText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--oidc-issuer-url is missing")]
    IssuerMissing,
    #[error("--oidc-issuer-url `{0}` is not a URL")]
    IssuerNotUrl(ForeignText, #[source] url::ParseError),
    #[error("--oidc-issuer-url `{0}` is not https")]
    IssuerNotHttps(ForeignText),
    #[error("--oidc-issuer-url `{0}` has a {1}, which an issuer cannot have")]
    IssuerHas(ForeignText, &'static str),
    #[error("--oidc-client-id is missing")]
    ClientIdMissing,
    #[error("--oidc-redirect-url `{0}` cannot be listened on: {1}")]
    RedirectUrl(ForeignText, &'static str),
    #[error("--local-server-cert and --local-server-key belong together, and one of them is missing")]
    HalfLocalServer,
    #[error("--listen-address `{0}` is not HOST:PORT")]
    ListenAddress(ForeignText),
    #[error("--browser-command `{0}` cannot be split into words")]
    BrowserCommand(ForeignText),
    #[error("--{0} `{1}` is not NAME=VALUE")]
    NotPairs(&'static str, ForeignText),
    #[error("--{flag} `{given}` is none of {}", quoted(.among))]
    NoChoice {
        flag: &'static str,
        given: ForeignText,
        among: &'static [&'static str],
    },
    #[error("--open-url-after-authentication `{0}` is no http or https URL")]
    AfterUrl(ForeignText),
    #[error("--oidc-redirect-url-hostname `{0}` is no host name")]
    RedirectHost(ForeignText),
    #[error("--{} and --{} are both there", .0[0], .0[1])]
    TwoSecrets([&'static str; 2]),
    #[error("--account is there, and --grant-type is `client-credentials`")]
    AccountOfProgram,
    #[error("there is no home directory to keep sessions in")]
    NoHome,
}

impl Error {
    fn no_choice(flag: &'static str, given: &str, among: &'static [&'static str]) -> Self {
        Self::NoChoice {
            flag,
            given: ForeignText::with_limit(given, 30),
            among,
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::IssuerMissing => "at Okta it is https://YOUR-ORG.okta.com/oauth2/default, or \
                 https://YOUR-ORG.okta.com without an authorization server of your own"
                .to_owned(),
            Self::IssuerNotUrl(..) | Self::IssuerNotHttps(_) => {
                "give the issuer as the provider spells it, starting with https:// (http only for 127.0.0.1, \
                 [::1] and localhost)"
                    .to_owned()
            }
            Self::IssuerHas(..) => {
                "give the issuer alone, not the address of its discovery document or of a \
                 page; it is the `iss` of the tokens"
                    .to_owned()
            }
            Self::ClientIdMissing => "it is on the app's General tab at Okta".to_owned(),
            Self::RedirectUrl(..) => {
                "register http://localhost:8000 at the provider and leave the flag out, or \
                 give the http URL that is registered"
                    .to_owned()
            }
            Self::HalfLocalServer => "give both, or neither".to_owned(),
            Self::ListenAddress(_) => "for example --listen-address=127.0.0.1:8000".to_owned(),
            Self::BrowserCommand(_) => "close the quotes; words are split as a shell would".to_owned(),
            Self::NotPairs(flag, _) => format!("for example --{flag}=name=value"),
            Self::NoChoice { flag, given, among } => match nearest(given.as_str(), among) {
                Some(nearest) => format!("did you mean --{flag}={nearest}?"),
                None => without_choice(flag).to_owned(),
            },
            Self::AfterUrl(_) => {
                "for example --open-url-after-authentication=https://example.com/welcome".to_owned()
            }
            Self::RedirectHost(_) => "use --oidc-redirect-url=http://HOST:PORT".to_owned(),
            Self::TwoSecrets(_) | Self::AccountOfProgram => "leave one of them out".to_owned(),
            Self::NoHome => "set HOME, or say where with --token-cache-dir".to_owned(),
        }
    }
}

/// What a flag with a few values does when it is left out.
fn without_choice(flag: &str) -> &'static str {
    match flag {
        "oidc-pkce-method" => "leave the flag out: PKCE is always sent then",
        "grant-type" => {
            "leave the flag out to sign in with the browser; use `device-code` where there is none"
        }
        "token-cache-storage" => "leave the flag out, or use `disk`, `keyring`, `auto` or `none`",
        "refresh-ahead" => {
            "leave the flag out, or use --refresh-ahead=off to renew a token only when it has ended"
        }
        _ => "leave the flag out, or use --adopt=off to leave the sessions of kubectl oidc-login alone",
    }
}

/// The choice that was probably meant: as near as a word with a slip or two.
fn nearest(given: &str, among: &[&'static str]) -> Option<&'static str> {
    let given = given.to_lowercase();
    let likeness = |choice: &&str| strsim::jaro_winkler(&given, &choice.to_lowercase());
    let best = among.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.8).then_some(*best)
}

fn quoted(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    quoted.join(", ")
}

/// Refuses settings of the two sides that contradict each other.
pub(crate) fn check(provider: &Provider, login: &Login) -> Result<(), Error> {
    if provider.account.is_some() && !login.grant.is_a_persons() {
        return Err(Error::AccountOfProgram);
    }
    Ok(())
}

/// What to trust of the provider's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trust {
    /// In place of the system's roots, if there are any.
    pub(crate) authorities: Vec<Authority>,
    pub(crate) insecure: bool,
    /// Asked for by a flag of the peer, and told that there is none.
    pub(crate) wants_renegotiation: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    File(PathBuf),
    /// Base64 of PEM.
    Data(String),
}

/// Where sessions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cache {
    /// How sessions are kept, if they are kept at all.
    pub(crate) storage: Option<Storage>,
    pub(crate) dir: PathBuf,
    pub(crate) force_refresh: bool,
    /// Whether a token is renewed before its end, by a process that nobody waits for.
    pub(crate) renews_ahead: bool,
    /// Where sessions of the peer may be, to be taken over.
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

impl Trust {
    pub(crate) fn new(args: TlsArgs) -> Self {
        let files = args
            .certificate_authority
            .into_iter()
            .map(|path| Authority::File(path.into()));
        let data = args.certificate_authority_data.into_iter().map(Authority::Data);
        Self {
            authorities: files.chain(data).collect(),
            insecure: args.insecure_skip_tls_verify.unwrap_or(false),
            wants_renegotiation: [args.tls_renegotiation_once, args.tls_renegotiation_freely]
                .contains(&Some(true)),
        }
    }

    /// Gives `~` in file names its meaning, as the shell does not do after an equals sign.
    pub(crate) fn expand_home(&mut self, environment: &Environment) {
        for authority in &mut self.authorities {
            if let Authority::File(path) = authority {
                *path = expand_home(path, environment);
            }
        }
    }
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
        let adopt_from = match args.adopt.as_str() {
            "auto" => peer_dirs(args.token_cache_dir.as_deref(), environment),
            "off" => Vec::new(),
            other => return Err(Error::no_choice("adopt", other, &["auto", "off"])),
        };
        let renews_ahead = match args.refresh_ahead.as_str() {
            "auto" => true,
            "off" => false,
            other => return Err(Error::no_choice("refresh-ahead", other, &["auto", "off"])),
        };
        let dir = cache_dir(args.token_cache_dir, environment)?;
        Ok(Self {
            renews_ahead,
            adopt_from,
            storage,
            dir,
            force_refresh: args.force_refresh.unwrap_or(false),
        })
    }
}

/// Where sessions are: as the flag says, as kubectl's own variable says, or below the home.
pub(crate) fn cache_dir(flag: Option<String>, environment: &Environment) -> Result<PathBuf, Error> {
    match (flag, &environment.kube_cache_dir, &environment.home) {
        (Some(dir), _, _) if !dir.is_empty() => Ok(expand_home(&PathBuf::from(dir), environment)),
        (_, Some(cache), _) => Ok(cache.join("kubesesame")),
        (_, _, Some(home)) => Ok(home.join(".kube").join("cache").join("kubesesame")),
        _ => Err(Error::NoHome),
    }
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

/// Where the peer keeps its sessions: in the directory that a kubeconfig of today names, and in its own.
fn peer_dirs(flag: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    let typed = flag.filter(|dir| !dir.is_empty());
    let typed = typed.map(|dir| expand_home(dir.as_ref(), environment));
    let own = match (&environment.kube_cache_dir, &environment.home) {
        (Some(cache), _) => Some(cache.join("oidc-login")),
        (None, Some(home)) => Some(home.join(".kube").join("cache").join("oidc-login")),
        (None, None) => None,
    };
    typed.into_iter().chain(own).collect()
}

fn expand_home(path: &std::path::Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), &environment.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
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
    fn a_slip_has_a_nearest_choice_and_another_word_has_none() {
        let grants = [
            "auto",
            "authcode",
            "authcode-keyboard",
            "device-code",
            "client-credentials",
        ];
        for (given, meant) in [
            ("device", Some("device-code")),
            ("devicecode", Some("device-code")),
            ("client_credentials", Some("client-credentials")),
            ("authcode-keybord", Some("authcode-keyboard")),
            ("AUTHCODE", Some("authcode")),
            ("implicit", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &grants), meant, "{given}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_and_only_at_the_start_of_a_path() {
        assert_eq!(dir(Some("~/c"), None, Some("/h")).as_deref(), Some("/h/c"));
        assert_eq!(dir(Some("~bob/c"), None, Some("/h")).as_deref(), Some("~bob/c"));
    }
}
