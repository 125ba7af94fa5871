//! `rbac generate` and `cluster network`: print manifests, or apply them.

use super::apply::{self, Plan};
use super::command_line::{NetworkArgs, PlatformArgs, RbacGenerateArgs};
use super::error::Error;
use super::{print, source};
use crate::cluster::network;
use crate::invocation::Invocation;
use crate::rbac::generate;
use crate::ui::Ui;

/// # Errors
/// If the description cannot be used, or has no groups; or it cannot be applied.
pub(super) fn generate_rbac(
    args: &RbacGenerateArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(), Error> {
    let platform = PlatformArgs::default();
    let description = source::description(&args.file, &args.issuer, &args.groups, &platform, ui)?;
    let file = generate::generate(&description).ok_or(Error::NothingToDo("groups"))?;
    if !args.apply.apply {
        return print::result(&[file]);
    }
    let plan = Plan {
        manifest: &file.content,
        consequences: &generate::consequences(),
        back: generate::BACK,
    };
    apply::run(&plan, &args.apply, invocation, ui)
}

/// # Errors
/// If the description cannot be used, or has no rules; or it cannot be applied.
pub(super) fn generate_network(args: &NetworkArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let description = source::read(&args.file, ui)?;
    let file = network::generate(&description).ok_or(Error::NothingToDo("network"))?;
    if !args.apply.apply {
        return print::result(&[file]);
    }
    let plan = Plan {
        manifest: &file.content,
        consequences: &network::consequences(&description),
        back: network::BACK,
    };
    apply::run(&plan, &args.apply, invocation, ui)
}
