//! The token that is meant, and the provider whose token it should be.

use std::path::{Path, PathBuf};

use super::entry::{self, Entry};
use super::input::{self, Error as InputError};
use super::signature::document_cache;
use crate::cli::{GetTokenArgs, InspectArgs, ProviderArgs};
use crate::command::token_request::TokenRequest;
use crate::environment::Environment;
use crate::error::Error;
use crate::files;
use crate::invocation::Invocation;
use crate::oidc::{InspectedToken, is_known_issuer};
use crate::secret::Secret;
use crate::session::{ContinuationKey, Loaded, Record, Store};
use crate::settings::{self, ClientAuth, Issuer, Provider, Stdin, TlsTrust, TokenKind};
use crate::ui::Ui;

/// A token, and what is known of where it should be from.
pub(super) struct Subject {
    pub(super) token: Secret,
    /// Where it was read, for people.
    pub(super) source: String,
    /// The audience that the API server accepts, if it is known.
    pub(super) client_id: Option<String>,
    pub(super) trust: TlsTrust,
    /// The directory with the cached documents.
    pub(super) cache_dir: Option<PathBuf>,
    origin: Origin,
}

/// Who names the provider.
enum Origin {
    /// The flags or an entry of the kubeconfig, as for a sign-in.
    Request(Box<Provider>),
    /// The flags without a client, or nobody.
    Flags(Box<ProviderArgs>),
}

impl Subject {
    pub(super) fn find(args: InspectArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<Self, Error> {
        let environment = invocation.environment;
        let names_entry = args.user.is_some() || args.context.is_some();
        let has_issuer = given(args.get_token.provider.oidc_issuer_url.as_ref()).is_some();
        if let Some(path) = args.token_file.clone() {
            let token = input::read(&path, ui)?;
            let source = source_of(&path);
            if !names_entry {
                return Ok(Self::of_flags(token, source, args.get_token, environment));
            }
            let Entry { request, .. } = entry::find(&args, environment)?;
            return Ok(Self::of_request(token, source, request));
        }
        if has_issuer && !names_entry {
            let exec_info = environment.exec_info.as_deref();
            let request = TokenRequest::new(args.get_token, exec_info, Stdin::ABSENT, environment)?;
            let record = stored(&request, environment)?;
            let source = source_of_record(&record, "the session of these flags");
            return Ok(Self::of_request(record.token, source, request));
        }
        let entry = entry::find(&args, environment)?;
        let name = format!("the user `{}` of the kubeconfig", entry.name);
        if entry.is_auth_provider {
            let token = entry.stored_token.ok_or(InputError::NoStoredToken)?;
            return Ok(Self::of_request(token, name, entry.request));
        }
        let record = stored(&entry.request, &entry.environment)?;
        let source = source_of_record(&record, &format!("the session of {name}"));
        Ok(Self::of_request(record.token, source, entry.request))
    }

    fn of_request(token: Secret, source: String, request: TokenRequest) -> Self {
        let provider = request.sign_in.provider;
        Self {
            token,
            source,
            // The audience of an access token is the API, whose name nobody has told us.
            client_id: (provider.token == TokenKind::Id).then(|| provider.client_id.clone()),
            trust: request.sign_in.trust,
            cache_dir: request.cache.dir,
            origin: Origin::Request(Box::new(Provider {
                // Documents are read without it, and the file that it is in need not be readable.
                client_auth: ClientAuth::NONE,
                ..provider
            })),
        }
    }

    fn of_flags(token: Secret, source: String, args: GetTokenArgs, environment: &Environment) -> Self {
        Self {
            token,
            source,
            client_id: given(args.provider.oidc_client_id.as_ref()),
            trust: TlsTrust::new(args.tls, environment),
            cache_dir: settings::cache_dir(args.cache.token_cache_dir.as_deref(), environment).ok(),
            origin: Origin::Flags(Box::new(args.provider)),
        }
    }

    /// Returns the provider whose keys may be fetched: the one of the flags or the entry, or the one that the token names if this user has
    /// signed in there.
    ///
    /// # Errors
    /// If the issuer of the flags cannot be used.
    pub(super) fn provider(&self, token: &InspectedToken) -> Result<Option<Provider>, Error> {
        let args = match &self.origin {
            Origin::Request(provider) => return Ok(Some((**provider).clone())),
            Origin::Flags(args) => args,
        };
        let issuer = match given(args.oidc_issuer_url.as_ref()) {
            Some(text) => Some(Issuer::parse(text)?),
            None => self.known_issuer(token),
        };
        let provider = issuer.map(|issuer| Provider::for_documents(issuer, args));
        Ok(provider.transpose()?)
    }

    fn known_issuer(&self, token: &InspectedToken) -> Option<Issuer> {
        let text = token.claims.get("iss")?.as_str()?;
        let issuer = Issuer::parse(text.to_owned()).ok()?;
        let cache = document_cache(self.cache_dir.as_deref())?;
        is_known_issuer(&issuer, &self.trust, &cache).then_some(issuer)
    }
}

fn given(value: Option<&String>) -> Option<String> {
    value.filter(|value| !value.is_empty()).cloned()
}

fn source_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        files::shown(path).to_string()
    }
}

fn source_of_record(record: &Record, name: &str) -> String {
    match record.refresh_token {
        Some(_) => format!("{name}; it is refreshed when kubectl needs it"),
        None => format!("{name}; it is not refreshed"),
    }
}

/// Reads the session that a request means, without a lock: files are replaced as a whole.
///
/// # Errors
/// If there is none, or it cannot be read.
fn stored(request: &TokenRequest, environment: &Environment) -> Result<Record, Error> {
    let storage = request.cache.storage.ok_or(InputError::NoStorage)?;
    let open = |dir: &Path| Store::open(dir, request.key(), request.identity.clone(), storage);
    let (mut latest, mut corrupt) = (None, None);
    for dir in request.cache.dirs() {
        let loaded = open(dir).and_then(|store| store.map_or(Ok(Loaded::Nothing), |store| store.load()));
        match loaded {
            Ok(Loaded::Session(found)) => latest = Record::latest(latest, Some(*found)),
            Ok(Loaded::Corrupt(why)) => corrupt = Some(why),
            Err(error) if request.cache.dir.as_deref() == Some(dir) => return Err(error.into()),
            // As in `get-token`, a directory that the user did not choose is skipped.
            Ok(Loaded::Nothing) | Err(_) => {}
        }
    }
    // While the others cannot be written, a session goes on among the temporary files, with a proof that it does.
    let key = latest.as_ref().and_then(ContinuationKey::of);
    let temporary = environment.temporary_dir.as_deref().filter(|_| key.is_some());
    let continued = temporary.and_then(|dir| open(dir).ok().flatten()?.load().ok());
    if let (Some(Loaded::Session(continued)), Some(key)) = (continued, key)
        && key.accepts(&continued)
    {
        latest = Record::latest(latest, Some(*continued));
    }
    let missing = || corrupt.map_or(InputError::NoSession, InputError::CorruptSession);
    Ok(latest.ok_or_else(missing)?)
}
