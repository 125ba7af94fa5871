//! `status` (`whoami`): which sessions there are, whose they are, until when, and which users of the kubeconfig use them.
//!
//! Reads files, and nothing else: no lock, no refresh, no keyring, no network. With `--server`, the cluster is asked by kubectl.

mod document;
mod facts;
mod gather;
mod next;
mod server;
mod text;

use self::facts::Status;
pub(super) use self::gather::gather;
pub(super) use self::next::next_step;
pub(super) use self::text::text;
use super::entry_session::EntryError;
use super::kubeconfig_view::KubeconfigView;
use super::login_command::kubeconfig_flag;
use crate::cli::StatusArgs;
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig::{self, EntrySource};
use crate::structured;
use crate::ui::Ui;

impl Status {
    pub(super) fn warn_of_problems(&self, ui: Ui) {
        self.problems.iter().for_each(|problem| ui.warn(problem));
    }
}

pub(crate) fn run(args: &StatusArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let view = match KubeconfigView::read(&args.entry.file, environment) {
        Ok(view) => Some(view),
        Err(error) if args.entry.has_selection() => return Err(error.into()),
        Err(kubeconfig::Error::NoFile { .. }) => None,
        Err(error) => {
            ui.warn(&format!("{error}; {}", error.hint()));
            None
        }
    };
    let selected = match &view {
        Some(view) if args.server || args.entry.names_user() => Some(view.select(&args.entry)?),
        Some(_) | None => None,
    };
    let now = clock::now();
    let mut status = gather(view.as_ref(), environment, now);
    status.kubeconfig_flag = kubeconfig_flag(&args.entry.file);
    if let (Some(selected), Some(view), true) = (&selected, &view, args.entry.names_user()) {
        if selected.user.source == EntrySource::Other && !args.server {
            return Err(view.unusable(selected.user, EntryError::not_ours()));
        }
        status.keep_user(&selected.user.name);
    }
    status.warn_of_problems(ui);
    let whoami = args
        .server
        .then(|| server::ask(args, &status, selected.as_ref(), ui));
    let whoami = whoami.transpose()?;
    let shown = match args.output {
        None if status.sessions.is_empty() && whoami.is_none() => {
            let next = next_step(view.as_ref().map(|view| &view.entries), &status);
            format!("{}\nnext: {next}\n", text(&status, None, now))
        }
        None => text(&status, whoami.as_ref(), now),
        Some(format) => structured::document(&document::of(&status, whoami.as_ref(), now), format),
    };
    Ui::information(&shown).map_err(Error::Output)
}
