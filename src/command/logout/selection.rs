//! Which sessions a person means, and whether one of them is meant.
//!
//! Pure, but for the kubeconfig that is read for a selected entry.

use crate::cli::EntryArgs;
use crate::command::account::Account;
use crate::command::entry_session::EntrySession;
use crate::command::kubeconfig_view::KubeconfigView;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::shown;
use crate::kubeconfig::EntrySource;
use crate::session::{Identity, Key, Record};
use crate::settings::Stdin;
use crate::untrusted_text::UntrustedText;

/// No logout ends the tokens in a kubeconfig.
const REMOVE_TOKENS: &str = "remove its `id-token` and `refresh-token` from the file; a refresh token stays valid until the provider ends it, which its \
                             pages or its administrator can do";

/// Which sessions a person means.
pub(super) enum Selection<'a> {
    /// The session of one entry, in the directories that it means. No other entry says how its provider is asked.
    Entry(Box<EntrySession>),
    /// All sessions, or those of an account or an issuer.
    Matching {
        account: Option<&'a str>,
        issuer: Option<&'a str>,
    },
}

impl Selection<'_> {
    /// # Errors
    /// If no entry is meant, or kubesesame does not sign it in.
    pub(super) fn entry(
        view: &KubeconfigView,
        args: &EntryArgs,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let selected = view.select(args)?;
        let exec_info = view.exec_info(selected.user, selected.context);
        let session = EntrySession::of(
            selected.user,
            exec_info.as_deref(),
            &[],
            Stdin::ABSENT,
            environment,
        );
        let session = session.map_err(|mut error| {
            if selected.user.source == EntrySource::AuthProvider {
                error.hint = Some(REMOVE_TOKENS.to_owned());
            }
            view.unusable(selected.user, error)
        })?;
        Ok(Self::Entry(Box::new(session)))
    }

    /// What a person is told if there is no session. `is_complete` says whether all places could be looked at, and `others`
    /// are the issuers of sessions that are not meant.
    pub(super) fn none_found(&self, is_complete: bool, others: &[String]) -> String {
        let relative = match self {
            Self::Entry(session) => session.request.cache.dirs().find(|dir| dir.is_relative()),
            Self::Matching { .. } => None,
        };
        match relative {
            Some(dir) => format!(
                "there is no session to end in {}, which begins at the current directory, as for get-token",
                shown(dir)
            ),
            None if is_complete => self.none_in_all(others),
            None => "no session that could be ended was found".to_owned(),
        }
    }

    /// An issuer is compared as it is spelled, as everywhere, so the spellings that would have been right are named.
    fn none_in_all(&self, others: &[String]) -> String {
        let shown: Vec<_> = others
            .iter()
            .map(|issuer| UntrustedText::new(issuer).to_string())
            .collect();
        match self {
            Self::Matching { issuer: Some(_), .. } if !shown.is_empty() => format!(
                "there is no session to end at this issuer; there are sessions at {}",
                shown.join(", ")
            ),
            Self::Matching { .. } | Self::Entry(_) => "there is no session to end".to_owned(),
        }
    }

    /// Whether a session is meant. `None` if it cannot be known from what could be read of it.
    pub(super) fn includes(
        &self,
        key: &Key,
        identity: Option<&Identity>,
        record: Option<&Record>,
    ) -> Option<bool> {
        match self {
            Self::Entry(session) => Some(*key == session.request.key()),
            Self::Matching { account, issuer } => {
                let is_at = |issuer: &str| identity.map(|known| known.issuer == issuer);
                let is_of = |account: &str| has_account(record, identity, account);
                match (
                    issuer.map_or(Some(true), is_at),
                    account.map_or(Some(true), is_of),
                ) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                }
            }
        }
    }

    /// Whether a session that was read is meant.
    pub(super) fn includes_record(&self, key: &Key, record: &Record) -> Option<bool> {
        self.includes(key, Some(&record.identity), Some(record))
    }

    /// What a session may be of which that cannot be known.
    pub(super) fn doubt(&self) -> &'static str {
        match self {
            Self::Matching {
                account: Some(_),
                issuer: Some(_),
            } => "of this account at this issuer",
            Self::Matching { account: Some(_), .. } => "of this account",
            Self::Matching { issuer: Some(_), .. } => "at this issuer",
            Self::Matching { .. } | Self::Entry(_) => "one that is meant",
        }
    }
}

/// Whether an account is that of the session: the one that the settings name, or the name or subject in its token. `None` if the token
/// cannot be read, or names nobody.
fn has_account(record: Option<&Record>, identity: Option<&Identity>, wanted: &str) -> Option<bool> {
    let configured = identity.and_then(|identity| identity.account.as_deref());
    let account = record.map(|record| Account::of_token(&record.token));
    let account = account.filter(|account| account.name.is_some() || account.subject.is_some());
    match account {
        _ if configured == Some(wanted) => Some(true),
        account => account.map(|account| account.is_named(wanted)),
    }
}
