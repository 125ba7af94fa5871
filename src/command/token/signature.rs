//! Verifies the signature of a token, with keys from the provider or from the cache.

use std::path::Path;

use super::report::KeysFrom;
use crate::clock::{self, Timestamp};
use crate::cluster::Signature;
use crate::command::person;
use crate::duration_words::relative;
use crate::error::Error;
use crate::error_chain;
use crate::files::PrivateDir;
use crate::oidc::{
    DocumentCache, Event, InspectedToken, NoDocumentCache, ProviderClient, ReturnTo, SigningKeys, TokenForm,
};
use crate::runtime::LazyRuntime;
use crate::settings::{Provider, TlsTrust};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Verifies signatures. The fields say how the keys are found.
pub(super) struct SignatureVerifier<'a> {
    pub(super) trust: &'a TlsTrust,
    pub(super) cache_dir: Option<&'a Path>,
    pub(super) is_offline: bool,
    /// The flags that choose an entry of the kubeconfig whose issuer is the token's, where no issuer is named.
    pub(super) flags_of_entry: Option<String>,
    pub(super) now: Timestamp,
    pub(super) ui: Ui,
}

/// What came of the verification, and where the keys were from.
pub(super) struct SignatureResult {
    pub(super) signature: Signature,
    pub(super) keys: KeysFrom,
}

impl SignatureResult {
    fn unchecked(text: String) -> Self {
        Self {
            signature: Signature::Unchecked(text),
            keys: KeysFrom::Nowhere,
        }
    }
}

/// Opens the cache of documents. Does not create it.
pub(super) fn document_cache(dir: Option<&Path>) -> Option<PrivateDir> {
    PrivateDir::open(dir?).ok().flatten()
}

impl SignatureVerifier<'_> {
    /// Verifies a token with the keys of this provider. Without one, nothing is contacted.
    pub(super) fn verify(
        &self,
        token: &InspectedToken,
        provider: Option<&Provider>,
    ) -> Result<SignatureResult, Error> {
        // Nothing is asked about a token that no key can help.
        if token.form != TokenForm::Signed {
            return Ok(SignatureResult::unchecked("not verified".to_owned()));
        }
        let Some(provider) = provider else {
            return Ok(SignatureResult::unchecked(self.not_asked(token)));
        };
        let cache = document_cache(self.cache_dir);
        let cache: &dyn DocumentCache = match &cache {
            Some(dir) => dir,
            None => &NoDocumentCache,
        };
        let ui = self.ui;
        let report = move |event: Event<'_>| person::show(ui, event);
        let person = person::new(ui, &report, ReturnTo::Command);
        let client = ProviderClient::new(provider, self.trust, cache, person, clock::now)?;
        let issuer = provider.issuer.shown();
        if self.is_offline {
            return Ok(match client.cached_signing_keys() {
                Some(keys) => self.verify_with(token, &keys, &issuer, Some("--offline")),
                None => SignatureResult::unchecked(format!(
                    "not verified: no keys of `{issuer}` are cached; leave --offline out"
                )),
            });
        }
        let fetched = LazyRuntime::default()
            .block_on(client.fetch_signing_keys())
            .map_err(Error::Runtime)?;
        let error = match fetched {
            Ok(keys) => return Ok(self.verify_with(token, &keys, &issuer, None)),
            Err(error) => error,
        };
        let why = error_chain::in_one_line(&error);
        Ok(match client.cached_signing_keys() {
            Some(keys) => self.verify_with(token, &keys, &issuer, Some(&why)),
            None => SignatureResult::unchecked(format!("not verified: {why}; {}", error.hint())),
        })
    }

    /// `why_cached` says why the keys are those of the cache.
    fn verify_with(
        &self,
        token: &InspectedToken,
        keys: &SigningKeys,
        issuer: &UntrustedText,
        why_cached: Option<&str>,
    ) -> SignatureResult {
        let (from, age) = match keys.cached_since {
            None => (KeysFrom::Provider, String::new()),
            Some(fetched) => {
                let why = why_cached.map(|why| format!(" ({why})")).unwrap_or_default();
                let age = format!(", cached {}{why}", relative(fetched, self.now));
                (KeysFrom::Cache(fetched), age)
            }
        };
        let signature = match token.verify_signature(keys) {
            Ok(()) => Signature::Verified(format!("by a key of `{issuer}`{age}")),
            Err(reason) => {
                let kid = token.header.get("kid").and_then(serde_json::Value::as_str);
                let kid = kid
                    .map(|kid| format!("; its `kid` is `{kid}`"))
                    .unwrap_or_default();
                Signature::Wrong(format!("{reason}: keys of `{issuer}`{age}{kid}"))
            }
        };
        SignatureResult {
            signature,
            keys: from,
        }
    }

    /// Says why the issuer that the token names is not contacted.
    fn not_asked(&self, token: &InspectedToken) -> String {
        let issuer = token.claims.get("iss").and_then(serde_json::Value::as_str);
        let issuer = issuer.map(UntrustedText::new);
        match (issuer, &self.flags_of_entry) {
            (Some(issuer), Some(flags)) => format!(
                "not verified, since no flag says with which settings `{issuer}` is reached; an entry of the kubeconfig has them: {flags}"
            ),
            (Some(issuer), None) => format!(
                "not verified, since you have not signed in at `{issuer}`, which the token names: if you trust it, pass it with \
                 --oidc-issuer-url"
            ),
            (None, _) => "not verified: pass --oidc-issuer-url".to_owned(),
        }
    }
}
