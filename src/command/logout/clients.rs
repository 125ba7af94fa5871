//! The clients of the providers that are asked: one for each, however many sessions end there.
//!
//! The command of a client secret may ask a person. It runs once for a provider, and one that has failed does not run again.

use std::cell::RefCell;
use std::time::Duration;

use super::rounds::in_rounds;
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

    /// It was not asked in the time that there was.
    pub(super) fn out_of_time() -> Self {
        Self {
            reason: "the provider was not asked, or has not answered, in the time for all revocations"
                .to_owned(),
            hint: None,
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

    /// Asks for all of `requests`, those of one client one after the other, and different clients at the same time, `budget` at most. The
    /// clients are made first, and what their secrets take is not part of it. `None` for what was not asked or answered: the budget was over,
    /// or `goes_on` says so after a failure at the same client.
    pub(super) fn ask_all<R, T>(
        &mut self,
        requests: &[R],
        budget: Duration,
        asked_as: impl Fn(&R) -> AskedAs<'a, '_>,
        goes_on: impl Fn(&R) -> bool,
        ask: &impl AsyncFn(&ProviderClient<'_>, &R) -> Result<T, oidc::Error>,
    ) -> Vec<Option<Result<T, Failure>>> {
        let (trust, interaction) = (TlsTrust::SYSTEM, self.interaction);
        let of_requests: Vec<Result<usize, &Provider>> = requests
            .iter()
            .map(|request| match asked_as(request) {
                AskedAs::Entry(sign_in) => Ok(self.index_of(sign_in)),
                AskedAs::PublicClient(provider) => Err(provider),
            })
            .collect();
        let mut public: Vec<(&Provider, Result<ProviderClient<'_>, Failure>)> = Vec::new();
        let mut rounds: Vec<Vec<usize>> = vec![Vec::new(); self.of_entries.len()];
        for (at, of_request) in of_requests.iter().enumerate() {
            let round = match of_request {
                Ok(entry) => *entry,
                Err(provider) => {
                    let is_same = |(known, _): &(&Provider, _)| {
                        known.issuer.as_str() == provider.issuer.as_str()
                            && known.client_id == provider.client_id
                    };
                    let known = public.iter().position(is_same).unwrap_or_else(|| {
                        public.push((*provider, new_client(provider, &trust, interaction)));
                        rounds.push(Vec::new());
                        public.len() - 1
                    });
                    self.of_entries.len() + known
                }
            };
            rounds[round].push(at);
        }
        let clients = self.of_entries.iter().map(|(_, client)| client);
        let clients: Vec<_> = clients.chain(public.iter().map(|(_, client)| client)).collect();
        let answers: RefCell<Vec<Option<Result<T, Failure>>>> =
            RefCell::new(requests.iter().map(|_| None).collect());
        let failed = RefCell::new(vec![false; rounds.len()]);
        let one = async |round: usize, at: usize| {
            if failed.borrow()[round] && !goes_on(&requests[at]) {
                return;
            }
            let answer = match clients[round] {
                Ok(client) => {
                    let answer = ask(client, &requests[at]).await;
                    answer.map_err(|error| Failure::new(&error.into()))
                }
                Err(failure) => Err(failure.clone()),
            };
            failed.borrow_mut()[round] |= answer.is_err();
            answers.borrow_mut()[at] = Some(answer);
        };
        let ran = self.runtime.block_on(in_rounds(&rounds, budget, one));
        let mut answers = answers.into_inner();
        if let Err(error) = ran {
            let failure = Failure::new(&Error::Runtime(error));
            for answer in &mut answers {
                *answer = Some(Err(failure.clone()));
            }
        }
        answers
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
