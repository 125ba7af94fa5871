//! The command line of `kubesesame admission`. Only syntax.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::super::apply::ApplyArgs;
use super::super::command_line::FileArg;
use crate::admission::{Mode, Operation, Rule};
use crate::cli::OutputFormat;

const GENERATE_ABOUT: &str = "\
Print policies that refuse requests of people, whatever their roles are

Three rules: who is in none of the known groups changes nothing; Secrets are
deleted by some groups only; pods run as root for some groups only.

Examples:
  # Warn first: nothing is refused
  kubesesame admission generate --apply

  # Refuse: shows whom it would stop, and asks
  kubesesame admission generate --mode=deny --apply";

const TEST_ABOUT: &str = "\
Judge requests offline, as an API server with the policies does

Exit code 0: allowed, 1: denied, 2: wrong usage.

Examples:
  # May somebody create this?
  kubesesame admission test -f deployment.yaml --as=okta:alice@example.com \\
    --as-group=okta:k8s-developers

  # Whom would the rules stop?
  kubesesame admission test -f deployment.yaml --identities=people.txt";

#[derive(Debug, Subcommand)]
pub(in super::super) enum AdmissionCommand {
    /// Print policies that refuse requests of people, whatever their roles are
    #[command(long_about = GENERATE_ABOUT)]
    Generate(Box<GenerateArgs>),
    /// Judge requests offline, as an API server with the policies does
    #[command(long_about = TEST_ABOUT)]
    Test(Box<TestArgs>),
}

#[derive(Debug, Args)]
pub(in super::super) struct GenerateArgs {
    #[command(flatten)]
    pub(super) file: FileArg,

    /// `warn` (people and the audit log), `audit` (the audit log only) or `deny`
    #[arg(
        long,
        value_name = "MODE",
        default_value = "warn",
        hide_possible_values = true
    )]
    pub(super) mode: ModeChoice,

    #[command(flatten)]
    pub(super) rules: RuleArgs,

    #[command(flatten)]
    pub(super) apply: ApplyArgs,
}

#[derive(Debug, Args)]
pub(super) struct RuleArgs {
    /// Only this rule: `required-groups`, `secret-deletion` or `root-pods` (repeat)
    #[arg(long, value_name = "RULE", hide_possible_values = true)]
    rule: Vec<RuleChoice>,
}

impl RuleArgs {
    pub(super) fn chosen(&self) -> Vec<Rule> {
        let chosen = self.rule.iter();
        chosen
            .map(|rule| match rule {
                RuleChoice::RequiredGroups => Rule::RequiredGroups,
                RuleChoice::SecretDeletion => Rule::SecretDeletion,
                RuleChoice::RootPods => Rule::RootPods,
            })
            .collect()
    }
}

#[derive(Debug, Args)]
pub(in super::super) struct TestArgs {
    /// Objects in YAML or JSON, or an `AdmissionReview`, which has the user and the operation itself; `-` for standard input (repeat)
    #[arg(long, short = 'f', value_name = "FILE", required = true)]
    pub(super) filename: Vec<PathBuf>,

    /// What is done with the objects: `create`, `update` or `delete`
    #[arg(
        long,
        value_name = "OPERATION",
        default_value = "create",
        hide_possible_values = true
    )]
    pub(super) operation: OperationChoice,

    /// User name, as the API server has it
    #[arg(long = "as", value_name = "USER", conflicts_with = "identities")]
    pub(super) user: Option<String>,

    /// Group, as the API server has it (repeat)
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    pub(super) groups: Vec<String>,

    /// Users to ask for: `USER,GROUP,…` in each line, or a YAML list of `user` and `groups`; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) identities: Option<PathBuf>,

    #[command(flatten)]
    pub(super) rules: RuleArgs,

    /// The description, `-` for standard input [default: kubesesame.yaml]
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    /// For programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(super) output: Option<OutputFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeChoice {
    Warn,
    Audit,
    Deny,
}

impl ModeChoice {
    pub(super) fn mode(self) -> Mode {
        match self {
            Self::Warn => Mode::Warn,
            Self::Audit => Mode::Audit,
            Self::Deny => Mode::Deny,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RuleChoice {
    RequiredGroups,
    SecretDeletion,
    RootPods,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OperationChoice {
    Create,
    Update,
    Delete,
}

impl OperationChoice {
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
        }
    }
}
