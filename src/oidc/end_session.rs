//! Ends the browser's own session at the provider (OpenID Connect RP-Initiated Logout 1.0).
//!
//! The browser goes to the provider's page by a form that a page of this machine posts (section 2 demands that providers accept it), so that
//! the ID token is in no list of processes, no history and no log of addresses.

use std::net::TcpListener;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;

use crate::oidc::ProviderClient;
use crate::oidc::discovery::provider_cache::CacheUse;
use crate::oidc::errors::Error;
use crate::oidc::grants::browser;
use crate::oidc::loopback::logout_page::LogoutPage;
use crate::oidc::token::id_token::is_of_other_type;
use crate::secret::Secret;
use crate::settings::Browser;

/// A browser that has not asked for the page after this time was not opened.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(30);

/// What says whose session the browser's is (section 2). Both hints are optional there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SignOutHint<'a> {
    IdToken(&'a Secret),
    /// The name of the account, as the settings have it.
    Account(&'a str),
    None,
}

/// What came of the wish to end the browser's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrowserSignOut {
    /// The browser has the page that leads to the provider. What the provider makes of it, only the person sees.
    Opened,
    /// The provider has no page for it.
    Unsupported,
    /// The provider is known to refuse it without an ID token, and there is none.
    NeedsIdToken,
    /// No browser came. A person can open this address, which has no ID token in it.
    NotOpened { url: Url, reason: Option<String> },
}

impl ProviderClient<'_> {
    /// Opens the provider's page for signing out, with a hint whose session ends.
    ///
    /// Without an ID token the provider may ask the person, or refuse. Okta refuses, so nothing is opened there.
    ///
    /// # Errors
    /// If the provider's metadata cannot be fetched, or its page cannot be used.
    pub(crate) async fn sign_browser_out(
        &self,
        browser: &Browser,
        whose: SignOutHint<'_>,
        post_logout_redirect_uri: Option<&Url>,
    ) -> Result<BrowserSignOut, Error> {
        let (id_token, account) = match whose {
            SignOutHint::IdToken(token) => (Some(token), None),
            SignOutHint::Account(_) | SignOutHint::None if self.provider.issuer.is_okta() => {
                return Ok(BrowserSignOut::NeedsIdToken);
            }
            SignOutHint::Account(name) => (None, Some(name)),
            SignOutHint::None => (None, None),
        };
        let cache = self.open_cache();
        let metadata = cache.metadata(CacheUse::Refetch).await?;
        let Some(endpoint) = metadata.end_session_endpoint()? else {
            return Ok(BrowserSignOut::Unsupported);
        };
        let target = post_logout_redirect_uri.map(Url::as_str);
        let public = [
            Some(("client_id", self.provider.client_id.as_str())),
            account.map(|name| ("logout_hint", name)),
            target.map(|uri| ("post_logout_redirect_uri", uri)),
        ];
        let public: Vec<(&str, &str)> = public.into_iter().flatten().collect();
        let not_opened = |reason| {
            let mut url = endpoint.clone();
            url.query_pairs_mut().extend_pairs(&public);
            BrowserSignOut::NotOpened { url, reason }
        };
        if browser.not_opened_reason().is_some() {
            return Ok(not_opened(None));
        }
        // A program that the session was taken from may have kept a token of another kind.
        let id_token = id_token.filter(|token| !is_of_other_type(token.expose()));
        let hint = id_token.map(|token| ("id_token_hint", token.expose()));
        let fields: Vec<(&str, &str)> = hint.into_iter().chain(public.iter().copied()).collect();
        let socket = TcpListener::bind(("127.0.0.1", 0));
        let page = socket
            .ok()
            .and_then(|socket| LogoutPage::new(socket, endpoint, &fields));
        let Some(page) = page else {
            return Ok(not_opened(Some("no address is free to lead it there".to_owned())));
        };
        let (failures, mut failed) = mpsc::unbounded_channel();
        browser::open(browser, page.url(), move |reason| drop(failures.send(reason)));
        let served = async {
            tokio::select! {
                () = page.serve_once() => Ok(()),
                // An opener that succeeds drops the sender, and the browser may still be on its way.
                Some(reason) = failed.recv() => Err(reason),
            }
        };
        Ok(match timeout(BROWSER_TIMEOUT, served).await {
            Ok(Ok(())) => BrowserSignOut::Opened,
            Ok(Err(reason)) => not_opened(Some(reason)),
            Err(_) => not_opened(Some(format!(
                "it did not come within {} s",
                BROWSER_TIMEOUT.as_secs()
            ))),
        })
    }
}
