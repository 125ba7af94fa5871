//! The commands: the only room that joins the others.

mod clean;
mod get_token;
mod kubeconfig;
mod mistake;
mod person;
mod qr;
mod setup;
mod standalone;

pub(crate) use clean::run as clean;
pub(crate) use get_token::{fast_path, refresh_in_background, run as get_token};
pub(crate) use kubeconfig::run as kubeconfig;
pub(crate) use mistake::was_told_of_mistake;
pub(crate) use setup::run as setup;
pub(crate) use standalone::run as standalone;

use crate::error::Error;
use crate::ui::Ui;

/// Prints the version, on standard output as `--version` does.
pub(crate) fn version() -> Result<(), Error> {
    Ui::information(concat!("kubesesame ", env!("CARGO_PKG_VERSION"), "\n")).map_err(Error::Output)
}
