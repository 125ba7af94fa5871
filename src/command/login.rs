//! `login`: signs in now, and stores the session where kubectl's call for a kubeconfig's entry looks for it.
//!
//! Always a new sign-in, even if there is a good session. With flags that name a provider no entry is read.

use super::account::signed_in;
use super::entry_session::EntrySession;
use super::get_token::{GetToken, warn_of_secret_in_arguments};
use super::kubeconfig_view::{KubeconfigView, Selected};
use super::token_request::TokenRequest;
use crate::cli::{self, LoginCommandArgs, TypedFlag};
use crate::clock;
use crate::environment;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::settings::{self, Stdin};
use crate::ui::{self, Ui};
use crate::untrusted_text::UntrustedText;

pub(crate) fn run(args: LoginCommandArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let stdin = Stdin::of_person(environment.terminal());
    let typed = cli::typed_flags("login", invocation.args);
    let provider_flag = typed.iter().find(|flag| flag.names_session());
    let has_selection = args.entry.has_selection();
    if let (Some(flag), true) = (provider_flag, has_selection) {
        return Err(settings::Error::FlagOfEntry(flag.name.clone()).into());
    }
    if provider_flag.is_some() {
        let request = TokenRequest::new(*args.get_token, None, stdin, environment)?;
        return sign_in(request, invocation, ui);
    }
    let view = match KubeconfigView::read(&args.entry.file, environment) {
        Err(_) if !has_selection && args.get_token.provider.oidc_issuer_url.is_some() => {
            // Variables name a provider, and there is no kubeconfig.
            let request = TokenRequest::new(*args.get_token, None, stdin, environment)?;
            return sign_in(request, invocation, ui);
        }
        view => view?,
    };
    view.warn_of_broken_files(ui);
    let selected = view.select(&args.entry)?;
    let session = entry_session(&view, &selected, &typed, stdin, invocation)?;
    warn_of_variables(&selected, ui);
    if !typed.is_empty() {
        let own = entry_session(&view, &selected, &[], stdin, invocation);
        if own.is_ok_and(|own| own.request.key() != session.request.key()) {
            let flags = typed.iter().map(|flag| format!("--{}", flag.name));
            return Err(settings::Error::OtherSession(flags.collect::<Vec<_>>().join(", ")).into());
        }
    }
    let environment = session.environment;
    let as_entry = Invocation::new(invocation.args, &environment);
    sign_in(session.request, &as_entry, ui)
}

/// Reads the entry, with the flags that replace its own.
fn entry_session(
    view: &KubeconfigView,
    selected: &Selected<'_>,
    typed: &[TypedFlag],
    stdin: Stdin,
    invocation: &Invocation<'_>,
) -> Result<EntrySession, Error> {
    let exec_info = view.exec_info(selected.user, selected.context);
    let session = EntrySession::of(
        selected.user,
        exec_info.as_deref(),
        typed,
        stdin,
        invocation.environment,
    );
    session.map_err(|error| view.unusable(selected.user, error))
}

/// Variables of an entry are for the process that kubectl starts. Ours are read here, too; others, such as a proxy, are not.
fn warn_of_variables(selected: &Selected<'_>, ui: Ui) {
    let variables = selected.user.exec.iter().flat_map(|exec| &exec.env);
    let unused = variables.filter(|(name, value)| {
        let is_set = environment::first_nonempty_value(&[name]).as_deref() == Some(value.expose());
        !environment::is_read_from_entries(name) && !is_set && !value.expose().is_empty()
    });
    let unused: Vec<String> = unused
        .map(|(name, _)| UntrustedText::new(name).to_string())
        .collect();
    if !unused.is_empty() {
        ui.warn(&format!(
            "the entry sets {} for kubectl's call alone: set it for this command, too, if the sign-in needs it",
            unused.join(", ")
        ));
    }
}

fn sign_in(request: TokenRequest, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let remarks = request.cluster.remarks.iter();
    remarks.for_each(|remark| ui::warn_later(remark));
    let get_token = GetToken::to_sign_in(request, invocation, ui);
    let acquired = get_token.credential();
    let acquired = acquired.map_err(|error| get_token.request.reword_for_cluster(error))?;
    ui.note(&signed_in(&acquired.session, clock::now()));
    if ui.at_terminal {
        warn_of_secret_in_arguments(invocation, ui);
    }
    Ok(())
}
