//! `clean`: removes the sessions on this machine, and nothing that is not ours.

use crate::cli::CleanArgs;
use crate::environment::Environment;
use crate::error::Error;
use crate::session;
use crate::settings::cache_dir;
use crate::ui::Ui;

pub(crate) fn run(args: CleanArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let dir = cache_dir(args.token_cache_dir, environment)?;
    let removed = session::remove_all(&dir)?;
    let sessions = match removed.sessions {
        0 => "no session was there".to_owned(),
        1 => "removed 1 session".to_owned(),
        many => format!("removed {many} sessions"),
    };
    ui.note(&format!("{sessions}: {}", dir.display()));
    if let Some(error) = &removed.key_left {
        ui.warn(&format!(
            "a key of a session stays in the keyring, where it opens nothing any more: {error}"
        ));
    }
    if removed.sessions > 0 {
        ui.note(
            "tokens that were handed out live on until their end, and the provider still knows the sessions",
        );
    }
    Ok(())
}
