//! The device code (RFC 8628): sign in with a browser on any machine.
//!
//! Ends with the code's own time. The code of the device itself is a secret and never shown; the person's code always is,
//! beside the address that has it in it. No other program gets it: every user sees the arguments of a process, and whoever enters the code
//! first signs in with an account of their own (RFC 8628 5.4).

use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use tokio::time::Instant;
use url::Url;

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::event::Event;
use crate::oidc::grants::browser;
use crate::oidc::grants::device_response::DeviceCode;
use crate::oidc::grants::login::{LoginFailure, asked, not_asked};
use crate::oidc::grants::waiting::count_down;
use crate::oidc::http::response::shown;
use crate::oidc::token::endpoint::{ANSWER_WAIT, TokenEndpoint};
use crate::oidc::{ProviderClient, Tokens};
use crate::settings::{Login, is_loopback};
use crate::untrusted_text::UntrustedText;

impl ProviderClient<'_> {
    pub(in crate::oidc) async fn login_by_device(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        // Whoever gives up a poll that brings the tokens gets none: the code is spent then.
        let endpoint = TokenEndpoint::new(self, &documents, &metadata).with_limit(ANSWER_WAIT);
        let (device, verifier) = self.device_code(&endpoint, &metadata).await.map_err(not_asked)?;
        // It could relay a code of a provider where the person has a session.
        if self.provider.named_by_cluster {
            let issuer = self.provider.issuer.shown();
            self.person.tell(Event::CodeOfClustersIssuer(&issuer));
        }
        self.show(&device).map_err(not_asked)?;
        // Whoever sits at a terminal far away has no browser here; what fails to open was printed anyway.
        if let Some(address) = opened_address(&device, self.provider.named_by_cluster) {
            browser::open(&login.browser, address, |_| ());
        }
        let life = device.life(login.timeout.as_secs());
        let waited = tokio::select! {
            answer = device.wait(&endpoint, verifier.as_ref(), life, self.clock) => answer,
            never = count_down(self.person, Instant::now() + Duration::from_secs(life)) => match never {},
        };
        self.person.tell(Event::WaitEnded);
        let answer = waited.map_err(asked)?;
        self.verify_direct(&answer, &documents, &metadata)
            .await
            .map_err(asked)
    }

    /// Asks without PKCE first, as RFC 8628 has it, and with it where the provider says that it wants it (Keycloak).
    async fn device_code(
        &self,
        endpoint: &TokenEndpoint<'_>,
        metadata: &Metadata,
    ) -> Result<(DeviceCode, Option<PkceCodeVerifier>), Error> {
        metadata.check_keys(self.provider.token)?;
        let url = metadata.device_authorization_endpoint()?;
        let (object, verifier) = match endpoint.device_code(url, None).await {
            Err(Error::OAuth(error)) if error.to_string().contains("code_challenge") => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                (endpoint.device_code(url, Some(&challenge)).await, Some(verifier))
            }
            result => (result, None),
        };
        // The refusal is not one of the token endpoint's.
        let object = object.map_err(|error| match error {
            Error::OAuth(refusal) => Error::SignInRefused(refusal),
            error => error,
        })?;
        Ok((DeviceCode::read(object, url)?, verifier))
    }

    /// Tells the person where to go.
    fn show(&self, device: &DeviceCode) -> Result<(), Error> {
        let plain = &device.verification_uri;
        let address = device.verification_uri_complete.as_ref().unwrap_or(plain);
        for url in [plain, address] {
            for_a_browser(url).map_err(|why| Error::DeviceAddress(shown(url), why))?;
        }
        let code = UntrustedText::with_limit(&device.user_code, 40);
        self.person.tell(Event::EnterCode {
            address: plain,
            code: &code,
            complete: address,
        });
        Ok(())
    }
}

/// The address for a browser; none where a provider has no address without the code in it, and the person opens what is shown. Nor of an
/// issuer that a cluster named: its page may be another provider's, with a code of that one filled in.
fn opened_address(device: &DeviceCode, named_by_cluster: bool) -> Option<&Url> {
    let plain = &device.verification_uri;
    let is_complete = device.verification_uri_complete.as_ref() == Some(plain);
    (!named_by_cluster && !is_complete && !has_code(plain, &letters(&device.user_code))).then_some(plain)
}

/// Whether an address may have the code in it. In its path and fragment that is whole words, since the letters of a short code are
/// in many a word; in a query, which few plain addresses have, any row of letters.
fn has_code(address: &Url, code: &str) -> bool {
    let query = address.query().unwrap_or_default();
    if code.is_empty() {
        return !query.is_empty();
    }
    let pairs = pairs(query);
    let names: String = pairs.iter().map(|(name, _)| letters(name)).collect();
    let values: String = pairs.iter().map(|(_, value)| letters(value)).collect();
    let in_query = [names, values, letters(&decoded(query))];
    let in_path = [address.path(), address.fragment().unwrap_or_default()];
    in_query.iter().any(|part| part.contains(code))
        || in_path.iter().any(|part| has_words(&decoded(part), code))
}

/// Whether words in a row are the code together.
fn has_words(text: &str, code: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(letters);
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    (0..words.len()).any(|start| {
        let mut rest = code;
        let mut row = words.iter().skip(start);
        while let Some(after) = row.next().and_then(|word| rest.strip_prefix(word.as_str())) {
            if after.is_empty() {
                return true;
            }
            rest = after;
        }
        false
    })
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .map(|(name, value)| (decoded(&name), decoded(&value)))
        .collect()
}

/// Without percent-encoding, be it that of an encoded text.
fn decoded(text: &str) -> String {
    let once = |text: String, _| -> String {
        let pairs = form_urlencoded::parse(text.as_bytes());
        let parts = pairs.flat_map(|(name, value)| [name, " ".into(), value, " ".into()]);
        parts.collect()
    };
    (0..3).fold(text.to_owned(), once)
}

/// Whether an address of the provider may be shown and opened. Any other scheme would start a program of this machine, and what stands
/// before an `@` looks like the host.
fn for_a_browser(url: &Url) -> Result<(), &'static str> {
    let is_web = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    let has_user = !url.username().is_empty() || url.password().is_some();
    match (is_web, has_user) {
        (false, _) => Err("is not https"),
        (true, true) => Err("has a user name in it"),
        (true, false) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_an_address_without_the_code_or_none() {
        let opened = |plain: &str, complete: Option<&str>, code: &str| {
            let answer = serde_json::json!({
                "device_code": "d",
                "user_code": code,
                "verification_uri": plain,
                "verification_uri_complete": complete,
            });
            let serde_json::Value::Object(answer) = answer else {
                unreachable!("an object")
            };
            let device = DeviceCode::read(answer, &Url::parse("https://i/device").unwrap()).unwrap();
            assert_eq!(opened_address(&device, true), None, "{plain}");
            opened_address(&device, false).map(Url::to_string)
        };
        let (plain, complete) = ("https://i/activate", "https://i/activate?user_code=WDJB-MJHT");
        let some = Some(plain.to_owned());
        assert_eq!(opened(plain, Some(complete), "WDJB-MJHT"), some);
        assert_eq!(opened(plain, None, "WDJB-MJHT"), some);
        assert_eq!(
            opened(plain, None, "TIV"),
            some,
            "letters of another word are no code"
        );
        for (plain, code) in [
            ("https://x.example/v", "X"),
            ("https://i/activate?lang=en", "WDJB-MJHT"),
            ("https://i/activate/step/2", "WDJB-MJHT"),
            ("https://i/activate", "-"),
        ] {
            assert_eq!(opened(plain, None, code), Some(plain.to_owned()), "{plain}");
        }
        for (plain, complete, code) in [
            (complete, None, "WDJB-MJHT"),
            ("https://i/v?code=%57DJB%2DMJHT", None, "WDJB-MJHT"),
            ("https://i/v?code=%2557DJB-MJHT", None, "WDJB-MJHT"),
            ("https://i/v?code=use-WDJB-MJHT-now", None, "WDJB-MJHT"),
            ("https://i/v?a=WDJB&b=MJHT", None, "WDJB-MJHT"),
            ("https://i/v?WDJB&MJHT", None, "WDJB-MJHT"),
            ("https://i/v?WDJB=MJHT", None, "WDJB-MJHT"),
            ("https://i/v?user_code=REAL", None, "-"),
            ("https://i/v/%57DJB/MJHT", None, "WDJB-MJHT"),
            ("https://i/code-wdjb-mjht", None, "WDJB-MJHT"),
            ("https://i/v#/enter/%57DJBMJHT", None, "WDJB-MJHT"),
            ("https://i/v?c=ЖЩЮЯ", None, "жщ-юя"),
            (complete, Some(complete), "WDJB-MJHT"),
            (complete, None, "wdjbmjht"),
            ("https://i/activate/wdjbmjht", Some(complete), "WDJB-MJHT"),
            ("https://i/activate#WDJB-MJHT", None, "WDJB-MJHT"),
            (
                "https://i/activate?s=opaque",
                Some("https://i/activate?s=opaque"),
                "WDJB-MJHT",
            ),
        ] {
            assert_eq!(opened(plain, complete, code), None, "{plain} {code}");
        }
    }

    #[test]
    fn only_web_addresses_without_a_user_name_are_opened() {
        let table = [
            ("https://i/activate", None),
            ("http://127.0.0.1:1/activate", None),
            ("http://localhost/activate", None),
            ("http://i/activate", Some("is not https")),
            ("vscode://localhost/evil", Some("is not https")),
            ("x-evil://[::1]/", Some("is not https")),
            ("file:///etc/passwd", Some("is not https")),
            ("javascript:alert(1)", Some("is not https")),
            (
                "https://login.good.example@evil.example/",
                Some("has a user name in it"),
            ),
            ("https://:x@evil.example/", Some("has a user name in it")),
        ];
        for (url, why) in table {
            assert_eq!(for_a_browser(&Url::parse(url).unwrap()).err(), why, "{url}");
        }
    }
}
