//! The policy and the question of the commands that ask about one: reads the files, and says what of them was not as expected.

use std::path::Path;

use super::error::Error;
use super::rbac_args::{PolicyArgs, QuestionArgs, WordsArgs};
use super::rbac_identity;
use crate::files;
use crate::invocation::Invocation;
use crate::rbac::policy::load::{Loaded, Loader};
use crate::rbac::policy::model::{Duplicate, Place, Policy, Scope};
use crate::rbac::policy::request::{Request, User};
use crate::rbac::question::{Question, Typed, understand};
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::UntrustedText;

/// The largest policy on standard input.
const MAX_STDIN_BYTES: usize = 1024 * 1024 * 1024;
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// A policy, and where it was read.
pub(super) struct Source {
    pub(super) policy: Policy,
    /// The names of the files, as they are shown.
    files: Vec<String>,
}

impl Source {
    /// Returns `FILE:LINE`.
    pub(super) fn place(&self, place: Place) -> String {
        let file = self.files.get(place.file as usize).map_or("", String::as_str);
        format!("{file}:{}", place.line)
    }

    /// Returns ` (FILE:LINE)`.
    pub(super) fn at(&self, place: Place) -> String {
        format!(" ({})", self.place(place))
    }
}

/// A question, and the policy that it is about.
pub(super) struct Asked {
    pub(super) source: Source,
    pub(super) user: User,
    pub(super) requests: Vec<Request>,
    /// How the words were understood.
    pub(super) notes: Vec<String>,
}

/// Reads the policy, and understands the question.
///
/// # Errors
/// If a file cannot be read, the words are no question, or nobody is named.
pub(super) fn ask(args: &QuestionArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<Asked, Error> {
    let source = read(&args.policy, ui)?;
    let Question {
        requests,
        notes,
        user: refused,
    } = question(&args.words, &source)?;
    let named = refused.map(|name| User {
        name,
        groups: Vec::new(),
    });
    Ok(Asked {
        user: rbac_identity::user(&args.identity, &args.policy, named, invocation, ui)?,
        source,
        requests,
        notes,
    })
}

/// Understands what was typed.
///
/// # Errors
/// If the words are no question.
pub(super) fn question(args: &WordsArgs, source: &Source) -> Result<Question, Error> {
    let typed = Typed {
        words: &args.words,
        namespace: args.namespace.as_deref(),
        all_namespaces: args.all_namespaces,
        watch: args.watch,
        subresource: args.subresource.as_deref(),
        is_api_verb: args.api_verb,
    };
    understand(&typed, &source.policy).map_err(Error::Question)
}

/// Reads a policy, and warns of what stands in it twice.
///
/// # Errors
/// If a file cannot be read, or there is no role or binding in all of them.
pub(super) fn read(args: &PolicyArgs, ui: Ui) -> Result<Source, Error> {
    let mut loader = Loader::default();
    let mut names = Vec::new();
    for named in &args.files {
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
    let source = Source { policy, files: names };
    for duplicate in &source.policy.duplicates {
        ui.warn(&duplicate_text(&source, duplicate));
    }
    Ok(source)
}

fn bytes_of(path: &Path, ui: Ui) -> Result<Vec<u8>, Error> {
    if path != Path::new("-") {
        return files::read_large(path).map_err(Error::PolicyFile);
    }
    match ui.stdin_text("Policy: ", MAX_STDIN_BYTES).map_err(Error::Stdin)? {
        StdinText::Whole(bytes) => Ok(bytes.to_vec()),
        StdinText::TooLong => Err(Error::PolicyTooLong),
    }
}

fn duplicate_text(source: &Source, duplicate: &Duplicate) -> String {
    let text = |symbol| UntrustedText::new(source.policy.text(symbol));
    let scope = match duplicate.scope {
        Scope::Cluster => String::new(),
        Scope::Namespace(namespace) => format!(" in {}", text(namespace)),
    };
    format!(
        "{} {}{scope} is different in {} and in {}; the latter counts",
        duplicate.kind,
        text(duplicate.name),
        source.place(duplicate.first),
        source.place(duplicate.second)
    )
}
