//! `cluster verify`: asks a running API server, by the person's own kubectl, whether it does what the description says.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::command_line::FileArg;
use super::error::Error;
use super::source;
use crate::cli::OutputFormat;
use crate::cluster::verify::{self, Facts, Finding, Metrics, State};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::kubectl::Kubectl;
use crate::structured;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::wrapped;

pub(super) const ABOUT: &str = "\
Ask a running API server whether it does what the description says

Who you are to it (kubectl auth whoami), whether your groups arrive, and whether
it has loaded the configuration (/metrics, which takes a right that few have).
Nothing is changed. Exit code 1 if something is not as described.

Examples:
  kubesesame cluster verify --context=production --group=k8s-developers

  # With the file that was given to the API server, and an administrator
  kubesesame cluster verify --configuration=authentication.yaml \\
    --admin-kubeconfig=/etc/kubernetes/admin.conf";

/// How long kubectl may take for a person, who may have to sign in.
const PERSON_TIME: Duration = Duration::from_mins(3);
const METRICS_TIME: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    file: FileArg,

    /// The `AuthenticationConfiguration` that the API server is to have loaded
    #[arg(long, value_name = "FILE")]
    configuration: Option<PathBuf>,

    /// Group of the provider, without a prefix, that has to arrive (repeat) [default: any of the description]
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,

    /// Context of the kubeconfig whose user asks [default: the current one]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// Context of somebody who may read /metrics
    #[arg(long, value_name = "NAME")]
    admin_context: Option<String>,

    /// Kubeconfig of somebody who may read /metrics
    #[arg(long, value_name = "FILE")]
    admin_kubeconfig: Option<PathBuf>,

    /// For programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<OutputFormat>,
}

/// Returns the exit code.
///
/// # Errors
/// If the description or the file cannot be read.
pub(super) fn run(args: &VerifyArgs, ui: Ui) -> Result<u8, Error> {
    let description = source::read(&args.file, ui)?;
    let configuration = args.configuration.as_deref().map(files::read_named).transpose();
    let configuration = configuration.map_err(|source| Error::Read {
        is_default: false,
        source,
    })?;
    let facts = ask(args, configuration, ui);
    let findings = verify::verify(&description, &facts, &args.group);
    let text = match args.output {
        Some(format) => structured::document(&document(&findings), format),
        None => lines(&findings),
    };
    Ui::information(&text).map_err(Error::Output)?;
    let has_failed = findings.iter().any(|finding| finding.state == State::Failed);
    Ok(if has_failed { EXIT_FAILED } else { EXIT_SUCCESS })
}

fn ask(args: &VerifyArgs, configuration: Option<Vec<u8>>, ui: Ui) -> Facts {
    let person = Kubectl {
        context: args.context.clone(),
        ..Kubectl::default()
    };
    ui.note("asking the API server who you are (kubectl auth whoami; this may sign you in)");
    let identity = person.who_am_i_within(PERSON_TIME);
    let has_admin = args.admin_context.is_some() || args.admin_kubeconfig.is_some();
    let admin = if has_admin {
        Kubectl {
            kubeconfig: args.admin_kubeconfig.clone(),
            context: args.admin_context.clone(),
            user: None,
        }
    } else {
        person
    };
    let metrics = admin.metrics_within(METRICS_TIME);
    Facts {
        identity: identity.map_err(|error| error.to_string()),
        metrics: metrics
            .map(|text| Metrics::read(&text))
            .map_err(|error| error.to_string()),
        configuration,
    }
}

fn document(findings: &[Finding]) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "subject": finding.subject,
                "state": finding.state.name(),
                "text": finding.text,
                "fix": finding.fix,
            })
        })
        .collect();
    json!({ "findings": findings })
}

/// Where the text of a finding begins.
const INDENT: usize = 24;

fn lines(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let shown = UntrustedText::new(&finding.text).to_string();
        let shown = wrapped(&shown, INDENT, INDENT);
        lines.push(format!(
            "{:<9}{:<15}{shown}\n",
            finding.state.name(),
            finding.subject
        ));
        if let Some(fix) = finding.fix {
            let fix = wrapped(&format!("fix: {fix}"), INDENT, INDENT);
            lines.push(format!("{:INDENT$}{fix}\n", ""));
        }
    }
    lines.concat()
}
