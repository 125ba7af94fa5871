//! No command: signs in the user of a kubeconfig whose `auth-provider` is `oidc`, as the peer's standalone mode does.
//!
//! 1. The context chooses the user, the user's entry says the provider. A token that lives is all that was wanted.
//! 2. Whether the file can be written is seen before anybody is asked for anything.
//! 3. Refresh, then login, by the same rules as `get-token`; but the session lives in the kubeconfig.
//! 4. Under kubectl's lock the two tokens are written into the text as it is then; every other byte stays.

use std::thread;
use std::time::{Duration, Instant};

use super::kubeconfig::files::{Kubeconfig, in_order};
use super::{block_on, person};
use crate::cli::{Cli, Command, StandaloneArgs};
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{UserFileError, UserFileLock};
use crate::foreign_text::ForeignText;
use crate::kubeconfig::{self, AuthProvider};
use crate::oidc::{
    Continuation, Event, NoDocumentCache, ProviderClient, Refresh, Renewal, StoredToken, Tokens,
};
use crate::secret::Secret;
use crate::session::{Identity, Record};
use crate::settings::{self, Login, Provider, Trust};
use crate::ui::Ui;

/// kubectl holds its lock for a moment only.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn run(args: StandaloneArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let selected = Selected::find(&args, environment).inspect_err(|_| ui.note(WHAT_IT_IS))?;
    let name = selected.user.clone();
    let AuthProvider {
        arguments,
        id_token,
        refresh_token,
    } = selected.entry;
    let (provider, mut trust) = told(&arguments).ok_or_else(|| selected.file.no_sign_in(&name, UNUSABLE))?;
    let provider = provider.with_parameters(&args.oidc_auth_request_extra_params)?;
    trust.add(Trust::new(args.tls));
    trust.expand_home(environment);
    let login = Login::new(&args.login, None, environment, environment.stdin_is_terminal)?;
    settings::check(&provider, &login)?;
    let standalone = Standalone {
        file: selected.file,
        user: name,
        provider,
        trust,
        login,
        ui,
    };
    standalone.sign_in(id_token.as_ref(), refresh_token.as_ref())
}

const WHAT_IT_IS: &str = "\
without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help";

const UNUSABLE: &str = "its `auth-provider` has a value that cannot be used";

/// The settings in an entry, as `get-token` reads them.
fn told(arguments: &[String]) -> Option<(Provider, Trust)> {
    match Cli::parse_entry(arguments).ok()?.command {
        Command::GetToken(args) => Some((Provider::new(args.provider).ok()?, Trust::new(args.tls))),
        _ => None,
    }
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
                Some(Err(reason)) => return Err(file.no_sign_in(&user, &reason)),
            }
        }
        let name = ForeignText::new(&user);
        let known = texts.iter().flat_map(|text| kubeconfig::user_names(text));
        let known = known.map(|name| ForeignText::new(&name)).collect();
        Err(kubeconfig::Error::NoSuchUser { name, known }.into())
    }
}

impl Kubeconfig {
    fn no_sign_in(&self, user: &str, reason: &str) -> Error {
        Error::Kubeconfig(kubeconfig::Error::NoSignIn {
            path: self.path().to_owned(),
            name: ForeignText::new(user),
            reason: ForeignText::new(reason),
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

/// One call: the entry's settings, and where the outcome goes.
struct Standalone {
    file: Kubeconfig,
    user: String,
    provider: Provider,
    trust: Trust,
    login: Login,
    ui: Ui,
}

impl Standalone {
    fn sign_in(&self, id_token: Option<&Secret>, refresh_token: Option<&Secret>) -> Result<(), Error> {
        let stored = id_token.and_then(|token| StoredToken::read(token, &self.provider, None));
        if let (Some(token), Some(stored)) = (id_token, &stored)
            && self.is_usable(token, stored)
        {
            self.ui
                .step(|| "the token in the kubeconfig is still good".to_owned());
            return Ok(());
        }
        self.check_writable()?;
        let report = |event: Event<'_>| person::show(self.ui, event);
        let person = person::with(self.ui, &report, Continuation::Command);
        let connection =
            ProviderClient::new(&self.provider, &self.trust, &NoDocumentCache, person, clock::now)?;
        let renewed = match (stored, refresh_token) {
            (Some(stored), Some(token)) => self.refresh(&connection, &stored, token)?,
            _ => None,
        };
        let tokens = match renewed {
            Some(tokens) => tokens,
            None => block_on(connection.login(&self.login))?.map_err(|failure| failure.error)?,
        };
        self.write(Some(&tokens.token), tokens.refresh_token.as_ref())?;
        self.ui.note(&format!(
            "you have a token until {}; to have kubectl renew it by itself: kubesesame kubeconfig convert",
            clock::rfc3339(tokens.expires_at)
        ));
        Ok(())
    }

    /// By the margin that `get-token` has.
    fn is_usable(&self, token: &Secret, stored: &StoredToken) -> bool {
        let identity = Identity {
            issuer: self.provider.issuer.as_str().to_owned(),
            client_id: self.provider.client_id.clone(),
        };
        let record = Record::new(
            identity,
            token.clone(),
            stored.issued_at,
            stored.expires_at,
            None,
            String::new(),
            stored.origin.clone(),
        );
        record.is_usable(clock::now())
    }

    /// Renews; `None` when only a login helps.
    fn refresh(
        &self,
        connection: &ProviderClient<'_>,
        stored: &StoredToken,
        token: &Secret,
    ) -> Result<Option<Tokens>, Error> {
        let keep_rotated = |rotated: &Secret| {
            if let Err(error) = self.write(None, Some(rotated)) {
                self.ui
                    .warn(&format!("the new refresh token could not be stored: {error}"));
            }
        };
        let refresh = Refresh {
            token,
            granted_scope: &self.provider.scopes.joined(),
            origin: &stored.origin,
            keep_rotated: &keep_rotated,
        };
        match block_on(connection.refresh(&refresh))? {
            Renewal::Renewed(tokens) => Ok(Some(*tokens)),
            Renewal::Over(reason) => {
                self.ui.step(|| format!("the session is over: {reason}"));
                Ok(None)
            }
            Renewal::NoIdToken => Ok(None),
            Renewal::Failed(source) => Err(Error::Renewal { source, path: None }),
        }
    }

    /// A kubeconfig that turns out to be read-only after the sign-in would lose it.
    fn check_writable(&self) -> Result<(), Error> {
        let lock = self.lock()?;
        drop(self.file.stage(self.file.text()?.as_bytes(), &lock)?);
        Ok(())
    }

    fn write(&self, id_token: Option<&Secret>, refresh_token: Option<&Secret>) -> Result<(), Error> {
        let lock = self.lock()?;
        // What was read before may be old by now.
        let text = self.file.text()?;
        let edited = kubeconfig::with_tokens(&text, &self.user, id_token, refresh_token);
        let edited = edited.map_err(|fault| self.file.fault(&fault))?;
        let staged = self.file.stage(edited.as_bytes(), &lock)?;
        Ok(staged.commit().map_err(kubeconfig::Error::from)?)
    }

    fn lock(&self) -> Result<UserFileLock, Error> {
        let began = Instant::now();
        loop {
            match self.file.lock() {
                Err(kubeconfig::Error::File(UserFileError::Locked { .. }))
                    if began.elapsed() < LOCK_PATIENCE =>
                {
                    thread::sleep(Duration::from_millis(20));
                }
                result => return Ok(result?),
            }
        }
    }
}
