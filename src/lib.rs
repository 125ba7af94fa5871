//! kubesesame: the credential plugin that kubectl runs to get a token.
//!
//! This library exists for the binary of the same name; its interface is the command line, not these items.
//! The modules, in reading order; calls go downwards only, and only `command` joins them:
//!
//! - `cli`, `environment`: what was typed, and what the process was started with
//! - `settings`: what that means
//! - `command`: one file per command, its story
//! - `invocation`: who calls, how, and since when
//! - `lifecycle`: stored, else refreshed, else signed in for: the only place that decides
//! - `session`: sessions on disk, their lock, the failures that are remembered
//! - `oidc`: the provider: login, refresh, verification
//! - `diagnose`: from a provider's error to its cure
//! - `cluster`, `kubeconfig`: what the API server makes of a token, what kubectl has to be told
//! - `exec`: the contract with kubectl
//! - `files`, `keyring`, `process`, `clock`, `ui`: the single access points to the file system, the OS keyring, other processes, the clock, the person
//! - `secret`, `initial_id_token`, `untrusted_text`, `report`, `error`: types that all modules use

#![forbid(unsafe_code)]

mod cli;
mod clock;
mod cluster;
mod command;
mod diagnose;
mod environment;
mod error;
mod exec;
mod files;
mod initial_id_token;
mod invocation;
mod keyring;
mod kubeconfig;
mod lifecycle;
mod oidc;
mod process;
mod report;
mod runtime;
mod secret;
mod session;
mod settings;
mod ui;
mod untrusted_text;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::{Cli, Command, ConfigSources, ParseError};
use crate::environment::Environment;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::ui::Ui;

/// Runs the program: parse, settings, command, report; or at once what was answered before.
#[must_use]
pub fn run() -> ExitCode {
    process::block_file_size_signal();
    process::core_dump::disable();
    let environment = Environment::read();
    let args: Vec<OsString> = environment::args().collect();
    let invocation = Invocation::new(&args, &environment);
    if let Some(result) = command::fast_path(&invocation) {
        return exit_code(result, &invocation);
    }
    let sources = ConfigSources {
        environment: environment.flags.clone(),
    };
    for unknown in cli::unknown_variables(&environment.flags) {
        ui::warn_later(&unknown.to_string());
    }
    let cli = match Cli::parse_from_os(args.iter().cloned(), &sources) {
        Ok(cli) => cli,
        Err(ParseError::Config(config_error)) => {
            return report_failure(&Error::Config(config_error), &invocation);
        }
        Err(ParseError::Usage(error)) => {
            // Help goes to stdout and is a success, a mistake goes to stderr; clap knows which is which.
            if !error.use_stderr() {
                ui::flush_warnings();
                return exit_code(Ui::help(&error).map_err(Error::Output), &invocation);
            }
            if !command::was_told_of_mistake(&invocation) {
                ui::print_usage_error(&error);
            }
            return ExitCode::from(error::EXIT_USAGE);
        }
    };
    let ui = Ui {
        level: cli.log.verbosity,
        at_terminal: environment.at_terminal,
    };
    let untyped = cli.untyped;
    if !matches!(cli.command, Command::GetToken(_)) {
        ui::flush_warnings();
    }
    let result = match cli.command {
        Command::GetToken(args) => command::get_token(*args, &invocation, ui),
        Command::BackgroundRefresh => command::refresh_in_background(&environment),
        Command::Clean(args) => command::clean(args, &environment, ui),
        Command::Version => command::version(),
        Command::Setup(args) => command::setup(*args, &environment, ui),
        Command::Standalone(args) => command::standalone(*args, &invocation, ui),
        Command::Kubeconfig(args) => command::kubeconfig(args, &environment, ui),
    };
    exit_code(result.map_err(|error| error.with_source(&untyped)), &invocation)
}

fn exit_code(result: Result<(), Error>, invocation: &Invocation<'_>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(error::EXIT_DONE),
        Err(error) => report_failure(&error, invocation),
    }
}

fn report_failure(error: &Error, invocation: &Invocation<'_>) -> ExitCode {
    let report = error.report();
    let was_told = error.was_told() || (error.is_of_arguments() && command::was_told_of_mistake(invocation));
    if !was_told {
        ui::print_failure(&report);
    }
    ExitCode::from(report.exit)
}

/// For a process that was started without a standard output, which the runtime hides: from now on a result is an error.
pub fn reject_results() {
    ui::reject_results();
}
