//! The commands: the only room that joins the others.

mod clean;
mod get_token;
mod kubeconfig;
mod person;
mod qr;
mod setup;
mod standalone;

use std::future::Future;

pub(crate) use clean::run as clean;
pub(crate) use get_token::{at_once, renew_ahead, run as get_token};
pub(crate) use kubeconfig::run as kubeconfig;
pub(crate) use setup::run as setup;
pub(crate) use standalone::run as standalone;

use crate::error::Error;
use crate::ui::Ui;

/// Prints the version, on standard output as `--version` does.
pub(crate) fn version() -> Result<(), Error> {
    Ui::result(concat!("kubesesame ", env!("CARGO_PKG_VERSION"), "\n")).map_err(Error::Output)
}

/// Runs what needs the network. Nothing on the cached path comes here.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build();
    let runtime = runtime.map_err(Error::Runtime)?;
    let result = runtime.block_on(work);
    // A name look-up that still hangs in a thread must not keep us.
    runtime.shutdown_background();
    Ok(result)
}
