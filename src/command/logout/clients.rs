//! The clients of the providers that are asked: one for each, however many sessions end there.
//!
//! The command of a client secret may ask a person. It runs once for a provider, and one that has failed does not run again.

use crate::clock;
use crate::error::Error;
use crate::oidc::{self, Interaction, NoDocumentCache, ProviderClient};
use crate::runtime::LazyRuntime;
use crate::settings::{Provider, SignIn, TlsTrust};

/// Whose settings say how a provider is asked.
#[derive(Clone, Copy)]
pub(super) enum AskedAs<'a, 'p> {
    /// Those of an entry of the kubeconfig.
    Entry(&'a SignIn),
    /// None: a public client of the issuer that a record names, which has no secret.
    PublicClient(&'p Provider),
}

/// Why a provider could not be asked, or what it has answered.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    reason: String,
    hint: Option<String>,
}

impl Failure {
    fn new(error: &Error) -> Self {
        Self {
            reason: error.in_one_line(),
            hint: error.report().hint,
        }
    }

    /// The failure and its hint in one line, with what comes of it between them.
    pub(super) fn in_one_line(&self, effect: Option<&str>) -> String {
        let hint = self.hint.as_deref();
        let parts = [Some(self.reason.as_str()), effect, hint];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

pub(super) struct Clients<'a> {
    interaction: Interaction<'a>,
    runtime: LazyRuntime,
    of_entries: Vec<(&'a SignIn, Result<ProviderClient<'a>, Failure>)>,
}

impl<'a> Clients<'a> {
    pub(super) fn new(interaction: Interaction<'a>) -> Self {
        Self {
            interaction,
            runtime: LazyRuntime::default(),
            of_entries: Vec::new(),
        }
    }

    /// # Errors
    /// If the provider cannot be asked, or refuses.
    pub(super) fn ask<T>(
        &mut self,
        asked_as: AskedAs<'a, '_>,
        request: impl AsyncFnOnce(&ProviderClient<'_>) -> Result<T, oidc::Error>,
    ) -> Result<T, Failure> {
        let answer = match asked_as {
            AskedAs::Entry(sign_in) => {
                let at = self.index_of(sign_in);
                let client = self.of_entries[at].1.as_ref().map_err(Clone::clone)?;
                self.runtime.block_on(request(client))
            }
            AskedAs::PublicClient(provider) => {
                let trust = TlsTrust::SYSTEM;
                let client = new_client(provider, &trust, self.interaction)?;
                self.runtime.block_on(request(&client))
            }
        };
        let answer = answer.map_err(|error| Failure::new(&Error::Runtime(error)))?;
        answer.map_err(|error| Failure::new(&error.into()))
    }

    fn index_of(&mut self, sign_in: &'a SignIn) -> usize {
        let mut known = self.of_entries.iter();
        known
            .position(|(known, _)| asks_alike(known, sign_in))
            .unwrap_or_else(|| {
                let client = new_client(&sign_in.provider, &sign_in.trust, self.interaction);
                self.of_entries.push((sign_in, client));
                self.of_entries.len() - 1
            })
    }
}

fn new_client<'c>(
    provider: &'c Provider,
    trust: &'c TlsTrust,
    interaction: Interaction<'c>,
) -> Result<ProviderClient<'c>, Failure> {
    let client = ProviderClient::new(provider, trust, &NoDocumentCache, interaction, clock::now);
    client.map_err(|error| Failure::new(&error.into()))
}

/// Whether two settings make the same client.
fn asks_alike(one: &SignIn, other: &SignIn) -> bool {
    let client = |sign_in: &SignIn| {
        let provider = &sign_in.provider;
        (
            provider.issuer.as_str().to_owned(),
            provider.client_id.clone(),
            provider.client_auth.clone(),
            provider.headers.clone(),
            provider.dpop,
            sign_in.trust.clone(),
        )
    };
    client(one) == client(other)
}
