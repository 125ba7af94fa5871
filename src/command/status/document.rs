//! The status for programs. Names of fields are stable: new ones may come, and none changes its meaning.
//!
//! Pure.

use serde_json::{Value, json};

use super::facts::{Program, SessionFacts, SessionState, SessionStorage, Status, UserFacts, UserState};
use super::server::WhoamiResponse;
use super::text::open_in_words;
use crate::clock::Timestamp;
use crate::untrusted_text::UntrustedText;

/// Returns the document, which `--output=json` and `--output=yaml` print.
pub(super) fn of(status: &Status, whoami: Option<&WhoamiResponse>, now: Timestamp) -> Value {
    let mut document = json!({
        "currentContext": status.current_context,
        "sessions": status.sessions.iter().map(|session| session_of(session, now)).collect::<Value>(),
        "users": status.users.iter().map(user_of).collect::<Value>(),
    });
    if let Some(whoami) = whoami {
        document["server"] = json!({
            "context": whoami.context,
            "username": whoami.identity.username,
            "groups": whoami.identity.groups,
        });
    }
    document
}

fn session_of(session: &SessionFacts, now: Timestamp) -> Value {
    let mut object = json!({
        "account": null,
        "subject": null,
        "groupCount": null,
        "issuer": session.issuer.as_ref().map(UntrustedText::as_str),
        "clientId": session.client_id.as_ref().map(UntrustedText::as_str),
        "validUntil": null,
        "validForSeconds": null,
        "refreshable": null,
        "storage": match session.storage {
            SessionStorage::File => "file",
            SessionStorage::Keyring => "keyring",
        },
        "path": session.path.to_string_lossy(),
        "users": session.users,
        "contexts": session.contexts,
    });
    object["state"] = match &session.state {
        SessionState::Readable {
            account,
            valid_until,
            is_valid,
            can_be_refreshed,
        } => {
            object["account"] = account.name.as_ref().map(UntrustedText::as_str).into();
            object["subject"] = account.subject.as_ref().map(UntrustedText::as_str).into();
            object["groupCount"] = account.groups.as_ref().map(|groups| groups.count).into();
            object["validUntil"] = valid_until.rfc3339().into();
            object["validForSeconds"] = valid_until.secs_since(now).max(0).into();
            object["refreshable"] = (*can_be_refreshed).into();
            if *is_valid { "valid" } else { "expired" }.into()
        }
        SessionState::Sealed => "sealed".into(),
        SessionState::Unusable(reason) => {
            object["reason"] = (*reason).into();
            "unusable".into()
        }
        SessionState::OpenToOthers { mode, .. } => {
            object["reason"] = open_in_words(*mode).into();
            "unusable".into()
        }
        SessionState::Unreadable { reason, .. } => {
            object["reason"] = reason.as_str().into();
            "unusable".into()
        }
    };
    object
}

fn user_of(user: &UserFacts) -> Value {
    let mut object = json!({
        "name": user.name,
        "kubeconfig": user.file.to_string_lossy(),
        "contexts": user.contexts,
        "command": user.command,
        "program": match user.program {
            Program::Kubesesame => "kubesesame",
            Program::Kubelogin => "kubelogin",
            Program::AuthProvider => "auth-provider",
        },
    });
    object["state"] = match &user.state {
        UserState::HasSession => "session".into(),
        UserState::NoSession => "no-session".into(),
        UserState::KeepsNone => "no-storage".into(),
        UserState::TokensInKubeconfig => "tokens-in-kubeconfig".into(),
        UserState::Unusable { reason, hint } => {
            object["reason"] = reason.as_str().into();
            object["hint"] = hint.as_deref().into();
            "unusable".into()
        }
    };
    object
}
