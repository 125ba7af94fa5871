//! Gets the credential: from the first directory of the session that can be used.

use std::path::Path;
use std::time::Duration;

use super::background;
use super::call::GetToken;
use crate::command::logout::revoke_pending;
use crate::command::person;
use crate::error::Error;
use crate::fast_path::{FastPathEntry, RefreshPolicy};
use crate::lifecycle::{
    Acquired, Acquisition, Demand, Import, NoStore, Origin, ScopeSource, SessionFiles, SessionStore, Settings,
};
use crate::oidc::{Event, ReturnTo};
use crate::runtime::LazyRuntime;
use crate::session::{self, ContinuationKey, Record, Store};
use crate::settings::{self, Storage};

/// How long a sign-in waits for all pending revocations.
const REVOCATION_BUDGET: Duration = Duration::from_secs(2);

fn error_with_hint(error: &session::Error) -> String {
    format!("{}; {}", error.in_one_line(), error.hint())
}

impl GetToken<'_> {
    pub(super) fn session_files(&self, store: Store, continues: Option<ContinuationKey>) -> SessionFiles<'_> {
        SessionFiles {
            store,
            requested_dir: self.request.cache.dir.as_deref(),
            fallback_reason: None,
            runtime_dir: self.runtime_dir.as_deref(),
            continues,
        }
    }

    /// Returns the credential, from the first session directory that can be used.
    pub(in crate::command) fn credential(&self) -> Result<Acquired, Error> {
        let mut unavailable = None;
        for dir in self.session_dirs() {
            match self.credential_from(dir, unavailable.as_ref()) {
                Ok(None) => {}
                Ok(Some(acquired)) => return Ok(acquired),
                // A directory that the user did not choose is skipped, because another user may have created unusable files there.
                Err(Error::Session(error))
                    if error.is_unavailable()
                        || (error.is_file_error() && self.request.cache.dir.as_deref() != Some(dir)) =>
                {
                    unavailable.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        self.credential_without_store(unavailable.as_ref())
    }

    fn credential_without_store(&self, unavailable: Option<&session::Error>) -> Result<Acquired, Error> {
        let failures = self.failures_dir.as_deref().and_then(|dir| {
            Store::create(dir, self.key(), self.request.identity.clone(), Storage::Disk).ok()
        });
        let reason = self.request.cache.storage.map(|_| {
            unavailable.map_or_else(
                || "there is no home directory; set HOME, or say where with --token-cache-dir".to_owned(),
                error_with_hint,
            )
        });
        let latest_record = |own: Option<Record>| self.latest_record(None, own.as_ref());
        self.acquire(&NoStore { failures, reason }, self.demand, None, &latest_record)
    }

    fn credential_from(
        &self,
        dir: &Path,
        unavailable: Option<&session::Error>,
    ) -> Result<Option<Acquired>, Error> {
        let Some(storage) = self.request.cache.storage else {
            return Ok(None);
        };
        let Ok(continues) = self.continuation_key(dir) else {
            return Ok(None);
        };
        let store = Store::create(dir, self.key(), self.request.identity.clone(), storage)?;
        let files = SessionFiles {
            fallback_reason: unavailable.map(error_with_hint),
            ..self.session_files(store, continues)
        };
        let import = Import {
            dirs: &self.request.cache.kubelogin_dirs,
        };
        let import = Some(import).filter(|_| self.demand != Demand::SignIn);
        let latest_record = |own: Option<Record>| self.latest_record(Some(dir), own.as_ref());
        let acquired = self.acquire(&files, self.demand, import, &latest_record)?;
        if acquired.origin != Origin::Store {
            self.remove_superseded(&files.store, &acquired.session);
        }
        if acquired.origin == Origin::SignIn {
            self.revoke_pending(dir, storage);
        }
        if acquired.origin == Origin::Store && self.demand == Demand::Good {
            self.ui
                .step(|| format!("the stored token is good until {}", acquired.until.rfc3339()));
            self.write_fast_path_entry(&files.store);
            self.start_background_refresh_if_due(&files.store, &acquired.session);
        }
        Ok(Some(acquired))
    }

    /// Revokes what earlier calls could not. A good token is held back for [`REVOCATION_BUDGET`] at most.
    fn revoke_pending(&self, dir: &Path, storage: Storage) {
        if let Ok(store) = Store::create(dir, self.key(), self.request.identity.clone(), storage) {
            revoke_pending(&store, &self.request.sign_in, REVOCATION_BUDGET, self.ui);
        }
    }

    pub(super) fn acquire<'b, S: SessionStore>(
        &'b self,
        store: &'b S,
        demand: Demand,
        import: Option<Import<'b>>,
        latest_record: &'b dyn Fn(Option<Record>) -> Option<Record>,
    ) -> Result<Acquired, Error> {
        let ui = self.ui;
        let report = move |event: Event<'_>| person::show(ui, event);
        let return_to = if self.invocation.is_exec_plugin_call() {
            ReturnTo::Kubectl
        } else {
            ReturnTo::Command
        };
        let settings = Settings {
            provider: &self.request.sign_in.provider,
            login: &self.request.sign_in.login,
            trust: &self.request.sign_in.trust,
            identity: &self.request.identity,
            scopes_from: if self.request.cluster.server.is_some() {
                ScopeSource::ClusterConfig
            } else {
                ScopeSource::Arguments
            },
        };
        let acquisition = Acquisition {
            store,
            settings: &settings,
            demand,
            detect_rejections: self.request.cache.detects_rejections,
            import: import.filter(|import| !import.dirs.is_empty()),
            latest_record,
            invocation: self.invocation,
            runtime: &LazyRuntime::default(),
            interaction: person::new(ui, &report, return_to),
            ui: self.ui,
        };
        acquisition.acquire()
    }

    /// Writes the fast path entry for the next call, except in four cases: with `-v`, because the fast path logs nothing; if the fast path would not search
    /// this directory, or not use the entry, as where a cluster names the issuer; and if the command line or a variable contains a secret,
    /// because the entry's name is a hash of them.
    fn write_fast_path_entry(&self, store: &Store) {
        let (args, environment) = (self.invocation.args, self.invocation.environment);
        let likely = settings::likely_cache_dir(args, environment);
        let has_secret = settings::has_inline_secret(args, &environment.flag_variables);
        if self.ui.level > 0 || has_secret || likely.as_deref() != Some(store.dir().path()) {
            return;
        }
        let entry = FastPathEntry::new(
            store,
            self.version,
            self.refresh_policy(),
            self.request.cache.detects_rejections,
        );
        if entry.agrees_with(args, environment) {
            entry.write(store.dir(), &self.invocation.hash);
        }
    }

    /// Starts a background refresh if the token is near its expiry.
    fn start_background_refresh_if_due(&self, store: &Store, session: &Record) {
        let now = self.invocation.started_at;
        if self.refresh_policy().allows(session) && session.is_refresh_due(now) {
            background::start(store, self.invocation, now, self.ui);
        }
    }

    /// Returns which sessions may be refreshed in the background.
    fn refresh_policy(&self) -> RefreshPolicy {
        match (
            self.request.cache.background_refresh,
            self.request.sign_in.login.grant.is_interactive(),
        ) {
            (false, _) => RefreshPolicy::Off,
            (true, true) => RefreshPolicy::WithRefreshToken,
            (true, false) => RefreshPolicy::Any,
        }
    }
}
