//! The entry point. Everything is in the library except for a check that must run before Rust's runtime starts.

#[cfg(unix)]
mod stdout;

fn main() -> std::process::ExitCode {
    #[cfg(unix)]
    if stdout::was_closed() {
        kubesesame::reject_results();
    }
    kubesesame::run()
}
