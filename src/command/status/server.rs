//! Asks the cluster who the person is, by the person's own kubectl.

use super::facts::{SessionState, Status, UserState};
use crate::cli::StatusArgs;
use crate::command::kubeconfig_view::Selected;
use crate::kubectl::{self, Identity, Kubectl};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Who the API server says the person is.
#[derive(Debug)]
pub(in crate::command) struct WhoamiResponse {
    pub(super) context: Option<String>,
    pub(super) identity: Identity,
}

/// # Errors
/// If kubectl cannot be run, or the API server does not answer or refuses.
pub(super) fn ask(
    args: &StatusArgs,
    status: &Status,
    selected: Option<&Selected<'_>>,
    ui: Ui,
) -> Result<WhoamiResponse, kubectl::Error> {
    let context = selected.and_then(|selected| selected.context);
    let context = context.map(|context| context.name.clone());
    if let Some(selected) = selected
        && let Some(user) = status.users.iter().find(|user| user.name == selected.user.name)
        && needs_sign_in(status, &user.name, &user.state)
    {
        // kubectl would begin a sign-in that has no time to end.
        let users = std::slice::from_ref(&user.name);
        let command = status.login_command(users, &user.contexts);
        return Err(kubectl::Error::NotSignedIn {
            user: UntrustedText::new(&user.name),
            command,
        });
    }
    let kubectl = Kubectl {
        kubeconfig: args.entry.file.kubeconfig.clone(),
        context: context.clone(),
        user: args.entry.user.clone(),
    };
    ui.step(|| "asking the API server, by kubectl".to_owned());
    Ok(WhoamiResponse {
        identity: kubectl.who_am_i()?,
        context,
    })
}

fn needs_sign_in(status: &Status, user: &str, state: &UserState) -> bool {
    match state {
        UserState::NoSession => true,
        UserState::HasSession => match status.session_of(user).map(|session| &session.state) {
            // A sign-in fails as well. kubectl says what is wrong with the file.
            Some(SessionState::OpenToOthers { .. } | SessionState::Unreadable { .. }) => false,
            Some(state) => !state.works(),
            None => true,
        },
        UserState::KeepsNone | UserState::TokensInKubeconfig | UserState::Unusable { .. } => false,
    }
}
