//! `get-token`: reads the settings, chooses the directory of the session, runs [`crate::lifecycle`], and prints the credential.

mod background;
mod fast_path;
mod session_dirs;

use std::path::{Path, PathBuf};

pub(crate) use self::background::run as refresh_in_background;
pub(crate) use self::fast_path::run as fast_path;

use crate::cli::GetTokenArgs;
use crate::clock;
use crate::command::person;
use crate::environment::{self, Terminal};
use crate::error::Error;
use crate::exec::{self, ApiVersion, Cluster};
use crate::fast_path::{FastPathEntry, RefreshPolicy};
use crate::invocation::Invocation;
use crate::kubeconfig;
use crate::lifecycle::{
    Acquired, Acquisition, Demand, Import, NoStore, ScopeSource, SessionFiles, SessionStore, Settings,
};
use crate::oidc::{Continuation, Event};
use crate::runtime::LazyRuntime;
use crate::secret::Secret;
use crate::session::{self, Identity, Key, Record, Store};
use crate::settings::{self, Cache, ClusterChoice, GetTokenSettings, SignIn, Stdin, Storage, TokenKind};
use crate::ui::{self, Ui};

pub(crate) fn run(args: GetTokenArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let request = exec::Request::parse(invocation.environment.exec_info.as_deref())?;
    let get_token = GetToken::new(args, invocation, request, ui)?;
    let credential = get_token.credential();
    let Acquired { session, until, .. } = credential.map_err(|error| get_token.reword_for_cluster(error))?;
    write_credential(request.version, &session.token, until)
}

/// Prints the credential. Standard output is written once, and last.
fn write_credential(version: ApiVersion, token: &Secret, until: i64) -> Result<(), Error> {
    Ui::result(&exec::credential(version, token, until)).map_err(Error::Output)
}

fn error_with_hint(error: &session::Error) -> String {
    format!("{}; {}", error.in_one_line(), error.hint())
}

/// One call: its settings and its caller.
struct GetToken<'a> {
    invocation: &'a Invocation<'a>,
    version: ApiVersion,
    sign_in: SignIn,
    cache: Cache,
    cluster: ClusterChoice,
    identity: Identity,
    runtime_dir: Option<PathBuf>,
    failures_dir: Option<PathBuf>,
    ui: Ui,
}

/// Returns what the call may do with standard input: kubectl says whether it passed its own.
fn stdin(request: exec::Request, invocation: &Invocation<'_>) -> Stdin {
    let is_kept_by_client = invocation.is_by_client() && !request.interactive;
    Stdin {
        terminal: if is_kept_by_client {
            Terminal::Absent
        } else {
            invocation.environment.terminal()
        },
        can_be_read: request.interactive && environment::stdin_can_be_read(),
        is_kept_by_client,
    }
}

impl<'a> GetToken<'a> {
    fn new(
        mut args: GetTokenArgs,
        invocation: &'a Invocation<'a>,
        request: exec::Request,
        ui: Ui,
    ) -> Result<Self, Error> {
        let environment = invocation.environment;
        let cluster = match Cluster::parse(environment.exec_info.as_deref()) {
            Some(cluster) => ClusterChoice::apply(&mut args, &cluster).map_err(Error::Config)?,
            None => ClusterChoice::default(),
        };
        let value_sources = cluster.value_sources();
        let GetTokenSettings {
            sign_in,
            cache,
            cluster,
        } = GetTokenSettings::new(args, cluster, stdin(request, invocation), environment)
            .map_err(|error| Error::from(error).with_source(&value_sources))?;
        cluster.remarks.iter().for_each(|remark| ui::warn_later(remark));
        let SignIn { provider, login, .. } = &sign_in;
        let account = provider.account.as_deref().or_else(|| login.grant.username());
        Ok(Self {
            identity: Identity {
                issuer: provider.issuer.as_str().to_owned(),
                client_id: provider.client_id.clone(),
                account: account.map(str::to_owned),
            },
            sign_in,
            cache,
            cluster,
            invocation,
            version: request.version,
            runtime_dir: settings::runtime_dir(environment),
            failures_dir: settings::failures_dir(environment),
            ui,
        })
    }

    /// Rewords an error about a value that the cluster's entry chose: it names the key in the entry, because a flag would have no effect.
    fn reword_for_cluster(&self, error: Error) -> Error {
        let error = error.with_source(&self.cluster.value_sources());
        match (&self.cluster.server, &error) {
            (None, _) | (_, Error::FromSource(..)) => error,
            _ => error.reworded(kubeconfig::hint_in_cluster_terms),
        }
    }

    fn key(&self) -> Key {
        let Identity {
            issuer,
            client_id,
            account,
        } = &self.identity;
        let mut variant_tags = Vec::new();
        if self.sign_in.provider.token == TokenKind::Access {
            variant_tags.push("access token");
        }
        if !self.sign_in.login.grant.is_interactive() {
            variant_tags.push("client credentials");
        }
        // The server is part of the key: tokens for a cluster that chose the issuer must not be sent to another cluster that names the same
        // issuer.
        let server = self
            .cluster
            .server
            .as_ref()
            .map(|server| format!("chosen by {server}"));
        variant_tags.extend(server.as_deref());
        let (scopes, parameters) = (
            self.sign_in.provider.scopes.iter(),
            &self.sign_in.provider.extra_parameters,
        );
        Key::new(
            issuer,
            client_id,
            scopes,
            parameters,
            account.as_deref(),
            &variant_tags,
        )
    }

    fn demand(&self) -> Demand {
        if self.cache.force_refresh {
            Demand::Fresh
        } else {
            Demand::Good
        }
    }

    fn session_files(&self, store: Store) -> SessionFiles<'_> {
        SessionFiles {
            store,
            requested_dir: self.cache.dir.as_deref(),
            fallback_reason: None,
            runtime_dir: self.runtime_dir.as_deref(),
        }
    }

    /// Returns the credential, from the first session directory that can be used.
    fn credential(&self) -> Result<Acquired, Error> {
        let mut unavailable = None;
        for dir in self.session_dirs() {
            match self.credential_from(dir, unavailable.as_ref()) {
                Ok(None) => {}
                Ok(Some(acquired)) => return Ok(acquired),
                // A directory that the user did not choose is skipped, because another user may have created unusable files there.
                Err(Error::Session(error))
                    if error.is_unavailable()
                        || (error.is_file_error() && self.cache.dir.as_deref() != Some(dir)) =>
                {
                    unavailable.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        self.credential_without_store(unavailable.as_ref())
    }

    fn credential_without_store(&self, unavailable: Option<&session::Error>) -> Result<Acquired, Error> {
        let failures = self
            .failures_dir
            .as_deref()
            .and_then(|dir| Store::create(dir, self.key(), self.identity.clone(), Storage::Disk).ok());
        let reason = self.cache.storage.map(|_| {
            unavailable.map_or_else(
                || "there is no home directory; set HOME, or say where with --token-cache-dir".to_owned(),
                error_with_hint,
            )
        });
        let latest_record = |own: Option<Record>| self.latest_record(None, own.as_ref());
        self.acquire(&NoStore { failures, reason }, self.demand(), None, &latest_record)
    }

    fn credential_from(
        &self,
        dir: &Path,
        unavailable: Option<&session::Error>,
    ) -> Result<Option<Acquired>, Error> {
        let Some(storage) = self.cache.storage else {
            return Ok(None);
        };
        let store = Store::create(dir, self.key(), self.identity.clone(), storage)?;
        let files = SessionFiles {
            fallback_reason: unavailable.map(error_with_hint),
            ..self.session_files(store)
        };
        let import = Import {
            dirs: &self.cache.kubelogin_dirs,
        };
        let latest_record = |own: Option<Record>| self.latest_record(Some(dir), own.as_ref());
        let acquired = self.acquire(&files, self.demand(), Some(import), &latest_record)?;
        if !acquired.was_stored {
            self.remove_superseded(&files.store, &acquired.session);
        }
        if acquired.was_stored && self.demand() == Demand::Good {
            self.prepare_next_call(&files.store, &acquired);
        }
        Ok(Some(acquired))
    }

    fn acquire<'b, S: SessionStore>(
        &'b self,
        store: &'b S,
        demand: Demand,
        import: Option<Import<'b>>,
        latest_record: &'b dyn Fn(Option<Record>) -> Option<Record>,
    ) -> Result<Acquired, Error> {
        let ui = self.ui;
        let report = move |event: Event<'_>| person::show(ui, event);
        let continuation = if self.invocation.is_by_client() {
            Continuation::Kubectl
        } else {
            Continuation::Command
        };
        let settings = Settings {
            provider: &self.sign_in.provider,
            login: &self.sign_in.login,
            trust: &self.sign_in.trust,
            identity: &self.identity,
            scopes_from: if self.cluster.server.is_some() {
                ScopeSource::ClusterConfig
            } else {
                ScopeSource::Arguments
            },
        };
        let acquisition = Acquisition {
            store,
            settings: &settings,
            demand,
            detect_rejections: self.cache.detects_rejections,
            import: import.filter(|import| !import.dirs.is_empty()),
            latest_record,
            invocation: self.invocation,
            runtime: &LazyRuntime::default(),
            person: person::new(ui, &report, continuation),
            ui: self.ui,
        };
        acquisition.acquire()
    }

    /// Writes the fast path entry for the next call, and starts a background refresh if the token is near its expiry.
    fn prepare_next_call(&self, store: &Store, Acquired { session, until, .. }: &Acquired) {
        self.ui
            .step(|| format!("the stored token is good until {}", clock::rfc3339(*until)));
        self.write_fast_path_entry(store);
        let now = self.invocation.started_at;
        if self.refresh_policy().allows(session) && session.is_refresh_due(now) {
            background::start(store, self.invocation, now, self.ui);
        }
    }

    /// Writes the fast path entry, except in three cases: with `-v`, because the fast path logs nothing; if the fast path would not search
    /// this directory; and if the command line or a variable contains a secret, because the entry's name is a hash of them.
    fn write_fast_path_entry(&self, store: &Store) {
        let (args, environment) = (self.invocation.args, self.invocation.environment);
        let likely = settings::likely_cache_dir(args, environment);
        let has_secret = settings::has_inline_secret(args, &environment.flags);
        if self.ui.level > 0 || has_secret || likely.as_deref() != Some(store.dir().path()) {
            return;
        }
        let entry = FastPathEntry::new(
            store,
            self.version,
            self.refresh_policy(),
            self.cache.detects_rejections,
        );
        entry.write(store.dir(), &self.invocation.hash);
    }

    /// Returns which sessions may be refreshed in the background.
    fn refresh_policy(&self) -> RefreshPolicy {
        match (
            self.cache.background_refresh,
            self.sign_in.login.grant.is_interactive(),
        ) {
            (false, _) => RefreshPolicy::Off,
            (true, true) => RefreshPolicy::WithRefreshToken,
            (true, false) => RefreshPolicy::Any,
        }
    }
}
