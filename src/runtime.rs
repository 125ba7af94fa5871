//! The one place where futures run: one runtime for a whole command, made when the network is needed first.
//!
//! The cached path never comes here.

use std::cell::OnceCell;
use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::process;

/// A runtime that is not there before it is needed.
#[derive(Debug, Default)]
pub(crate) struct LazyRuntime(OnceCell<Runtime>);

impl LazyRuntime {
    /// Runs a future to its end.
    ///
    /// # Errors
    /// When the system refuses what a runtime needs.
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

/// Where too few files can be open the library panics instead of telling so.
#[cfg(unix)]
fn check_descriptors() -> io::Result<()> {
    use std::os::unix::net::UnixStream;

    // It opens no more than these six.
    drop((UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?));
    Ok(())
}

#[cfg(not(unix))]
fn check_descriptors() -> io::Result<()> {
    Ok(())
}

impl Drop for LazyRuntime {
    fn drop(&mut self) {
        // A name look-up that still hangs in a thread must not hold up the end of the command.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
