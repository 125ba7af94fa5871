//! Gathers the facts.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::api_server;
use super::kubeconfig_facts::{self, Files};
use super::session_facts::{self, FoundSession};
use crate::cli::{self, DoctorArgs, EntryArgs, TypedFlag};
use crate::clock;
use crate::command::claim_mapping::{claim_mapping, is_username_given};
use crate::command::entry_session::{EntryError, EntrySession};
use crate::command::login_command::login_command_of;
use crate::command::person;
use crate::command::token_request::TokenRequest;
use crate::doctor::{
    ApiServerFacts, ExpectedUser, Facts, KubeconfigFacts, MachineFacts, Problem, ProviderFacts, Settings,
    select, selected_context,
};
use crate::environment::{self, Environment};
use crate::error::Error;
use crate::files;
use crate::invocation::Invocation;
use crate::kubeconfig::UserEntry;
use crate::oidc::{self, Event, Interaction, NoDocumentCache, ProviderClient, ReturnTo, Survey};
use crate::runtime::LazyRuntime;
use crate::settings::{self, Browser, ClientAuth, Grant, SignIn, Stdin};
use crate::ui::Ui;

/// How long each request to the provider may take. There are two.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Prefixes of variables that pages on the web name, and that nothing reads.
const DEAD_PREFIXES: [&str; 3] = ["KUBECTL_OIDC_", "KUBELOGIN_", "OIDC_LOGIN_"];

/// The facts, and what only the bundle needs.
pub(super) struct Gathered {
    pub(super) facts: Facts,
    pub(super) files: Files,
    /// What the person types to sign in, if there could be a session and there is none.
    pub(super) login_command: Option<String>,
}

/// What came of reading the settings.
type Request = Option<Result<EntrySession, Problem>>;

impl Gathered {
    pub(super) fn new(args: &DoctorArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<Self, Error> {
        let (environment, now) = (invocation.environment, clock::now());
        let typed = cli::typed_flags("doctor", invocation.args);
        let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let has_flags = given(&args.get_token.provider.oidc_issuer_url).is_some();
        let (files, kubeconfig) = if has_flags {
            (Files::default(), None)
        } else {
            let (context, user) = (given(&args.entry.context), given(&args.entry.user));
            let (files, facts) = kubeconfig_facts::read(&args.entry.file, context, user, environment);
            (files, Some(facts))
        };
        let request = match &kubeconfig {
            Some(kubeconfig) => entry_request(&files, kubeconfig, &typed, environment),
            None => Some(flags_request(&typed, environment)),
        };
        let known = request.as_ref().and_then(|request| request.as_ref().ok());
        let session = known.map(|entry| {
            let issuer = entry.request.sign_in.provider.issuer.as_str();
            let expected = ExpectedUser {
                mapping: claim_mapping(&args.cluster, issuer),
                is_username_given: is_username_given(&args.cluster),
            };
            session_facts::read(&entry.request, expected, now)
        });
        let provider = known
            .map(|entry| provider_facts(&entry.request.sign_in, args.offline, ui))
            .transpose()?;
        let api_server = api_server_facts(args.offline, &files, kubeconfig.as_ref(), session.as_ref());
        let environment = known.map_or(environment, |entry| &entry.environment);
        let unknown_variables = cli::unknown_variables(&environment.flag_variables);
        let facts = Facts {
            now,
            offline: args.offline,
            unknown_variables: unknown_variables.iter().map(ToString::to_string).collect(),
            dead_variables: environment::names_with_prefix(&DEAD_PREFIXES),
            has_inline_secret: has_secret(kubeconfig.as_ref(), &typed, environment),
            machine: machine_facts(known.map(|entry| &entry.request)),
            provider,
            session: session.map(|session| session.facts),
            api_server,
            settings: request.map(|request| request.map(|entry| settings_of(entry.request))),
            kubeconfig,
        };
        let login_command = has_no_session(&facts).then(|| login_command(&args.entry, &typed));
        Ok(Self {
            facts,
            files,
            login_command,
        })
    }
}

/// Whether a sign-in would make the session that is missing.
fn has_no_session(facts: &Facts) -> bool {
    let session = facts.session.as_ref();
    let is_stored = matches!(&facts.settings, Some(Ok(settings)) if settings.cache.storage.is_some());
    is_stored && session.is_some_and(|session| session.stored.is_none() && session.problem.is_none())
}

/// The values of flags are not repeated: they may be secrets.
fn login_command(entry: &EntryArgs, typed: &[TypedFlag]) -> String {
    let flags = if typed.is_empty() {
        ""
    } else {
        ", with the flags of this command"
    };
    format!("{}{flags}", login_command_of(entry))
}

fn settings_of(request: TokenRequest) -> Settings {
    Settings {
        sign_in: request.sign_in,
        cache: request.cache,
    }
}

/// Reads the settings of the user's entry, as `get-token` would. Flags that were typed replace those of the entry.
fn entry_request(
    files: &Files,
    kubeconfig: &KubeconfigFacts,
    typed: &[TypedFlag],
    environment: &Environment,
) -> Request {
    let (context, user) = (&kubeconfig.wanted_context, &kubeconfig.wanted_user);
    let selection = select(&kubeconfig.entries, context.as_deref(), user.as_deref())?;
    if !selection.user.source.is_supported() {
        return None;
    }
    let info = files.exec_info(selection, &kubeconfig.entries);
    let stdin = Stdin::of_person(environment.terminal());
    let entry = EntrySession::of(selection.user, info.as_deref(), typed, stdin, environment);
    Some(entry.map_err(problem_of))
}

/// Reads the settings of the command line and of variables.
fn flags_request(typed: &[TypedFlag], environment: &Environment) -> Result<EntrySession, Problem> {
    let stdin = Stdin::of_person(environment.terminal());
    let user = UserEntry::of_flags();
    EntrySession::of(&user, None, typed, stdin, environment).map_err(problem_of)
}

fn problem_of(error: EntryError) -> Problem {
    Problem {
        what: error.reason,
        fix: error
            .hint
            .unwrap_or_else(|| "choose another user or context (--user, --context)".to_owned()),
    }
}

/// Variables that nothing reads are another check's business.
fn has_secret(kubeconfig: Option<&KubeconfigFacts>, typed: &[TypedFlag], environment: &Environment) -> bool {
    let unknown = cli::unknown_variables(&environment.flag_variables);
    let variables = environment.flag_variables.iter();
    let variables = variables.filter(|(name, _)| !unknown.iter().any(|unknown| unknown.name == *name));
    let variables: Vec<_> = variables.cloned().collect();
    let selection = kubeconfig.and_then(|kubeconfig| {
        let (context, user) = (&kubeconfig.wanted_context, &kubeconfig.wanted_user);
        select(&kubeconfig.entries, context.as_deref(), user.as_deref())
    });
    let exec = selection.and_then(|selection| selection.user.exec.as_ref());
    let own = exec.into_iter().flat_map(|exec| &exec.args);
    let arguments: Vec<OsString> = own
        .map(|arg| arg.expose().into())
        .chain(typed.iter().flat_map(TypedFlag::arguments))
        .collect();
    settings::has_inline_secret(&arguments, &variables)
}

fn machine_facts(request: Option<&TokenRequest>) -> MachineFacts {
    let login = request.map(|request| &request.sign_in.login);
    let cache = request.map(|request| &request.cache);
    MachineFacts {
        is_ssh: environment::first_nonempty_value(&["SSH_CONNECTION", "SSH_TTY"]).is_some(),
        listener: login
            .filter(|login| login.grant == Grant::Browser)
            .zip(request)
            .map(|(login, request)| {
                let provider = &request.sign_in.provider;
                // An issuer that a cluster chose has a redirect URI of its own.
                let redirect = if provider.named_by_cluster {
                    login.redirect.of_issuer(provider.issuer.as_str())
                } else {
                    login.redirect.clone()
                };
                oidc::probe_listener(&login.listen_addresses, &redirect)
            }),
        browser_command_exists: login.and_then(|login| browser_exists(&login.browser)),
        storage: cache.and_then(|cache| session_facts::storage(cache.dir.as_deref())),
        keyring: cache.and_then(|cache| session_facts::keyring(cache.storage)),
    }
}

fn browser_exists(browser: &Browser) -> Option<bool> {
    let Browser::Command { path, args } = browser else {
        return None;
    };
    let search_path = environment::first_nonempty_value(&["PATH"]);
    let exists = |name: &str| files::find_program(Path::new(name), search_path.as_deref()).is_some();
    Some(exists(path) || args.first().is_some_and(|program| exists(program)))
}

fn provider_facts(sign_in: &SignIn, offline: bool, ui: Ui) -> Result<ProviderFacts, Error> {
    Ok(ProviderFacts {
        proxy: oidc::proxy_for(sign_in.provider.issuer.url()),
        survey: if offline { None } else { Some(survey(sign_in, ui)?) },
    })
}

fn survey(sign_in: &SignIn, ui: Ui) -> Result<Survey, Error> {
    let report = |event: Event<'_>| {
        // The findings say the rest.
        if matches!(event, Event::Log(_)) {
            person::show(ui, event);
        }
    };
    let person = Interaction {
        request_timeout: REQUEST_TIMEOUT,
        ..person::new(ui, &report, ReturnTo::Command)
    };
    // Public documents need no secret, so no program is asked for one: it may wait for a person, or change something.
    let mut provider = sign_in.provider.clone();
    if provider.client_auth.method.asks_program() {
        provider.client_auth = ClientAuth::NONE;
    }
    let client = ProviderClient::new(&provider, &sign_in.trust, &NoDocumentCache, person, clock::now);
    match client {
        Ok(client) => LazyRuntime::default()
            .block_on(client.survey())
            .map_err(Error::Runtime),
        Err(error) => Ok(Survey {
            metadata: Err(error),
            keys: None,
            clock_ahead_secs: None,
        }),
    }
}

fn api_server_facts(
    offline: bool,
    files: &Files,
    kubeconfig: Option<&KubeconfigFacts>,
    session: Option<&FoundSession>,
) -> ApiServerFacts {
    let Some(kubeconfig) = kubeconfig else {
        return api_server::not_asked("the settings come from flags");
    };
    if offline {
        return api_server::not_asked("offline");
    }
    if kubeconfig.files.is_err() {
        return api_server::not_asked("there is no kubeconfig that can be read");
    }
    // The user may be missing: a cluster is asked all the same, without a token.
    let Some(context) = selected_context(&kubeconfig.entries, kubeconfig.wanted_context.as_deref()) else {
        return api_server::not_asked("there is no context that names a cluster");
    };
    let cluster = context.cluster.as_deref();
    let cluster = cluster
        .and_then(|cluster| kubeconfig.entries.cluster(cluster))
        .filter(|cluster| !cluster.server.is_empty());
    match cluster {
        Some(cluster) => api_server::ask(cluster, files, session),
        None => api_server::not_asked("the context leads to no cluster"),
    }
}
