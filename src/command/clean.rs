//! `clean`: removes kubesesame's sessions on this machine, and temporary files that a killed `kubeconfig convert` left.

use std::path::Path;
use std::time::Duration;

use super::kubeconfig::files::find_files;
use super::kubeconfig_view::KubeconfigView;
use super::logout;
use crate::cli::{CleanArgs, FileArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::files::shown;
use crate::kubeconfig;
use crate::session::{self, Removed};
use crate::settings::{cache_dir, home_cache_dir, runtime_dir};
use crate::ui::Ui;

/// How long to wait for a refresh that another process has started.
const REFRESH_WAIT: Duration = Duration::from_secs(40);

pub(crate) fn run(args: &CleanArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    // A directory that cannot be read does not prevent the removal from the others. The first failure is returned at the end.
    let dir = cache_dir(args.token_cache_dir.as_deref(), environment);
    let home = home_cache_dir(environment).filter(|home| dir.as_ref().ok() != Some(home));
    let cleaned = dir.map_err(Error::from).and_then(|dir| clean(&dir, true, ui));
    if let Some(home) = home {
        clean_pending_tokens(&home, ui);
    }
    // Sessions are there if the home directory cannot be written.
    let fallback = runtime_dir(environment).map_or(Ok(()), |dir| clean(&dir, false, ui));
    // Remembered failures are there, and sessions that could not be written elsewhere. An error is ignored: another user may have created
    // the directory, and then it contains nothing of this user.
    if let Some(dir) = &environment.temporary_dir
        && let Ok(removed) = session::remove_all(dir, REFRESH_WAIT, || ())
    {
        warn_of_failure(report_removed(removed, dir, false, ui), ui);
    }
    clean_kubeconfigs(environment, ui);
    note_other_sessions(environment, ui);
    if let (Err(_), Err(second)) = (&cleaned, &fallback) {
        ui.warn(&second.in_one_line());
    }
    cleaned.and(fallback)
}

/// Removes temporary files that a killed `kubeconfig convert` left beside the kubeconfigs. They may contain secrets.
fn clean_kubeconfigs(environment: &Environment, ui: Ui) {
    let found = find_files(&FileArgs { kubeconfig: None }, environment);
    for file in found.map_or_else(|_| Vec::new(), |found| found.files) {
        file.remove_stale_temporaries();
        if let Some(warning) = file.warning_of_unfinished() {
            ui.warn(&warning);
        }
    }
}

/// Names the directories in which sessions are left: those that entries of the kubeconfig name, and that are not removed here.
fn note_other_sessions(environment: &Environment, ui: Ui) {
    let view = match KubeconfigView::read(&FileArgs { kubeconfig: None }, environment) {
        Ok(view) => view,
        Err(kubeconfig::Error::NoFile { .. }) => return,
        Err(error) => return ui.warn(&format!("{error}; {}", error.hint())),
    };
    // Its entries may name further directories.
    view.warn_of_broken_files(ui);
    for (dir, count) in logout::sessions_by_dir(&view, environment) {
        let (sessions, are) = match count {
            1 => ("1 session".to_owned(), "is"),
            many => (format!("{many} sessions"), "are"),
        };
        ui.note(&format!(
            "{sessions} of the kubeconfig {are} left in {}: kubesesame logout --all",
            shown(&dir)
        ));
    }
}

fn report_wait(ui: Ui) {
    ui.note("waiting for another kubesesame, which is refreshing a session or signing in");
}

/// Removes tokens that the standalone mode could not write into a kubeconfig. They are always below the home directory, even if sessions
/// are elsewhere. An error is only a warning: an unreadable home directory may be why the sessions are elsewhere.
fn clean_pending_tokens(home: &Path, ui: Ui) {
    match session::remove_pending_tokens(home, REFRESH_WAIT, || report_wait(ui)) {
        Ok(removed) => warn_of_failure(report_removed(removed, home, false, ui), ui),
        Err(error) => ui.warn(&error.in_one_line()),
    }
}

fn warn_of_failure(reported: Result<(), Error>, ui: Ui) {
    if let Err(error) = reported {
        ui.warn(&error.in_one_line());
    }
}

/// Removes the sessions in a directory, and reports their number. `reports_none` says whether to report that there was none.
fn clean(dir: &Path, reports_none: bool, ui: Ui) -> Result<(), Error> {
    let removed = session::remove_all(dir, REFRESH_WAIT, || report_wait(ui))?;
    report_removed(removed, dir, reports_none, ui)
}

/// # Errors
/// The first file that could not be removed.
fn report_removed(removed: Removed, dir: &Path, reports_none: bool, ui: Ui) -> Result<(), Error> {
    if removed.sessions > 0
        || removed.pending_revocations > 0
        || removed.quarantined > 0
        || (reports_none && removed.file_error.is_none())
    {
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
        ui.note(
            "nothing was revoked: the provider still knows the sessions, and tokens that were already issued stay valid until they \
             expire (kubesesame logout revokes)",
        );
    }
    report_quarantined(removed.quarantined, ui);
    report_pending(removed.pending_revocations, ui);
}

/// Says that there were sessions that no call used any more.
fn report_quarantined(count: usize, ui: Ui) {
    let sessions = match count {
        0 => return,
        1 => "1 session that an earlier call had put aside was removed too".to_owned(),
        many => format!("{many} sessions that earlier calls had put aside were removed too"),
    };
    ui.note(&format!(
        "{sessions}; a refresh token of such a session may still be valid (kubesesame logout, before clean, revokes it)"
    ));
}

/// Says that refresh tokens of earlier logouts can no longer be revoked.
fn report_pending(count: usize, ui: Ui) {
    let tokens = match count {
        0 => return,
        1 => "1 refresh token that an earlier logout could not revoke was removed too, and stays valid until the provider ends it".to_owned(),
        many => format!(
            "{many} refresh tokens that earlier logouts could not revoke were removed too, and stay valid until the provider ends them"
        ),
    };
    ui.warn(&format!(
        "{tokens}; kubesesame logout, before clean, tries to revoke such tokens"
    ));
}
