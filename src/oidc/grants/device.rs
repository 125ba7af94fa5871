//! The device grant (RFC 8628): a person signs in with a browser on any machine.
//!
//! The device code is a secret and is never shown. The user code is always shown, beside the verification URI. It is passed to no other
//! program: every user of the machine can see the arguments of a process, and the first person who enters the code signs in, possibly with
//! a different account (RFC 8628 5.4).

use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use tokio::time::Instant;
use url::Url;

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::errors::authorization::AuthorizationError;
use crate::oidc::errors::login::LoginError;
use crate::oidc::errors::token::{ResponseFault, TokenError};
use crate::oidc::event::Event;
use crate::oidc::grants::browser;
use crate::oidc::grants::device_response::DeviceAuthorization;
use crate::oidc::grants::login::LoginFailure;
use crate::oidc::grants::waiting::count_down;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::token::sign_in_demands::SignInDemands;
use crate::oidc::{ProviderClient, Tokens};
use crate::settings::{Login, is_loopback};
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

/// Longest address that is shown. A QR code holds no more either.
const MAX_ADDRESS: usize = 2048;

/// Letters and digits of a device code that is looked for in an address: a shorter one may be in any.
const MIN_DEVICE_CODE: usize = 8;

impl ProviderClient<'_> {
    pub(in crate::oidc) async fn login_by_device(
        &self,
        login: &Login,
        step_up: Option<&StepUp>,
    ) -> Result<Tokens, LoginFailure> {
        let cache = self.open_cache();
        let metadata = self.discover(&cache).await.map_err(LoginFailure::before_prompt)?;
        // A device code is valid once: the tokens are lost if the response of the last poll is not awaited.
        let endpoint = TokenEndpoint::new(self, &cache, &metadata).with_timeout(RESPONSE_TIMEOUT);
        let (device, verifier) = self
            .request_device_code(&endpoint, &metadata, step_up)
            .await
            .map_err(LoginFailure::before_prompt)?;
        self.show_user_code(&device)
            .map_err(LoginFailure::before_prompt)?;
        // An untrusted issuer could relay a code of another provider, at which the person has a session. It is said last, so that nothing
        // that the issuer chose can push it off the screen.
        if self.provider.named_by_cluster {
            let issuer = self.provider.issuer.shown();
            self.interaction.report(Event::CodeIsForClusterIssuer(&issuer));
        }
        // A failure to open is ignored: the person may be on a remote terminal, and the address was printed.
        if let Some(address) = browser_address(&device, self.provider.named_by_cluster) {
            browser::open(&login.browser, address, |_| ());
        }
        // The provider decides how slow each poll is, and so could fill the screen after the code.
        self.http.report_waits(false);
        let wait_secs = device.wait_secs(login.timeout.as_secs());
        let result = tokio::select! {
            result = device.wait(&endpoint, verifier.as_ref(), wait_secs, self.clock) => result,
            never = count_down(self.interaction, Instant::now() + Duration::from_secs(wait_secs)) => match never {},
        };
        self.http.report_waits(true);
        self.interaction.report(Event::WaitEnded);
        let response = result.map_err(LoginFailure::after_prompt)?;
        let demands = SignInDemands::of_step_up(step_up);
        self.verify_without_nonce(&response, &cache, &metadata, &demands)
            .await
            .map_err(LoginFailure::after_prompt)
    }

    /// Requests a device code without PKCE, as RFC 8628 specifies, and again with PKCE if the provider requires it (Keycloak).
    async fn request_device_code(
        &self,
        endpoint: &TokenEndpoint<'_>,
        metadata: &Metadata,
        step_up: Option<&StepUp>,
    ) -> Result<(DeviceAuthorization, Option<PkceCodeVerifier>), Error> {
        metadata.check_keys(self.provider.token)?;
        let url = metadata.device_authorization_endpoint()?;
        let (object, verifier) = match endpoint.device_code(url, None, step_up).await {
            Err(Error::Token(TokenError::Refused(refusal))) if refusal.requires_pkce() => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                (
                    endpoint.device_code(url, Some(&challenge), step_up).await,
                    Some(verifier),
                )
            }
            result => (result, None),
        };
        // `TokenError::Refused` is an error of the token endpoint, and this is the device authorization endpoint.
        let object = object.map_err(|error| match error {
            Error::Token(TokenError::Refused(refusal)) => AuthorizationError::Refused(refusal).into(),
            error => error,
        })?;
        let device = DeviceAuthorization::read(object, &self.http.for_messages(url, &[]))?;
        let device = without_device_code(device).map_err(|fault| TokenError::Malformed {
            url: self.http.shown(url),
            fault,
        })?;
        Ok((device, verifier))
    }

    /// Shows the person the user code and the verification URI.
    fn show_user_code(&self, device: &DeviceAuthorization) -> Result<(), LoginError> {
        let plain = &device.verification_uri;
        // An address that has the code in it needs only one click at the provider whose code an untrusted issuer relays.
        let complete = device.verification_uri_complete.as_ref();
        let address = complete
            .filter(|_| !self.provider.named_by_cluster)
            .unwrap_or(plain);
        for url in [plain, address] {
            check_verification_uri(url)
                .map_err(|why| LoginError::DeviceAddress(self.http.shown(url), why))?;
        }
        let code = UntrustedText::with_limit(&device.user_code, 40);
        self.interaction.report(Event::EnterCode {
            address: plain,
            code: &code,
            complete: address,
            may_be_pictured: !self.provider.named_by_cluster,
        });
        Ok(())
    }
}

/// Refuses a response that shows the `device_code`, since anybody who reads that code can get the tokens (RFC 8628 5.4). The complete address
/// is only left out.
fn without_device_code(mut device: DeviceAuthorization) -> Result<DeviceAuthorization, ResponseFault> {
    let code = normalized(device.device_code.expose());
    let is_long = code.chars().count() >= MIN_DEVICE_CODE;
    let is_in = |address: &Url| is_long && normalized(&decoded(address.as_str())).contains(&code);
    if device.user_code == device.device_code.expose()
        || (is_long && normalized(&device.user_code).contains(&code))
    {
        return Err(ResponseFault::ContainsDeviceCode("user_code"));
    }
    if is_in(&device.verification_uri) {
        return Err(ResponseFault::ContainsDeviceCode("verification_uri"));
    }
    device
        .verification_uri_complete
        .take_if(|address| is_in(address) || address.as_str().len() > MAX_ADDRESS);
    Ok(device)
}

/// Returns the address to open in a browser.
///
/// `None` if every address contains the user code: then the person opens the address that is shown. `None` also if a cluster's entry
/// named the issuer: the address may belong to another provider, and may already contain a code of that provider.
fn browser_address(device: &DeviceAuthorization, named_by_cluster: bool) -> Option<&Url> {
    let plain = &device.verification_uri;
    let is_complete = device.verification_uri_complete.as_ref() == Some(plain);
    (!named_by_cluster && !is_complete && !has_code(plain, &normalized(&device.user_code))).then_some(plain)
}

/// Whether an address may contain the user code.
///
/// In the path and the fragment, only whole words are compared, because a short code may occur inside another word. In the query, which
/// few addresses without a code have, the code may occur anywhere.
fn has_code(address: &Url, code: &str) -> bool {
    let query = address.query().unwrap_or_default();
    if code.is_empty() {
        return !query.is_empty();
    }
    let pairs = decoded_pairs(query);
    let names: String = pairs.iter().map(|(name, _)| normalized(name)).collect();
    let values: String = pairs.iter().map(|(_, value)| normalized(value)).collect();
    let query_texts = [names, values, normalized(&decoded(query))];
    let other_parts = [address.path(), address.fragment().unwrap_or_default()];
    query_texts.iter().any(|text| text.contains(code))
        || other_parts
            .iter()
            .any(|part| has_consecutive_words(&decoded(part), code))
}

/// Whether consecutive words of the text, joined together, are the code.
fn has_consecutive_words(text: &str, code: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(normalized);
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    (0..words.len()).any(|start| {
        let mut rest = code;
        let mut following = words.iter().skip(start);
        while let Some(after) = following.next().and_then(|word| rest.strip_prefix(word.as_str())) {
            if after.is_empty() {
                return true;
            }
            rest = after;
        }
        false
    })
}

/// Returns the letters and digits of the text, in upper case.
fn normalized(text: &str) -> String {
    let characters = text.chars().filter(|c| c.is_alphanumeric());
    characters.flat_map(char::to_uppercase).collect()
}

fn decoded_pairs(text: &str) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .map(|(name, value)| (decoded(&name), decoded(&value)))
        .collect()
}

/// Removes percent-encoding, up to three levels of it.
fn decoded(text: &str) -> String {
    let once = |text: String, _| -> String {
        let pairs = form_urlencoded::parse(text.as_bytes());
        let parts = pairs.flat_map(|(name, value)| [name, " ".into(), value, " ".into()]);
        parts.collect()
    };
    (0..3).fold(text.to_owned(), once)
}

/// Checks that an address of the provider is safe to show and open. A very long one would fill the screen, a scheme other than https could
/// start a program of this machine, and a user name before the `@` could look like the host.
fn check_verification_uri(url: &Url) -> Result<(), &'static str> {
    let is_web = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    let has_user = !url.username().is_empty() || url.password().is_some();
    match (is_web, has_user) {
        (false, _) => Err("is not https"),
        (true, true) => Err("has a user name in it"),
        (true, false) if url.as_str().len() > MAX_ADDRESS => Err("is longer than 2048 characters"),
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
            let device = DeviceAuthorization::read(answer, &Url::parse("https://i/device").unwrap()).unwrap();
            assert_eq!(browser_address(&device, true), None, "{plain}");
            browser_address(&device, false).map(Url::to_string)
        };
        let (plain, complete) = ("https://i/activate", "https://i/activate?user_code=WDJB-MJHT");
        let some = Some(plain.to_owned());
        assert_eq!(opened(plain, Some(complete), "WDJB-MJHT"), some);
        assert_eq!(opened(plain, None, "WDJB-MJHT"), some);
        assert_eq!(
            opened(plain, None, "TIV"),
            some,
            "a part of another word is not the code"
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
            assert_eq!(
                check_verification_uri(&Url::parse(url).unwrap()).err(),
                why,
                "{url}"
            );
        }
    }
}
