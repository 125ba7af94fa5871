//! `--write`: adds the user and its context to the kubeconfig.
//!
//! As `kubeconfig convert`: the difference is shown first, kubectl's lock is held only to write, and a file that changed meanwhile is
//! left alone. The file as it was is kept beside it.

use std::path::PathBuf;
use std::time::Instant;

use super::ask;
use super::facts::SetupFacts;
use super::target::{KnownFile, Target};
use crate::error::Error;
use crate::kubeconfig::{
    self, AdditionError, MergeError, NewContext, NewUser, TextError, merge, unified_diff,
};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Fails if the user cannot be added, whatever a sign-in brings.
pub(super) fn check(user: &NewUser, target: &Target) -> Result<(), Error> {
    merged(user, target.context(&user.name).as_ref(), target)?;
    Ok(())
}

/// Returns the file to write to, and its new text.
fn merged<'a>(
    user: &NewUser,
    context: Option<&NewContext>,
    target: &'a Target,
) -> Result<(&'a KnownFile, String), kubeconfig::Error> {
    let known = choose(user, target)?;
    if let Some(context) = context {
        check_context(context, known, target)?;
    }
    let text = merge(&known.text, user, context).map_err(|error| merge_error(error, user, known))?;
    Ok((known, text))
}

/// Returns whether the kubeconfig has the user now.
///
/// # Errors
/// If it could not be written, or the person did not want it.
pub(super) fn write(
    facts: &SetupFacts<'_>,
    target: &Target,
    is_confirmed: bool,
    deadline: Instant,
    ui: Ui,
) -> Result<bool, Error> {
    let (known, new) = merged(&facts.user, facts.context.as_ref(), target)?;
    let (file, old) = (&known.file, &known.text);
    file.remove_stale_temporaries();
    if facts.context.is_none() {
        ui.note("no cluster is named and no context is the current one, so only the user is added (--cluster names one)");
    }
    if new == *old {
        ui.note(&format!("`{}` has this user already", file.display_path()));
        return Ok(true);
    }
    // Fails before the question if the file cannot be written.
    drop(file.stage(new.as_bytes(), &file.lock()?)?);
    ui.note(unified_diff((&file.display_path(), "with kubesesame"), old, &new).trim_end());
    if !is_confirmed && !ask::confirmed(&format!("Write this to `{}`?", file.display_path()), deadline) {
        return Err(kubeconfig::Error::from(AdditionError::NotConfirmed).into());
    }
    let lock = file.lock()?;
    if file.bytes()? != old.as_bytes() {
        let path = file.path().to_owned();
        return Err(kubeconfig::Error::ConcurrentChange { path }.into());
    }
    let staged = file.stage(new.as_bytes(), &lock)?;
    let copy = file.write_copy_before_setup(old)?;
    staged.commit().map_err(kubeconfig::Error::from)?;
    ui.note(&format!(
        "wrote `{}`; as it was before, it is in `{copy}`",
        file.display_path()
    ));
    Ok(true)
}

/// Returns the file to write to, as kubectl chooses it: the one that has the user already, else the one that sets the current context,
/// else the first.
fn choose<'a>(user: &NewUser, target: &'a Target) -> Result<&'a KnownFile, kubeconfig::Error> {
    let files = &target.files;
    let has_user = |known: &&KnownFile| known.clusters.users.contains(&user.name);
    let sets_context = |known: &&KnownFile| known.clusters.current_context.is_some();
    let first_setting = files.iter().position(|known| sets_context(&known));
    let chosen = files
        .iter()
        .position(|known| has_user(&known))
        .or(first_setting)
        .unwrap_or(0);
    // Without a file, the kubeconfig was not read at all.
    let known = files.get(chosen).ok_or_else(|| kubeconfig::Error::NoFile {
        looked_for: "no file was named".to_owned(),
        from_flag: false,
    })?;
    if first_setting.is_some_and(|setting| setting < chosen) {
        let (path, name) = user_in(user, known);
        return Err(AdditionError::UserElsewhere { path, name }.into());
    }
    Ok(known)
}

/// Fails if another file has a context of this name. kubectl might use that one, which may name another cluster.
fn check_context(context: &NewContext, chosen: &KnownFile, target: &Target) -> Result<(), kubeconfig::Error> {
    let others = target
        .files
        .iter()
        .filter(|known| known.file.path() != chosen.file.path());
    let mut taken = others.filter(|known| {
        let mut contexts = known.clusters.contexts.iter();
        contexts.any(|(name, _)| *name == context.name)
    });
    match taken.next() {
        Some(known) => Err(AdditionError::ContextElsewhere {
            path: known.file.path().to_owned(),
            name: UntrustedText::new(&context.name),
        }
        .into()),
        None => Ok(()),
    }
}

fn merge_error(error: MergeError, user: &NewUser, known: &KnownFile) -> kubeconfig::Error {
    let (path, name) = user_in(user, known);
    match error {
        MergeError::Text(TextError::VerificationFailed) => {
            let reason = "its layout is not understood";
            AdditionError::NotMergeable { path, reason }.into()
        }
        MergeError::Text(error) => known.file.text_error(&error),
        MergeError::OtherUser => AdditionError::UserTaken { path, name }.into(),
        MergeError::Layout(reason) => AdditionError::NotMergeable { path, reason }.into(),
    }
}

fn user_in(user: &NewUser, known: &KnownFile) -> (PathBuf, UntrustedText) {
    (known.file.path().to_owned(), UntrustedText::new(&user.name))
}
