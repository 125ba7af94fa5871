//! What a person does next, after a look at the status.
//!
//! Pure.

use super::facts::{Program, SessionFacts, SessionState, Status, UserState};
use crate::files::quoted;
use crate::kubeconfig::Entries;

/// Returns the next step in one line, without a label.
pub(in crate::command) fn next_step(entries: Option<&Entries>, status: &Status) -> String {
    let current = entries.and_then(|entries| {
        let context = entries.context(entries.current_context.as_deref()?)?;
        context.user.as_deref()
    });
    let user = status
        .users
        .iter()
        .find(|user| Some(user.name.as_str()) == current);
    let Some(user) = user else {
        return other_user(status);
    };
    let flag = &status.kubeconfig_flag;
    match (&user.state, user.program) {
        (UserState::HasSession, _) => match status.session_of(&user.name) {
            Some(session) if session.state.works() => {
                format!("use kubectl; to ask the cluster who you are: kubesesame status --server{flag}")
            }
            Some(SessionFacts {
                state: SessionState::OpenToOthers { fix, .. } | SessionState::Unreadable { fix, .. },
                ..
            }) => fix.clone(),
            _ => format!("kubesesame login{flag}"),
        },
        (UserState::NoSession, Program::Kubesesame) => format!("kubesesame login{flag}"),
        (UserState::NoSession | UserState::TokensInKubeconfig, _) => {
            format!("kubesesame kubeconfig convert{flag}")
        }
        (UserState::KeepsNone, _) => "use kubectl, which signs in with each call".to_owned(),
        (UserState::Unusable { hint: Some(hint), .. }, _) => hint.clone(),
        (UserState::Unusable { hint: None, .. }, _) => "kubesesame setup".to_owned(),
    }
}

/// The current context has no user of ours, or there is none.
fn other_user(status: &Status) -> String {
    let ours = status
        .users
        .iter()
        .find(|user| user.program == Program::Kubesesame);
    let flag = &status.kubeconfig_flag;
    match ours {
        Some(user) => match (user.contexts.first(), &user.state) {
            (Some(context), UserState::HasSession) => {
                format!("kubectl config use-context {}{flag}", quoted(context))
            }
            (Some(_), _) => status.login_command(std::slice::from_ref(&user.name), &user.contexts),
            (None, _) => format!(
                "kubectl config set-context --current --user={}{flag}",
                quoted(&user.name)
            ),
        },
        None if status.users.iter().any(|user| user.program == Program::Kubelogin) => {
            format!("kubesesame kubeconfig convert{flag}")
        }
        None => "kubesesame setup".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::status::facts::UserFacts;

    const KUBECONFIG: &str =
        "current-context: dev\ncontexts: [{name: dev, context: {user: u}}, {name: x, context: {user: none}}]";

    fn step(users: Vec<(&str, Program, UserState, &[&str])>) -> String {
        let users = users
            .into_iter()
            .map(|(name, program, state, contexts)| UserFacts {
                name: name.to_owned(),
                file: "f".into(),
                contexts: contexts.iter().map(|&name| name.to_owned()).collect(),
                program,
                command: None,
                state,
            });
        let status = Status {
            users: users.collect(),
            ..Status::default()
        };
        next_step(Some(&Entries::read([KUBECONFIG])), &status)
    }

    #[test]
    fn each_state_of_the_current_user_leads_on() {
        use Program::{AuthProvider, Kubelogin, Kubesesame};
        let unusable = |hint: Option<&str>| UserState::Unusable {
            reason: "r".to_owned(),
            hint: hint.map(str::to_owned),
        };
        for (users, expected) in [
            (vec![], "kubesesame setup"),
            (
                vec![("u", Kubesesame, UserState::NoSession, &["dev"][..])],
                "kubesesame login",
            ),
            // A session of the user is not among those that were found.
            (
                vec![("u", Kubesesame, UserState::HasSession, &["dev"])],
                "kubesesame login",
            ),
            (
                vec![("u", Kubelogin, UserState::NoSession, &["dev"])],
                "kubesesame kubeconfig convert",
            ),
            (
                vec![("u", AuthProvider, UserState::TokensInKubeconfig, &["dev"])],
                "kubesesame kubeconfig convert",
            ),
            (
                vec![("u", Kubesesame, UserState::KeepsNone, &["dev"])],
                "use kubectl, which signs in with each call",
            ),
            (
                vec![("u", Kubesesame, unusable(Some("mend it")), &["dev"])],
                "mend it",
            ),
            (
                vec![("u", Kubesesame, unusable(None), &["dev"])],
                "kubesesame setup",
            ),
            (
                vec![("other", Kubesesame, UserState::NoSession, &["prod"])],
                "kubesesame login --context=prod",
            ),
            (
                vec![("other", Kubesesame, UserState::HasSession, &["prod"])],
                "kubectl config use-context prod",
            ),
            (
                vec![("other", Kubesesame, UserState::NoSession, &[])],
                "kubectl config set-context --current --user=other",
            ),
            (
                vec![("other", Kubelogin, UserState::NoSession, &["prod"])],
                "kubesesame kubeconfig convert",
            ),
        ] {
            assert_eq!(step(users), expected);
        }
    }
}
