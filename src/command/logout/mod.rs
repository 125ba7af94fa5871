//! `logout`: ends sessions at the provider and on this machine.
//!
//! Sets the sessions aside, so that no call uses them, then revokes their refresh tokens, and removes what is revoked. What the provider
//! does not revoke in time is left for the next sign-in or `logout`. A session that cannot be read at the moment stays. An ID token that was issued
//! stays valid until it expires: nothing can revoke it. A session of kubelogin is left alone and takes the place of none. The browser's own session at the provider is ended only if that is asked for.

mod browser;
mod clients;
mod end;
mod find;
mod hold;
mod in_kubeconfig;
mod kubelogin;
mod pending;
mod report;
mod rounds;
mod selection;

pub(super) use self::find::sessions_by_dir;
pub(super) use self::pending::revoke_pending;

use self::clients::Clients;
use self::end::{Ended, end};
use self::find::EntrySessions;
use self::selection::Selection;
use super::kubeconfig_view::KubeconfigView;
use super::person;
use crate::cli::LogoutArgs;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::kubeconfig;
use crate::oidc::{Event, ReturnTo};
use crate::ui::{Ui, print_failure};

pub(crate) fn run(args: &LogoutArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let names_sessions = args.all || args.account.is_some() || args.issuer.is_some();
    let (view, has_read_kubeconfigs) = match KubeconfigView::read(&args.entry.file, environment) {
        Ok(view) => (Some(view), true),
        Err(error) if !names_sessions || args.entry.has_selection() => return Err(error.into()),
        Err(kubeconfig::Error::NoFile { .. }) => (None, true),
        // One odd file keeps the others from being read, and each of them may name a directory with sessions.
        Err(error) => {
            ui.warn(&format!("{error}; {}", error.hint()));
            (None, false)
        }
    };
    if let Some(view) = &view {
        view.warn_of_broken_files(ui);
    }
    let selection = match &view {
        Some(view) if !names_sessions => Selection::entry(view, &args.entry, environment)?,
        Some(_) | None => Selection::Matching {
            account: args.account.as_deref(),
            issuer: args.issuer.as_deref(),
        },
    };
    let entries = EntrySessions::read(view.as_ref(), environment);
    let found = entries.find(&selection, environment);
    let unreadable = entries.unreadable(&selection);
    for problem in found.problems.iter().chain(unreadable) {
        ui.warn(problem);
    }
    // Entries that could not be read may have sessions in directories of their own. A selected one was read.
    let has_all_files = !names_sessions || view.as_ref().is_none_or(|view| view.broken.is_empty());
    let has_found_all =
        has_read_kubeconfigs && has_all_files && unreadable.is_empty() && found.problems.is_empty();
    let of_kubelogin = kubelogin::keep_out(&entries, &selection, &found.sessions, environment);
    // A call may have taken a session over before it could see the mark.
    let sessions = if of_kubelogin.has_marked() {
        entries.find(&selection, environment).sessions
    } else {
        found.sessions
    };
    let show = move |event: Event<'_>| person::show(ui, event);
    let mut clients = Clients::new(person::new(ui, &show, ReturnTo::Command));
    let mut ended = Ended::default();
    let find_again = || entries.find(&selection, environment).sessions;
    end(&sessions, &find_again, &selection, &mut ended, &mut clients, ui);
    if ended.has_none() {
        ui.note(&selection.none_found(has_found_all, &found.other_issuers));
    }
    of_kubelogin.report(ui);
    let is_ended_in_files = view
        .as_ref()
        .is_none_or(|view| in_kubeconfig::report(view, &selection, ui));
    let mut is_complete =
        has_found_all && is_ended_in_files && !ended.may_stay_valid && of_kubelogin.is_kept_out();
    if args.browser {
        let target = args.post_logout_redirect_uri.as_ref();
        is_complete &= browser::sign_out(&ended, &selection, target, environment, &mut clients, ui);
    }
    result(ended.failures, is_complete)
}

/// Prints all failures but the last one, which becomes that of the command.
fn result(mut failures: Vec<Error>, is_complete: bool) -> Result<(), Error> {
    let last = failures.pop();
    for failure in &failures {
        print_failure(&failure.report());
    }
    match last {
        Some(error) => Err(error),
        None if is_complete => Ok(()),
        None => Err(Error::Negative),
    }
}
