//! The kubeconfig files and what they refer to, for the checks.

use std::path::{Path, PathBuf};

use crate::cli::FileArgs;
use crate::command::kubeconfig::files::{Kubeconfig, files_in_given_order};
use crate::command::login_command::kubeconfig_flag;
use crate::doctor::{CommandFacts, FileFacts, KubeconfigFacts, KubercFacts, Problem, Selection, select};
use crate::environment::{self, Environment};
use crate::files::{self, quoted, shown};
use crate::kubeconfig::{self, Entries, ExecEntry, MergedCluster, PluginPolicy};

/// The kubeconfig files with their texts.
#[derive(Default)]
pub(super) struct Files {
    /// With `None` for a file that cannot be read, so that the positions are those in `entries`.
    read: Vec<(PathBuf, Option<String>)>,
}

/// Returns the files, and the facts about them.
pub(super) fn read(
    args: &FileArgs,
    wanted_context: Option<String>,
    wanted_user: Option<String>,
    environment: &Environment,
) -> (Files, KubeconfigFacts) {
    let found = files_in_given_order(args, environment);
    let mut files = Files::default();
    let facts = found.map_err(|error| problem_of(&error)).map(|found| {
        let facts = found.iter().map(|file| files.add(file));
        facts.collect::<Vec<_>>()
    });
    let entries = Entries::read(
        files
            .read
            .iter()
            .map(|(_, text)| text.as_deref().unwrap_or_default()),
    );
    let facts = facts.map(|mut facts| {
        for (at, error) in &entries.broken {
            if let (Some(file), Ok(found)) = (facts.get_mut(*at), files_in_given_order(args, environment)) {
                let error = found.get(*at).map(|found| found.text_error(error));
                file.problem = file.problem.take().or_else(|| error.as_ref().map(problem_of));
            }
        }
        facts
    });
    let selection = select(&entries, wanted_context.as_deref(), wanted_user.as_deref());
    let exec = selection.and_then(|selection| {
        let file = selection.user.file;
        Some((selection.user.exec.as_ref()?, files.dir(file)))
    });
    let command = exec.map(|(exec, dir)| command_facts(exec, dir));
    let kuberc = kuberc_facts(exec.map(|(exec, _)| exec), environment);
    let facts = KubeconfigFacts {
        files: facts,
        command,
        kuberc,
        entries,
        wanted_context,
        wanted_user,
        kubeconfig_flag: kubeconfig_flag(args),
    };
    (files, facts)
}

impl Files {
    fn add(&mut self, file: &Kubeconfig) -> FileFacts {
        let text = file.text();
        let problem = text.as_ref().err().map(problem_of);
        let text = text.ok();
        let has_secret = text.as_deref().is_some_and(kubeconfig::has_secret);
        self.read.push((file.path().to_owned(), text));
        FileFacts {
            name: shown(file.path()).to_string(),
            quoted: quoted(file.path()),
            problem,
            readable_by_others: file.mode_if_readable_by_others(),
            has_secret,
        }
    }

    pub(super) fn text(&self, file: usize) -> Option<&str> {
        self.read.get(file)?.1.as_deref()
    }

    /// Returns the directory that relative paths in a file begin at.
    pub(super) fn dir(&self, file: usize) -> &Path {
        let path = self.read.get(file).map(|(path, _)| path.as_path());
        path.and_then(Path::parent).unwrap_or_else(|| Path::new("."))
    }

    /// Returns what kubectl would pass to the plugin, if the user has one.
    pub(super) fn exec_info(&self, selection: Selection<'_>, entries: &Entries) -> Option<String> {
        let exec = selection.user.exec.as_ref()?;
        let cluster = selection
            .context
            .and_then(|context| entries.cluster(context.cluster.as_deref()?))
            .filter(|_| exec.provide_cluster_info);
        let path = cluster.and_then(|cluster| self.certificate_authority_path(cluster));
        // An unreadable CA gets a placeholder, so that it matches no stored session.
        let authority = path.map(|path| files::read_named(&path).unwrap_or_else(|_| UNREADABLE.to_vec()));
        let cluster = cluster.map(|cluster| (cluster, authority.as_deref()));
        Some(kubeconfig::exec_info(exec, cluster))
    }

    /// Returns the absolute path that a cluster's `certificate-authority` means.
    pub(super) fn certificate_authority_path(&self, cluster: &MergedCluster) -> Option<PathBuf> {
        let path = self
            .dir(cluster.file)
            .join(cluster.certificate_authority.as_deref()?);
        std::path::absolute(path).ok()
    }
}

/// Stands for the content of a certificate authority that cannot be read.
const UNREADABLE: &[u8] = b"cannot be read";

pub(super) fn problem_of(error: &kubeconfig::Error) -> Problem {
    Problem {
        what: crate::error_chain::in_one_line(error),
        fix: error.hint(),
    }
}

fn search_path() -> Option<String> {
    environment::first_nonempty_value(&["PATH"])
}

/// Returns the file that kubectl would run, by its rules: a relative path begins at the directory of the kubeconfig.
fn program(command: &str, dir: &Path) -> Option<PathBuf> {
    let path = Path::new(command);
    if path.is_relative() && path.components().count() > 1 {
        return files::find_program(&dir.join(path), None);
    }
    files::find_program(path, search_path().as_deref())
}

fn command_facts(exec: &ExecEntry, dir: &Path) -> CommandFacts {
    let this = environment::this_program();
    let file = program(&exec.command, dir);
    let is_this_program = match (&this, &file) {
        (Some(this), Some(file)) => files::is_same_file(this, file),
        _ => false,
    };
    CommandFacts {
        file,
        this_program: this.map_or_else(|| "kubesesame".to_owned(), |this| shown(&this).to_string()),
        is_this_program,
    }
}

/// Reads the kuberc by kubectl's rules: `KUBERC` names another file, or switches it off.
fn kuberc_facts(exec: Option<&ExecEntry>, environment: &Environment) -> KubercFacts {
    let variable = environment::first_nonempty_value(&["KUBERC"]);
    let is_off = variable.as_deref() == Some("off")
        || environment::first_nonempty_value(&["KUBECTL_KUBERC"]).as_deref() == Some("false");
    let path = match (is_off, variable) {
        (true, _) => None,
        (false, Some(path)) => Some(PathBuf::from(path)),
        (false, None) => environment.home.as_ref().map(|home| home.join(".kube/kuberc")),
    };
    let text = path.as_deref().and_then(|path| files::read_named(path).ok());
    let Some((path, text)) = path.zip(text) else {
        return KubercFacts {
            file: None,
            policy: PluginPolicy::AllowAll,
            lists_command: false,
        };
    };
    let policy = kubeconfig::plugin_policy(&String::from_utf8_lossy(&text));
    let lists_command = match (&policy, exec) {
        (PluginPolicy::Allowlist(list), Some(exec)) => {
            list.iter().any(|entry| is_same_command(entry, &exec.command))
        }
        _ => false,
    };
    KubercFacts {
        file: Some(shown(&path).to_string()),
        policy,
        lists_command,
    }
}

/// Whether an entry of the list names the program of a command, by its text or by the file that it leads to.
fn is_same_command(entry: &str, command: &str) -> bool {
    let found = |name: &str| files::find_program(Path::new(name), search_path().as_deref());
    entry == command || found(entry).is_some_and(|file| Some(file) == found(command))
}
