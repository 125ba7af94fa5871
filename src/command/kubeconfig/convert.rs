//! `kubeconfig convert`.
//!
//! The steps: read and plan, check that the files can be written, show the difference, write. Showing may take long, for example in
//! a pager, so kubectl's lock is taken only to check and to write. The files are written only if they have not changed since they were
//! read. A failure before the last step leaves every file as it was.

use std::collections::HashSet;

use clap::error::ErrorKind;

use super::conversion_notices;
use super::files::{Kubeconfig, files_in_given_order, files_in_lock_order, lock};
use super::secrets::SecretFiles;
use crate::cli::{Cli, Command, ConvertArgs};
use crate::command::entry_session::refusal;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{Staged, UserFileLock, quoted};
use crate::kubeconfig::{self, ConvertOptions, Plan, UserOutcome};
use crate::settings::GetTokenSettings;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

pub(super) fn run(args: ConvertArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    Convert {
        selected: selected_users(&args, environment)?,
        args,
        environment,
        ui,
    }
    .run()
}

struct Convert<'a> {
    args: ConvertArgs,
    /// The users that `--user` and `--context` select; all users if it is empty.
    selected: HashSet<String>,
    environment: &'a Environment,
    ui: Ui,
}

/// Returns the users that the flags select. If several files have a context of one name, the first counts, as in kubectl.
fn selected_users(args: &ConvertArgs, environment: &Environment) -> Result<HashSet<String>, Error> {
    let mut selected: HashSet<String> = args.user.iter().cloned().collect();
    if args.context.is_empty() {
        return Ok(selected);
    }
    let mut known = Vec::new();
    for file in files_in_given_order(&args.file, environment)? {
        let contexts = kubeconfig::contexts(&file.text()?).map_err(|error| file.text_error(&error))?;
        known.extend(contexts.users);
    }
    selected.extend(kubeconfig::users_of_contexts(&known, &args.context)?);
    Ok(selected)
}

/// A file and its planned conversion.
struct FilePlan {
    file: Kubeconfig,
    old: String,
    /// The backup that exists already, if there is one. It stays, since it is older than this conversion.
    backup: Option<Vec<u8>>,
    plan: Plan,
}

impl FilePlan {
    fn is_change(&self) -> bool {
        self.plan.text != self.old
    }

    fn diff(&self) -> String {
        kubeconfig::unified_diff(
            (&self.file.display_path(), "converted"),
            &self.old,
            &self.plan.text,
        )
    }
}

impl Convert<'_> {
    fn run(&self) -> Result<(), Error> {
        let files = files_in_lock_order(&self.args.file, self.environment)?;
        if !self.args.dry_run {
            files.iter().for_each(Kubeconfig::remove_stale_temporaries);
        }
        let home = self.environment.home.as_deref();
        let secrets = SecretFiles::new(home.filter(|_| self.args.secret_to_file));
        let plans = self.plan(files, &secrets)?;
        for warning in plans.iter().filter_map(|plan| plan.file.warning_of_unfinished()) {
            // It can be read all the same.
            self.ui.warn(&warning);
        }
        self.check(&plans)?;
        for plan in &plans {
            self.report_users(plan);
        }
        let changes: Vec<FilePlan> = plans.into_iter().filter(FilePlan::is_change).collect();
        if changes.is_empty() {
            self.ui.note("nothing to do: no user is left to convert");
            return Ok(());
        }
        if self.args.dry_run {
            print_diffs(&changes)?;
            self.ui.note("dry run: nothing was written");
            return Ok(());
        }
        self.write(changes, &secrets)
    }

    fn plan(&self, files: Vec<Kubeconfig>, secrets: &SecretFiles) -> Result<Vec<FilePlan>, Error> {
        let options = ConvertOptions {
            is_selected: &|name| self.selected.is_empty() || self.selected.contains(name),
            check_arguments: &|arguments| check_arguments(arguments, self.environment),
            secret_file: &|user, flag, secret| secrets.path_for(user, flag, secret),
        };
        let mut plans = Vec::new();
        for file in files {
            let old = file.text()?;
            let plan = kubeconfig::plan(&old, &options).map_err(|error| file.text_error(&error))?;
            plans.push(FilePlan {
                file,
                old,
                backup: None,
                plan,
            });
        }
        secrets.check()?;
        Ok(plans)
    }

    /// Fails if a selected user does not exist or cannot be converted, or if no user at all can be converted.
    fn check(&self, plans: &[FilePlan]) -> Result<(), Error> {
        let users = || {
            plans
                .iter()
                .flat_map(|plan| plan.plan.users.iter().map(move |user| (plan, user)))
        };
        let existing: HashSet<&str> = users().map(|(_, (user, _))| user.as_str()).collect();
        let missing = self
            .selected
            .iter()
            .filter(|name| !existing.contains(name.as_str()));
        if let Some(name) = missing.min() {
            let known = users().map(|(_, (user, _))| UntrustedText::new(user)).collect();
            let name = UntrustedText::new(name);
            return Err(kubeconfig::Error::NoSuchUser { name, known }.into());
        }
        let has_selection = !self.selected.is_empty();
        let anything = plans.iter().any(FilePlan::is_change)
            || users().any(|(_, (_, outcome))| *outcome == UserOutcome::AlreadyConverted);
        for (plan, (name, outcome)) in users() {
            let reason = match outcome {
                UserOutcome::NotConvertible(reason) if has_selection || !anything => reason,
                UserOutcome::OtherMethod(reason) if has_selection && self.selected.contains(name) => {
                    reason.unwrap_or("it does not sign in with kubelogin or `auth-provider: oidc`")
                }
                _ => continue,
            };
            return Err(kubeconfig::Error::NotConvertible {
                path: plan.file.path().to_owned(),
                name: UntrustedText::new(name),
                reason: UntrustedText::new(reason),
            }
            .into());
        }
        Ok(())
    }

    /// Reports why users are not converted, and the warnings about those that are.
    fn report_users(&self, plan: &FilePlan) {
        let file = plan.file.display_path();
        for (name, outcome) in &plan.plan.users {
            let name = UntrustedText::new(name);
            match outcome {
                UserOutcome::NotConvertible(reason) => {
                    let reason = UntrustedText::new(reason);
                    self.ui
                        .warn(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                UserOutcome::OtherMethod(Some(reason)) => {
                    self.ui
                        .note(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                UserOutcome::Converted {
                    inline_secrets,
                    notices,
                } => {
                    for secret in inline_secrets {
                        self.ui.warn(&format!(
                            "the {} of user `{name}` stays in `{file}`; --secret-to-file moves it to a private file",
                            secret.name
                        ));
                    }
                    conversion_notices::report(&name, notices, self.ui);
                }
                UserOutcome::OtherMethod(None) | UserOutcome::AlreadyConverted | UserOutcome::NotSelected => {
                }
            }
        }
    }

    fn write(&self, mut plans: Vec<FilePlan>, secrets: &SecretFiles) -> Result<(), Error> {
        for plan in &mut plans {
            plan.backup = plan.file.backup()?;
            if let Some(backup) = &plan.backup {
                plan.file.check_backup(backup, &plan.old)?;
            }
        }
        // Fails before the difference is shown if the files cannot be written.
        drop(StagedFiles::new(&plans)?);
        print_diffs(&plans)?;
        let (converted, result) = commit(&plans, secrets);
        for plan in converted {
            self.ui.note(&format!(
                "converted `{}`; its backup is `{}`",
                plan.file.display_path(),
                plan.file.backup_display_path()
            ));
        }
        result?;
        self.ui.note(&format!("to go back: {}", self.restore_command()));
        Ok(())
    }

    /// Returns the command that restores these files. It needs `--kubeconfig` only if this command has it.
    fn restore_command(&self) -> String {
        let flag = self.args.file.kubeconfig.as_deref();
        let flag = flag.map(|path| format!(" --kubeconfig={}", quoted(path)));
        format!("kubesesame kubeconfig restore{}", flag.unwrap_or_default())
    }
}

/// New contents in temporary files, and the lock. The fields drop in this order: temporary files go before the lock does.
struct StagedFiles {
    files: Vec<Staged>,
    _lock: UserFileLock,
}

impl StagedFiles {
    fn new(plans: &[FilePlan]) -> Result<Self, Error> {
        let lock = lock(plans.iter().map(|plan| &plan.file))?;
        let mut files = Vec::new();
        for plan in plans {
            plan.file
                .check_unchanged(plan.old.as_bytes(), plan.backup.as_deref())?;
            files.push(plan.file.stage(plan.plan.text.as_bytes(), &lock)?);
        }
        Ok(Self { files, _lock: lock })
    }
}

/// Writes the plans in order. Returns those that were written, and the error that stopped the rest.
fn commit<'a>(plans: &'a [FilePlan], secrets: &SecretFiles) -> (&'a [FilePlan], Result<(), Error>) {
    let staged_files = match StagedFiles::new(plans) {
        Ok(staged_files) => staged_files,
        Err(error) => return (&[], Err(error)),
    };
    let (mut backed_up, mut converted) = (0, 0);
    let result = (|| {
        secrets.write()?;
        for plan in plans {
            if plan.backup.is_none() {
                plan.file.write_backup(&plan.old)?;
            }
            backed_up += 1;
        }
        for staged in staged_files.files {
            staged.commit().map_err(kubeconfig::Error::from)?;
            converted += 1;
        }
        Ok(())
    })();
    if converted == 0 {
        secrets.undo();
    }
    for plan in plans.iter().take(backed_up).skip(converted) {
        if plan.backup.is_none() {
            // A backup that cannot be removed does no harm: it equals its file.
            drop(plan.file.remove_backup());
        }
    }
    (&plans[..converted], result)
}

fn print_diffs(plans: &[FilePlan]) -> Result<(), Error> {
    let diffs: String = plans.iter().map(FilePlan::diff).collect();
    Ui::result(&diffs).map_err(Error::Output)
}

/// Checks that `get-token` accepts these arguments.
///
/// # Errors
/// The reason why it does not, with the name of the flag and without secrets.
fn check_arguments(arguments: &[String], environment: &Environment) -> Result<(), String> {
    let error = match Cli::parse_entry(arguments).map(|cli| cli.command) {
        Ok(Command::GetToken(args)) => {
            let checked = GetTokenSettings::check(*args, environment);
            return checked.map_err(|error| {
                let reason = kubeconfig::masked_reason(&error.to_string(), arguments);
                format!("it would fail on each call: {reason}")
            });
        }
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let reason = refusal(&error, arguments);
    Err(if error.kind() == ErrorKind::InvalidValue {
        format!("it would fail on each call: {reason}")
    } else {
        reason
    })
}
