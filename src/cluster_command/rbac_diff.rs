//! `rbac diff`: who may do more or less by one policy than by another.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::error::Error;
use super::rbac_diff_text as shown;
use super::rbac_policy::{Files, read_files};
use crate::cli::OutputFormat;
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::rbac::diff::{Line, Right, SubjectDiff, Who, diff};
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::model::{Policy, Scope};
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;

pub(super) const DIFF_ABOUT: &str = "\
Say who may do more or less by one policy than by another

Rights are compared, and not text: roles that are renamed, split or in another order are no difference. The worst new rights are first. The
exit code is 0 if there is no difference, 1 if there is one, and 2 if nothing was compared. RBAC alone is compared, and what the files have.

Examples:
  # What a branch changes
  git worktree add /tmp/main main
  kubesesame rbac diff /tmp/main/rbac rbac

  # What applying the files would change in a cluster that has no other roles
  kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json |
    kubesesame rbac diff - rbac";

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// File or directory with the roles and bindings of before, `-` for standard input
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,

    /// Those of after
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,

    /// Format of the result: json or yaml
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(super) output: Option<OutputFormat>,
}

/// A policy, and the names of its files.
pub(super) struct Side {
    pub(super) policy: Policy,
    pub(super) files: Files,
}

/// Returns the exit code.
///
/// # Errors
/// If a policy cannot be read, or both have nothing.
pub(super) fn run(args: &DiffArgs, ui: Ui) -> Result<u8, Error> {
    let is_stdin = |path: &Path| path == Path::new("-");
    if is_stdin(&args.old) && is_stdin(&args.new) {
        return Err(Error::BothStdin);
    }
    let (old, old_count) = read(Loader::default(), &args.old, ui)?;
    let (new, new_count) = read(Loader::with_names(old.policy.names.clone()), &args.new, ui)?;
    if old_count == 0 && new_count == 0 {
        return Err(Error::EmptyPolicy { skipped: 0 });
    }
    for (count, path) in [(old_count, &args.old), (new_count, &args.new)] {
        if count == 0 {
            ui.warn(&format!(
                "there is no role and no binding in `{}`",
                files::shown(path)
            ));
        }
    }
    let subjects = diff(&old.policy, &new.policy);
    let text = match args.output {
        Some(format) => document(&value(&subjects, &old, &new), format),
        None => shown::text(&subjects, &old, &new),
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(if subjects.is_empty() {
        EXIT_SUCCESS
    } else {
        EXIT_FAILED
    })
}

/// Returns the policy, and how many roles and bindings it was read from.
fn read(loader: Loader, path: &Path, ui: Ui) -> Result<(Side, usize), Error> {
    let (read, files) = read_files(loader, &[path.to_owned()], ui)?;
    let side = Side {
        policy: read.policy,
        files,
    };
    Ok((side, read.read))
}

fn value(subjects: &[SubjectDiff], old: &Side, new: &Side) -> Value {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|subject| {
            let lines = |lines: &[Line], side: &Side| -> Vec<Value> {
                lines.iter().map(|line| line_value(line, side)).collect()
            };
            json!({
                "subject": who_value(&subject.who),
                "gained": lines(&subject.gained, new),
                "lost": lines(&subject.lost, old),
            })
        })
        .collect();
    json!({ "different": !subjects.is_empty(), "subjects": subjects })
}

fn who_value(who: &Who) -> Value {
    match who {
        Who::User(name) => json!({"kind": "User", "name": name}),
        Who::Group(name) => json!({"kind": "Group", "name": name}),
        Who::ServiceAccount { namespace, name } => {
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
    }
}

fn line_value(line: &Line, side: &Side) -> Value {
    let binding = &side.policy.bindings[line.binding];
    let mut value = json!({
        "namespace": line.namespace,
        "risks": line.dangers.iter().map(|danger| danger.id).collect::<Vec<_>>(),
        "binding": {
            "kind": binding.kind(),
            "name": side.policy.text(binding.name),
            "namespace": match binding.scope {
                Scope::Cluster => None,
                Scope::Namespace(namespace) => Some(side.policy.text(namespace)),
            },
            "place": side.files.place(binding.place),
        },
    });
    match &line.right {
        Right::Rule(rule) => value["rule"] = json!(rule),
        Right::UnknownRole { kind, name } => value["unknownRole"] = json!({"kind": kind, "name": name}),
    }
    value
}
