//! The commands of `kubesesame-cluster`: one file or folder for each. Only this module connects the other modules for that program.
//!
//! `kubesesame` has none of it but the names of the commands, so nothing here may be used by `command`.

mod admission;
mod authn;
mod check;
mod check_args;
mod check_text;
mod command_line;
mod discovery;
mod error;
mod flags;
mod init;
mod print;
mod rbac;
mod rbac_args;
mod rbac_can;
mod rbac_error;
mod rbac_explain;
mod rbac_identity;
mod rbac_list;
mod rbac_live;
mod rbac_near;
mod rbac_objects;
mod rbac_policy;
mod rbac_requests;
mod rbac_table;
mod rbac_text;
mod rbac_tree;
mod rbac_who_can;
mod source;
mod tune;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use self::command_line::{ClusterCli, ClusterCommand, RbacCommand, TopCommand};
use self::error::Error;
use crate::cli::CompletionRequest;
use crate::command;
use crate::environment::{self, Environment};
use crate::error::{EXIT_SUCCESS, EXIT_USAGE};
use crate::invocation::Invocation;
use crate::process;
use crate::ui::{self, Ui};

/// Runs the program: parses the command line, runs the command, and reports a failure.
pub(crate) fn run() -> ExitCode {
    process::block_file_size_signal();
    process::core_dump::disable();
    let environment = Environment::read();
    let args: Vec<OsString> = environment::args().collect();
    if let Some(request) = CompletionRequest::parse(&args, environment.completion.as_deref()) {
        return exit_code(complete(request, &environment).map(|()| EXIT_SUCCESS));
    }
    let cli = match ClusterCli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            return exit_code(Ui::help(&error).map(|()| EXIT_SUCCESS).map_err(Error::Output));
        }
        Err(error) => {
            ui::print_usage_error(&error, &args);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let invocation = Invocation::new(&args, &environment);
    let ui = Ui {
        level: 0,
        at_terminal: environment.at_terminal,
    };
    exit_code(run_command(cli.command, &invocation, ui))
}

/// Prints what can follow on a command line of this program's commands.
fn complete(request: CompletionRequest, environment: &Environment) -> Result<(), Error> {
    let known = command::known_values(environment);
    let current_dir = environment::current_dir();
    let response = request.response_of(ClusterCli::command(), &known, current_dir.as_deref());
    response
        .and_then(|text| Ui::information(&text))
        .map_err(Error::Output)
}

/// Returns the exit code: a result that was printed can be negative.
fn run_command(command: TopCommand, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let done = match command {
        TopCommand::Admission(command) => return admission::run(&command, ui),
        TopCommand::Cluster(ClusterCommand::Check(args)) => return check::run(&args, invocation, ui),
        TopCommand::Cluster(ClusterCommand::Init(args)) => init::run(&args, invocation, ui),
        TopCommand::Cluster(ClusterCommand::Authn(args)) => authn::run(&args, ui),
        TopCommand::Cluster(ClusterCommand::Network(file)) => rbac::generate_network(&file, ui),
        TopCommand::Cluster(ClusterCommand::Tune(args)) => tune::run(&args),
        TopCommand::Cluster(ClusterCommand::Verify(args)) => return verify::run(&args, ui),
        TopCommand::Rbac(RbacCommand::Generate(args)) => rbac::generate_rbac(&args, ui),
        TopCommand::Rbac(RbacCommand::Can(args)) => return rbac_can::run(&args, invocation, ui),
        TopCommand::Rbac(RbacCommand::Explain(args)) => return rbac_explain::run(&args, invocation, ui),
        TopCommand::Rbac(RbacCommand::WhoCan(args)) => return rbac_who_can::run(&args, ui),
        TopCommand::Rbac(RbacCommand::List(args)) => return rbac_list::run(&args, invocation, ui),
        TopCommand::Version => {
            Ui::information(concat!("kubesesame-cluster ", env!("CARGO_PKG_VERSION"), "\n"))
                .map_err(Error::Output)
        }
    };
    done.map(|()| EXIT_SUCCESS)
}

fn exit_code(result: Result<u8, Error>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let report = error.report();
            ui::print_failure(&report);
            if let Some(id) = report.id.as_deref().filter(|_| environment::stderr_is_terminal()) {
                ui::print_explanation_command(id);
            }
            ExitCode::from(report.exit_code)
        }
    }
}
