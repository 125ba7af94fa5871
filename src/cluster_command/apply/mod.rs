//! `--apply`: shows what would change in the cluster, asks, and applies it by the person's own kubectl.
//!
//! Server-side apply does the same each time, so a run that was interrupted is run again. Nothing is done before somebody said yes.

mod args;
mod error;
mod outcome;

use std::time::{Duration, Instant};

pub(super) use self::args::ApplyArgs;
pub(super) use self::error::Error as ApplyError;
use self::outcome::{Failure, readable};
use super::error::Error;
use crate::environment::Terminal;
use crate::files;
use crate::invocation::Invocation;
use crate::kubectl::{self, Kubectl, Said};
use crate::ui::Ui;
use crate::untrusted_text::{UntrustedText, harmless_lines};
use crate::wrapped_text::wrapped;

/// How long kubectl may take. Somebody may have to sign in.
const KUBECTL_TIME: Duration = Duration::from_mins(5);
/// How long somebody may take to answer.
const ANSWER_TIME: Duration = Duration::from_mins(30);

/// What is to be applied, and what to say of it.
pub(super) struct Plan<'p> {
    pub(super) manifest: &'p str,
    /// Whom it stops, or that it stops nobody.
    pub(super) consequences: &'p [String],
    /// The commands that remove it.
    pub(super) back: &'p [&'p str],
}

/// # Errors
/// If nobody can be asked, nobody says yes, or kubectl fails.
pub(super) fn run(
    plan: &Plan<'_>,
    args: &ApplyArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(), Error> {
    if !args.yes && invocation.environment.terminal() != Terminal::Ours {
        return Err(ApplyError::Unattended.into());
    }
    let mut kubectl = Kubectl {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        user: None,
    };
    if let Some(target) = kubectl.target() {
        let (context, server) = (
            UntrustedText::new(&target.context),
            UntrustedText::new(&target.server),
        );
        ui.note(&format!("cluster: {context} at {server}"));
        // The current context may be another one when somebody has answered.
        kubectl.context = Some(target.context);
    }
    ui.note("comparing (kubectl diff --server-side; this may sign you in)");
    let said = kubectl
        .diff(plan.manifest, KUBECTL_TIME)
        .map_err(|error| kubectl_error(error, ApplyError::Timeout))?;
    match said.code {
        Some(0) => {
            return Ui::information("nothing to do: the cluster has all of it already\n")
                .map_err(Error::Output);
        }
        Some(1) => {}
        Some(_) | None => return Err(ApplyError::Compared(Failure::of("", &said.stderr)).into()),
    }
    ui.pass_on(&readable(&said.stdout));
    ui.note("what follows:");
    for consequence in plan.consequences {
        // Names of the description are in it.
        ui.note(&harmless_lines(&wrapped(&format!("- {consequence}"), 0, 2)));
    }
    if !args.yes && !confirmed("apply this?") {
        return Err(ApplyError::Declined.into());
    }
    ui.note("applying; if this is interrupted, run the same command again: it does what is left");
    let said = kubectl
        .apply(plan.manifest, KUBECTL_TIME)
        .map_err(|error| kubectl_error(error, ApplyError::Unknown))?;
    ui.pass_on(&said.stderr);
    report(plan, &kubectl, &said, ui)
}

fn kubectl_error(error: kubectl::Error, timeout: fn(Duration) -> ApplyError) -> ApplyError {
    match error {
        kubectl::Error::Timeout => timeout(KUBECTL_TIME),
        error => ApplyError::Kubectl(error),
    }
}

/// No answer, and any other answer than a yes, is a no.
fn confirmed(question: &str) -> bool {
    let answer = Ui::ask(format!("{question} [y/N] "), Some(Instant::now() + ANSWER_TIME));
    answer.is_ok_and(|answer| matches!(answer.expose().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn report(plan: &Plan<'_>, kubectl: &Kubectl, said: &Said, ui: Ui) -> Result<(), Error> {
    let failure = (said.code != Some(0)).then(|| Failure::of(&said.stdout, &said.stderr));
    if failure.as_ref().is_none_or(|failure| failure.applied > 0) {
        ui.note("to go back, apply the earlier description; to remove all of it:");
        for command in plan.back {
            ui.note(&format!("  {}", with_flags(command, kubectl)));
        }
    }
    if let Some(failure) = failure {
        return Err(ApplyError::Applied(failure).into());
    }
    Ui::information(&harmless_lines(&said.stdout)).map_err(Error::Output)
}

/// Returns a command of kubectl for the same cluster.
fn with_flags(command: &str, kubectl: &Kubectl) -> String {
    let kubeconfig = kubectl.kubeconfig.iter();
    let kubeconfig = kubeconfig.map(|path| format!(" --kubeconfig={}", files::quoted(path)));
    let context = kubectl.context.iter();
    let context = context.map(|name| format!(" --context={}", files::quoted(name)));
    let flags: String = kubeconfig.chain(context).collect();
    match command.strip_prefix("kubectl") {
        Some(rest) => format!("kubectl{flags}{rest}"),
        None => command.to_owned(),
    }
}
