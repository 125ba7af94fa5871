//! `clean`: removes the sessions on this machine, and nothing that is not ours.

use std::path::Path;
use std::time::Duration;

use super::kubeconfig::files::files_in_given_order;
use crate::cli::{CleanArgs, FileArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::session::{self, Removed};
use crate::settings::{cache_dir, home_cache_dir, runtime_dir};
use crate::ui::Ui;

/// How long a refresh that is under way is waited for.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

pub(crate) fn run(args: CleanArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    // One directory that cannot be looked at keeps nobody from the others; the first failure is told at the end.
    let dir = cache_dir(args.token_cache_dir, environment);
    let home = home_cache_dir(environment).filter(|home| dir.as_ref().ok() != Some(home));
    let cleaned = dir.map_err(Error::from).and_then(|dir| clean(&dir, true, ui));
    if let Some(home) = home {
        clean_waiting(&home, ui);
    }
    // Where sessions are when the home cannot be written.
    let fallback = runtime_dir(environment).map_or(Ok(()), |dir| clean(&dir, false, ui));
    // Failures are remembered there, and a session may have gone on there. Everybody may make a directory among the temporary files, and
    // one of another user has nothing of ours in it.
    if let Some(dir) = &environment.temporary_dir
        && let Ok(removed) = session::remove_all(dir, REFRESH_WAIT, || ())
    {
        warn_of_failure(report_removed(removed, dir, false, ui), ui);
    }
    sweep_kubeconfigs(environment, ui);
    if let (Err(_), Err(second)) = (&cleaned, &fallback) {
        ui.warn(&second.in_one_line());
    }
    cleaned.and(fallback)
}

/// Removes what a killed `kubeconfig convert` left beside the kubeconfigs, secrets included.
fn sweep_kubeconfigs(environment: &Environment, ui: Ui) {
    for file in files_in_given_order(&FileArgs { kubeconfig: None }, environment).unwrap_or_default() {
        file.remove_stale_temporaries();
        if let Some(warning) = file.warning_of_unfinished() {
            ui.warn(&warning);
        }
    }
}

fn tell_of_wait(ui: Ui) {
    ui.note("waiting for another kubesesame, which is refreshing a session or signing in");
}

/// The standalone mode keeps what it could not write below the home, wherever sessions are. A home that cannot be looked at may be why they
/// are elsewhere, so it is no failure.
fn clean_waiting(home: &Path, ui: Ui) {
    match session::remove_waiting(home, REFRESH_WAIT, || tell_of_wait(ui)) {
        Ok(removed) => warn_of_failure(report_removed(removed, home, false, ui), ui),
        Err(error) => ui.warn(&error.in_one_line()),
    }
}

fn warn_of_failure(reported: Result<(), Error>, ui: Ui) {
    if let Err(error) = reported {
        ui.warn(&error.in_one_line());
    }
}

/// `always_tells`: also that there was nothing.
fn clean(dir: &Path, always_tells: bool, ui: Ui) -> Result<(), Error> {
    let removed = session::remove_all(dir, REFRESH_WAIT, || tell_of_wait(ui))?;
    report_removed(removed, dir, always_tells, ui)
}

/// # Errors
/// The first file that could not be removed.
fn report_removed(removed: Removed, dir: &Path, always_tells: bool, ui: Ui) -> Result<(), Error> {
    if removed.sessions > 0 || (always_tells && removed.file_error.is_none()) {
        report_sessions(&removed, dir, ui);
    }
    removed
        .file_error
        .map_or(Ok(()), |error| Err(session::Error::from(error).into()))
}

fn report_sessions(removed: &Removed, dir: &Path, ui: Ui) {
    let sessions = match removed.sessions {
        0 => "no session was there".to_owned(),
        1 => "removed 1 session".to_owned(),
        many => format!("removed {many} sessions"),
    };
    ui.note(&format!("{sessions}: {}", dir.display()));
    if let Some(error) = &removed.key_error {
        ui.warn(&format!(
            "a key of a session stays in the keyring, where it opens nothing any more: {error}"
        ));
    }
    if removed.sessions > 0 {
        ui.note("tokens that were issued live on until their end, and the provider still knows the sessions");
    }
}
