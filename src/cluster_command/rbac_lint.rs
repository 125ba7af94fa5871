//! `rbac lint`: checks of roles and bindings in files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::command_line::FileArg;
use super::error::Error;
use super::rbac_error::RbacError;
use super::rbac_policy::{Files, read_files};
use super::{rbac_lint_output as output, rbac_lint_sarif as sarif, source};
use crate::cli::OutputFormat;
use crate::cluster::description::{Description, Issuer, nearest};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::rbac::lint::{Finding, LintRule, Settings, Severity, lint, passed_over, rules};
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::model::Policy;
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;

pub(super) const LINT_ABOUT: &str = "\
Check roles and bindings for ways to become administrator, references to nothing, and rules without effect

Prefixes and groups of kubesesame.yaml are compared with the bindings. A finding is accepted by an annotation of its object,
`ignore-check.kubesesame/CHECK: reason`. All checks: docs/rbac-lint.md. The exit code is 0 if there is nothing but notes, 1 if there is more, and 2
if nothing was checked.

Examples:
  kubesesame rbac lint rbac/

  # For code scanning
  kubesesame rbac lint rbac/ --output=sarif > rbac.sarif

  # A cluster
  kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json | kubesesame rbac lint -";

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Files and directories with roles and bindings, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Run this check alone (repeat)
    #[arg(long, value_name = "CHECK")]
    rule: Vec<String>,

    /// Do not run this check (repeat)
    #[arg(long, value_name = "CHECK")]
    exclude: Vec<String>,

    /// The least severity that is reported: note, warning or error
    #[arg(
        long,
        value_name = "SEVERITY",
        default_value = "note",
        hide_possible_values = true
    )]
    severity: SeverityChoice,

    /// Look at objects of Kubernetes itself too
    #[arg(long)]
    all: bool,

    /// With which names of users and groups of the provider begin (repeat), in place of a description
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,

    /// The description whose prefixes and groups are compared [default: kubesesame.yaml, if there is one]
    #[arg(long, value_name = "FILE", conflicts_with = "prefix")]
    description: Option<PathBuf>,

    /// Format of the result: json, yaml or sarif
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<LintFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SeverityChoice {
    Note,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LintFormat {
    Json,
    Yaml,
    Sarif,
}

/// What was found, and where it is.
pub(super) struct Linted<'a> {
    pub(super) policy: &'a Policy,
    pub(super) files: &'a Files,
    /// Without those that are accepted.
    pub(super) open: Vec<&'a Finding>,
    pub(super) accepted: Vec<&'a Finding>,
    /// How many objects are taken for those of Kubernetes itself.
    pub(super) passed_over: usize,
}

/// Returns the exit code.
///
/// # Errors
/// If the files cannot be read, have no role or binding, or a check does not exist.
pub(super) fn run(args: &LintArgs, ui: Ui) -> Result<u8, Error> {
    let least = match args.severity {
        SeverityChoice::Note => Severity::Note,
        SeverityChoice::Warning => Severity::Warning,
        SeverityChoice::Error => Severity::Error,
    };
    args.rule
        .iter()
        .chain(&args.exclude)
        .try_for_each(|id| known(id))?;
    let settings = settings(args, ui)?;
    let (read, files) = read_files(Loader::default(), &args.files, ui)?;
    if read.read == 0 {
        return Err(RbacError::EmptyPolicy {
            skipped: read.skipped,
        }
        .into());
    }
    let is_selected = |rule: &LintRule| {
        let is_named = |ids: &[String]| ids.iter().any(|id| id == rule.id);
        (args.rule.is_empty() || is_named(&args.rule)) && !is_named(&args.exclude)
    };
    let mut findings = lint(&read.policy, &settings, is_selected);
    findings.retain(|finding| finding.severity >= least);
    let (accepted, open): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.accepted.is_some());
    let is_clean = open.iter().all(|finding| finding.severity == Severity::Note);
    let found = Linted {
        policy: &read.policy,
        files: &files,
        open,
        accepted,
        passed_over: passed_over(&read.policy, &settings),
    };
    let text = match args.output {
        None => output::text(&found),
        Some(LintFormat::Json) => document(&output::value(&found), OutputFormat::Json),
        Some(LintFormat::Yaml) => document(&output::value(&found), OutputFormat::Yaml),
        Some(LintFormat::Sarif) => document(&sarif::value(&found), OutputFormat::Json),
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(if is_clean { EXIT_SUCCESS } else { EXIT_FAILED })
}

/// # Errors
/// If there is no check with this id.
fn known(id: &str) -> Result<(), Error> {
    let mut ids = rules().map(|rule| rule.id);
    if ids.any(|known| known == id) {
        return Ok(());
    }
    Err(RbacError::UnknownCheck {
        id: id.to_owned(),
        nearest: nearest(id, rules().map(|rule| rule.id)),
    }
    .into())
}

/// Returns what is known of the provider: the flags, else the description, if there is one.
fn settings(args: &LintArgs, ui: Ui) -> Result<Settings, Error> {
    let mut settings = Settings {
        has_defaults: args.all,
        ..Settings::default()
    };
    if !args.prefix.is_empty() {
        settings.user_prefixes.clone_from(&args.prefix);
        settings.group_prefixes.clone_from(&args.prefix);
        return Ok(settings);
    }
    let file = FileArg {
        file: args.description.clone(),
    };
    let description = match source::read(&file, ui) {
        Ok(description) => description,
        Err(Error::Read { is_default: true, .. }) => return Ok(settings),
        Err(Error::Read { source, .. }) => return Err(RbacError::DescriptionFile(source).into()),
        Err(error) => return Err(error),
    };
    let Description { issuers, groups, .. } = &description;
    let prefixes = |prefix: fn(&Issuer) -> &String| issuers.iter().map(prefix).cloned().collect();
    settings.user_prefixes = prefixes(|issuer| &issuer.mapping.username_prefix);
    settings.group_prefixes = prefixes(|issuer| &issuer.mapping.groups_prefix);
    let names = groups
        .iter()
        .flat_map(|group| description.group_names(&group.name));
    settings.groups = names.collect::<BTreeSet<String>>();
    Ok(settings)
}
