//! `kubeconfig convert` and `kubeconfig restore`.

mod conversion_notices;
mod convert;
pub(super) mod files;
mod restore;
mod secrets;

use crate::cli::{KubeconfigArgs, KubeconfigCommand};
use crate::environment::Environment;
use crate::error::Error;
use crate::ui::Ui;

pub(crate) fn run(args: KubeconfigArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    match args.command {
        KubeconfigCommand::Convert(args) => convert::run(args, environment, ui),
        KubeconfigCommand::Restore(args) => restore::run(&args, environment, ui),
    }
}
