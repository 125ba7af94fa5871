//! A person (or a program) signs in, and a failure is remembered for those who ask next.

use super::{Credential, Flight, GetToken, block_on};
use crate::clock;
use crate::error::Error;
use crate::oidc::{self, LoginFailure, ProviderClient};
use crate::process::Parent;
use crate::session::{Failure, Locked, Memory};

impl GetToken<'_> {
    pub(super) fn sign_in(
        &self,
        connection: &ProviderClient<'_>,
        flight: Option<Flight<'_>>,
    ) -> Result<Credential, Error> {
        match block_on(connection.login(&self.login))? {
            Ok(tokens) => {
                if tokens.refresh_token.is_none() && self.login.grant.is_a_persons() {
                    let asked = self.provider.scopes.iter().any(|scope| scope == "offline_access");
                    self.ui.note(if asked { NO_CONSENT } else { NO_REFRESH_TOKEN });
                }
                let origin = tokens.origin.clone();
                Ok(self.keep(self.record(tokens, origin), flight))
            }
            Err(LoginFailure { error, asked }) => {
                let memory = if asked {
                    Some(Memory::Login)
                } else {
                    passing(&error)
                };
                let error = Error::from(error);
                remember(memory, &error, flight);
                Err(error)
            }
        }
    }
}

/// A provider's failure is that of all who wait for it; a wrong flag or a taken port is the caller's own.
pub(super) fn passing(error: &oidc::Error) -> Option<Memory> {
    error.is_the_providers().then_some(Memory::Passing)
}

pub(super) fn remember(memory: Option<Memory>, error: &Error, flight: Option<Flight<'_>>) {
    if let (Some(memory), Some(flight)) = (memory, flight) {
        remember_in(flight.locked, memory, error);
    }
}

pub(super) fn remember_in(locked: &Locked<'_>, memory: Memory, error: &Error) {
    let previous = locked.failure(memory);
    let failure = Failure::after(previous, clock::now(), &Parent::of_this_process(), error.report());
    locked.remember(memory, &failure.with_wait(error.not_before()));
}

const NO_REFRESH_TOKEN: &str = "\
the provider sent no refresh token, so the browser opens again when this token ends; to change that, add \
--oidc-extra-scope=offline_access (at Okta the app also needs the grant type Refresh Token)";

/// OpenID Connect Core 11: a provider may want the person's consent each time.
const NO_CONSENT: &str = "\
the provider sent no refresh token, though it was asked for offline_access, so the browser opens again when this token ends; at \
Okta the app needs the grant type Refresh Token, at others add --oidc-auth-request-extra-params=prompt=consent";

pub(super) const NO_ID_TOKEN: &str = "\
the provider sends no ID token when it renews, so the browser opens each time a token ends; whoever runs the provider \
can change that (at Okta, the scope openid must be granted)";
