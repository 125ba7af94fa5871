//! All kubeconfig files as kubectl merges them, with the files that they refer to, and which user of them is meant.
//!
//! Reads, and never writes. A file that cannot be read or parsed is named, and hides no other.

use std::path::{Path, PathBuf};

use super::entry_session::EntryError;
use super::kubeconfig::files::{Kubeconfig, find_files};
use crate::cli::{EntryArgs, FileArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::files;
use crate::kubeconfig::{self, ContextEntry, Entries, EntrySource, UserEntry};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// The files, and what they say together.
pub(super) struct KubeconfigView {
    files: Vec<Kubeconfig>,
    pub(super) entries: Entries,
    /// The files that cannot be used, each with the reason.
    pub(super) broken: Vec<(PathBuf, kubeconfig::Error)>,
}

/// The user that is meant, and the context that it is meant in.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    pub(super) user: &'a UserEntry,
    pub(super) context: Option<&'a ContextEntry>,
}

impl KubeconfigView {
    /// # Errors
    /// If none of the files exists, or all that exist are odd.
    pub(super) fn read(args: &FileArgs, environment: &Environment) -> Result<Self, kubeconfig::Error> {
        let found = find_files(args, environment)?;
        let (mut files, mut texts, mut broken) = (Vec::new(), Vec::new(), found.odd);
        if found.files.is_empty() && !broken.is_empty() {
            return Err(broken.swap_remove(0).1);
        }
        for file in found.files {
            match file.text() {
                Ok(text) => {
                    texts.push(text);
                    files.push(file);
                }
                Err(error) => broken.push((file.path().to_owned(), error)),
            }
        }
        let entries = Entries::read(texts.iter().map(String::as_str));
        broken.extend(entries.broken.iter().map(|(at, error)| {
            let file = &files[*at];
            (file.path().to_owned(), file.text_error(error))
        }));
        Ok(Self {
            files,
            entries,
            broken,
        })
    }

    /// Warns of files that cannot be used. kubectl itself refuses to work then.
    pub(super) fn warn_of_broken_files(&self, ui: Ui) {
        for (_, error) in &self.broken {
            ui.warn(&format!("{error}; {}", error.hint()));
        }
    }

    /// Returns the files that could be read, each with its text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Path, String)> {
        let files = self.files.iter();
        files.filter_map(|file| Some((file.path(), file.text().ok()?)))
    }

    pub(super) fn path_of(&self, user: &UserEntry) -> &Path {
        self.files[user.file].path()
    }

    /// Returns what kubectl would pass to the plugin of a user in a context, if the user has one.
    pub(super) fn exec_info(&self, user: &UserEntry, context: Option<&ContextEntry>) -> Option<String> {
        let exec = user.exec.as_ref()?;
        let cluster = context.and_then(|context| self.entries.cluster(context.cluster.as_deref()?));
        let cluster = cluster.filter(|_| exec.provide_cluster_info);
        let authority = cluster.and_then(|cluster| {
            let path = Path::new(cluster.certificate_authority.as_deref()?);
            let dir = self.files[cluster.file].path().parent()?;
            files::read_named(&dir.join(path)).ok()
        });
        let cluster = cluster.map(|cluster| (cluster, authority.as_deref()));
        Some(kubeconfig::exec_info(exec, cluster))
    }

    /// Returns the user of `--user`, of `--context`, or of the current context.
    ///
    /// # Errors
    /// If there is no such user, or kubesesame does not sign it in.
    pub(super) fn select(&self, args: &EntryArgs) -> Result<Selected<'_>, Error> {
        let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let entries = &self.entries;
        let (name, context) = match (given(&args.user), given(&args.context)) {
            (Some(user), context) => {
                let context = match context {
                    Some(name) => Some(self.context(&name)?),
                    // As kubectl does it: `--user` replaces the user of the current context.
                    None => entries
                        .current_context
                        .as_deref()
                        .and_then(|name| entries.context(name)),
                };
                (user, context)
            }
            (None, context) => {
                let current = || entries.current_context.clone();
                let name = context.or_else(current).ok_or(kubeconfig::Error::NoContext);
                let context = self.context(&name.map_err(|error| self.with_candidates(error))?)?;
                let user = context.user.clone().ok_or_else(|| kubeconfig::Error::NoUser {
                    name: UntrustedText::new(&context.name),
                })?;
                (user, Some(context))
            }
        };
        let user = entries.user(&name).ok_or_else(|| {
            let known = entries.users.iter().map(|user| UntrustedText::new(&user.name));
            kubeconfig::Error::NoSuchUser {
                name: UntrustedText::new(&name),
                known: known.collect(),
            }
        })?;
        Ok(Selected { user, context })
    }

    fn context(&self, name: &str) -> Result<&ContextEntry, kubeconfig::Error> {
        self.entries.context(name).ok_or_else(|| {
            let known = self
                .entries
                .contexts
                .iter()
                .map(|context| UntrustedText::new(&context.name));
            kubeconfig::Error::NoSuchContext {
                name: UntrustedText::new(name),
                known: known.collect(),
            }
        })
    }

    /// Returns the error of a user that has no session of ours. It lists the users that have.
    pub(super) fn unusable(&self, user: &UserEntry, error: EntryError) -> Error {
        let hint = match (error.hint, &user.source) {
            (Some(hint), _) => hint,
            (None, EntrySource::AuthProvider) => {
                format!(
                    "sign it in without a command: kubesesame --user={}",
                    files::quoted(&user.name)
                )
            }
            (None, _) => self.candidates_hint(),
        };
        Error::Kubeconfig(kubeconfig::Error::SignInUnsupported {
            path: self.path_of(user).to_owned(),
            name: UntrustedText::new(&user.name),
            reason: UntrustedText::new(&error.reason),
            hint: Some(hint),
        })
    }

    fn with_candidates(&self, error: kubeconfig::Error) -> Error {
        Error::from(error).map_hint(|_| self.candidates_hint())
    }

    fn candidates_hint(&self) -> String {
        candidates_hint(&self.entries)
    }
}

/// A hint lists at most this many names.
const MAX_LISTED: usize = 10;

/// Returns what to type for each user that kubesesame can sign in: by a context of it, or by its name.
fn candidates_hint(entries: &Entries) -> String {
    let ours = entries.users.iter().filter(|user| user.source.is_supported());
    let flags: Vec<String> = ours
        .map(|user| {
            let context = entries.contexts_of_user(&user.name).next();
            context.map_or_else(
                || format!("--user={}", files::quoted(&user.name)),
                |context| format!("--context={}", files::quoted(&context.name)),
            )
        })
        .collect();
    match flags.len() {
        0 => "no user of the kubeconfig is signed in by kubesesame: kubesesame setup makes one".to_owned(),
        1..=MAX_LISTED => format!("choose one that is: kubesesame login {}", flags.join(" or ")),
        more => format!(
            "choose one that is: kubesesame login {}, and {} more",
            flags[..MAX_LISTED].join(" or "),
            more - MAX_LISTED
        ),
    }
}
