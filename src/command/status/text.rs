//! The status for a person: a block for each session, at most 80 columns wide.
//!
//! Pure. All names come from outside and are made harmless; commands and paths are never broken, so that they can be copied.

use super::facts::{Program, SessionFacts, SessionState, SessionStorage, Status, UserFacts, UserState};
use super::server::WhoamiResponse;
use crate::clock::Timestamp;
use crate::command::account::{duration_in_words, time_in_words};
use crate::files::{quoted, shown};
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::{WIDTH, lines_of_width};

const INDENT: usize = 2;
/// The width of a label with the space after it.
const LABEL: usize = 10;
/// Of a list of names, at most so many are shown.
const MAX_NAMES: usize = 20;

/// Returns the text of `status`.
pub(in crate::command) fn text(status: &Status, whoami: Option<&WhoamiResponse>, now: Timestamp) -> String {
    let mut blocks: Vec<String> = status
        .sessions
        .iter()
        .map(|session| session_block(session, status, now))
        .collect();
    if blocks.is_empty() && whoami.is_none() {
        blocks.push("You are not signed in: there is no session.\n".to_owned());
    }
    let users = status
        .users
        .iter()
        .filter(|user| user.state != UserState::HasSession);
    blocks.extend(users.map(|user| user_block(user, status)));
    if let Some(whoami) = whoami {
        blocks.push(whoami_block(whoami));
    }
    blocks.join("\n")
}

fn session_block(session: &SessionFacts, status: &Status, now: Timestamp) -> String {
    let mut block = Block::titled(&title(session));
    block.row(
        "issuer",
        session.issuer.as_ref().map_or("not known", UntrustedText::as_str),
    );
    if let Some(client) = &session.client_id {
        block.row("client", client.as_str());
    }
    match &session.state {
        SessionState::Readable {
            account,
            valid_until,
            is_valid,
            can_be_refreshed,
        } => {
            if let Some(groups) = &account.groups {
                block.row("groups", &groups.listed());
            }
            block.row("token", &token_in_words(*valid_until, *is_valid, now));
            block.row("refresh", refresh_in_words(*is_valid, *can_be_refreshed));
        }
        SessionState::Sealed => block.row("token", "not known: the session is sealed"),
        SessionState::Unusable(reason) => block.row("token", &format!("cannot be used: {reason}")),
        SessionState::OpenToOthers { .. } => block.row("token", "is not used, since others may have read it"),
        SessionState::Unreadable { reason, .. } => block.row("token", &format!("cannot be read: {reason}")),
    }
    let dir = session.path.parent().unwrap_or(&session.path);
    let form = match (&session.state, session.storage) {
        (SessionState::OpenToOthers { mode, .. }, _) => open_in_words(*mode),
        (SessionState::Unreadable { .. }, SessionStorage::File) => "in a file".to_owned(),
        (_, SessionStorage::File) => "in a file that only you can read".to_owned(),
        (_, SessionStorage::Keyring) => "sealed; its key is in the OS keyring".to_owned(),
    };
    block.row("stored", &form);
    block.unbroken("directory", shown(dir).as_str());
    if session.users.is_empty() {
        block.row("user", "none of the kubeconfig");
    } else {
        block.row(plural("user", session.users.len()), &names(&session.users, None));
        let current = status.current_context.as_deref();
        if !session.contexts.is_empty() {
            block.row(
                plural("context", session.contexts.len()),
                &names(&session.contexts, current),
            );
        }
    }
    match &session.state {
        SessionState::OpenToOthers { fix, .. } => block.unbroken("fix", fix),
        SessionState::Unreadable { fix, .. } => block.row("fix", fix),
        state if state.works() => {}
        SessionState::Readable { .. } | SessionState::Sealed | SessionState::Unusable(_) => {
            let command = status.login_command(&session.users, &session.contexts);
            block.unbroken("sign in", &command);
        }
    }
    block.text
}

fn title(session: &SessionFacts) -> String {
    match &session.state {
        SessionState::Readable { account, .. } => match &account.name {
            Some(name) => name.as_str().to_owned(),
            None => "A session without a name".to_owned(),
        },
        SessionState::Sealed => "A sealed session".to_owned(),
        SessionState::Unusable(_) | SessionState::OpenToOthers { .. } | SessionState::Unreadable { .. } => {
            "A session that cannot be used".to_owned()
        }
    }
}

fn token_in_words(valid_until: Timestamp, is_valid: bool, now: Timestamp) -> String {
    let time = time_in_words(valid_until, now);
    let secs = valid_until.secs_since(now);
    if is_valid {
        format!("valid for {}, until {time}", duration_in_words(secs))
    } else {
        format!(
            "expired {} ago, at {time}",
            duration_in_words(secs.saturating_neg())
        )
    }
}

fn refresh_in_words(is_valid: bool, can_be_refreshed: bool) -> &'static str {
    match (is_valid, can_be_refreshed) {
        (_, true) => "possible, without a sign-in",
        (true, false) => "not possible: a sign-in is needed when the token ends",
        (false, false) => "not possible: a sign-in is needed",
    }
}

pub(super) fn open_in_words(mode: u32) -> String {
    format!("in a file that others can read (mode {mode:04o})")
}

impl Status {
    /// Returns the command that signs a user in, for a user of the kubeconfig that was read.
    pub(super) fn login_command(&self, users: &[String], contexts: &[String]) -> String {
        let command = login_command(users, contexts, self.current_context.as_deref());
        format!("{command}{}", self.kubeconfig_flag_of(users))
    }

    /// A session that no user of the kubeconfig has is signed in without a kubeconfig.
    fn kubeconfig_flag_of(&self, users: &[String]) -> &str {
        if users.is_empty() {
            ""
        } else {
            &self.kubeconfig_flag
        }
    }
}

/// Returns the command that signs a user in.
fn login_command(users: &[String], contexts: &[String], current: Option<&str>) -> String {
    let is_current = contexts.iter().any(|context| Some(context.as_str()) == current);
    match (is_current, contexts.first(), users.first()) {
        (true, _, _) => "kubesesame login".to_owned(),
        (false, Some(context), _) => format!("kubesesame login --context={}", quoted(context)),
        (false, None, Some(user)) => format!("kubesesame login --user={}", quoted(user)),
        (false, None, None) => "kubesesame login --oidc-issuer-url=URL --oidc-client-id=ID".to_owned(),
    }
}

fn user_block(user: &UserFacts, status: &Status) -> String {
    let convert = format!("kubesesame kubeconfig convert{}", status.kubeconfig_flag);
    let mut block = Block::titled(&format!("User {} has no session", UntrustedText::new(&user.name)));
    if !user.contexts.is_empty() {
        block.row(
            plural("context", user.contexts.len()),
            &names(&user.contexts, None),
        );
    }
    match (&user.state, user.program) {
        (UserState::NoSession | UserState::HasSession, Program::Kubelogin) => {
            block.row("runs", "kubectl oidc-login, which has sessions of its own");
            block.unbroken("change", &convert);
        }
        (UserState::NoSession | UserState::HasSession, Program::Kubesesame | Program::AuthProvider) => {
            let names = std::slice::from_ref(&user.name);
            let command = login_command(names, &user.contexts, None);
            block.unbroken("sign in", &format!("{command}{}", status.kubeconfig_flag));
        }
        (UserState::KeepsNone, _) => {
            block.row(
                "stored",
                "nowhere: --token-cache-storage=none signs in with each call",
            );
        }
        (UserState::TokensInKubeconfig, _) => {
            block.row("stored", "in the kubeconfig (`auth-provider`)");
            block.unbroken("change", &convert);
        }
        (UserState::Unusable { reason, hint }, _) => {
            block.row("problem", UntrustedText::new(reason).as_str());
            if let Some(hint) = hint {
                block.row("hint", hint);
            }
        }
    }
    block.text
}

fn whoami_block(whoami: &WhoamiResponse) -> String {
    let mut block = Block::titled("The API server says that you are");
    if let Some(context) = &whoami.context {
        block.row("context", UntrustedText::new(context).as_str());
    }
    block.row("user", UntrustedText::new(&whoami.identity.username).as_str());
    for group in &whoami.identity.groups {
        block.row("group", UntrustedText::new(group).as_str());
    }
    block.text
}

fn plural(word: &'static str, count: usize) -> &'static str {
    match (word, count) {
        ("user", 2..) => "users",
        ("context", 2..) => "contexts",
        (word, _) => word,
    }
}

/// Returns names in one text, the current one marked.
fn names(names: &[String], current: Option<&str>) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| {
            let mark = if Some(name.as_str()) == current {
                " (current)"
            } else {
                ""
            };
            format!("{}{mark}", UntrustedText::new(name))
        })
        .collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("and {} more", names.len() - MAX_NAMES));
    }
    shown.join(", ")
}

/// Lines under a title.
struct Block {
    text: String,
}

impl Block {
    fn titled(title: &str) -> Self {
        let lines = lines_of_width(title, WIDTH);
        Self {
            text: lines.join("\n") + "\n",
        }
    }

    fn row(&mut self, label: &str, value: &str) {
        let lines = lines_of_width(value, WIDTH - INDENT - LABEL);
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.line(label, line);
        }
    }

    /// Adds a command or a path, which stays in one line so that it can be copied.
    fn unbroken(&mut self, label: &str, command: &str) {
        self.line(label, command);
    }

    fn line(&mut self, label: &str, text: &str) {
        let line = format!("{:INDENT$}{label:<LABEL$}{text}", "");
        self.text += line.trim_end();
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_for_the_current_context_or_names_one() {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        for (users, contexts, current, command) in [
            (&["u"][..], &["a", "b"][..], Some("b"), "kubesesame login"),
            (&["u"], &["a", "b"], Some("c"), "kubesesame login --context=a"),
            (&["u"], &["a b"], None, "kubesesame login --context='a b'"),
            (&["u;x"], &[], None, "kubesesame login --user='u;x'"),
            (
                &[],
                &[],
                None,
                "kubesesame login --oidc-issuer-url=URL --oidc-client-id=ID",
            ),
        ] {
            assert_eq!(login_command(&texts(users), &texts(contexts), current), command);
        }
    }
}
