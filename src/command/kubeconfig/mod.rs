//! `kubeconfig convert` and `kubeconfig restore`.
//!
//! Convert: read and plan; then, under kubectl's lock, plan again, write everything beside the files (new contents,
//! secrets, backups), show the difference, and only then let the new contents take their places. Restore goes
//! the same way back. A failure before the last step leaves every file as it was.

mod advice;
pub(super) mod files;
mod secrets;

use clap::error::{ContextKind, ContextValue};

use self::files::{Kubeconfig, files, in_order};
use self::secrets::SecretFiles;
use crate::cli::{Cli, Command, ConvertArgs, KubeconfigArgs, KubeconfigCommand, RestoreArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::files::UserFileLock;
use crate::foreign_text::ForeignText;
use crate::kubeconfig::{self, Choice, Fate, Plan};
use crate::settings;
use crate::ui::Ui;

pub(crate) fn run(args: KubeconfigArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    match args.command {
        KubeconfigCommand::Convert(args) => Convert {
            named: named_users(&args, environment)?,
            args,
            environment,
            ui,
        }
        .run(),
        KubeconfigCommand::Restore(args) => restore(&args, environment, ui),
    }
}

struct Convert<'a> {
    args: ConvertArgs,
    /// The users that were asked for, by their names or by their contexts; all if there are none.
    named: Vec<String>,
    environment: &'a Environment,
    ui: Ui,
}

/// As kubectl does: of several files the first that has a context of this name says whose it is.
fn named_users(args: &ConvertArgs, environment: &Environment) -> Result<Vec<String>, Error> {
    let mut named = args.user.clone();
    if args.context.is_empty() {
        return Ok(named);
    }
    let mut known = Vec::new();
    for file in in_order(&args.file, environment)? {
        let contexts = kubeconfig::contexts(&file.text()?).map_err(|fault| file.fault(&fault))?;
        known.extend(contexts.users);
    }
    for context in &args.context {
        named.push(kubeconfig::user_of_context(&known, context)?);
    }
    Ok(named)
}

/// A file and what is to become of it.
struct Work {
    file: Kubeconfig,
    old: String,
    plan: Plan,
}

impl Work {
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
        let works = self.plan(files, &self.secret_files())?;
        self.check(&works)?;
        let changes: Vec<Work> = works.into_iter().filter(|work| self.is_told(work)).collect();
        if changes.is_empty() {
            self.ui.note("nothing to do: no user is left to convert");
            return Ok(());
        }
        if self.args.dry_run {
            show(&changes)?;
            self.ui.note("dry run: nothing was written");
            return Ok(());
        }
        self.write(changes)
    }

    fn secret_files(&self) -> SecretFiles {
        let home = self.environment.home.as_deref();
        SecretFiles::new(home.filter(|_| self.args.secret_to_file))
    }

    fn plan(&self, files: Vec<Kubeconfig>, secrets: &SecretFiles) -> Result<Vec<Work>, Error> {
        let choice = Choice {
            wanted: &|name| self.named.is_empty() || self.named.iter().any(|user| user == name),
            accepts: &|arguments| accepts(arguments, self.environment),
            secret_file: &|user, flag, secret| secrets.choose(user, flag, secret),
        };
        let mut works = Vec::new();
        for file in files {
            let old = file.text()?;
            let plan = kubeconfig::plan(&old, &choice).map_err(|fault| file.fault(&fault))?;
            works.push(Work { file, old, plan });
        }
        secrets.check()?;
        Ok(works)
    }

    /// Refuses what was asked for and cannot be: a user that is not there, or one that cannot be converted.
    fn check(&self, works: &[Work]) -> Result<(), Error> {
        let users = || {
            works
                .iter()
                .flat_map(|work| work.plan.users.iter().map(move |user| (work, user)))
        };
        for name in &self.named {
            if !users().any(|(_, (user, _))| user == name) {
                let known = users().map(|(_, (user, _))| ForeignText::new(user)).collect();
                let name = ForeignText::new(name);
                return Err(kubeconfig::Error::NoSuchUser { name, known }.into());
            }
        }
        let named = !self.named.is_empty();
        let anything =
            works.iter().any(Work::is_change) || users().any(|(_, (_, fate))| *fate == Fate::Already);
        for (work, (name, fate)) in users() {
            let reason = match fate {
                Fate::Unable(reason) if named || !anything => reason,
                Fate::Other(reason) if named && self.named.contains(name) => {
                    reason.unwrap_or("it does not sign in with kubelogin or `auth-provider: oidc`")
                }
                _ => continue,
            };
            return Err(kubeconfig::Error::Unable {
                path: work.file.path().to_owned(),
                name: ForeignText::new(name),
                reason: ForeignText::new(reason),
            }
            .into());
        }
        Ok(())
    }

    /// Tells why users are left alone, and returns whether the file changes.
    fn is_told(&self, work: &Work) -> bool {
        let file = work.file.name();
        for (name, fate) in &work.plan.users {
            let name = ForeignText::new(name);
            match fate {
                Fate::Unable(reason) => {
                    let reason = ForeignText::new(reason);
                    self.ui
                        .warn(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                Fate::Other(Some(reason)) => {
                    self.ui
                        .note(&format!("user `{name}` of `{file}` is left alone: {reason}"));
                }
                Fate::Converted { kept, advice } => {
                    for secret in kept {
                        self.ui.warn(&format!(
                            "the {} of user `{name}` stays in `{file}`; --secret-to-file moves it to a private file",
                            secret.name
                        ));
                    }
                    advice::tell(&name, advice, self.ui);
                }
                Fate::Other(None) | Fate::Already | Fate::NotAsked => {}
            }
        }
        work.is_change()
    }

    fn write(&self, changes: Vec<Work>) -> Result<(), Error> {
        let files: Vec<Kubeconfig> = changes.into_iter().map(|work| work.file).collect();
        let locks = lock(&files)?;
        // What was read before the lock may be old.
        let secrets = self.secret_files();
        let works = self.plan(files, &secrets)?;
        let mut staged = Vec::new();
        for (work, lock) in works.iter().zip(&locks) {
            work.file.check_backup(&work.old)?;
            staged.push(work.file.stage(work.plan.text.as_bytes(), lock)?);
        }
        secrets.write()?;
        let mut backups = Vec::new();
        for work in &works {
            match work.file.keep_backup(&work.old) {
                Ok(true) => backups.push(&work.file),
                Ok(false) => {}
                Err(error) => return Err(undo(&backups, error.into())),
            }
        }
        show(&works).map_err(|error| undo(&backups, error))?;
        for (work, staged) in works.iter().zip(staged) {
            staged.commit().map_err(kubeconfig::Error::from)?;
            let backup = work.file.backup_path();
            self.ui.note(&format!(
                "converted `{}`; its backup is `{}`",
                work.file.name(),
                backup.display()
            ));
        }
        self.ui.note("to go back: kubesesame kubeconfig restore");
        Ok(())
    }
}

/// Removes backups of files that stay as they are, on the way out with a failure.
fn undo(backups: &[&Kubeconfig], error: Error) -> Error {
    for file in backups {
        file.drop_backup();
    }
    error
}

fn show(works: &[Work]) -> Result<(), Error> {
    let diffs: String = works.iter().map(Work::diff).collect();
    Ui::result(&diffs).map_err(Error::Output)
}

fn lock(files: &[Kubeconfig]) -> Result<Vec<UserFileLock>, Error> {
    let locks: Result<_, kubeconfig::Error> = files.iter().map(Kubeconfig::lock).collect();
    Ok(locks?)
}

/// Whether `get-token` would take these arguments; else a reason that names the flag and quotes no secret.
fn accepts(arguments: &[String], environment: &Environment) -> Result<(), String> {
    let error = match Cli::parse_entry(arguments).map(|cli| cli.command) {
        Ok(Command::GetToken(args)) => {
            let checked = settings::check_get_token(*args, environment);
            return checked.map_err(|error| format!("it would fail on each call: {error}"));
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

fn restore(args: &RestoreArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let all = files(&args.file, environment)?;
    let names: Vec<String> = all.iter().map(|file| format!("`{}`", file.name())).collect();
    let mut files = Vec::new();
    for file in all {
        if file.backup()?.is_some() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(kubeconfig::Error::NoBackup {
            files: names.join(", "),
        }
        .into());
    }
    let locks = lock(&files)?;
    let mut staged = Vec::new();
    for (file, lock) in files.iter().zip(&locks) {
        let backup = file.backup()?.unwrap_or_default();
        let bytes = file.bytes()?;
        let (old, current) = (String::from_utf8_lossy(&backup), String::from_utf8_lossy(&bytes));
        if !args.force && !kubeconfig::is_conversion_of(&old, &current) {
            let diff = kubeconfig::unified((&file.name(), "restored"), &current, &old);
            ui.note(diff.trim_end());
            return Err(kubeconfig::Error::Edited {
                path: file.path().to_owned(),
            }
            .into());
        }
        staged.push((file.stage(&backup, lock)?, kubeconfig::our_users(&current)));
    }
    for (file, (staged, users)) in files.iter().zip(staged) {
        staged.commit().map_err(kubeconfig::Error::from)?;
        file.remove_backup()?;
        ui.note(&format!("restored `{}`", file.name()));
        for user in users {
            let name = ForeignText::new(&user.name);
            for (secret, path) in user.secret_files {
                ui.note(&format!(
                    "the {} of user `{name}` is in the kubeconfig again, and still in `{}`",
                    secret.name,
                    ForeignText::new(&path)
                ));
            }
        }
    }
    Ok(())
}
