//! No command: signs in the user of a kubeconfig whose `auth-provider` is `oidc`, as kubelogin's standalone mode does.
//!
//! The context chooses the user, and the user's entry names the provider. The rest is [`crate::lifecycle`] over a store of its own: the
//! two tokens in the kubeconfig, written under kubectl's lock into the text as it is then; every other byte stays.

use std::thread;
use std::time::{Duration, Instant};

use super::kubeconfig::files::{Kubeconfig, in_order};
use super::person;
use crate::cli::{Cli, Command, StandaloneArgs};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{UserFileError, UserFileLock};
use crate::foreign_text::ForeignText;
use crate::invocation::Invocation;
use crate::kubeconfig::{self, AuthProvider};
use crate::lifecycle::{Acquisition, Demand, LockedSession, Remark, ScopeSource, SessionStore, Settings};
use crate::oidc::{Continuation, DocumentCache, Event, NoDocumentCache, StoredToken};
use crate::runtime::LazyRuntime;
use crate::secret::Secret;
use crate::session::{self, Identity, Key, Loaded, Locked, Record, Store, Wait};
use crate::settings::{self, Login, Provider, Storage, Trust};
use crate::ui::Ui;

/// kubectl holds its lock for a moment only.
const KUBECONFIG_LOCK_WAIT: Duration = Duration::from_secs(5);

/// New tokens may make the kubeconfig larger by so many bytes: the first two are some KiB.
const GROWTH: usize = 8 * 1024;

pub(crate) fn run(args: StandaloneArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let environment = invocation.environment;
    let selected = Selected::find(&args, environment).inspect_err(|_| ui.note(WHAT_IT_IS))?;
    let (provider, mut trust) = settings_of(&selected.entry.arguments).map_err(|fault| {
        selected
            .file
            .no_sign_in(&selected.user, &fault.reason, Some(fault.cure))
    })?;
    let provider = provider.with_parameters(&args.oidc_auth_request_extra_params)?;
    trust.add(Trust::new(args.tls));
    trust.expand_home(environment);
    let login = Login::new(&args.login, None, environment, environment.terminal())?;
    settings::check(&provider, &login)?;
    let identity = Identity {
        issuer: provider.issuer.as_str().to_owned(),
        client_id: provider.client_id.clone(),
        account: None,
    };
    let store = KubeconfigStore {
        file: &selected.file,
        user: &selected.user,
        identity: &identity,
        provider: &provider,
        turns: selected.turns(&identity, environment),
    };
    let settings = Settings {
        provider: &provider,
        login: &login,
        trust: &trust,
        identity: &identity,
        scopes_from: ScopeSource::AuthProvider,
    };
    sign_in(&store, &settings, invocation, ui).map_err(in_terms_of_the_entry)
}

/// Issuer, client and scopes have no flags here.
fn in_terms_of_the_entry(error: Error) -> Error {
    error.reworded(kubeconfig::hint_in_entry_terms)
}

fn sign_in(
    store: &KubeconfigStore<'_>,
    settings: &Settings<'_>,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(), Error> {
    let report = |event: Event<'_>| person::show(ui, event);
    let acquisition = Acquisition {
        store,
        settings,
        demand: Demand::Good,
        detect_rejections: false,
        import: None,
        latest_of: &|own| own,
        invocation,
        runtime: &LazyRuntime::default(),
        person: person::with(ui, &report, Continuation::Command),
        ui,
    };
    let acquired = acquisition.acquire()?;
    if acquired.was_stored {
        ui.step(|| "the token in the kubeconfig is still good".to_owned());
    } else {
        ui.note(&format!(
            "you have a token until {}; to have kubectl refresh it by itself: kubesesame kubeconfig convert",
            clock::rfc3339(acquired.session.expires_at)
        ));
        if let Some(warning) = store.file.warning_of_readers() {
            ui.warn(&warning);
        }
    }
    Ok(())
}

const WHAT_IT_IS: &str = "\
without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help";

/// A value of an entry that cannot be used, and what to do about it.
struct EntryFault {
    reason: String,
    cure: String,
}

/// The settings in an entry, as `get-token` reads them.
fn settings_of(arguments: &[String]) -> Result<(Provider, Trust), EntryFault> {
    let Ok(Command::GetToken(args)) = Cli::parse_entry(arguments).map(|cli| cli.command) else {
        return Err(EntryFault {
            reason: "its `auth-provider` has a value that cannot be used".to_owned(),
            cure: "correct its `config` in the kubeconfig".to_owned(),
        });
    };
    let provider = Provider::new(args.provider).map_err(|error| EntryFault {
        reason: kubeconfig::in_entry_terms(&error.to_string()),
        cure: kubeconfig::hint_in_entry_terms(&error.hint()),
    })?;
    Ok((provider, Trust::new(args.tls)))
}

/// The user that is meant, and where its entry is.
struct Selected {
    file: Kubeconfig,
    user: String,
    entry: AuthProvider,
}

impl Selected {
    fn find(args: &StandaloneArgs, environment: &Environment) -> Result<Self, Error> {
        let files = in_order(&args.file, environment)?;
        let texts: Result<Vec<String>, _> = files.iter().map(Kubeconfig::text).collect();
        let texts = texts?;
        let user = match args.user.clone().filter(|user| !user.is_empty()) {
            Some(user) => user,
            None => user_of_context(&files, &texts, args.context.as_deref())?,
        };
        for (file, text) in files.into_iter().zip(&texts) {
            let found = kubeconfig::auth_provider(text, &user).map_err(|fault| file.fault(&fault))?;
            match found {
                None => {}
                Some(Ok(entry)) => return Ok(Self { file, user, entry }),
                Some(Err(reason)) => return Err(file.no_sign_in(&user, &reason, None)),
            }
        }
        let name = ForeignText::new(&user);
        let known = texts.iter().flat_map(|text| kubeconfig::user_names(text));
        let known = known.map(|name| ForeignText::new(&name)).collect();
        Err(kubeconfig::Error::NoSuchUser { name, known }.into())
    }

    /// Where calls for the same entry wait for each other: beside the sessions of other calls, where nobody else can put anything, and which is
    /// the same in every shell. Without such a place they don't.
    fn turns(&self, identity: &Identity, environment: &Environment) -> Option<Store> {
        let file = self.file.real().to_string_lossy();
        let marks = ["auth-provider", &*file, self.user.as_str()];
        let key = Key::new(&identity.issuer, &identity.client_id, [], &[], None, &marks);
        let home = settings::cache_dir(None, environment).ok();
        let mut dirs = [home.as_deref(), environment.temporary_dir.as_deref()]
            .into_iter()
            .flatten();
        dirs.find_map(|dir| Store::create(dir, key.clone(), identity.clone(), Storage::Disk).ok())
    }
}

impl Kubeconfig {
    fn no_sign_in(&self, user: &str, reason: &str, cure: Option<String>) -> Error {
        Error::Kubeconfig(kubeconfig::Error::NoSignIn {
            path: self.path().to_owned(),
            name: ForeignText::new(user),
            reason: ForeignText::new(reason),
            cure,
        })
    }
}

fn user_of_context(
    files: &[Kubeconfig],
    texts: &[String],
    context: Option<&str>,
) -> Result<String, kubeconfig::Error> {
    let mut current = context.filter(|name| !name.is_empty()).map(str::to_owned);
    let mut known = Vec::new();
    for (file, text) in files.iter().zip(texts) {
        let contexts = kubeconfig::contexts(text).map_err(|fault| file.fault(&fault))?;
        current = current.or(contexts.current);
        known.extend(contexts.users);
    }
    let current = current.ok_or(kubeconfig::Error::NoContext)?;
    let name = || ForeignText::new(&current);
    match known.iter().find(|(known, _)| *known == current) {
        Some((_, Some(user))) => Ok(user.clone()),
        Some((_, None)) => Err(kubeconfig::Error::NoUser { name: name() }),
        None => Err(kubeconfig::Error::NoSuchContext {
            name: name(),
            known: known.iter().map(|(name, _)| ForeignText::new(name)).collect(),
        }),
    }
}

/// The tokens of a kubeconfig's `auth-provider` entry as a store. kubectl's lock is held for a moment only, so it cannot cover a refresh
/// or a sign-in; a lock of our own does.
struct KubeconfigStore<'a> {
    file: &'a Kubeconfig,
    user: &'a str,
    identity: &'a Identity,
    provider: &'a Provider,
    turns: Option<Store>,
}

/// The right to change the tokens of the entry.
struct LockedEntry<'a> {
    store: &'a KubeconfigStore<'a>,
    _turn: Option<Locked<'a>>,
}

impl SessionStore for KubeconfigStore<'_> {
    /// The tokens are printed nowhere.
    const IS_RESULT: bool = true;

    type Locked<'b>
        = LockedEntry<'b>
    where
        Self: 'b;

    fn load(&self) -> Result<Loaded, Error> {
        let entry = kubeconfig::auth_provider(&self.file.text()?, self.user);
        let entry = entry.map_err(|fault| self.file.fault(&fault))?;
        let session = entry.and_then(|entry| session_of(entry.ok()?, self.identity, self.provider));
        Ok(session.map_or(Loaded::Nothing, |session| Loaded::Session(Box::new(session))))
    }

    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(LockedEntry<'_>, bool), Error> {
        let (turn, wait) = match self.turns.as_ref().map(|turns| turns.lock(limit, on_wait)) {
            Some(Err(error @ session::Error::LockTimeout { .. })) => return Err(error.into()),
            // Without a place for it there is no turn to wait for.
            None | Some(Err(_)) => (None, None),
            Some(Ok((turn, wait))) => (Some(turn), Some(wait)),
        };
        self.rehearse()?;
        Ok((self.locked(turn), wait == Some(Wait::BehindAnother)))
    }

    fn try_lock(&self) -> Result<Option<LockedEntry<'_>>, Error> {
        let Some(turns) = &self.turns else {
            return Ok(Some(self.locked(None)));
        };
        Ok(match turns.try_lock() {
            Ok(turn) => turn.map(|turn| self.locked(Some(turn))),
            Err(_) => Some(self.locked(None)),
        })
    }

    fn documents(&self) -> &dyn DocumentCache {
        &NoDocumentCache
    }
}

impl LockedSession for LockedEntry<'_> {
    fn load(&self) -> Result<Loaded, Error> {
        self.store.load()
    }

    fn prepare(&mut self) -> Result<Option<Remark>, Error> {
        Ok(None)
    }

    fn save(&self, session: &Record) -> Result<(), Error> {
        self.store.write(session)
    }

    /// The sign-in that follows replaces the tokens.
    fn quarantine(&self, _: &Record) {}
}

impl<'a> KubeconfigStore<'a> {
    fn locked(&'a self, turn: Option<Locked<'a>>) -> LockedEntry<'a> {
        LockedEntry {
            store: self,
            _turn: turn,
        }
    }

    /// Writes everything but the name: a kubeconfig that turns out to take no tokens after a refresh or a sign-in would lose what it brought.
    fn rehearse(&self) -> Result<(), Error> {
        let lock = self.lock_file()?;
        let text = self.file.text()?;
        let token = Secret::new("token");
        let edited = self.edited(&text, Some(&token), Some(&token))?.into_bytes();
        // A copy of what is there, since a file system that compresses takes blanks where it takes nothing else.
        let size = text.len() + GROWTH;
        let filler = edited.iter().copied().cycle().take(size);
        drop(self.file.stage(&filler.collect::<Vec<u8>>(), &lock)?);
        Ok(())
    }

    fn write(&self, session: &Record) -> Result<(), Error> {
        let lock = self.lock_file()?;
        // What was read before may be old by now.
        let text = self.file.text()?;
        let edited = self.edited(&text, Some(&session.token), session.refresh_token.as_ref())?;
        let staged = self.file.stage(edited.as_bytes(), &lock)?;
        Ok(staged.commit().map_err(kubeconfig::Error::from)?)
    }

    fn edited(
        &self,
        text: &str,
        id_token: Option<&Secret>,
        refresh_token: Option<&Secret>,
    ) -> Result<String, Error> {
        let edited = kubeconfig::with_tokens(text, self.user, id_token, refresh_token);
        edited.map_err(|fault| match fault {
            kubeconfig::Fault::Unproven => Error::Kubeconfig(kubeconfig::Error::NoPlaceForTokens {
                path: self.file.path().to_owned(),
                name: ForeignText::new(self.user),
            }),
            fault => self.file.fault(&fault).into(),
        })
    }

    fn lock_file(&self) -> Result<UserFileLock, Error> {
        let began = Instant::now();
        loop {
            match self.file.lock() {
                Err(kubeconfig::Error::File(UserFileError::Locked { .. }))
                    if began.elapsed() < KUBECONFIG_LOCK_WAIT =>
                {
                    thread::sleep(Duration::from_millis(20));
                }
                result => return Ok(result?),
            }
        }
    }
}

/// The session that the tokens of an entry make, if they are of this issuer and client.
fn session_of(entry: AuthProvider, identity: &Identity, provider: &Provider) -> Option<Record> {
    let token = entry.id_token?;
    let stored = StoredToken::read(&token, provider, None)?;
    Some(Record::new(
        identity.clone(),
        token,
        stored.issued_at,
        stored.expires_at,
        entry.refresh_token,
        provider.scopes.joined(),
        stored.origin,
    ))
}
