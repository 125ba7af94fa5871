//! What the command line means: types that cannot be wrong once they are built.
//!
//! Reads nothing but what it is given. A setting that needs a file (a CA) or the network is taken as it is and
//! looked at when it is needed, since the cached path never needs it.

mod browser;
mod cache;
mod cluster;
mod error;
mod issuer;
mod list;
mod login;
mod provider;
mod redirect;
mod secret_source;

use std::path::PathBuf;

pub(crate) use browser::{Browser, NoBrowser};
pub(crate) use cache::{
    Cache, Storage, cache_dir, cache_dir_of_home, failures_dir, likely_cache_dir, runtime_dir,
};
pub(crate) use cluster::{ClusterChoice, check_cluster_config};
pub(crate) use error::Error;
pub(crate) use issuer::{Issuer, is_loopback, is_okta};
pub(crate) use list::{list, pairs, scopes};
pub(crate) use login::{CallbackTls, Grant, Login};
pub(crate) use provider::{OURS_ALONE, Pkce, Provider, Scopes, TokenKind};
pub(crate) use redirect::{ListenAddress, Redirect};
pub(crate) use secret_source::SecretSource;

use crate::cli::{GetTokenArgs, TlsArgs};
use crate::environment::{Environment, Terminal};
use crate::untrusted_text::UntrustedText;

/// Refuses settings of the two sides that contradict each other.
pub(crate) fn check(provider: &Provider, login: &Login) -> Result<(), Error> {
    if provider.account.is_some() && !login.grant.is_interactive() {
        return Err(Error::AccountOfProgram);
    }
    if let (Some(account), Some(username)) = (&provider.account, login.grant.username())
        && !is_same_person(account, username)
    {
        let shown = |name| UntrustedText::with_limit(name, 80);
        return Err(Error::AccountMismatch(shown(account), shown(username)));
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
    check_cluster_config(&args)?;
    let redirect_url = args.provider.oidc_redirect_url.clone();
    let provider = Provider::new(args.provider)?;
    let login = Login::new(&args.login, redirect_url, environment, Terminal::Absent)?;
    check(&provider, &login)?;
    Cache::new(args.cache, environment)?;
    Ok(())
}

/// What to trust of the provider's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsTrust {
    /// In place of the system's roots, if there are any.
    pub(crate) authorities: Vec<Authority>,
    pub(crate) insecure: bool,
    /// Asked for by a flag of kubelogin, and told that there is none.
    pub(crate) wants_renegotiation: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    File(PathBuf),
    /// Base64 of PEM.
    Data(String),
}

impl TlsTrust {
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
