//! The device code (RFC 8628): sign in with a browser on any machine.
//!
//! Ends with the code's own time. The code of the device itself is a secret and never shown; the person's code always is,
//! beside the address that has it in it.

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use tokio::time::Instant;
use url::Url;

use super::device_code::DeviceCode;
use super::error::Error;
use super::event::Event;
use super::id_token::Occasion;
use super::login::{LoginFailure, asked, not_asked};
use super::metadata::Metadata;
use super::token_endpoint::TokenEndpoint;
use super::waiting::count_down;
use super::{ProviderClient, Tokens, browser};
use crate::foreign_text::ForeignText;
use crate::settings::{Login, is_loopback};

impl ProviderClient<'_> {
    pub(super) async fn login_by_device(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        let endpoint = TokenEndpoint::new(self, &documents, &metadata);
        let (device, verifier) = self.device_code(&endpoint, &metadata).await.map_err(not_asked)?;
        let address = self.show(&device).map_err(not_asked)?;
        // Whoever sits at a terminal far away has no browser here; what fails to open was printed anyway.
        browser::open(&login.browser, &address, |_| ());
        let waited = tokio::select! {
            answer = device.wait(&endpoint, verifier.as_ref(), self.clock) => answer,
            never = count_down(self.person, Instant::now() + device.life()) => match never {},
        };
        self.person.tell(Event::WaitEnded);
        let answer = waited.map_err(asked)?;
        self.believe(&answer, &documents, &metadata, Occasion::Direct, &|| ())
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

    /// Tells the person where to go, and returns the address for a browser.
    fn show(&self, device: &DeviceCode) -> Result<Url, Error> {
        let plain = &device.verification_uri;
        let address = device.verification_uri_complete.as_ref().unwrap_or(plain);
        let mut addresses = [plain, address].into_iter();
        if let Some(plain) = addresses.find(|url| url.scheme() != "https" && !is_loopback(url)) {
            return Err(Error::DeviceAddress(ForeignText::new(plain.as_str())));
        }
        let code = ForeignText::with_limit(&device.user_code, 40);
        self.person.tell(Event::EnterCode {
            address: plain,
            code: &code,
            complete: address,
        });
        Ok(address.clone())
    }
}
