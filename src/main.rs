//! The entry point: everything is in the library, but for what has to be seen before the runtime starts.

#[cfg(unix)]
mod stdout;

fn main() -> std::process::ExitCode {
    #[cfg(unix)]
    if stdout::was_closed() {
        kubesesame::reject_results();
    }
    kubesesame::run()
}
