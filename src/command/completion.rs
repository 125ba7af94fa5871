//! `completion`: the script that a shell loads, and the responses to its questions.
//!
//! A question is answered as well as possible: a kubeconfig that cannot be read has no names.

use std::io;

use crate::cli::{self, CompletionArgs, CompletionRequest, FileArgs, KnownValues};
use crate::command::companion;
use crate::command::kubeconfig::files::{Kubeconfig, find_files};
use crate::environment::{self, Environment};
use crate::error::Error;
use crate::kubeconfig::{Entries, UserEntry};
use crate::ui::Ui;

/// Prints the script of a shell.
pub(crate) fn run(args: &CompletionArgs) -> Result<(), Error> {
    print(args.shell.script())
}

/// Prints what can follow on a command line. The commands of `kubesesame-cluster` are answered for by that program, if it is there.
pub(crate) fn complete(request: CompletionRequest, environment: &Environment) -> Result<(), Error> {
    if let Some(args) = request.for_companion() {
        // A shell shows no reason.
        drop(companion::run(&args));
        return Ok(());
    }
    let current_dir = environment::current_dir();
    print(request.response(&known_values(environment), current_dir.as_deref()))
}

fn print(text: io::Result<String>) -> Result<(), Error> {
    text.and_then(|text| Ui::information(&text))
        .map_err(Error::Output)
}

/// Returns the names in the kubeconfigs of this person.
pub(crate) fn known_values(environment: &Environment) -> KnownValues {
    let found = find_files(&FileArgs { kubeconfig: None }, environment);
    let files = found.map_or_else(|_| Vec::new(), |found| found.files);
    let texts: Vec<String> = files
        .iter()
        .filter_map(|file| Kubeconfig::text(file).ok())
        .collect();
    let entries = Entries::read(texts.iter().map(String::as_str));
    let mut issuers: Vec<String> = entries.users.iter().flat_map(issuers_of).collect();
    issuers.sort_unstable();
    issuers.dedup();
    let contexts = entries.contexts.into_iter().map(|context| context.name);
    let users = entries.users.into_iter().map(|user| user.name);
    KnownValues {
        contexts: contexts.filter(|name| cli::is_plain(name)).collect(),
        users: users.filter(|name| cli::is_plain(name)).collect(),
        issuers,
    }
}

fn issuers_of(user: &UserEntry) -> Vec<String> {
    let args = user.exec.iter().flat_map(|exec| &exec.args);
    let values = args.filter_map(|arg| arg.expose().strip_prefix("--oidc-issuer-url="));
    values
        .filter(|issuer| cli::is_plain(issuer))
        .map(str::to_owned)
        .collect()
}
