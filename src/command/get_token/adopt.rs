//! The first call without a session of its own takes over one of the peer, so that nobody signs in on the day of the change.
//!
//! 1. Of the peer's records that say they are of this issuer and client, the newest is tried first.
//! 2. Under the peer's own lock: a token that lives is verified, the record is hidden from the peer, and the session is ours.
//! 3. A token that has ended is not kept: the refresh that follows is verified as always.
//!
//! A refresh token is used once where the provider rotates: two programs that had the same one would end the session for both.

use super::{Credential, Flight, GetToken};
use crate::clock;
use crate::command::block_on;
use crate::error::Error;
use crate::oidc::{ProviderClient, StoredToken};
use crate::secret::Secret;
use crate::session::{self, PeerDir, PeerRecord, Record};

/// What came of a record of the peer.
pub(super) enum Adopted {
    /// It is our session now.
    Session(Record),
    /// The provider cannot be asked about the token, which still lives: handed out as the peer would do, and left where it is.
    Borrowed(Credential),
}

impl GetToken<'_> {
    /// Takes over a session of the peer, if there is one. What stands in the way costs a sign-in, never more.
    pub(super) fn adopt(
        &self,
        connection: &ProviderClient<'_>,
        flight: Flight<'_>,
    ) -> Result<Option<Adopted>, Error> {
        for path in &self.cache.adopt_from {
            let left_alone = |error: &session::Error| {
                let (path, error) = (path.display(), error.in_one_line());
                self.ui.warn(&format!(
                    "the sessions of kubectl oidc-login in `{path}` are left alone: {error}"
                ));
            };
            let dir = match PeerDir::open(path) {
                Ok(Some(dir)) => dir,
                Ok(None) => continue,
                Err(error) => {
                    left_alone(&error);
                    continue;
                }
            };
            match self.adopt_from(&dir, connection, flight) {
                Ok(None) => {}
                Err(Error::Session(error)) => left_alone(&error),
                adopted => return adopted,
            }
        }
        Ok(None)
    }

    fn adopt_from(
        &self,
        dir: &PeerDir,
        connection: &ProviderClient<'_>,
        flight: Flight<'_>,
    ) -> Result<Option<Adopted>, Error> {
        let mut fitting: Vec<(i64, PeerRecord)> = dir
            .records()?
            .into_iter()
            .filter_map(|record| Some((self.as_ours(&record)?.issued_at, record)))
            .collect();
        fitting.sort_by_key(|(issued_at, _)| -issued_at);
        for (_, record) in fitting {
            let tell = || {
                self.ui
                    .note("waiting for kubectl oidc-login, which is renewing its session or signing in");
            };
            let Some(held) = dir.hold(&record, self.login.timeout, tell)? else {
                continue;
            };
            // It may be another one by now.
            let Some(mut session) = self.as_ours(&held.record) else {
                continue;
            };
            if session.is_usable(clock::now()) {
                match block_on(connection.trusts(&session.token))? {
                    Ok(true) => {}
                    Ok(false) => forget_token(&mut session),
                    Err(_) if self.cache.force_refresh => return Ok(None),
                    Err(error) => {
                        self.ui
                            .step(|| format!("the token of kubectl oidc-login is borrowed: {error}"));
                        return Ok(Some(Adopted::Borrowed(Credential::of(session))));
                    }
                }
            } else {
                forget_token(&mut session);
            }
            if session.refresh_token.is_none() && session.token.expose().is_empty() {
                continue;
            }
            let moved = held.take(|| flight.locked.save(&session, flight.place))?;
            self.ui.note(&format!(
                "took over the session of kubectl oidc-login; its record is now `{}`",
                moved.display()
            ));
            return Ok(Some(Adopted::Session(session)));
        }
        Ok(None)
    }

    /// Who is meant, by any of the ways to say so: the peer's own are the user name and the hint.
    fn named(&self) -> Option<&str> {
        let account = self.provider.account.as_deref();
        let account = account.or_else(|| self.login.grant.username());
        account.or_else(|| self.provider.extra_parameter("login_hint"))
    }

    /// Returns the session that a record of the peer would be for us, if it fits and is of any use.
    fn as_ours(&self, record: &PeerRecord) -> Option<Record> {
        let stored = StoredToken::read(&record.token, &self.provider, self.named())?;
        let session = Record::new(
            self.identity.clone(),
            record.token.clone(),
            stored.issued_at,
            stored.expires_at,
            record.refresh_token.clone(),
            self.provider.scopes.joined(),
            stored.origin,
        );
        (session.refresh_token.is_some() || session.is_usable(clock::now())).then_some(session)
    }
}

/// What nobody has verified is not stored; a refresh brings another.
fn forget_token(session: &mut Record) {
    session.token = Secret::new("");
    session.expires_at = 0;
}
