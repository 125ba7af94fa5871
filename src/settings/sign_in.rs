//! The settings of a sign-in, checked together: the provider, the way to sign in, and whose certificates to trust.

use super::{Error, Login, NamedBy, Provider, Stdin, TlsTrust};
use crate::cli::{LoginArgs, ProviderArgs, TlsArgs};
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

/// Everything that a sign-in or a refresh has to know.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) provider: Provider,
    pub(crate) login: Login,
    pub(crate) trust: TlsTrust,
}

impl SignIn {
    /// # Errors
    /// The first flag that is missing or cannot be used.
    pub(crate) fn new(
        provider: ProviderArgs,
        named_by: NamedBy,
        login: &LoginArgs,
        tls: TlsArgs,
        stdin: Stdin,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let redirect_url = provider.oidc_redirect_url.clone();
        Self::at(
            Provider::new(provider, named_by, environment)?,
            Login::new(login, redirect_url, environment, stdin)?,
            TlsTrust::new(tls, environment),
        )
    }

    /// # Errors
    /// If the account does not fit the grant or the user name.
    pub(crate) fn at(provider: Provider, login: Login, trust: TlsTrust) -> Result<Self, Error> {
        check_account(&provider, &login)?;
        Ok(Self {
            provider,
            login,
            trust,
        })
    }
}

/// Checks that the account fits the sign-in.
///
/// # Errors
/// If `--account` is given for a grant without a person, or names another person than `--username`.
fn check_account(provider: &Provider, login: &Login) -> Result<(), Error> {
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
