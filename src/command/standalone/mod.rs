//! The standalone mode, without a command: signs in the user of a kubeconfig whose `auth-provider` is `oidc`, like kubelogin's standalone
//! mode.
//!
//! The context chooses the user, and the user's entry names the provider. The rest is [`crate::lifecycle`] with its own store: the two
//! tokens in the kubeconfig. They are written under kubectl's lock into the current text, and no other byte is changed.

mod entry_tokens;
mod store;
mod stores;

use self::store::KubeconfigStore;
use super::kubeconfig::files::{Kubeconfig, files_in_given_order};
use super::person;
use crate::cli::{Cli, Command, StandaloneArgs};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::kubeconfig::{self, AuthProvider};
use crate::lifecycle::{Acquisition, Demand, ScopeSource, Settings};
use crate::oidc::{Continuation, Event};
use crate::runtime::LazyRuntime;
use crate::session::Identity;
use crate::settings::{Login, NamedBy, Provider, SignIn, Stdin, TlsTrust};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

pub(crate) fn run(args: StandaloneArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let selected = SelectedUser::find(&args, environment).inspect_err(|_| ui.note(STANDALONE_NOTE))?;
    let (provider, mut trust) = parse_entry(&selected.entry.arguments, environment).map_err(|error| {
        selected
            .file
            .sign_in_unsupported(&selected.user, &error.reason, Some(error.hint))
    })?;
    let provider = provider.with_extra_parameters(&args.oidc_auth_request_extra_params)?;
    trust.merge(TlsTrust::new(args.tls, environment));
    let stdin = Stdin::of_person(environment.terminal());
    let login = Login::new(&args.login, None, environment, stdin)?;
    let SignIn {
        provider,
        login,
        trust,
    } = SignIn::at(provider, login, trust)?;
    let identity = Identity {
        issuer: provider.issuer.as_str().to_owned(),
        client_id: provider.client_id.clone(),
        account: None,
    };
    let store = KubeconfigStore::new(
        &selected.file,
        &selected.user,
        &identity,
        &provider,
        environment,
        ui,
    );
    let settings = Settings {
        provider: &provider,
        login: &login,
        trust: &trust,
        identity: &identity,
        scopes_from: ScopeSource::AuthProvider,
    };
    sign_in(&store, &settings, invocation, ui).map_err(reword_for_entry)
}

/// Rewords an error about the issuer, the client or the scopes: the standalone mode has no flags for them.
fn reword_for_entry(error: Error) -> Error {
    error.reworded(kubeconfig::hint_in_entry_terms)
}

fn sign_in(
    store: &KubeconfigStore<'_>,
    settings: &Settings<'_>,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(), Error> {
    let report = |event: Event<'_>| person::show(ui, event);
    let acquisition = Acquisition {
        store,
        settings,
        demand: Demand::Good,
        detect_rejections: false,
        import: None,
        latest_record: &|own| own,
        invocation,
        runtime: &LazyRuntime::default(),
        person: person::new(ui, &report, Continuation::Command),
        ui,
    };
    store.write_pending_tokens()?;
    let acquired = acquisition.acquire();
    if let Some((error, place)) = store.take_unwritten() {
        ui.note(&format!(
            "the new tokens are kept in `{}`; the next call writes them into the kubeconfig",
            place.display()
        ));
        acquired?;
        return Err(error);
    }
    let acquired = acquired?;
    if acquired.was_stored {
        ui.step(|| "the token in the kubeconfig is still good".to_owned());
    } else {
        ui.note(&format!(
            "you have a token until {}; to have kubectl refresh it by itself: kubesesame kubeconfig convert",
            clock::rfc3339(acquired.session.expires_at)
        ));
        if let Some(warning) = store.file().readability_warning() {
            ui.warn(&warning);
        }
    }
    Ok(())
}

const STANDALONE_NOTE: &str = "\
without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help";

/// A value of an entry cannot be used.
struct EntryError {
    reason: String,
    hint: String,
}

/// Reads the settings in an entry like `get-token` reads its arguments.
fn parse_entry(arguments: &[String], environment: &Environment) -> Result<(Provider, TlsTrust), EntryError> {
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

/// The selected user, and its entry.
struct SelectedUser {
    file: Kubeconfig,
    user: String,
    entry: AuthProvider,
}

impl SelectedUser {
    fn find(args: &StandaloneArgs, environment: &Environment) -> Result<Self, Error> {
        let files = files_in_given_order(&args.file, environment)?;
        let texts: Result<Vec<String>, _> = files.iter().map(Kubeconfig::text).collect();
        let texts = texts?;
        let user = match args.user.clone().filter(|user| !user.is_empty()) {
            Some(user) => user,
            None => user_of_context(&files, &texts, args.context.as_deref())?,
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
    fn sign_in_unsupported(&self, user: &str, reason: &str, hint: Option<String>) -> Error {
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
    context: Option<&str>,
) -> Result<String, kubeconfig::Error> {
    let mut current = context.filter(|name| !name.is_empty()).map(str::to_owned);
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
