//! A session is renewed, and what came of it is stored.

use super::sign_in::{NO_ID_TOKEN, passing, remember};
use super::{Credential, Flight, GetToken, Wish, block_on};
use crate::clock;
use crate::error::Error;
use crate::oidc::{ProviderClient, Refresh, Renewal, Tokens};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::session::Record;

impl GetToken<'_> {
    /// Asks the provider to renew the session; `None` when there is nothing to ask with.
    pub(super) fn ask_to_renew(
        &self,
        connection: &ProviderClient<'_>,
        session: &Record,
        flight: Option<Flight<'_>>,
    ) -> Result<Option<Renewal>, Error> {
        let Some(refresh_token) = &session.refresh_token else {
            return Ok(None);
        };
        let keep_rotated = |rotated: &Secret| {
            let mut session = session.clone();
            session.refresh_token = Some(rotated.clone());
            self.save(&session, flight);
        };
        let refresh = Refresh {
            token: refresh_token,
            granted_scope: &session.granted_scope,
            origin: &session.origin,
            keep_rotated: &keep_rotated,
        };
        block_on(connection.refresh(&refresh)).map(Some)
    }

    /// Renews the session; `None` when only a login helps.
    pub(super) fn refresh(
        &self,
        connection: &ProviderClient<'_>,
        session: &Record,
        wish: Wish,
        flight: Option<Flight<'_>>,
    ) -> Result<Option<Credential>, Error> {
        match self.ask_to_renew(connection, session, flight)? {
            // A login would bring what was refused once more, and a tab each time: the hint of the next question is the better help.
            None if wish == Wish::InPlaceOfRefused && self.login.grant.is_a_persons() => {
                Ok(Some(Credential::of(session.clone())))
            }
            None => Ok(None),
            Some(Renewal::Renewed(tokens)) => {
                Ok(Some(self.keep(self.renewed_record(*tokens, session), flight)))
            }
            Some(Renewal::Over(reason)) => {
                self.ui.step(|| format!("the session is over: {reason}"));
                Ok(None)
            }
            Some(Renewal::NoIdToken) if wish == Wish::InPlaceOfRefused => {
                Ok(Some(Credential::of(session.clone())))
            }
            Some(Renewal::NoIdToken) => {
                self.ui.note(NO_ID_TOKEN);
                Ok(None)
            }
            Some(Renewal::Failed(error)) => {
                // The margin is for good days: a token that still lives beats an error.
                if wish != Wish::Renewed && clock::now() < session.expires_at {
                    self.ui
                        .step(|| format!("the token could not be renewed yet: {error}"));
                    return Ok(Some(Credential::to_the_end(session)));
                }
                let memory = passing(&error);
                let error = Error::Renewal {
                    path: flight.map(|flight| flight.store.session_path()),
                    source: error,
                };
                remember(memory, &error, flight);
                Err(error)
            }
        }
    }

    /// The session with what a renewal brought; one that came from elsewhere learns only now where its tokens come from.
    pub(super) fn renewed_record(&self, tokens: Tokens, session: &Record) -> Record {
        let origin = session.origin.or_later(tokens.origin.clone());
        self.record(tokens, origin)
    }

    /// The session that tokens make.
    pub(super) fn record(&self, tokens: Tokens, origin: Origin) -> Record {
        Record::new(
            self.identity.clone(),
            tokens.token,
            tokens.issued_at,
            tokens.expires_at,
            tokens.refresh_token,
            tokens.granted_scope,
            origin,
        )
    }

    /// Stores the session, and returns what is handed out of it; the token in hand is worth more than the cache.
    pub(super) fn keep(&self, record: Record, flight: Option<Flight<'_>>) -> Credential {
        self.save(&record, flight);
        Credential::of(record)
    }

    fn save(&self, record: &Record, flight: Option<Flight<'_>>) {
        if let Some(flight) = flight
            && let Err(error) = flight.locked.save(record, flight.place)
        {
            self.ui.warn(&format!(
                "the session could not be stored, so the next call may have to sign in again: {}",
                error.in_one_line()
            ));
        }
    }
}
