//! The user of a kubeconfig to sign in, which has an `auth-provider`, and the settings in its entry.

use crate::cli::{Cli, Command, StandaloneArgs};
use crate::command::kubeconfig::files::{Kubeconfig, files_in_given_order};
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig::{self, AuthProvider};
use crate::settings::{NamedBy, Provider, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// A value of an entry cannot be used.
pub(super) struct EntryError {
    pub(super) reason: String,
    pub(super) hint: String,
}

/// Reads the settings in the arguments that an entry is equivalent to, as `get-token` does.
pub(super) fn settings_from_arguments(
    arguments: &[String],
    environment: &Environment,
) -> Result<(Provider, TlsTrust), EntryError> {
    let Ok(Command::GetToken(args)) = Cli::parse_entry(arguments).map(|cli| cli.command) else {
        return Err(EntryError {
            reason: "its `auth-provider` has a value that cannot be used".to_owned(),
            hint: "correct its `config` in the kubeconfig".to_owned(),
        });
    };
    let provider = Provider::new(args.provider, NamedBy::User, environment).map_err(|error| EntryError {
        reason: kubeconfig::in_entry_terms(&error.to_string()),
        hint: kubeconfig::hint_in_entry_terms(&error.hint()),
    })?;
    Ok((provider, TlsTrust::new(args.tls, environment)))
}

/// The selected user, and its `auth-provider` entry.
pub(super) struct AuthProviderUser {
    pub(super) file: Kubeconfig,
    pub(super) user: String,
    pub(super) entry: AuthProvider,
}

impl AuthProviderUser {
    pub(super) fn find(args: &StandaloneArgs, environment: &Environment) -> Result<Self, Error> {
        let files = files_in_given_order(&args.entry.file, environment)?;
        let texts: Result<Vec<String>, _> = files.iter().map(Kubeconfig::text).collect();
        let texts = texts?;
        // As for kubectl, an empty name is none.
        let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let user = match given(&args.entry.user) {
            Some(user) => user,
            None => user_of_context(&files, &texts, given(&args.entry.context))?,
        };
        for (file, text) in files.into_iter().zip(&texts) {
            let found = kubeconfig::auth_provider(text, &user).map_err(|error| file.text_error(&error))?;
            match found {
                None => {}
                Some(Ok(entry)) => return Ok(Self { file, user, entry }),
                Some(Err(reason)) => return Err(file.sign_in_unsupported(&user, &reason, None)),
            }
        }
        let name = UntrustedText::new(&user);
        let known = texts.iter().flat_map(|text| kubeconfig::user_names(text));
        let known = known.map(|name| UntrustedText::new(&name)).collect();
        Err(kubeconfig::Error::NoSuchUser { name, known }.into())
    }
}

impl Kubeconfig {
    pub(super) fn sign_in_unsupported(&self, user: &str, reason: &str, hint: Option<String>) -> Error {
        Error::Kubeconfig(kubeconfig::Error::SignInUnsupported {
            path: self.path().to_owned(),
            name: UntrustedText::new(user),
            reason: UntrustedText::new(reason),
            hint,
        })
    }
}

/// Returns the user of the given context, or of the current context.
fn user_of_context(
    files: &[Kubeconfig],
    texts: &[String],
    context: Option<String>,
) -> Result<String, kubeconfig::Error> {
    let mut current = context;
    let mut known = Vec::new();
    for (file, text) in files.iter().zip(texts) {
        let contexts = kubeconfig::contexts(text).map_err(|error| file.text_error(&error))?;
        current = current.or(contexts.current);
        known.extend(contexts.users);
    }
    let current = current.ok_or(kubeconfig::Error::NoContext)?;
    let name = || UntrustedText::new(&current);
    match known.iter().find(|(known, _)| *known == current) {
        Some((_, Some(user))) => Ok(user.clone()),
        Some((_, None)) => Err(kubeconfig::Error::NoUser { name: name() }),
        None => Err(kubeconfig::Error::NoSuchContext {
            name: name(),
            known: known.iter().map(|(name, _)| UntrustedText::new(name)).collect(),
        }),
    }
}
