//! The standalone mode, without a command: signs in the user of a kubeconfig whose `auth-provider` is `oidc`, like kubelogin's standalone
//! mode.
//!
//! The context chooses the user, and the user's entry names the provider. The rest is [`crate::lifecycle`] with its own store: the two
//! tokens in the kubeconfig. They are written under kubectl's lock into the current text, and no other byte is changed.

mod auth_provider_user;
mod entry_tokens;
mod store;
mod stores;

use self::auth_provider_user::{AuthProviderUser, settings_from_arguments};
use self::store::KubeconfigStore;
use super::person;
use crate::cli::StandaloneArgs;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::kubeconfig;
use crate::lifecycle::{Acquisition, Demand, Origin, ScopeSource, Settings};
use crate::oidc::{Event, ReturnTo};
use crate::runtime::LazyRuntime;
use crate::session::Identity;
use crate::settings::{Dpop, Login, SignIn, Stdin, TlsTrust};
use crate::ui::Ui;

pub(crate) fn run(args: StandaloneArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let selected = AuthProviderUser::find(&args, environment).inspect_err(|_| ui.note(STANDALONE_NOTE))?;
    let (provider, mut trust) =
        settings_from_arguments(&selected.entry.arguments, environment).map_err(|error| {
            selected
                .file
                .sign_in_unsupported(&selected.user, &error.reason, Some(error.hint))
        })?;
    let mut provider = provider.with_extra_parameters(&args.oidc_auth_request_extra_params)?;
    // The entry has no place for the key that a refresh token would be bound to.
    provider.dpop = Dpop::Never;
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
    sign_in(&store, &settings, invocation, ui).map_err(hint_for_entry)
}

/// Rewords the hint of an error about the issuer, the client or the scopes: the standalone mode has no flags for them.
fn hint_for_entry(error: Error) -> Error {
    error.map_hint(kubeconfig::hint_in_entry_terms)
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
        interaction: person::new(ui, &report, ReturnTo::Command),
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
    if acquired.origin == Origin::Store {
        ui.step(|| "the token in the kubeconfig is still good".to_owned());
    } else {
        ui.note(&format!(
            "you have a token until {}; to have kubectl refresh it by itself: kubesesame kubeconfig convert",
            acquired.session.expires_at.rfc3339()
        ));
        if let Some(warning) = store.file().readability_warning() {
            ui.warn(&warning);
        }
    }
    Ok(())
}

const STANDALONE_NOTE: &str = "\
without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help";
