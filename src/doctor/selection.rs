//! Which user of a kubeconfig is meant.

use super::check::Fault;
use super::facts::KubeconfigFacts;
use crate::files::quoted;
use crate::kubeconfig::{ContextEntry, Entries, UserEntry};
use crate::untrusted_text::UntrustedText;

/// A hint lists at most this many names.
const MAX_LISTED: usize = 8;

/// The user that is meant, and the context that it is meant in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub(crate) user: &'a UserEntry,
    pub(crate) context: Option<&'a ContextEntry>,
}

/// Returns the user of `--user`, of `--context`, or of the current context. `None` if there is none.
pub(crate) fn select<'a>(
    entries: &'a Entries,
    context: Option<&str>,
    user: Option<&str>,
) -> Option<Selection<'a>> {
    find(entries, context, user, "").ok()
}

/// Returns the context that is meant, whether or not it has a user. `None` if there is none.
pub(crate) fn selected_context<'a>(entries: &'a Entries, wanted: Option<&str>) -> Option<&'a ContextEntry> {
    entries.context(wanted.or(entries.current_context.as_deref())?)
}

impl KubeconfigFacts {
    pub(super) fn selection(&self) -> Result<Selection<'_>, Fault> {
        find(
            &self.entries,
            self.wanted_context.as_deref(),
            self.wanted_user.as_deref(),
            &self.kubeconfig_flag,
        )
    }
}

fn find<'a>(
    entries: &'a Entries,
    wanted_context: Option<&str>,
    wanted_user: Option<&str>,
    kubeconfig_flag: &str,
) -> Result<Selection<'a>, Fault> {
    // As kubectl does it: `--user` replaces the user of the current context. Another context that names the user may be a stranger's.
    let current = || entries.current_context.clone();
    let context_name = wanted_context.map(str::to_owned).or_else(current);
    let context = match &context_name {
        None => None,
        Some(name) => Some(
            entries
                .context(name)
                .ok_or_else(|| no_context(entries, name, kubeconfig_flag))?,
        ),
    };
    let user_name = match (wanted_user, context) {
        (Some(user), _) => user,
        (None, None) => {
            return Err(Fault::new(
                "there is no current context",
                use_context(entries, kubeconfig_flag),
            ));
        }
        (None, Some(context)) => context.user.as_deref().ok_or_else(|| {
            let name = UntrustedText::new(&context.name);
            Fault::new(
                format!("the context `{name}` names no user"),
                format!(
                    "kubectl config set-context {} --user=USER{kubeconfig_flag}{}",
                    quoted(&context.name),
                    one_of(&users(entries))
                ),
            )
        })?,
    };
    let user = entries
        .user(user_name)
        .ok_or_else(|| no_user(entries, user_name))?;
    Ok(Selection { user, context })
}

fn no_context(entries: &Entries, name: &str, kubeconfig_flag: &str) -> Fault {
    Fault::new(
        format!("there is no context `{}`", UntrustedText::new(name)),
        use_context(entries, kubeconfig_flag),
    )
}

/// The command that chooses a context, with the names of those that there are.
fn use_context(entries: &Entries, kubeconfig_flag: &str) -> String {
    format!(
        "kubectl config use-context NAME{kubeconfig_flag}{}",
        one_of(&contexts(entries))
    )
}

fn no_user(entries: &Entries, name: &str) -> Fault {
    Fault::new(
        format!("there is no user `{}`", UntrustedText::new(name)),
        format!(
            "add the user (kubesesame setup prints how), or let the context name another one{}",
            one_of(&users(entries))
        ),
    )
}

fn contexts(entries: &Entries) -> Vec<&str> {
    entries
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect()
}

fn users(entries: &Entries) -> Vec<&str> {
    entries.users.iter().map(|user| user.name.as_str()).collect()
}

fn one_of(names: &[&str]) -> String {
    let listed = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("`{}`", UntrustedText::with_limit(name, 60)));
    let listed: Vec<_> = listed.collect();
    match names.len().saturating_sub(MAX_LISTED) {
        _ if listed.is_empty() => String::new(),
        0 => format!(", with one of {}", listed.join(", ")),
        more => format!(", with one of {} and {more} more", listed.join(", ")),
    }
}
