//! Validated settings, built from the command line and the environment.
//!
//! Reads no files and uses no network. A file that a setting names (a CA, a secret) is read when it is needed, because a cached call
//! never needs it.

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
    Cache, Storage, cache_dir, failures_dir, home_cache_dir, likely_cache_dir, runtime_dir,
};
pub(crate) use cluster::{ClusterChoice, check_cluster_config};
pub(crate) use error::Error;
pub(crate) use issuer::{Issuer, is_loopback, is_okta};
pub(crate) use list::{parse_list, parse_pairs, parse_scopes};
pub(crate) use login::{CallbackTls, Grant, Login};
pub(crate) use provider::{Pkce, Provider, RESERVED_PARAMETERS, Scopes, TokenKind};
pub(crate) use redirect::{ListenAddress, Redirect};
pub(crate) use secret_source::SecretSource;

use crate::cli::{GetTokenArgs, TlsArgs};
use crate::environment::{Environment, Terminal};
use crate::untrusted_text::UntrustedText;

/// Checks that the account fits the sign-in.
///
/// # Errors
/// If `--account` is given for a grant without a person, or names another person than `--username`.
pub(crate) fn check_account(provider: &Provider, login: &Login) -> Result<(), Error> {
    if provider.account.is_some() && !login.grant.is_interactive() {
        return Err(Error::AccountWithoutPerson);
    }
    if let (Some(account), Some(username)) = (&provider.account, login.grant.username())
        && !is_same_person(account, username)
    {
        let shown = |name| UntrustedText::with_limit(name, 80);
        return Err(Error::AccountMismatch(shown(account), shown(username)));
    }
    Ok(())
}

/// Whether two login names are equal, or one is the part of the other before the `@`.
fn is_same_person(one: &str, other: &str) -> bool {
    let is_part = |part: &str, whole: &str| {
        let local = whole.split_once('@').map(|(local, _)| local);
        local.is_some_and(|local| local.eq_ignore_ascii_case(part))
    };
    one.eq_ignore_ascii_case(other) || is_part(one, other) || is_part(other, one)
}

/// Checks the arguments of `get-token` without files and network.
///
/// # Errors
/// The first setting that cannot be used.
pub(crate) fn check_get_token(args: GetTokenArgs, environment: &Environment) -> Result<(), Error> {
    check_cluster_config(&args)?;
    let redirect_url = args.provider.oidc_redirect_url.clone();
    let provider = Provider::new(args.provider)?;
    let login = Login::new(&args.login, redirect_url, environment, Terminal::Absent)?;
    check_account(&provider, &login)?;
    Cache::new(args.cache, environment)?;
    Ok(())
}

/// How to verify the provider's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsTrust {
    /// These replace the system's roots, unless the list is empty.
    pub(crate) authorities: Vec<Authority>,
    /// Accept any certificate.
    pub(crate) insecure: bool,
    /// A flag of kubelogin asks for TLS renegotiation. It is not supported, so a warning says that.
    pub(crate) wants_renegotiation: bool,
}

/// A source of certificate authorities.
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

    /// Adds the settings of a second source.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self {
            authorities,
            insecure,
            wants_renegotiation,
        } = other;
        self.authorities.extend(authorities);
        self.insecure |= insecure;
        self.wants_renegotiation |= wants_renegotiation;
    }

    /// Replaces `~` in file names by the home directory. A shell does not expand it after an equals sign.
    pub(crate) fn expand_home(&mut self, environment: &Environment) {
        for authority in &mut self.authorities {
            if let Authority::File(path) = authority {
                *path = expand_home(path, environment);
            }
        }
    }
}

/// Replaces a leading `~` by the home directory, if there is one.
fn expand_home(path: &std::path::Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), &environment.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
