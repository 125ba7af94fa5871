//! The policy and the question of `rbac can` and `rbac explain`: reads the files, and says what of them was not as expected.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::rbac_args::QuestionArgs;
use crate::files;
use crate::rbac::policy::load::{Loaded, Loader};
use crate::rbac::policy::model::{Duplicate, Place, Policy, Scope};
use crate::rbac::policy::request::{Request, User};
use crate::rbac::question::{Question, Typed, understand};
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::UntrustedText;

/// The largest file of a policy.
const MAX_BYTES: usize = 1024 * 1024 * 1024;
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// A question, and the policy that it is about.
pub(super) struct Asked {
    pub(super) policy: Policy,
    /// The names of the files, as they are shown.
    pub(super) files: Vec<String>,
    pub(super) user: User,
    pub(super) requests: Vec<Request>,
    /// How the words were understood.
    pub(super) notes: Vec<String>,
}

impl Asked {
    /// Returns `FILE:LINE`.
    pub(super) fn place(&self, place: Place) -> String {
        place_text(&self.files, place)
    }
}

/// Reads the policy, and understands the question.
///
/// # Errors
/// If a file cannot be read, the words are no question, or nobody is named.
pub(super) fn ask(args: &QuestionArgs, ui: Ui) -> Result<Asked, Error> {
    let (policy, files) = read(&args.files, ui)?;
    let typed = Typed {
        words: &args.words,
        namespace: args.namespace.as_deref(),
        all_namespaces: args.all_namespaces,
        watch: args.watch,
        subresource: args.subresource.as_deref(),
        is_api_verb: args.api_verb,
    };
    let Question {
        requests,
        notes,
        user: refused,
    } = understand(&typed, &policy).map_err(Error::Question)?;
    let user = args.user.clone().or(refused).ok_or(Error::NobodyNamed)?;
    Ok(Asked {
        user: User::with_implicit_groups(&user, &args.groups),
        policy,
        files,
        requests,
        notes,
    })
}

/// Reads a policy, and warns of what stands in it twice.
///
/// # Errors
/// If a file cannot be read, or there is no role or binding in all of them.
fn read(paths: &[PathBuf], ui: Ui) -> Result<(Policy, Vec<String>), Error> {
    let mut loader = Loader::default();
    let mut names = Vec::new();
    for named in paths {
        let paths = files::files_below(named, &ENDINGS).map_err(Error::PolicyFile)?;
        for path in paths {
            let bytes = bytes_of(&path, ui)?;
            let text = String::from_utf8(bytes).map_err(|_| Error::PolicyNotText(path.clone()))?;
            let file = u32::try_from(names.len()).unwrap_or(u32::MAX);
            names.push(if path == Path::new("-") {
                "standard input".to_owned()
            } else {
                files::shown(&path).to_string()
            });
            loader.read(file, &text).map_err(|fault| Error::Policy {
                file: path,
                line: fault.line,
                problem: fault.problem,
            })?;
        }
    }
    let Loaded {
        policy,
        read,
        skipped,
    } = loader.finish();
    if read == 0 {
        return Err(Error::EmptyPolicy { skipped });
    }
    for duplicate in &policy.duplicates {
        ui.warn(&duplicate_text(&policy, &names, duplicate));
    }
    Ok((policy, names))
}

fn bytes_of(path: &Path, ui: Ui) -> Result<Vec<u8>, Error> {
    if path != Path::new("-") {
        return files::read_large(path, MAX_BYTES as u64).map_err(Error::PolicyFile);
    }
    match ui.stdin_text("Policy: ", MAX_BYTES).map_err(Error::Stdin)? {
        StdinText::Whole(bytes) => Ok(bytes.to_vec()),
        StdinText::TooLong => Err(Error::PolicyTooLong),
    }
}

fn place_text(files: &[String], place: Place) -> String {
    let file = files.get(place.file as usize).map_or("", String::as_str);
    format!("{file}:{}", place.line)
}

fn duplicate_text(policy: &Policy, files: &[String], duplicate: &Duplicate) -> String {
    let scope = match duplicate.scope {
        Scope::Cluster => String::new(),
        Scope::Namespace(namespace) => format!(" in {}", UntrustedText::new(policy.text(namespace))),
    };
    format!(
        "{} {}{scope} is different in {} and in {}; the latter counts",
        duplicate.kind,
        UntrustedText::new(policy.text(duplicate.name)),
        place_text(files, duplicate.first),
        place_text(files, duplicate.second)
    )
}
