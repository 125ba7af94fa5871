//! What the command line means: types that cannot be wrong once they are built.
//!
//! Reads nothing but what it is given. A setting that needs a file (a CA) or the network is taken as it is and
//! looked at when it is needed, since the cached path never needs it.

mod browser;
mod cache;
mod login;
mod provider;
mod redirect;
mod secret_source;

use std::path::PathBuf;

pub(crate) use browser::Browser;
pub(crate) use cache::{Cache, Storage, cache_dir, likely_cache_dir, runtime_dir};
pub(crate) use login::{Grant, LocalServer, Login};
pub(crate) use provider::{Issuer, Pkce, Provider, Scopes, TokenKind, is_loopback, is_okta};
pub(crate) use redirect::{ListenAddress, Redirect};
pub(crate) use secret_source::SecretSource;

use crate::cli::{GetTokenArgs, TlsArgs};
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
    #[error("--oidc-auth-request-extra-params cannot set `{0}`, which belongs to each sign-in alone")]
    OursAlone(ForeignText),
    #[error("--open-url-after-authentication `{0}` is no http or https URL")]
    AfterUrl(ForeignText),
    #[error("--oidc-redirect-url-hostname `{0}` is no host name")]
    RedirectHost(ForeignText),
    #[error("--{} and --{} are both there", .0[0], .0[1])]
    TwoSecrets([&'static str; 2]),
    #[error("--account is there, and --grant-type is `client-credentials`")]
    AccountOfProgram,
    #[error("--account and --username are two people: `{0}` and `{1}`")]
    TwoPeople(ForeignText, ForeignText),
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
            Self::OursAlone(name) => match name.as_str() {
                "redirect_uri" => "use --oidc-redirect-url".to_owned(),
                "client_id" => "use --oidc-client-id".to_owned(),
                "code_challenge" | "code_challenge_method" => "use --oidc-pkce-method".to_owned(),
                _ => "leave it out".to_owned(),
            },
            Self::AfterUrl(_) => {
                "for example --open-url-after-authentication=https://example.com/welcome".to_owned()
            }
            Self::RedirectHost(_) => "use --oidc-redirect-url=http://HOST:PORT".to_owned(),
            Self::TwoSecrets(_) | Self::AccountOfProgram | Self::TwoPeople(..) => {
                "leave one of them out".to_owned()
            }
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
        "notice-refusal" => {
            "leave the flag out, or use --notice-refusal=off for a program that reads its kubeconfig over and over"
        }
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
    if let (Some(account), Some(username)) = (&provider.account, login.grant.username())
        && !is_same_person(account, username)
    {
        let shown = |name| ForeignText::with_limit(name, 80);
        return Err(Error::TwoPeople(shown(account), shown(username)));
    }
    Ok(())
}

/// Login names that are equal, or of which one is the other's part before the `@`.
fn is_same_person(one: &str, other: &str) -> bool {
    let is_part = |part: &str, whole: &str| {
        let local = whole.split_once('@').map(|(local, _)| local);
        local.is_some_and(|local| local.eq_ignore_ascii_case(part))
    };
    one.eq_ignore_ascii_case(other) || is_part(one, other) || is_part(other, one)
}

/// Whether `get-token` could go on with these arguments, as far as that can be said without files and network.
pub(crate) fn check_get_token(args: GetTokenArgs, environment: &Environment) -> Result<(), Error> {
    let redirect_url = args.provider.oidc_redirect_url.clone();
    let provider = Provider::new(args.provider)?;
    let login = Login::new(&args.login, redirect_url, environment, false)?;
    check(&provider, &login)?;
    Cache::new(args.cache, environment)?;
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

    /// Adds what was said in a second place.
    pub(crate) fn add(&mut self, other: Self) {
        let Self {
            authorities,
            insecure,
            wants_renegotiation,
        } = other;
        self.authorities.extend(authorities);
        self.insecure |= insecure;
        self.wants_renegotiation |= wants_renegotiation;
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

fn expand_home(path: &std::path::Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), &environment.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
