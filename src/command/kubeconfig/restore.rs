//! `kubeconfig restore`.
//!
//! Everything is read and judged first; then, under kubectl's lock, what was judged is put back if it is still what is there.

use super::files::{Kubeconfig, files, lock};
use crate::cli::RestoreArgs;
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// A file, and what it was before its conversion.
struct Return {
    file: Kubeconfig,
    current: Vec<u8>,
    backup: Vec<u8>,
}

pub(super) fn run(args: &RestoreArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let all = files(&args.file, environment)?;
    let names: Vec<String> = all.iter().map(|file| format!("`{}`", file.name())).collect();
    let mut returns = Vec::new();
    for file in all {
        if let Some(backup) = file.backup_to_restore()? {
            let current = file.bytes()?;
            returns.push(Return {
                file,
                current,
                backup,
            });
        }
    }
    if returns.is_empty() {
        return Err(kubeconfig::Error::NoBackup {
            files: names.join(", "),
        }
        .into());
    }
    if !args.force {
        returns.iter().try_for_each(|back| back.check(ui))?;
    }
    let (restored, result) = put_back(&returns);
    for back in restored {
        back.tell(ui);
    }
    Ok(result?)
}

impl Return {
    /// Refuses to lose what was written after the conversion.
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
        match &*kubeconfig::unified((&self.file.name(), "restored"), &current, &backup) {
            "" => ui.note("what would change is not shown: secrets, comments and values that may be some"),
            diff => ui.note(diff.trim_end()),
        }
        Err(kubeconfig::Error::Edited {
            path: self.file.path().to_owned(),
        }
        .into())
    }

    fn tell(&self, ui: Ui) {
        ui.note(&format!("restored `{}`", self.file.name()));
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

/// Returns what was restored, and what kept the rest from it.
fn put_back(returns: &[Return]) -> (&[Return], Result<(), kubeconfig::Error>) {
    let mut restored = 0;
    let result = (|| {
        let lock = lock(returns.iter().map(|back| &back.file))?;
        let mut staged = Vec::new();
        for back in returns {
            back.file.check_unchanged(&back.current, Some(&back.backup))?;
            staged.push(back.file.stage(&back.backup, &lock)?);
        }
        for (back, staged) in returns.iter().zip(staged) {
            staged.commit()?;
            restored += 1;
            back.file.remove_backup()?;
        }
        Ok(())
    })();
    (&returns[..restored], result)
}
