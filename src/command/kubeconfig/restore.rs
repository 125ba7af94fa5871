//! `kubeconfig restore`.
//!
//! All files are read and checked first. Then, under kubectl's lock, they are restored if they have not changed since.

use super::files::{Kubeconfig, files_in_lock_order, lock};
use crate::cli::RestoreArgs;
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// A file with its current content and its backup.
struct Restoration {
    file: Kubeconfig,
    current: Vec<u8>,
    backup: Vec<u8>,
}

pub(super) fn run(args: &RestoreArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let all = files_in_lock_order(&args.file, environment)?;
    let names: Vec<String> = all
        .iter()
        .map(|file| format!("`{}`", file.display_path()))
        .collect();
    let mut restorations = Vec::new();
    for file in all {
        if let Some(backup) = file.backup_to_restore()? {
            let current = file.bytes()?;
            restorations.push(Restoration {
                file,
                current,
                backup,
            });
        }
    }
    if restorations.is_empty() {
        return Err(kubeconfig::Error::NoBackup {
            files: names.join(", "),
        }
        .into());
    }
    if !args.force {
        restorations
            .iter()
            .try_for_each(|restoration| restoration.check(ui))?;
    }
    let (restored, result) = restore_files(&restorations);
    for restoration in restored {
        restoration.report(ui);
    }
    Ok(result?)
}

impl Restoration {
    /// Fails, and shows the difference, if the file was changed after its conversion: restoring would lose these changes.
    fn check(&self, ui: Ui) -> Result<(), Error> {
        let texts = (str::from_utf8(&self.backup), str::from_utf8(&self.current));
        let is_converted = match texts {
            (Ok(backup), Ok(current)) => kubeconfig::is_conversion_of(backup, current),
            _ => self.backup == self.current,
        };
        if is_converted {
            return Ok(());
        }
        let (current, backup) = (
            String::from_utf8_lossy(&self.current),
            String::from_utf8_lossy(&self.backup),
        );
        match &*kubeconfig::unified_diff((&self.file.display_path(), "restored"), &current, &backup) {
            "" => ui.note("what would change is not shown: secrets, comments and values that may be some"),
            diff => ui.note(diff.trim_end()),
        }
        Err(kubeconfig::Error::ChangedAfterConversion {
            path: self.file.path().to_owned(),
        }
        .into())
    }

    fn report(&self, ui: Ui) {
        ui.note(&format!("restored `{}`", self.file.display_path()));
        for user in kubeconfig::converted_users(&String::from_utf8_lossy(&self.current)) {
            let name = UntrustedText::new(&user.name);
            for (secret, path) in user.secret_files {
                ui.note(&format!(
                    "the {} of user `{name}` is in the kubeconfig again, and still in `{}`",
                    secret.name,
                    UntrustedText::new(&path)
                ));
            }
        }
    }
}

/// Restores the files in order. Returns those that were restored, and the error that stopped the rest.
fn restore_files(restorations: &[Restoration]) -> (&[Restoration], Result<(), kubeconfig::Error>) {
    let mut restored = 0;
    let result = (|| {
        let lock = lock(restorations.iter().map(|restoration| &restoration.file))?;
        let mut staged = Vec::new();
        for restoration in restorations {
            restoration
                .file
                .check_unchanged(&restoration.current, Some(&restoration.backup))?;
            staged.push(restoration.file.stage(&restoration.backup, &lock)?);
        }
        for (restoration, staged) in restorations.iter().zip(staged) {
            staged.commit()?;
            restored += 1;
            restoration.file.remove_backup()?;
        }
        Ok(())
    })();
    (&restorations[..restored], result)
}
