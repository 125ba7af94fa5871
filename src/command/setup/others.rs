//! `--kubeconfig-for-others`: a kubeconfig that an administrator hands to new users. It has no secret, and nothing of this machine.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::Value;

use super::certificates::certificates;
use super::entry::arguments_for_others;
use super::facts::SetupFacts;
use super::target::Target;
use crate::error::Error;
use crate::files::{self, UserFile, quoted, shown};
use crate::kubeconfig::{self, AdditionError, ClusterEntry, NewUser, yaml};
use crate::ui::Ui;

/// The destination that means standard output.
pub(super) const STDOUT: &str = "-";

/// Returns the text of the kubeconfig.
///
/// # Errors
/// If there is no cluster, or its certificate authority cannot be read.
pub(super) fn kubeconfig(facts: &SetupFacts<'_>, target: &Target) -> Result<String, Error> {
    let (Some((known, entry)), Some(context)) = (target.cluster_entry(), &facts.context) else {
        return Err(kubeconfig::Error::from(AdditionError::NoCluster).into());
    };
    let mut entry = entry.clone();
    check_addresses(&entry).map_err(kubeconfig::Error::from)?;
    let file = entry.settings.remove("certificate-authority");
    let data = entry.settings.remove("certificate-authority-data");
    // kubectl prefers the data too.
    let authority = match (data, file) {
        (Some(Value::String(data)), _) => BASE64.decode(data.trim().as_bytes()).ok(),
        (_, Some(Value::String(file))) => {
            // kubectl resolves it against the directory of the kubeconfig.
            let dir = known.file.path().parent().unwrap_or_else(|| Path::new(""));
            let bytes = files::read_named(&dir.join(file))
                .map_err(AdditionError::ClusterAuthority)
                .map_err(kubeconfig::Error::from)?;
            Some(bytes)
        }
        _ => None,
    };
    if let Some(bytes) = authority {
        let certificates = certificates(&String::from_utf8_lossy(&bytes))
            .ok_or(AdditionError::AuthorityWithoutCertificate)
            .map_err(kubeconfig::Error::from)?;
        let data = BASE64.encode(certificates.as_bytes());
        entry
            .settings
            .insert("certificate-authority-data".to_owned(), data.into());
    }
    let user = NewUser {
        name: facts.user.name.clone(),
        arguments: arguments_for_others(&facts.user.arguments, facts.authority_pem.as_deref()),
    };
    Ok(yaml(&user.kubeconfig(context, &entry)))
}

/// Fails if an address has a user name or a password in it.
fn check_addresses(entry: &ClusterEntry) -> Result<(), AdditionError> {
    for key in ["server", "proxy-url"] {
        let address = entry.settings.get(key).and_then(Value::as_str);
        // Also in an address that is not spelled as one, which kubectl may take all the same.
        if address.is_some_and(|address| address.contains('@')) {
            return Err(AdditionError::AddressWithUser(key));
        }
    }
    Ok(())
}

/// Fails if there is a file already where the kubeconfig is to go.
pub(super) fn check(destination: &str) -> Result<(), Error> {
    let path = Path::new(destination);
    match UserFile::find(path) {
        Ok(None) => Ok(()),
        _ if destination == STDOUT => Ok(()),
        _ => {
            let path = path.to_owned();
            Err(kubeconfig::Error::from(AdditionError::ForOthersExists { path }).into())
        }
    }
}

/// Writes the text to a new file.
pub(super) fn write(destination: &str, text: &str, ui: Ui) -> Result<(), Error> {
    let path = Path::new(destination);
    UserFile::create(path, text.as_bytes())
        .map_err(AdditionError::ForOthers)
        .map_err(kubeconfig::Error::from)?;
    ui.note(&format!(
        "wrote `{}` for other people; they run: KUBECONFIG={} kubectl get pods",
        shown(path),
        quoted(path)
    ));
    Ok(())
}
