//! Asks the cluster who the person is, by the person's own kubectl.

use super::facts::{Status, UserState};
use super::text::login_command;
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
        let command = login_command(users, &user.contexts, status.current_context.as_deref());
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
        UserState::HasSession => !status
            .session_of(user)
            .is_some_and(|session| session.state.works()),
        UserState::KeepsNone | UserState::TokensInKubeconfig | UserState::Unusable { .. } => false,
    }
}
