//! The commands, one module each. Only this module connects the other modules.

mod clean;
mod get_token;
mod kubeconfig;
mod person;
mod qr;
mod setup;
mod standalone;
mod usage_error;

pub(crate) use clean::run as clean;
pub(crate) use get_token::{fast_path, refresh_in_background, run as get_token};
pub(crate) use kubeconfig::run as kubeconfig;
pub(crate) use setup::run as setup;
pub(crate) use standalone::run as standalone;
pub(crate) use usage_error::was_usage_error_reported;

use crate::error::Error;
use crate::ui::Ui;

/// Prints the version, on standard output as `--version` does.
pub(crate) fn version() -> Result<(), Error> {
    Ui::information(concat!("kubesesame ", env!("CARGO_PKG_VERSION"), "\n")).map_err(Error::Output)
}
