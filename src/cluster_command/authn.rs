//! `cluster authn`: prints the configuration of an API server, or writes its files.

use std::path::Path;

use super::command_line::{AuthnArgs, FormChoice, GroupArgs};
use super::error::Error;
use super::{print, source};
use crate::cluster::authn::{self, Form, Output};
use crate::cluster::description::{Description, PLATFORM_NAMES, PlatformName, nearest};
use crate::files;
use crate::ui::Ui;

/// # Errors
/// If the description cannot be used, or the platform cannot do it.
pub(super) fn run(args: &AuthnArgs, ui: Ui) -> Result<(), Error> {
    let groups = GroupArgs { group: Vec::new() };
    // A platform that is unknown is said first, with the names that there are.
    let named = args.platform.platform.as_deref().map(platform_of).transpose()?;
    let description = source::description(&args.file, &args.issuer, &groups, &args.platform, ui)?;
    let platform = named.map_or_else(|| platform(&description), Ok)?;
    if args.apply.apply {
        return Err(Error::NotByKubectl {
            platform: platform.name(),
            instead: authn::how_to_apply(platform),
        });
    }
    let form = args.form.map(|form| match form {
        FormChoice::Flags => Form::Flags,
        FormChoice::Config => Form::Configuration,
    });
    let output = authn::generate(&description, platform, form)?;
    for note in &output.notes {
        ui.note(&format!("note: {note}"));
    }
    match &args.dir {
        Some(dir) => write(&output, dir, ui),
        None => print::result(&output.files),
    }
}

fn platform_of(name: &str) -> Result<PlatformName, Error> {
    PlatformName::parse(name).ok_or_else(|| Error::UnknownPlatform {
        name: name.to_owned(),
        nearest: nearest(name, PLATFORM_NAMES.iter().copied()),
    })
}

fn platform(description: &Description) -> Result<PlatformName, Error> {
    let platform = description.platform.as_ref();
    platform.map(|platform| platform.name).ok_or(Error::NoPlatform)
}

fn write(output: &Output, dir: &Path, ui: Ui) -> Result<(), Error> {
    let failed = |source| Error::Write { flag: "dir", source };
    files::make_dir(dir).map_err(failed)?;
    for file in &output.files {
        let path = dir.join(file.name);
        files::write_new(&path, file.content.as_bytes()).map_err(failed)?;
        ui.note(&format!("wrote {}", files::shown(&path)));
    }
    Ok(())
}
