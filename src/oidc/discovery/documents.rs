//! Discovery document and key set, from the network or from disk.
//!
//! Owns how long they are kept, so that a warm refresh is one request. They are public, but a planted one would
//! send secrets elsewhere, so a [`DocumentCache`] has to be private; its entries are bound to the issuer and to
//! what is trusted of its certificate; with `--insecure-skip-tls-verify` nothing is kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::oidc::client_auth::{Known, Lesson};
use crate::oidc::discovery::metadata::{Metadata, discovery_url};
use crate::oidc::errors::Error;
use crate::oidc::http::response::shown;
use crate::oidc::http::{Document, Http};
use crate::oidc::token::endpoint::RESPONSE_TIMEOUT;
use crate::oidc::token::key_set::KeySet;
use crate::settings::{Authority, Issuer, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// How long a document is kept when its sender does not say, in seconds.
const DEFAULT_AGE: i64 = 3600;
/// How long at most: Okta sends 44 days for its keys, and a rotation must not be missed for so long.
const MAX_AGE: i64 = 24 * 3600;
/// How long it is remembered that neither place of a secret was accepted, in seconds.
const REFUSED_SECRET_AGE: i64 = 3600;

/// Where documents are kept between calls, by a name. Losing one costs a request.
pub(crate) trait DocumentCache: Send + Sync {
    fn load(&self, name: &str) -> Option<Vec<u8>>;
    fn save(&self, name: &str, document: &[u8]);
    fn remove(&self, name: &str);
}

/// Keeps nothing.
#[derive(Debug)]
pub(crate) struct NoDocumentCache;

impl DocumentCache for NoDocumentCache {
    fn load(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn save(&self, _: &str, _: &[u8]) {}
    fn remove(&self, _: &str) {}
}

/// The documents of one provider.
pub(crate) struct Documents<'a> {
    http: &'a Http<'a>,
    issuer: &'a Issuer,
    /// Where they are kept, if anywhere.
    entry: Option<Entry<'a>>,
    /// Seconds since the epoch.
    now: i64,
    kept: Mutex<Kept>,
}

/// A cache, and the name of these documents in it.
struct Entry<'a> {
    cache: &'a dyn DocumentCache,
    name: String,
}

/// The file's content; bodies as they were sent, so that they are checked anew at each use.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    issuer: String,
    metadata: Option<CachedDocument>,
    keys: Option<CachedDocument>,
    /// Where the provider accepts a client's secret, as far as that had to be found out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lessons: Vec<Learned>,
    /// Clients that may not ask for `openid` when they sign in for themselves, by the hash of their id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    openid_refused: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Learned {
    at: i64,
    #[serde(flatten)]
    lesson: Lesson,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CachedDocument {
    body: String,
    fetched: i64,
    until: i64,
}

/// Whose documents an entry holds, and by which authorities they were had: each part ends with a zero, which no part has.
fn bound_to(issuer: &Issuer, trust: &TlsTrust) -> Vec<u8> {
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

/// The name of these documents in a cache.
fn cache_name(issuer: &Issuer, trust: &TlsTrust) -> String {
    format!("{}.provider.json", hash(&bound_to(issuer, trust)))
}

impl<'a> Documents<'a> {
    pub(crate) fn new(
        http: &'a Http<'a>,
        issuer: &'a Issuer,
        trust: &TlsTrust,
        cache: &'a dyn DocumentCache,
        now: i64,
    ) -> Self {
        let entry = (!trust.insecure).then(|| Entry {
            cache,
            name: cache_name(issuer, trust),
        });
        let empty = || Kept {
            version: 1,
            issuer: issuer.as_str().to_owned(),
            ..Kept::default()
        };
        let kept = entry
            .as_ref()
            .and_then(Entry::read)
            .filter(|kept| kept.issuer == issuer.as_str());
        Self {
            http,
            issuer,
            entry,
            now,
            kept: Mutex::new(kept.unwrap_or_else(empty)),
        }
    }

    /// Returns the metadata, fetched now if asked or if none is kept.
    pub(crate) async fn metadata(&self, fresh: bool) -> Result<Metadata, Error> {
        let kept = self
            .kept()
            .metadata
            .clone()
            .filter(|kept| !fresh && kept.is_good(self.now));
        if let Some(kept) = kept
            && let Ok(metadata) = Metadata::parse(kept.body.as_bytes(), self.issuer)
        {
            return Ok(metadata);
        }
        let document = self.http.get(&discovery_url(self.issuer)?, None).await?;
        let metadata = Metadata::parse(&document.body, self.issuer)?;
        self.kept().metadata = CachedDocument::new(&document, self.now);
        self.keep();
        Ok(metadata)
    }

    /// Returns the key set that is kept, if it is still good.
    pub(crate) fn cached_keys(&self) -> Option<KeySet> {
        let kept = self.kept();
        let keys = kept.keys.as_ref().filter(|kept| kept.is_good(self.now))?;
        KeySet::parse(keys.body.as_bytes()).ok()
    }

    /// Fetches the key set, and waits for it as long as for the tokens that it is for: these were given once.
    pub(crate) async fn fetch_keys(&self, jwks_uri: &Url) -> Result<KeySet, Error> {
        let document = self.http.get(jwks_uri, Some(RESPONSE_TIMEOUT)).await?;
        let keys = KeySet::parse(&document.body).map_err(|why| Error::Keys {
            url: shown(jwks_uri),
            why: UntrustedText::new(why),
        })?;
        self.kept().keys = CachedDocument::new(&document, self.now);
        self.keep();
        Ok(keys)
    }

    /// Returns what was learned about the same client and secret, if it is still good.
    pub(crate) fn lesson(&self, about: &Lesson) -> Option<Known> {
        let kept = self.kept();
        let known = kept.lessons.iter().filter(|known| known.lesson.is_about(about));
        let (mut accepted, mut is_refused) = (None, false);
        for Learned { at, lesson } in known {
            let age = self.now.saturating_sub(*at);
            is_refused |= lesson.accepted.is_none() && (0..REFUSED_SECRET_AGE).contains(&age);
            accepted = accepted.or(lesson.accepted);
        }
        (is_refused || accepted.is_some()).then_some(Known { accepted, is_refused })
    }

    /// Keeps what was learned, in place of all that was known of this client at this endpoint. Where no place was accepted, the one that
    /// was before stays known: a wrong secret, or a fault of the provider, says nothing against it.
    pub(crate) fn learn(&self, lesson: Lesson) {
        let mut kept = self.kept();
        kept.lessons.retain(|known| {
            let is_another =
                (known.lesson.endpoint, &known.lesson.client) != (lesson.endpoint, &lesson.client);
            is_another || (lesson.accepted.is_none() && known.lesson.accepted.is_some())
        });
        kept.lessons.push(Learned { at: self.now, lesson });
        drop(kept);
        self.keep();
    }

    pub(crate) fn is_openid_refused(&self, client_id: &str) -> bool {
        self.kept().openid_refused.contains(&hash(client_id.as_bytes()))
    }

    pub(crate) fn record_refused_openid(&self, client_id: &str) {
        if !self.is_openid_refused(client_id) {
            self.kept().openid_refused.push(hash(client_id.as_bytes()));
            self.keep();
        }
    }

    /// Forgets what is kept, since something did not answer as it should.
    pub(crate) fn forget(&self) {
        if let Some(entry) = &self.entry {
            entry.cache.remove(&entry.name);
        }
    }

    /// Never held while anything is waited for.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Best effort: without it the next refresh takes three requests in place of one.
    fn keep(&self) {
        if let Some(entry) = &self.entry
            && let Ok(json) = serde_json::to_vec(&*self.kept())
        {
            entry.cache.save(&entry.name, &json);
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

impl Entry<'_> {
    fn read(&self) -> Option<Kept> {
        let bytes = self.cache.load(&self.name)?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|kept: &Kept| kept.version == 1)
    }
}

impl CachedDocument {
    fn new(document: &Document, now: i64) -> Option<Self> {
        let age = document.max_age.unwrap_or(DEFAULT_AGE).clamp(0, MAX_AGE);
        let body = String::from_utf8(document.body.clone()).ok()?;
        (age > 0).then(|| Self {
            body,
            fetched: now,
            until: now.saturating_add(age),
        })
    }

    /// A document from the future (the clock was set back) is fetched again.
    fn is_good(&self, now: i64) -> bool {
        (self.fetched..self.until).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(max_age: Option<i64>) -> Option<i64> {
        CachedDocument::new(
            &Document {
                body: b"{}".to_vec(),
                max_age,
            },
            1000,
        )
        .map(|cached| cached.until - 1000)
    }

    /// The name of a file depends on it, so it stays as it is from one version to the next.
    #[test]
    fn what_documents_are_bound_to_has_a_fixed_text() {
        let issuer = Issuer::parse("https://a.example".to_owned()).unwrap();
        let authorities = vec![
            Authority::File("/ca.pem".into()),
            Authority::Data("QQ==".to_owned()),
        ];
        let trust = TlsTrust {
            authorities,
            insecure: false,
            wants_renegotiation: false,
        };
        let bound = bound_to(&issuer, &trust);
        assert_eq!(bound, b"https://a.example\0file /ca.pem\0data QQ==\0");
        assert_eq!(
            cache_name(&issuer, &trust),
            "e08902833581b963b04b0cf84a44cf44c0c946f762385229fa362b9a381bb397.provider.json"
        );
    }

    #[test]
    fn an_hour_where_nothing_is_said_and_a_day_at_most() {
        assert_eq!(until(None), Some(3600));
        assert_eq!(until(Some(60)), Some(60));
        assert_eq!(until(Some(3_832_304)), Some(86_400));
        assert_eq!(until(Some(0)), None);
    }

    #[test]
    fn a_document_is_good_between_its_times_only() {
        let cached = CachedDocument {
            body: String::new(),
            fetched: 10,
            until: 20,
        };
        assert!(cached.is_good(10) && cached.is_good(19) && !cached.is_good(20) && !cached.is_good(9));
    }
}
