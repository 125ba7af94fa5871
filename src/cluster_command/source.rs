//! The description that a command works on: a file, standard input, or flags.

use std::path::{Path, PathBuf};

use super::command_line::{FileArg, GroupArgs, IssuerArgs, PlatformArgs};
use super::error::Error;
use super::flags::{self, IssuerSource};
use crate::cluster::description::{Description, KubernetesVersion, Platform, PlatformName};
use crate::files;
use crate::ui::{StdinText, Ui};

/// The file that is read where none is named.
pub(super) const DEFAULT_FILE: &str = "kubesesame.yaml";
/// The largest description.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads the description, or makes it of flags if they name an issuer.
///
/// # Errors
/// If there is none, or it cannot be used.
pub(super) fn description(
    file: &FileArg,
    issuer: &IssuerArgs,
    groups: &GroupArgs,
    platform: &PlatformArgs,
    ui: Ui,
) -> Result<Description, Error> {
    let Some(url) = &issuer.oidc_issuer_url else {
        let mut description = read(file, ui)?;
        override_platform(&mut description, platform)?;
        return Ok(description);
    };
    if file.file.is_some() {
        return Err(Error::FileAndFlags);
    }
    let source = IssuerSource {
        url: url.clone(),
        client_ids: issuer.oidc_client_id.clone(),
        certificate_authority: certificate_authority(issuer)?,
    };
    let raw = flags::description(source, issuer, groups, platform)?;
    Description::of(&raw).map_err(|fault| Error::Description { file: None, fault })
}

/// Reads the certificate authorities of the issuer, if they are named.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn certificate_authority(issuer: &IssuerArgs) -> Result<Option<String>, Error> {
    let Some(path) = &issuer.certificate_authority else {
        return Ok(None);
    };
    let bytes = files::read_named(path).map_err(Error::Authority)?;
    // A file that is no PEM is refused with the description.
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Reads the description of a file.
///
/// # Errors
/// If it cannot be used.
pub(super) fn read(file: &FileArg, ui: Ui) -> Result<Description, Error> {
    let path = file.file.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let bytes = if path == Path::new("-") {
        match ui.stdin_text("Description: ", MAX_BYTES).map_err(Error::Stdin)? {
            StdinText::Whole(bytes) => bytes.to_vec(),
            StdinText::TooLong => return Err(Error::TooLong),
        }
    } else {
        files::read_named(&path).map_err(|source| Error::Read {
            is_default: file.file.is_none(),
            source,
        })?
    };
    let fault = |fault| Error::Description {
        file: Some(path.clone()),
        fault,
    };
    let text = String::from_utf8(bytes).map_err(|_| Error::NotText(path.clone()))?;
    Description::parse(&text).map_err(fault)
}

/// Flags take precedence over the file.
fn override_platform(description: &mut Description, args: &PlatformArgs) -> Result<(), Error> {
    let version = args.kubernetes_version.as_deref().map(|text| {
        KubernetesVersion::parse(text).ok_or_else(|| Error::Flag {
            flag: "kubernetes-version",
            value: text.to_owned(),
            form: "a version such as 1.34",
        })
    });
    let version = version.transpose()?.or_else(|| description.version());
    if let Some(name) = &args.cluster_name {
        description.cluster = Some(name.clone());
    }
    let earlier = description.platform.as_ref();
    let name = earlier.map_or(PlatformName::Config, |platform| platform.name);
    let region = args
        .region
        .clone()
        .or_else(|| earlier.and_then(|platform| platform.region.clone()));
    if earlier.is_some() || version.is_some() || region.is_some() {
        description.platform = Some(Platform {
            name,
            version,
            region,
        });
    }
    Ok(())
}
