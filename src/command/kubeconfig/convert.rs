//! `kubeconfig convert`.
//!
//! Reads and plans; tries whether it can be written; shows the difference, for which a person may take their time; and only then, under
//! kubectl's lock and for as short as can be, writes what was shown, if the files are still what they were. A failure before the last
//! step leaves every file as it was.

use std::collections::HashSet;

use clap::error::{ContextKind, ContextValue};

use super::advice;
use super::files::{Kubeconfig, files, in_order, lock};
use super::secrets::SecretFiles;
use crate::cli::{Cli, Command, ConvertArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{Staged, UserFileLock, quoted};
use crate::kubeconfig::{self, ConvertOptions, Plan, UserOutcome};
use crate::settings;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

pub(super) fn run(args: ConvertArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    Convert {
        named: named_users(&args, environment)?,
        args,
        environment,
        ui,
    }
    .run()
}

struct Convert<'a> {
    args: ConvertArgs,
    /// The users that were asked for, by their names or by their contexts; all if there are none.
    named: HashSet<String>,
    environment: &'a Environment,
    ui: Ui,
}

/// As kubectl does: of several files the first that has a context of this name says whose it is.
fn named_users(args: &ConvertArgs, environment: &Environment) -> Result<HashSet<String>, Error> {
    let mut named: HashSet<String> = args.user.iter().cloned().collect();
    if args.context.is_empty() {
        return Ok(named);
    }
    let mut known = Vec::new();
    for file in in_order(&args.file, environment)? {
        let contexts = kubeconfig::contexts(&file.text()?).map_err(|fault| file.fault(&fault))?;
        known.extend(contexts.users);
    }
    named.extend(kubeconfig::users_of_contexts(&known, &args.context)?);
    Ok(named)
}

/// A file and what is to become of it.
struct FilePlan {
    file: Kubeconfig,
    old: String,
    /// An older one that fits is the better one.
    backup: Option<Vec<u8>>,
    plan: Plan,
}

impl FilePlan {
    fn is_change(&self) -> bool {
        self.plan.text != self.old
    }

    fn diff(&self) -> String {
        kubeconfig::unified((&self.file.name(), "converted"), &self.old, &self.plan.text)
    }
}

impl Convert<'_> {
    fn run(&self) -> Result<(), Error> {
        let files = files(&self.args.file, self.environment)?;
        if !self.args.dry_run {
            files.iter().for_each(Kubeconfig::sweep);
        }
        let home = self.environment.home.as_deref();
        let secrets = SecretFiles::new(home.filter(|_| self.args.secret_to_file));
        let plans = self.plan(files, &secrets)?;
        for warning in plans.iter().filter_map(|plan| plan.file.warning_of_unfinished()) {
            // It can be read all the same.
            self.ui.warn(&warning);
        }
        self.check(&plans)?;
        let changes: Vec<FilePlan> = plans.into_iter().filter(|plan| self.is_told(plan)).collect();
        if changes.is_empty() {
            self.ui.note("nothing to do: no user is left to convert");
            return Ok(());
        }
        if self.args.dry_run {
            show(&changes)?;
            self.ui.note("dry run: nothing was written");
            return Ok(());
        }
        self.write(changes, &secrets)
    }

    fn plan(&self, files: Vec<Kubeconfig>, secrets: &SecretFiles) -> Result<Vec<FilePlan>, Error> {
        let options = ConvertOptions {
            wanted: &|name| self.named.is_empty() || self.named.contains(name),
            accepts: &|arguments| accepts(arguments, self.environment),
            secret_file: &|user, flag, secret| secrets.choose(user, flag, secret),
        };
        let mut plans = Vec::new();
        for file in files {
            let old = file.text()?;
            let plan = kubeconfig::plan(&old, &options).map_err(|fault| file.fault(&fault))?;
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

    /// Refuses what was asked for and cannot be: a user that is not there, or one that cannot be converted.
    fn check(&self, plans: &[FilePlan]) -> Result<(), Error> {
        let users = || {
            plans
                .iter()
                .flat_map(|plan| plan.plan.users.iter().map(move |user| (plan, user)))
        };
        let there: HashSet<&str> = users().map(|(_, (user, _))| user.as_str()).collect();
        let missing = self.named.iter().filter(|name| !there.contains(name.as_str()));
        if let Some(name) = missing.min() {
            let known = users().map(|(_, (user, _))| UntrustedText::new(user)).collect();
            let name = UntrustedText::new(name);
            return Err(kubeconfig::Error::NoSuchUser { name, known }.into());
        }
        let named = !self.named.is_empty();
        let anything = plans.iter().any(FilePlan::is_change)
            || users().any(|(_, (_, outcome))| *outcome == UserOutcome::Already);
        for (plan, (name, outcome)) in users() {
            let reason = match outcome {
                UserOutcome::Unable(reason) if named || !anything => reason,
                UserOutcome::Other(reason) if named && self.named.contains(name) => {
                    reason.unwrap_or("it does not sign in with kubelogin or `auth-provider: oidc`")
                }
                _ => continue,
            };
            return Err(kubeconfig::Error::Unable {
                path: plan.file.path().to_owned(),
                name: UntrustedText::new(name),
                reason: UntrustedText::new(reason),
            }
            .into());
        }
        Ok(())
    }

    /// Tells why users are left alone, and returns whether the file changes.
    fn is_told(&self, plan: &FilePlan) -> bool {
        let file = plan.file.name();
        for (name, outcome) in &plan.plan.users {
            let name = UntrustedText::new(name);
            match outcome {
                UserOutcome::Unable(reason) => {
                    let reason = UntrustedText::new(reason);
                    self.ui
                        .warn(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                UserOutcome::Other(Some(reason)) => {
                    self.ui
                        .note(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                UserOutcome::Converted { kept, advice } => {
                    for secret in kept {
                        self.ui.warn(&format!(
                            "the {} of user `{name}` stays in `{file}`; --secret-to-file moves it to a private file",
                            secret.name
                        ));
                    }
                    advice::tell(&name, advice, self.ui);
                }
                UserOutcome::Other(None) | UserOutcome::Already | UserOutcome::NotAsked => {}
            }
        }
        plan.is_change()
    }

    fn write(&self, mut plans: Vec<FilePlan>, secrets: &SecretFiles) -> Result<(), Error> {
        for plan in &mut plans {
            plan.backup = plan.file.backup()?;
            if let Some(backup) = &plan.backup {
                plan.file.check_backup(backup, &plan.old)?;
            }
        }
        // What cannot be written is told before anything is shown.
        drop(Prepared::new(&plans)?);
        show(&plans)?;
        let (converted, result) = commit(&plans, secrets);
        for plan in converted {
            self.ui.note(&format!(
                "converted `{}`; its backup is `{}`",
                plan.file.name(),
                plan.file.backup_name()
            ));
        }
        result?;
        self.ui.note(&format!("to go back: {}", self.way_back()));
        Ok(())
    }

    /// Without the flag `restore` plans on the same files as this command, with it on the named one.
    fn way_back(&self) -> String {
        let flag = self.args.file.kubeconfig.as_deref();
        let flag = flag.map(|path| format!(" --kubeconfig={}", quoted(path)));
        format!("kubesesame kubeconfig restore{}", flag.unwrap_or_default())
    }
}

/// New contents beside the files, and the lock. What was written is gone before the lock is.
struct Prepared {
    staged: Vec<Staged>,
    _lock: UserFileLock,
}

impl Prepared {
    fn new(plans: &[FilePlan]) -> Result<Self, Error> {
        let lock = lock(plans.iter().map(|plan| &plan.file))?;
        let mut staged = Vec::new();
        for plan in plans {
            plan.file
                .check_unchanged(plan.old.as_bytes(), plan.backup.as_deref())?;
            staged.push(plan.file.stage(plan.plan.text.as_bytes(), &lock)?);
        }
        Ok(Self { staged, _lock: lock })
    }
}

/// Returns what was converted, and what kept the rest from it.
fn commit<'a>(plans: &'a [FilePlan], secrets: &SecretFiles) -> (&'a [FilePlan], Result<(), Error>) {
    let prepared = match Prepared::new(plans) {
        Ok(prepared) => prepared,
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
        for staged in prepared.staged {
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
            // That a backup of a file that did not change cannot be removed is nothing to tell.
            drop(plan.file.remove_backup());
        }
    }
    (&plans[..converted], result)
}

fn show(plans: &[FilePlan]) -> Result<(), Error> {
    let diffs: String = plans.iter().map(FilePlan::diff).collect();
    Ui::result(&diffs).map_err(Error::Output)
}

/// Whether `get-token` would take these arguments; else a reason that names the flag and quotes no secret.
fn accepts(arguments: &[String], environment: &Environment) -> Result<(), String> {
    let error = match Cli::parse_entry(arguments).map(|cli| cli.command) {
        Ok(Command::GetToken(args)) => {
            let checked = settings::check_get_token(*args, environment);
            return checked.map_err(|error| {
                let reason = kubeconfig::masked_reason(&error.to_string(), arguments);
                format!("it would fail on each call: {reason}")
            });
        }
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.split(['=', ' ']).next().unwrap_or_default(),
        _ => "",
    };
    if flag.starts_with('-') {
        Err(format!("kubesesame does not take its `{flag}`"))
    } else {
        Err("kubesesame does not take its arguments".to_owned())
    }
}
