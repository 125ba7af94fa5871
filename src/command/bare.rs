//! The call without a command: the standalone mode, or, for a person whose kubeconfig has no use for it, the status and the next step.

use super::kubeconfig_view::KubeconfigView;
use super::{standalone, status};
use crate::cli::StandaloneArgs;
use crate::clock;
use crate::environment;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::kubeconfig::EntrySource;
use crate::ui::Ui;

pub(crate) fn run(args: StandaloneArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let has_arguments = invocation.args.len() > 1;
    let is_console = environment.stdin_is_terminal && environment::stderr_is_terminal();
    if has_arguments || invocation.is_exec_plugin_call() || !is_console {
        return standalone::run(args, invocation, ui);
    }
    let view = KubeconfigView::read(&args.entry.file, environment).ok();
    let selected = view.as_ref().and_then(|view| view.select(&args.entry).ok());
    if selected.is_some_and(|selected| selected.user.source == EntrySource::AuthProvider) {
        return standalone::run(args, invocation, ui);
    }
    let now = clock::now();
    let status = status::gather(view.as_ref(), environment, now);
    status.warn_of_problems(ui);
    let next = status::next_step(view.as_ref().map(|view| &view.entries), &status);
    let shown = format!("{}\nnext: {next}\n", status::text(&status, None, now));
    Ui::information(&shown).map_err(Error::Output)
}
