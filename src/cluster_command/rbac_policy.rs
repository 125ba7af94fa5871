//! The policy and the question of the commands that ask about one: reads the files, and says what of them was not as expected.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::rbac_args::{PolicyArgs, QuestionArgs, WordsArgs};
use super::rbac_error::RbacError;
use super::rbac_live::Live;
use super::{rbac_identity, rbac_live};
use crate::files;
use crate::invocation::Invocation;
use crate::rbac::policy::load::{Loaded, Loader};
use crate::rbac::policy::model::{Duplicate, Place, Policy, Scope};
use crate::rbac::policy::request::{Request, User};
use crate::rbac::question::{DEFAULT_NAMESPACE, Question, Typed, incomplete, understand};
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::UntrustedText;

/// The largest file of a policy.
const MAX_BYTES: usize = 1024 * 1024 * 1024;
/// The longest text that is pasted as a question.
const MAX_PASTED_BYTES: usize = 16 * 1024 * 1024;
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// A policy, and where it was read.
pub(super) struct Source {
    pub(super) policy: Policy,
    pub(super) files: Files,
    /// That of the context, where the policy is that of its cluster.
    namespace: Option<String>,
}

/// The names of files, as they are shown. None for the policy of a running cluster.
#[derive(Default)]
pub(super) struct Files(Vec<String>);

impl Files {
    pub(super) fn name(&self, place: Place) -> Option<&str> {
        self.0.get(place.file as usize).map(String::as_str)
    }

    /// Returns `FILE:LINE`. `None` for the policy of a running cluster.
    pub(super) fn place(&self, place: Place) -> Option<String> {
        let file = self.name(place)?;
        Some(format!("{file}:{}", place.line))
    }
}

impl Source {
    /// Returns the namespace that is meant where none is named.
    pub(super) fn default_namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Returns `FILE:LINE`. `None` for the policy of a running cluster.
    pub(super) fn place(&self, place: Place) -> Option<String> {
        self.files.place(place)
    }

    /// Returns ` (FILE:LINE)`, if there is a file.
    pub(super) fn at(&self, place: Place) -> String {
        self.place(place)
            .map_or_else(String::new, |place| format!(" ({place})"))
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
    let token = args.identity.token.as_deref();
    check_stdin(&args.policy, &[words_file(&args.words), token])?;
    let words = typed_words(&args.words, ui)?;
    let source = read(&args.policy, ui)?;
    let Question {
        requests,
        notes,
        user: refused,
    } = question(&args.words, &words, &source)?;
    Ok(Asked {
        user: rbac_identity::user(&args.identity, &args.policy, refused, invocation, ui)?,
        source,
        requests,
        notes,
    })
}

/// Checks that standard input is one thing at most, of the policy and of what else `-` was given for.
///
/// # Errors
/// If it is two.
pub(super) fn check_stdin(policy: &PolicyArgs, others: &[Option<&Path>]) -> Result<(), Error> {
    let is_stdin = |path: &&Path| *path == Path::new("-");
    let of_policy = policy.files.iter().map(PathBuf::as_path).filter(is_stdin);
    let of_others = others.iter().flatten().copied().filter(is_stdin);
    if of_policy.chain(of_others).count() > 1 {
        return Err(Error::StdinTwice);
    }
    Ok(())
}

/// Returns the words as the name of a file, which is standard input for `-`.
pub(super) fn words_file(args: &WordsArgs) -> Option<&Path> {
    args.words
        .first()
        .filter(|_| args.words.len() == 1)
        .map(Path::new)
}

/// Returns the words, or what standard input has if they are `-`.
///
/// # Errors
/// If there are none, or standard input cannot be read.
pub(super) fn typed_words(args: &WordsArgs, ui: Ui) -> Result<Vec<String>, Error> {
    if args.words.is_empty() {
        // Before a cluster is asked for nothing.
        return Err(RbacError::Question(incomplete()).into());
    }
    if args.words != ["-"] {
        return Ok(args.words.clone());
    }
    match ui
        .stdin_text("Request: ", MAX_PASTED_BYTES)
        .map_err(Error::Stdin)?
    {
        StdinText::Whole(bytes) => Ok(vec![String::from_utf8_lossy(&bytes).trim().to_owned()]),
        StdinText::TooLong => Err(RbacError::StdinTooLong.into()),
    }
}

/// Understands what was typed.
///
/// # Errors
/// If the words are no question.
pub(super) fn question(args: &WordsArgs, words: &[String], source: &Source) -> Result<Question, Error> {
    let typed = Typed {
        words,
        namespace: args.namespace.as_deref(),
        context_namespace: Some(source.default_namespace()),
        all_namespaces: args.all_namespaces,
        watch: args.watch,
        subresource: args.subresource.as_deref(),
        is_api_verb: args.api_verb,
    };
    Ok(understand(&typed, &source.policy).map_err(RbacError::Question)?)
}

/// Reads a policy from files, or from the cluster if none is named, and warns of what stands in it twice.
///
/// # Errors
/// If a file cannot be read, the cluster cannot be asked, or there is no role or binding.
pub(super) fn read(args: &PolicyArgs, ui: Ui) -> Result<Source, Error> {
    if !args.files.is_empty() {
        return read_some(&args.files, ui);
    }
    let Live { loader, namespace } = rbac_live::read(args, ui)?;
    let files = Files::default();
    let loaded = finish(loader, &files, ui);
    let source = source(loaded, files)?;
    Ok(Source { namespace, ..source })
}

/// Reads a policy from files, and warns of what stands in it twice.
///
/// # Errors
/// If a file cannot be read, or there is no role or binding in all of them.
pub(super) fn read_some(paths: &[PathBuf], ui: Ui) -> Result<Source, Error> {
    let (loaded, files) = read_files(Loader::default(), paths, ui)?;
    source(loaded, files)
}

fn source(loaded: Loaded, files: Files) -> Result<Source, Error> {
    if loaded.read == 0 {
        return Err(RbacError::EmptyPolicy {
            skipped: loaded.skipped,
        }
        .into());
    }
    Ok(Source {
        policy: loaded.policy,
        files,
        namespace: None,
    })
}

/// Reads files, which may have no role and no binding, and warns of what stands in them twice.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn read_files(mut loader: Loader, paths: &[PathBuf], ui: Ui) -> Result<(Loaded, Files), Error> {
    let mut files = Files::default();
    for named in paths {
        let paths = files::files_below(named, &ENDINGS).map_err(RbacError::PolicyFile)?;
        for path in paths {
            let bytes = bytes_of(&path, ui)?;
            let text = String::from_utf8(bytes).map_err(|_| RbacError::PolicyNotText(path.clone()))?;
            let file = u32::try_from(files.0.len()).unwrap_or(u32::MAX);
            files.0.push(if path == Path::new("-") {
                "standard input".to_owned()
            } else {
                files::shown(&path).to_string()
            });
            loader.read(file, &text).map_err(|fault| RbacError::Policy {
                file: path,
                line: fault.line,
                problem: fault.problem,
            })?;
        }
    }
    Ok((finish(loader, &files, ui), files))
}

fn finish(loader: Loader, files: &Files, ui: Ui) -> Loaded {
    let found = loader.finish();
    for duplicate in &found.policy.duplicates {
        ui.warn(&duplicate_text(&found.policy, files, duplicate));
    }
    found
}

fn bytes_of(path: &Path, ui: Ui) -> Result<Vec<u8>, Error> {
    if path != Path::new("-") {
        return Ok(files::read_large(path, MAX_BYTES as u64).map_err(RbacError::PolicyFile)?);
    }
    match ui.stdin_text("Policy: ", MAX_BYTES).map_err(Error::Stdin)? {
        StdinText::Whole(bytes) => Ok(bytes.to_vec()),
        StdinText::TooLong => Err(RbacError::PolicyTooLong.into()),
    }
}

fn duplicate_text(policy: &Policy, files: &Files, duplicate: &Duplicate) -> String {
    let text = |symbol| UntrustedText::new(policy.text(symbol));
    let scope = match duplicate.scope {
        Scope::Cluster => String::new(),
        Scope::Namespace(namespace) => format!(" in {}", text(namespace)),
    };
    format!(
        "{} {}{scope} is different in {} and in {}; the latter counts",
        duplicate.kind,
        text(duplicate.name),
        files.place(duplicate.first).unwrap_or_default(),
        files.place(duplicate.second).unwrap_or_default()
    )
}
