//! `cluster diff`: reads two files, and says what the change means for people.

mod args;
mod document;
mod text;

use std::path::{Path, PathBuf};

pub(super) use self::args::{ABOUT, DiffArgs};
use super::error::Error;
use super::rbac_policy::Files;
use super::{check, init, rbac_policy};
use crate::cluster::authn;
use crate::cluster::check::{FileReport, Settings, SettingsFault, Severity, read_settings};
use crate::cluster::description::Description;
use crate::cluster::diff::{self, BindingChange, Difference, Person};
use crate::command::token_owner;
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::invocation::Invocation;
use crate::rbac::policy::model::{Place, Policy};
use crate::structured;
use crate::ui::Ui;
use crate::untrusted_text::{UntrustedText, harmless_lines};

/// A file, and what it says.
struct Side {
    /// As it is shown.
    file: String,
    settings: Settings,
}

/// Everything that is told.
struct Comparison {
    old: Side,
    new: Side,
    difference: Difference,
    /// With the name of each token.
    people: Vec<(String, Person)>,
    /// `None` if no policy is given.
    bindings: Option<Vec<BindingChange>>,
    /// The files of the policy.
    files: Files,
}

impl Comparison {
    fn differs(&self) -> bool {
        !self.difference.changes.is_empty() || self.people.iter().any(|(_, person)| person.changes())
    }

    /// Returns `FILE:LINE`.
    fn place(&self, place: Place) -> String {
        self.files.place(place).unwrap_or_default()
    }
}

/// Returns the exit code: whether there is a difference for people.
///
/// # Errors
/// If a file cannot be read, or the API server would refuse it. The exit code is never that of a difference.
pub(super) fn run(args: &DiffArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let comparison = compare(args, invocation, ui).map_err(|error| Error::NotCompared(Box::new(error)))?;
    let text = match args.output {
        Some(format) => structured::document(&document::value(&comparison), format),
        None => harmless_lines(&text::document(&comparison)).into_owned(),
    };
    Ui::information(&text).map_err(|error| Error::NotCompared(Box::new(Error::Output(error))))?;
    Ok(if comparison.differs() {
        EXIT_FAILED
    } else {
        EXIT_SUCCESS
    })
}

fn compare(args: &DiffArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<Comparison, Error> {
    check_stdin(args)?;
    let (old, new) = (side(&args.old, ui)?, side(&args.new, ui)?);
    let policy = if args.rbac.is_empty() {
        None
    } else {
        Some(rbac_policy::read_some(&args.rbac, ui)?)
    };
    let (policy, files) = policy.map(|source| (source.policy, source.files)).unzip();
    let people = people(
        args,
        (&old.settings, &new.settings),
        policy.as_ref(),
        invocation,
        ui,
    )?;
    Ok(Comparison {
        difference: diff::compare(&old.settings, &new.settings),
        bindings: policy
            .as_ref()
            .map(|policy| diff::bindings(policy, &old.settings, &new.settings)),
        people,
        files: files.unwrap_or_default(),
        old,
        new,
    })
}

/// Standard input is read once.
fn check_stdin(args: &DiffArgs) -> Result<(), Error> {
    let all = [&args.old, &args.new]
        .into_iter()
        .chain(&args.token)
        .chain(&args.rbac);
    match all.filter(|path| path.as_path() == Path::new("-")).count() {
        0 | 1 => Ok(()),
        _ => Err(Error::StdinTwice),
    }
}

fn side(path: &Path, ui: Ui) -> Result<Side, Error> {
    let text = check::read(path, ui)?;
    let file = shown(path);
    let unusable = |fault| match fault {
        SettingsFault::Refused(report) => Error::NotAccepted {
            file: file.clone(),
            finding: first_error(report),
        },
        SettingsFault::Elsewhere { line, file: named } => Error::SettingsElsewhere {
            file: match line {
                Some(line) => format!("{file}:{line}"),
                None => file.clone(),
            },
            named,
        },
    };
    let settings = if Description::is_meant(&text) {
        let description = Description::parse(&text).map_err(|fault| Error::Description {
            file: Some(path.to_owned()),
            fault,
        })?;
        let made = authn::settings(&description)?;
        Settings {
            kind: "description of kubesesame".to_owned(),
            ..read_settings(&made).map_err(unusable)?
        }
    } else {
        read_settings(&text).map_err(unusable)?
    };
    Ok(Side { file, settings })
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        files::shown(path).to_string()
    }
}

/// Returns `LINE: FIELD: TEXT` of the first error, and how many there are.
fn first_error(report: FileReport) -> String {
    let mut errors = report
        .findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error);
    let Some(first) = errors.next() else {
        return report.kind;
    };
    let field = match first.field.as_str() {
        "" => String::new(),
        field => format!("{field}: "),
    };
    let line = first
        .line
        .map(|line| format!("line {line}: "))
        .unwrap_or_default();
    let more = match errors.count() {
        0 => String::new(),
        1 => ", and 1 error more".to_owned(),
        count => format!(", and {count} errors more"),
    };
    // The API server's message can have several lines, of which the first says what is wrong.
    let text = first.text.lines().next().unwrap_or_default();
    format!("{line}{field}{text}{more}")
}

fn people(
    args: &DiffArgs,
    (old, new): (&Settings, &Settings),
    policy: Option<&Policy>,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<Vec<(String, Person)>, Error> {
    let files = args.token.iter().map(|file| (None, Some(file)));
    let contexts = args.context.iter().map(|context| (Some(context), None));
    let mut people = Vec::new();
    for (context, file) in contexts.chain(files) {
        let inspect = init::inspect_args(context.map(String::as_str), None, file.map(PathBuf::as_path))?;
        let owner = token_owner(inspect, invocation, ui).map_err(|error| Error::Token(Box::new(error)))?;
        let name = match (context, file) {
            (Some(context), _) => format!("session of {}", UntrustedText::new(context)),
            (None, Some(file)) => shown(file),
            (None, None) => String::new(),
        };
        people.push((
            name,
            diff::person((&owner.claims, invocation.started_at.secs()), old, new, policy),
        ));
    }
    Ok(people)
}
