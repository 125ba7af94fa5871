//! The entry point of the program for the cluster's side. `kubesesame cluster`, `rbac` and `admission` run it.

#[cfg(unix)]
#[path = "../stdout.rs"]
mod stdout;

fn main() -> std::process::ExitCode {
    #[cfg(unix)]
    if stdout::was_closed() {
        kubesesame::reject_results();
    }
    kubesesame::run_cluster()
}
