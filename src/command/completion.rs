//! `completion`: the script that a shell loads, and the responses to its questions.
//!
//! A question is answered as well as possible: a kubeconfig that cannot be read has no names.

use std::io;

use crate::cli::{CompletionArgs, CompletionRequest, FileArgs, KnownValues};
use crate::command::kubeconfig::files::{Kubeconfig, files_in_given_order};
use crate::environment::{self, Environment};
use crate::error::Error;
use crate::kubeconfig;
use crate::ui::Ui;

/// Prints the script of a shell.
pub(crate) fn run(args: &CompletionArgs) -> Result<(), Error> {
    print(args.shell.script())
}

/// Prints what can follow on a command line.
pub(crate) fn complete(request: CompletionRequest, environment: &Environment) -> Result<(), Error> {
    let current_dir = environment::current_dir();
    print(request.response(&known_values(environment), current_dir.as_deref()))
}

fn print(text: io::Result<String>) -> Result<(), Error> {
    text.and_then(|text| Ui::information(&text))
        .map_err(Error::Output)
}

/// Returns the names in the kubeconfigs of this person.
fn known_values(environment: &Environment) -> KnownValues {
    let files = files_in_given_order(&FileArgs { kubeconfig: None }, environment).unwrap_or_default();
    let texts: Vec<String> = files
        .iter()
        .filter_map(|file| Kubeconfig::text(file).ok())
        .collect();
    // A shell prints names as they are, so a name with a control character is left out.
    let printable = |name: &String| !name.chars().any(char::is_control);
    let contexts = texts.iter().filter_map(|text| kubeconfig::contexts(text).ok());
    let contexts = contexts.flat_map(|contexts| contexts.users).map(|(name, _)| name);
    let users = texts.iter().flat_map(|text| kubeconfig::user_names(text));
    KnownValues {
        contexts: contexts.filter(printable).collect(),
        users: users.filter(printable).collect(),
        issuers: Vec::new(),
    }
}
