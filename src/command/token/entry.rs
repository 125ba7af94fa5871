//! The user of a kubeconfig whose token is meant.

use std::path::Path;

use crate::cli::{Cli, Command, FileArgs, InspectArgs};
use crate::command::entry_session::EntrySession;
use crate::command::kubeconfig::files::{Kubeconfig, files_in_given_order};
use crate::command::kubeconfig_view::KubeconfigView;
use crate::command::login_command::kubeconfig_flag;
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::error::Error;
use crate::files;
use crate::kubeconfig::{self, ContextEntry, Entries, EntrySource, ExecEntry, UserEntry};
use crate::secret::Secret;
use crate::settings::Stdin;
use crate::untrusted_text::UntrustedText;

/// What the entry of a user means.
pub(super) struct Entry {
    pub(super) name: UntrustedText,
    pub(super) request: TokenRequest,
    /// The environment that the entry's call would see.
    pub(super) environment: Environment,
    /// The token in the kubeconfig itself, of an `auth-provider` entry.
    pub(super) stored_token: Option<Secret>,
    /// Whether tokens are stored in the kubeconfig.
    pub(super) is_auth_provider: bool,
}

/// Finds the user that the arguments name, or the one of the current context.
pub(super) fn find(args: &InspectArgs, environment: &Environment) -> Result<Entry, Error> {
    let files = files_in_given_order(&args.kubeconfig, environment)?;
    let texts: Vec<String> = files.iter().map(Kubeconfig::text).collect::<Result<_, _>>()?;
    let entries = Entries::read(texts.iter().map(String::as_str));
    if let Some((file, error)) = entries.broken.first() {
        return Err(files[*file].text_error(error).into());
    }
    let (user, cluster) = selected(args, &entries)?;
    let file = &files[user.file];
    let unsupported = |reason: &str, hint: Option<String>| kubeconfig::Error::SignInUnsupported {
        path: file.path().to_owned(),
        name: UntrustedText::new(&user.name),
        reason: UntrustedText::new(reason),
        hint,
    };
    let name = UntrustedText::new(&user.name);
    if user.source == EntrySource::AuthProvider {
        let found = kubeconfig::auth_provider(&texts[user.file], &user.name)
            .map_err(|error| file.text_error(&error))?;
        let found = match found {
            Some(Ok(found)) => found,
            Some(Err(reason)) => return Err(unsupported(&reason, None).into()),
            None => return Err(unsupported("its entry has gone", None).into()),
        };
        let Ok(Command::GetToken(args)) = Cli::parse_entry(&found.arguments).map(|cli| cli.command) else {
            return Err(unsupported("its `auth-provider` has a value that cannot be used", None).into());
        };
        return Ok(Entry {
            name,
            request: TokenRequest::new(*args, None, Stdin::ABSENT, environment)?,
            environment: environment.clone(),
            stored_token: found.id_token,
            is_auth_provider: true,
        });
    }
    let exec_info = user
        .exec
        .as_ref()
        .map(|exec| exec_info(exec, cluster, &entries, &files));
    let session = EntrySession::of(user, exec_info.as_deref(), &[], Stdin::ABSENT, environment)
        .map_err(|error| unsupported(&error.reason, error.hint))?;
    Ok(Entry {
        name,
        request: session.request,
        environment: session.environment,
        stored_token: None,
        is_auth_provider: false,
    })
}

/// Returns the flags that choose an entry whose issuer this is. `None` if the kubeconfig has none.
pub(super) fn flags_for_issuer(issuer: &str, args: &FileArgs, environment: &Environment) -> Option<String> {
    let view = KubeconfigView::read(args, environment).ok()?;
    let entries = &view.entries;
    let is_of_issuer = |user: &UserEntry, context: Option<&ContextEntry>| {
        let info = view.exec_info(user, context);
        let session = EntrySession::of(user, info.as_deref(), &[], Stdin::ABSENT, environment);
        session.is_ok_and(|session| session.request.sign_in.provider.issuer.as_str() == issuer)
    };
    let supported = entries.users.iter().filter(|user| user.source.is_supported());
    let flag = supported.into_iter().find_map(|user| {
        let mut contexts = entries.contexts_of_user(&user.name);
        let context = contexts.find(|context| is_of_issuer(user, Some(context)));
        context
            .map(|context| format!("--context={}", files::quoted(&context.name)))
            .or_else(|| is_of_issuer(user, None).then(|| format!("--user={}", files::quoted(&user.name))))
    })?;
    Some(format!("{flag}{}", kubeconfig_flag(args)))
}

/// Returns the user, and the name of the cluster of the context that chose it.
fn selected<'e>(
    args: &InspectArgs,
    entries: &'e Entries,
) -> Result<(&'e UserEntry, Option<&'e str>), kubeconfig::Error> {
    let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    let context = given(&args.context).or_else(|| entries.current_context.clone());
    let context_entry = context.as_deref().and_then(|name| entries.context(name));
    let user = match (given(&args.user), context, context_entry) {
        (Some(user), _, _) => user,
        (None, None, _) => return Err(kubeconfig::Error::NoContext),
        (None, Some(name), Some(entry)) => entry.user.clone().ok_or_else(|| kubeconfig::Error::NoUser {
            name: UntrustedText::new(&name),
        })?,
        (None, Some(name), None) => {
            let known = entries.contexts.iter();
            return Err(kubeconfig::Error::NoSuchContext {
                name: UntrustedText::new(&name),
                known: known.map(|context| UntrustedText::new(&context.name)).collect(),
            });
        }
    };
    let Some(entry) = entries.user(&user) else {
        return Err(kubeconfig::Error::NoSuchUser {
            name: UntrustedText::new(&user),
            known: entries
                .users
                .iter()
                .map(|user| UntrustedText::new(&user.name))
                .collect(),
        });
    };
    let context = context_entry
        .filter(|context| context.user.as_deref() == Some(&*user))
        .or_else(|| entries.contexts_of_user(&entry.name).next());
    Ok((entry, context.and_then(|context| context.cluster.as_deref())))
}

/// Returns what kubectl would pass to the plugin, with the cluster's certificate authority.
fn exec_info(exec: &ExecEntry, cluster: Option<&str>, entries: &Entries, files: &[Kubeconfig]) -> String {
    let cluster = cluster.and_then(|name| entries.cluster(name));
    let authority = cluster.and_then(|cluster| {
        let path = cluster.certificate_authority.as_ref()?;
        let dir = files
            .get(cluster.file)?
            .path()
            .parent()
            .unwrap_or_else(|| Path::new(""));
        // An authority that cannot be read is one that the cluster does not name: kubectl itself reports it.
        files::read_named(&dir.join(path)).ok()
    });
    kubeconfig::exec_info(exec, cluster.map(|cluster| (cluster, authority.as_deref())))
}
