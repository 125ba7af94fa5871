//! A tokio runtime, made when its owner first needs the network.
//!
//! A cached call makes none.

use std::cell::OnceCell;
use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::process;

/// A runtime that is made on first use.
#[derive(Debug, Default)]
pub(crate) struct LazyRuntime(OnceCell<Runtime>);

impl LazyRuntime {
    /// Runs a future to completion.
    ///
    /// # Errors
    /// When the system has too few file descriptors for a runtime.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        if self.0.get().is_none() {
            check_descriptors()?;
            let mut builder = Builder::new_current_thread();
            builder.on_thread_start(process::leave_signals_to_main_thread);
            let runtime = builder.enable_io().enable_time().build()?;
            drop(self.0.set(runtime));
        }
        match self.0.get() {
            Some(runtime) => Ok(runtime.block_on(work)),
            None => Err(io::Error::other("no runtime")),
        }
    }
}

/// Returns an error if too few files can be open, where `tokio` would panic.
#[cfg(unix)]
fn check_descriptors() -> io::Result<()> {
    use std::os::unix::net::UnixStream;

    // `tokio` opens at most six descriptors.
    drop((UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?));
    Ok(())
}

#[cfg(not(unix))]
fn check_descriptors() -> io::Result<()> {
    Ok(())
}

impl Drop for LazyRuntime {
    fn drop(&mut self) {
        // A DNS lookup that hangs in a thread must not delay the end of the command.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
