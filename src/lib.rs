//! kubesesame: the credential plugin that kubectl runs to get a token.
//!
//! This library exists for the binary of the same name, and for `kubesesame-cluster`; their interface is the command line, not these items.
//! The modules, in reading order. A module calls only those below it (any may use the
//! values of `settings` and `invocation`), and only `command` connects them:
//!
//! - `cli`, `environment`: the command line, and the environment of the process
//! - `settings`: their interpretation
//! - `command`: one module per command
//! - `invocation`: the caller, the command line, and the start time
//! - `doctor`: the checks of a set-up, as functions over facts
//! - `lifecycle`: decides whether a token is returned from the store, refreshed, or brought by a login
//! - `fast_path`: a cached call, answered before the command line is parsed
//! - `session`: stored sessions, their lock, and stored failures
//! - `oidc`: the provider: login, refresh, verification
//! - `catalogue`: the errors of providers and our own, their causes and fixes; all errors have ids of it
//! - `cluster`, `kubeconfig`, `kubectl`: which user the API server sees in a token, the configuration of kubectl, and kubectl itself
//! - `cluster_command`: the commands of `kubesesame-cluster`, of which `kubesesame` links nothing; `rbac`: roles and bindings; `admission`: which requests are refused
//! - `exec`: the ExecCredential API of kubectl
//! - `files`, `keyring`, `process`, `clock`, `ui`: the single access points to the file system, the OS keyring, other processes, the clock,
//!   and the terminal
//! - `runtime`: the tokio runtime, built when the network is first needed
//! - `secret`, `duration_words`, `structured`, `grant_type`, `initial_id_token`, `untrusted_text`, `wrapped_text`, `report`, `error_chain`, `error`: types that all modules use

#![forbid(unsafe_code)]

mod admission;
mod catalogue;
mod cli;
mod clock;
mod cluster;
mod cluster_command;
mod command;
mod doctor;
mod duration_words;
mod environment;
mod error;
mod error_chain;
mod exec;
mod fast_path;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod grant_type;
mod initial_id_token;
mod invocation;
mod keyring;
mod kubeconfig;
mod kubectl;
mod lifecycle;
mod oidc;
mod process;
#[cfg(test)]
mod properties;
mod rbac;
mod report;
mod runtime;
mod secret;
mod session;
mod settings;
mod step_up;
mod structured;
mod ui;
mod untrusted_text;
mod wrapped_text;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::{Cli, Command, CompletionRequest, ConfigSources, ParseError};
use crate::environment::Environment;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::ui::Ui;

/// Runs the program: on the fast path if it has an entry for this command line, and else by parsing the command line.
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
    ui::start_log_time();
    if let Some(request) = CompletionRequest::parse(&args, environment.completion.as_deref()) {
        return exit_code(command::complete(request, &environment), &invocation);
    }
    if let Some(arguments) = cli::companion_args(&args) {
        return exit_status(
            command::run_companion(&arguments).map_err(Error::from),
            &invocation,
        );
    }
    let sources = ConfigSources {
        environment: environment.flag_variables.clone(),
    };
    for unknown in cli::unknown_variables(&environment.flag_variables) {
        ui::warn_later(&unknown.to_string());
    }
    let cli = match Cli::parse_from_os(args.iter().cloned(), &sources) {
        Ok(cli) => cli,
        Err(ParseError::Config(config_error)) => {
            return report_failure(&Error::Config(config_error), &invocation);
        }
        Err(ParseError::Usage(error)) => {
            // Help goes to standard output and is a success. An error goes to standard error. clap distinguishes them.
            if !error.use_stderr() {
                ui::flush_warnings();
                return exit_code(Ui::help(&error).map_err(Error::Output), &invocation);
            }
            if !command::was_usage_error_reported(&invocation) {
                ui::print_usage_error(&error, &args);
            }
            return ExitCode::from(error::EXIT_USAGE);
        }
    };
    let ui = Ui {
        level: cli.log.verbosity,
        at_terminal: environment.at_terminal,
    };
    let value_sources = cli.value_sources;
    // `doctor` has a check for them.
    if !matches!(cli.command, Command::GetToken(_) | Command::Doctor(_)) {
        ui::flush_warnings();
    }
    let result = run_command(cli.command, &invocation, ui);
    exit_status(
        result.map_err(|error| error.with_source(&value_sources)),
        &invocation,
    )
}

fn run_command(command: Command, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let environment = invocation.environment;
    let result = match command {
        Command::Cluster(args) => return Ok(command::run_parsed_companion("cluster", &args)?),
        Command::Rbac(args) => return Ok(command::run_parsed_companion("rbac", &args)?),
        Command::Admission(args) => return Ok(command::run_parsed_companion("admission", &args)?),
        Command::GetToken(args) => command::get_token(*args, invocation, ui),
        Command::Login(args) => command::login(*args, invocation, ui),
        Command::Status(args) => command::status(&args, environment, ui),
        Command::BackgroundRefresh => command::refresh_in_background(environment),
        Command::Logout(args) => command::logout(&args, invocation, ui),
        Command::Clean(args) => command::clean(&args, environment, ui),
        Command::Version(args) => command::version(&args),
        Command::Completion(args) => command::completion(&args),
        Command::Man(args) => command::manual_page(&args),
        Command::Setup(args) => command::setup(*args, environment, ui),
        Command::Explain(args) => command::explain(&args),
        Command::Doctor(args) => command::doctor(&args, invocation, ui),
        Command::Standalone(args) => command::bare(*args, invocation, ui),
        Command::Kubeconfig(args) => command::kubeconfig(args, environment, ui),
        Command::Token(args) => command::token(args, invocation, ui),
    };
    result.map(|()| error::EXIT_SUCCESS)
}

/// Runs the program for the cluster's side.
#[must_use]
pub fn run_cluster() -> ExitCode {
    cluster_command::run()
}

fn exit_status(result: Result<u8, Error>, invocation: &Invocation<'_>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => report_failure(&error, invocation),
    }
}

fn exit_code(result: Result<(), Error>, invocation: &Invocation<'_>) -> ExitCode {
    exit_status(result.map(|()| error::EXIT_SUCCESS), invocation)
}

fn report_failure(error: &Error, invocation: &Invocation<'_>) -> ExitCode {
    let report = error.report();
    let was_reported = error.was_reported()
        || (error.is_caused_by_arguments() && command::was_usage_error_reported(invocation));
    if !was_reported {
        // Also where kubectl has passed on its terminal: most failures are seen there.
        let is_seen = invocation.is_typed() || environment::stderr_is_terminal();
        ui::print_failure(&report);
        if let Some(id) = report.id.as_deref().filter(|_| is_seen) {
            ui::print_explanation_command(id);
        }
    }
    ExitCode::from(report.exit_code)
}

/// Makes every later result an error. For a process that was started without a standard output, which Rust's runtime hides.
pub fn reject_results() {
    ui::reject_results();
}
