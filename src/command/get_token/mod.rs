//! `get-token`: reads the settings, chooses the directory of the session, runs [`crate::lifecycle`], and prints the credential.

mod background;
mod call;
mod credential;
mod fast_path;
mod session_dirs;

pub(crate) use self::background::run as refresh_in_background;
pub(super) use self::call::GetToken;
pub(crate) use self::fast_path::run as fast_path;

use super::account::signed_in;
use crate::cli::GetTokenArgs;
use crate::clock::{self, Timestamp};
use crate::error::Error;
use crate::exec::{self, ApiVersion};
use crate::invocation::Invocation;
use crate::lifecycle::{Acquired, Origin};
use crate::secret::Secret;
use crate::settings;
use crate::ui::Ui;

pub(crate) fn run(args: GetTokenArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let request = exec::Request::parse(invocation.environment.exec_info.as_deref())?;
    let get_token = GetToken::new(args, invocation, request, ui)?;
    let acquired = get_token.credential();
    let acquired = acquired.map_err(|error| get_token.request.reword_for_cluster(error))?;
    // Without a terminal, nothing is said while all goes well.
    if acquired.origin == Origin::SignIn && ui.at_terminal {
        ui.note(&signed_in(&acquired.session, clock::now()));
        warn_of_secret_in_arguments(invocation, ui);
    }
    let Acquired { session, until, .. } = acquired;
    write_credential(request.version, &session.token, until)
}

/// Warns after a sign-in, so once for a session and not with each call.
pub(super) fn warn_of_secret_in_arguments(invocation: &Invocation<'_>, ui: Ui) {
    if let Some(flag) = settings::secret_in_arguments(invocation.args) {
        ui.warn(&format!(
            "{flag} is among the arguments, where the other users of this machine can read it: keep the secret in a private file \
             ({flag}-file); `kubesesame kubeconfig convert --secret-to-file` moves it there for an entry of kubelogin"
        ));
    }
}

/// Prints the credential. Standard output is written once, and last.
fn write_credential(version: ApiVersion, token: &Secret, until: Timestamp) -> Result<(), Error> {
    Ui::result(&exec::credential(version, token, until)).map_err(Error::Output)
}
