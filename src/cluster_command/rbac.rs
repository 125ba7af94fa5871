//! `rbac generate` and `cluster network`: print manifests.

use super::command_line::{FileArg, PlatformArgs, RbacGenerateArgs};
use super::error::Error;
use super::{print, source};
use crate::cluster::network;
use crate::rbac::generate;
use crate::ui::Ui;

/// # Errors
/// If the description cannot be used, or has no groups.
pub(super) fn generate_rbac(args: &RbacGenerateArgs, ui: Ui) -> Result<(), Error> {
    let platform = PlatformArgs::default();
    let description = source::description(&args.file, &args.issuer, &args.groups, &platform, ui)?;
    let file = generate::generate(&description).ok_or(Error::NothingToDo("groups"))?;
    print::result(&[file])
}

/// # Errors
/// If the description cannot be used, or has no rules.
pub(super) fn generate_network(file: &FileArg, ui: Ui) -> Result<(), Error> {
    let description = source::read(file, ui)?;
    let file = network::generate(&description).ok_or(Error::NothingToDo("network"))?;
    print::result(&[file])
}
