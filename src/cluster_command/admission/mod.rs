//! `kubesesame admission`: prints policies, and judges requests by the same rules.

mod args;
mod error;
mod report;

use std::path::Path;

pub(super) use self::args::AdmissionCommand;
use self::args::{GenerateArgs, TestArgs};
pub(super) use self::error::Error as AdmissionError;
use self::report::Row;
use super::apply::{self, Plan};
use super::command_line::FileArg;
use super::error::Error;
use super::{print, source};
use crate::admission::{self, Operation, Person, Request, Rule, Rules};
use crate::cluster::authn::Refusal;
use crate::cluster::description::{Description, KubernetesVersion};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::invocation::Invocation;
use crate::ui::{StdinText, Ui};

/// The first version with `ValidatingAdmissionPolicy` in `admissionregistration.k8s.io/v1`.
const FIRST_VERSION: KubernetesVersion = KubernetesVersion { minor: 30 };
/// The most that is read of standard input.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Returns the exit code.
///
/// # Errors
/// If the description or what is to be judged cannot be used.
pub(super) fn run(command: &AdmissionCommand, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    match command {
        AdmissionCommand::Generate(args) => generate(args, invocation, ui).map(|()| EXIT_SUCCESS),
        AdmissionCommand::Test(args) => test(args, ui),
    }
}

fn generate(args: &GenerateArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let description = source::read(&args.file, ui)?;
    check_version(&description)?;
    let chosen = args.rules.chosen();
    let (rules, mode) = (Rules::of(&description, &chosen), args.mode.mode());
    let file = admission::generate(&rules, mode);
    let file = file.ok_or_else(|| Error::NothingToDo(missing_field(&chosen)))?;
    if !args.apply.apply {
        return print::result(&[file]);
    }
    let plan = Plan {
        manifest: &file.content,
        consequences: &admission::consequences(&rules, mode),
        back: admission::BACK,
    };
    apply::run(&plan, &args.apply, invocation, ui)
}

fn check_version(description: &Description) -> Result<(), Error> {
    match description.version() {
        Some(version) if version < FIRST_VERSION => Err(Error::Refused(Refusal {
            reason: format!("Kubernetes {version} has no ValidatingAdmissionPolicy"),
            hint: format!("it needs {FIRST_VERSION}, or another program: a webhook"),
        })),
        Some(_) | None => Ok(()),
    }
}

fn test(args: &TestArgs, ui: Ui) -> Result<u8, Error> {
    check_stdin(args)?;
    let file = FileArg {
        file: args.file.clone(),
    };
    let description = source::read(&file, ui)?;
    let chosen = args.rules.chosen();
    let rules = Rules::of(&description, &chosen);
    if rules.is_empty() {
        return Err(Error::NothingToDo(missing_field(&chosen)));
    }
    let people = people(args, ui)?;
    let operation = args.operation.operation();
    let mut requests = Vec::new();
    for path in &args.filename {
        let text = text(path, "filename", ui)?;
        requests.extend(
            admission::objects(&text, operation).map_err(|source| AdmissionError::Objects {
                file: path.clone(),
                source,
            })?,
        );
    }
    if operation == Operation::Update && requests.iter().any(Request::has_unknown_past) {
        ui.note("note: what the objects were before is not known, so the pods count as changed");
    }
    let rows = rows(&rules, &requests, &people)?;
    let is_denied = rows.iter().any(|row| !row.judgement.denials.is_empty());
    Ui::information(&report::text(&rows, args.output)).map_err(Error::Output)?;
    Ok(if is_denied { EXIT_FAILED } else { EXIT_SUCCESS })
}

fn rows<'r>(
    rules: &Rules,
    requests: &'r [Request],
    people: &'r [Person],
) -> Result<Vec<Row<'r>>, AdmissionError> {
    let mut rows = Vec::new();
    let mut add = |request, person| {
        let judgement = admission::judge(rules, request, person);
        rows.push(Row {
            request,
            person,
            judgement,
        });
    };
    if people.is_empty() {
        for request in requests {
            let person = request.person.as_ref();
            let person = person.ok_or_else(|| AdmissionError::NoPerson {
                object: request.to_string(),
            })?;
            add(request, person);
        }
        return Ok(rows);
    }
    for person in people {
        for request in requests {
            add(request, person);
        }
    }
    Ok(rows)
}

fn people(args: &TestArgs, ui: Ui) -> Result<Vec<Person>, Error> {
    if let Some(user) = &args.user {
        return Ok(vec![Person {
            user: user.clone(),
            groups: args.groups.clone(),
        }]);
    }
    let Some(path) = &args.identities else {
        return Ok(Vec::new());
    };
    let text = text(path, "identities", ui)?;
    let people = admission::identities(&text).map_err(|source| AdmissionError::Identities {
        file: path.clone(),
        source,
    })?;
    Ok(people)
}

fn check_stdin(args: &TestArgs) -> Result<(), AdmissionError> {
    let objects = args.filename.iter().map(|path| ("filename", path));
    let others = [("identities", &args.identities), ("file", &args.file)];
    let others = others
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
    let mut readers = objects
        .chain(others)
        .filter(|(_, path)| path.as_path() == Path::new("-"));
    match (readers.next(), readers.next()) {
        (Some((flag, _)), Some(_)) => Err(AdmissionError::StdinTwice(flag)),
        (_, _) => Ok(()),
    }
}

/// Returns the field of a description that the chosen rules need.
fn missing_field(chosen: &[Rule]) -> &'static str {
    match chosen {
        [Rule::SecretDeletion] => "admission.secretDeletion",
        [Rule::RootPods] => "admission.rootPods",
        _ => "groups",
    }
}

fn text(path: &Path, flag: &'static str, ui: Ui) -> Result<String, Error> {
    let bytes = if path == Path::new("-") {
        match ui.stdin_text("", MAX_BYTES).map_err(Error::Stdin)? {
            StdinText::Whole(bytes) => bytes.to_vec(),
            StdinText::TooLong => return Err(AdmissionError::NoText(path.to_owned()).into()),
        }
    } else {
        files::read_named(path).map_err(|source| AdmissionError::Read { flag, source })?
    };
    String::from_utf8(bytes).map_err(|_| AdmissionError::NoText(path.to_owned()).into())
}
