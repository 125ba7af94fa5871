//! The provider's metadata and key set, from the network or from a cache.
//!
//! Owns how long they are cached, so that a refresh usually needs one request. The same entry remembers which authentication methods the
//! provider has accepted or refused for a client, for which clients it has refused the scope `openid`, and for which it has demanded pushed
//! authorization requests. The documents are public, but a forged one would send secrets to another server. So a [`DocumentCache`] must be
//! private to the user, and the name of an entry depends on the issuer and on the configured certificate authorities. With
//! `--insecure-skip-tls-verify` nothing is cached.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::oidc::client_auth::{History, MethodResult};
use crate::oidc::discovery::document_cache::DocumentCache;
use crate::oidc::discovery::metadata::{Metadata, discovery_url};
use crate::oidc::errors::Error;
use crate::oidc::errors::documents::DocumentError;
use crate::oidc::event::LogEvent;
use crate::oidc::http::{Document, HttpClient};
use crate::oidc::token::endpoint::RESPONSE_TIMEOUT;
use crate::oidc::token::key_set::KeySet;
use crate::settings::{Authority, Issuer, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// How long a document is cached if the response has no `max-age`.
const DEFAULT_MAX_AGE_SECS: i64 = 3600;
/// The longest time that a document is cached. Okta sends 44 days for its keys, but a key rotation must be noticed earlier.
const MAX_CACHE_AGE_SECS: i64 = 24 * 3600;
/// How long it is remembered that both authentication methods were refused.
const REFUSED_AUTH_AGE_SECS: i64 = 3600;

/// What is cached about one provider: its documents, and results of earlier requests.
pub(crate) struct ProviderCache<'a> {
    http: &'a HttpClient<'a>,
    issuer: &'a Issuer,
    /// The cache entry. `None` if nothing may be cached.
    entry: Option<CacheEntry<'a>>,
    now: Timestamp,
    file: Mutex<CacheFile>,
}

/// Whether cached metadata may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheUse {
    Allow,
    Refetch,
}

/// A cache, and the name of this provider's documents in it.
struct CacheEntry<'a> {
    cache: &'a dyn DocumentCache,
    name: String,
}

/// The content of the cache entry. The bodies are stored as they were received, and validated at each use.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CacheFile {
    version: u32,
    issuer: String,
    metadata: Option<CachedDocument>,
    keys: Option<CachedDocument>,
    /// The address that the keys are from. `None` in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys_url: Option<String>,
    /// The results of authentication methods, for clients that needed more than one attempt.
    #[serde(default, rename = "lessons", skip_serializing_if = "Vec::is_empty")]
    auth_results: Vec<DatedResult>,
    /// The hashes of the ids of clients that may not request `openid` with client credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    openid_refused: Vec<String>,
    /// The hashes of the ids of clients whose authorization requests have to be pushed, although the metadata do not say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    push_demanded: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct DatedResult {
    at: Timestamp,
    #[serde(flatten)]
    result: MethodResult,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CachedDocument {
    body: String,
    fetched: Timestamp,
    until: Timestamp,
}

/// Returns the text that an entry's name is derived from: the issuer and the configured certificate authorities. Each part ends with a zero
/// byte, which no part contains.
fn cache_key(issuer: &Issuer, trust: &TlsTrust) -> Vec<u8> {
    let mut text = format!("{}\0", issuer.as_str()).into_bytes();
    for authority in &trust.authorities {
        let (kind, value) = match authority {
            Authority::File(path) => ("file", path.as_os_str().as_encoded_bytes()),
            Authority::Data(data) => ("data", data.as_bytes()),
        };
        text.extend_from_slice(kind.as_bytes());
        text.push(b' ');
        text.extend_from_slice(value);
        text.push(0);
    }
    text
}

/// Returns the name of the entry in the cache.
fn cache_name(issuer: &Issuer, trust: &TlsTrust) -> String {
    format!("{}.provider.json", hash(&cache_key(issuer, trust)))
}

/// Whether documents of this issuer were fetched here before, with these certificate authorities: by a login, or by an explicit request.
pub(crate) fn is_known_issuer(issuer: &Issuer, trust: &TlsTrust, cache: &dyn DocumentCache) -> bool {
    let name = cache_name(issuer, trust);
    let file = CacheEntry { cache, name }.read();
    file.is_some_and(|file| file.issuer == issuer.as_str() && file.metadata.is_some())
}

impl<'a> ProviderCache<'a> {
    pub(crate) fn new(
        http: &'a HttpClient<'a>,
        issuer: &'a Issuer,
        trust: &TlsTrust,
        cache: &'a dyn DocumentCache,
        now: Timestamp,
    ) -> Self {
        let entry = (!trust.insecure).then(|| CacheEntry {
            cache,
            name: cache_name(issuer, trust),
        });
        let empty = || CacheFile {
            version: 1,
            issuer: issuer.as_str().to_owned(),
            ..CacheFile::default()
        };
        let file = entry
            .as_ref()
            .and_then(CacheEntry::read)
            .filter(|file| file.issuer == issuer.as_str());
        if let Some(entry) = &entry {
            http.log(LogEvent::CacheRead {
                file: &entry.name,
                is_found: file.is_some(),
            });
        }
        Self {
            http,
            issuer,
            entry,
            now,
            file: Mutex::new(file.unwrap_or_else(empty)),
        }
    }

    /// Returns the metadata. Fetches it if it is not cached, or is to be fetched anew.
    pub(crate) async fn metadata(&self, cache_use: CacheUse) -> Result<Metadata, Error> {
        let cached = self
            .lock_file()
            .metadata
            .clone()
            .filter(|cached| cache_use == CacheUse::Allow && cached.is_fresh(self.now));
        if let Some(cached) = cached
            && let Ok(metadata) = Metadata::parse(cached.body.as_bytes(), self.issuer)
        {
            return Ok(metadata);
        }
        let (document, metadata) = self.fetch_metadata().await?;
        self.lock_file().metadata = CachedDocument::new(&document, self.now);
        self.save();
        Ok(metadata)
    }

    /// Fetches the discovery document, and does not cache it.
    pub(crate) async fn fetch_metadata(&self) -> Result<(Document, Metadata), Error> {
        let document = self.http.get(&discovery_url(self.issuer)?, None).await?;
        let metadata = Metadata::parse(&document.body, self.issuer).map_err(|error| self.redacted(error))?;
        Ok((document, metadata))
    }

    /// Redacts what this client sent from the issuer that the document quotes.
    fn redacted(&self, error: Error) -> Error {
        match error {
            Error::Document(DocumentError::IssuerMismatch { configured, returned }) => {
                DocumentError::IssuerMismatch {
                    configured,
                    returned: self.http.redact(&returned),
                }
                .into()
            }
            error => error,
        }
    }

    /// Returns the cached key set, if it is not too old, and not from an address that the metadata name no longer.
    pub(crate) fn cached_keys(&self, jwks_uri: &Url) -> Option<KeySet> {
        let file = self.lock_file();
        if file.keys_url.as_ref().is_some_and(|url| url != jwks_uri.as_str()) {
            return None;
        }
        let keys = file.keys.as_ref().filter(|keys| keys.is_fresh(self.now))?;
        KeySet::parse(keys.body.as_bytes()).ok()
    }

    /// Returns the cached metadata and key set, whatever their age, and when the key set was fetched.
    pub(crate) fn cached_at_any_age(&self) -> Option<(Metadata, KeySet, Timestamp)> {
        let file = self.lock_file();
        let metadata = Metadata::parse(file.metadata.as_ref()?.body.as_bytes(), self.issuer).ok()?;
        let keys = file.keys.as_ref()?;
        Some((metadata, KeySet::parse(keys.body.as_bytes()).ok()?, keys.fetched))
    }

    /// Fetches the key set, and caches it. The timeout is that of a token response, because the tokens to verify are lost if the keys cannot
    /// be fetched.
    pub(crate) async fn fetch_and_cache_keys(&self, jwks_uri: &Url) -> Result<KeySet, Error> {
        let document = self.http.get(jwks_uri, Some(RESPONSE_TIMEOUT)).await?;
        let keys = KeySet::parse(&document.body).map_err(|why| DocumentError::KeySet {
            url: self.http.shown(jwks_uri),
            why: UntrustedText::new(why),
        })?;
        let mut file = self.lock_file();
        file.keys = CachedDocument::new(&document, self.now);
        file.keys_url = Some(jwks_uri.to_string());
        drop(file);
        self.save();
        Ok(keys)
    }

    /// Returns the earlier results for the same endpoint, client and secret as in `subject`.
    pub(crate) fn auth_history(&self, subject: &MethodResult) -> Option<History> {
        let file = self.lock_file();
        let results = file
            .auth_results
            .iter()
            .filter(|dated| dated.result.has_same_subject(subject));
        let (mut accepted, mut is_refused) = (None, false);
        for DatedResult { at, result } in results {
            let age_secs = self.now.secs_since(*at);
            is_refused |= result.accepted.is_none() && (0..REFUSED_AUTH_AGE_SECS).contains(&age_secs);
            accepted = accepted.or(result.accepted);
        }
        (is_refused || accepted.is_some()).then_some(History { accepted, is_refused })
    }

    /// Records a result. It replaces the earlier results for this client and endpoint. If both methods were refused, a method that was
    /// accepted before stays recorded: the reason may be a wrong secret, or a fault of the provider.
    pub(crate) fn record_auth_result(&self, result: MethodResult) {
        let mut file = self.lock_file();
        file.auth_results.retain(|dated| {
            let is_other = (dated.result.endpoint, &dated.result.client) != (result.endpoint, &result.client);
            is_other || (result.accepted.is_none() && dated.result.accepted.is_some())
        });
        file.auth_results.push(DatedResult { at: self.now, result });
        drop(file);
        self.save();
    }

    /// Whether the provider refused the scope `openid` for this client with client credentials.
    pub(crate) fn is_openid_refused(&self, client_id: &str) -> bool {
        self.lock_file()
            .openid_refused
            .contains(&hash(client_id.as_bytes()))
    }

    pub(crate) fn record_refused_openid(&self, client_id: &str) {
        if !self.is_openid_refused(client_id) {
            self.lock_file().openid_refused.push(hash(client_id.as_bytes()));
            self.save();
        }
    }

    /// Whether the provider refused an authorization request of this client because it was not pushed.
    pub(crate) fn is_push_demanded(&self, client_id: &str) -> bool {
        self.lock_file()
            .push_demanded
            .contains(&hash(client_id.as_bytes()))
    }

    /// Records whether authorization requests of this client have to be pushed.
    pub(crate) fn record_demanded_push(&self, client_id: &str, is_demanded: bool) {
        if is_demanded == self.is_push_demanded(client_id) {
            return;
        }
        let client = hash(client_id.as_bytes());
        let mut file = self.lock_file();
        if is_demanded {
            file.push_demanded.push(client);
        } else {
            file.push_demanded.retain(|known| *known != client);
        }
        drop(file);
        self.save();
    }

    /// Invalidates the cached documents, because an unexpected response shows that they may be outdated. That says nothing about the methods
    /// of client authentication that the provider accepts, so these stay. Refusals of `openid`, and demands for
    /// pushed requests, are forgotten too.
    pub(crate) fn invalidate(&self) {
        let mut file = self.lock_file();
        (file.metadata, file.keys) = (None, None);
        file.openid_refused.clear();
        file.push_demanded.clear();
        let has_results = !file.auth_results.is_empty();
        drop(file);
        match &self.entry {
            Some(_) if has_results => self.save(),
            Some(entry) => entry.cache.remove(&entry.name),
            None => {}
        }
    }

    /// The guard must not be held across an `await`.
    fn lock_file(&self) -> MutexGuard<'_, CacheFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Saves the documents in the cache. An error is ignored: without the cache, the next refresh needs three requests instead of one.
    fn save(&self) {
        if let Some(entry) = &self.entry
            && let Ok(json) = serde_json::to_vec(&*self.lock_file())
        {
            entry.cache.save(&entry.name, &json);
            self.http.log(LogEvent::CacheWritten { file: &entry.name });
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

impl CacheEntry<'_> {
    fn read(&self) -> Option<CacheFile> {
        let bytes = self.cache.load(&self.name)?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|file: &CacheFile| file.version == 1)
    }
}

impl CachedDocument {
    fn new(document: &Document, now: Timestamp) -> Option<Self> {
        let age_secs = document
            .max_age_secs
            .unwrap_or(DEFAULT_MAX_AGE_SECS)
            .clamp(0, MAX_CACHE_AGE_SECS);
        let body = String::from_utf8(document.body.clone()).ok()?;
        (age_secs > 0).then(|| Self {
            body,
            fetched: now,
            until: now.saturating_add(age_secs),
        })
    }

    /// Whether the document can be used. A document from the future is fetched again: the clock was set back.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (self.fetched..self.until).contains(&now)
    }
}

#[cfg(test)]
mod tests;
