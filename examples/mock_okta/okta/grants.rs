//! What has been granted: authorization codes, families of refresh tokens, access tokens.
//!
//! A family is everything that came from one login. Its rules are Okta's: a code works once; rotation keeps the previous
//! token alive for the leeway; a rotated token that comes back later ends the family with its access tokens.
//! Pure bookkeeping over a time that the caller gives; signs nothing.

use std::collections::HashMap;

use super::{bodies, grant::Grant, sessions::Sessions};

/// The tokens of one login.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) grant: Grant,
    born: i64,
    last_used: i64,
    ended: bool,
}

/// Names a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FamilyId(usize);

#[derive(Debug)]
struct Code {
    grant: Grant,
    expires: i64,
    used_for: Option<FamilyId>,
    presented: bool,
}

#[derive(Debug)]
struct RefreshToken {
    family: FamilyId,
    /// When a successor was minted; the leeway runs from here.
    replaced_at: Option<i64>,
}

/// An access or ID token that was issued.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) family: FamilyId,
    pub(crate) expires: i64,
    pub(crate) revoked: bool,
    pub(crate) scope: Vec<String>,
}

/// What a presented refresh token is worth.
enum Verdict {
    Good(FamilyId),
    Reused(FamilyId),
    Dead,
}

/// Limits on refresh tokens, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) now: i64,
    pub(crate) leeway: i64,
    pub(crate) idle: i64,
    pub(crate) absolute: i64,
}

/// All grants of a provider. Times are milliseconds of the provider's clock.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    families: Vec<Family>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, Issued>,
    id_tokens: HashMap<String, Issued>,
    pub(crate) browsers: Sessions,
    pub(crate) reuse_detected: usize,
}

impl Grants {
    pub(crate) fn mint_code(&mut self, grant: Grant, expires: i64) -> String {
        let code = bodies::random();
        self.codes.insert(
            code.clone(),
            Code {
                grant,
                expires,
                used_for: None,
                presented: false,
            },
        );
        code
    }

    /// Takes a code for good, whatever comes of it. A code that comes back ends what the first use brought (RFC 6749 4.1.2).
    pub(crate) fn take_code(&mut self, text: &str, now: i64) -> Option<Grant> {
        let code = self.codes.get_mut(text)?;
        if code.presented {
            if let Some(family) = code.used_for {
                self.end(family);
            }
            return None;
        }
        code.presented = true;
        (now < code.expires).then(|| code.grant.clone())
    }

    /// Opens a family for a code that passed every check.
    pub(crate) fn begin_by_code(&mut self, code: &str, grant: Grant, now: i64) -> FamilyId {
        let id = self.begin(grant, now);
        if let Some(code) = self.codes.get_mut(code) {
            code.used_for = Some(id);
        }
        id
    }

    /// Opens a family.
    pub(crate) fn begin(&mut self, grant: Grant, now: i64) -> FamilyId {
        let id = FamilyId(self.families.len());
        self.families.push(Family {
            grant,
            born: now,
            last_used: now,
            ended: false,
        });
        id
    }

    pub(crate) fn family(&self, id: FamilyId) -> &Family {
        &self.families[id.0]
    }

    /// Returns the family of a refresh token that works now. A rotated one that comes back too late ends its family.
    pub(crate) fn present(&mut self, text: &str, client_id: &str, limits: Limits) -> Option<FamilyId> {
        match self.judge(text, client_id, limits) {
            Verdict::Good(id) => Some(id),
            Verdict::Reused(id) => {
                self.reuse_detected += 1;
                self.end(id);
                None
            }
            Verdict::Dead => None,
        }
    }

    /// Returns the family of a refresh token that works now, and leaves everything as it is.
    pub(crate) fn peek(&self, text: &str, client_id: &str, limits: Limits) -> Option<FamilyId> {
        match self.judge(text, client_id, limits) {
            Verdict::Good(id) => Some(id),
            Verdict::Reused(_) | Verdict::Dead => None,
        }
    }

    fn judge(&self, text: &str, client_id: &str, limits: Limits) -> Verdict {
        let Some(token) = self.refresh_tokens.get(text) else {
            return Verdict::Dead;
        };
        let family = self.family(token.family);
        let dead = family.ended
            || family.grant.client_id != client_id
            || limits.now >= family.born.saturating_add(limits.absolute)
            || limits.now >= family.last_used.saturating_add(limits.idle);
        let too_late = token
            .replaced_at
            .is_some_and(|replaced| limits.now >= replaced.saturating_add(limits.leeway));
        match (dead, too_late) {
            (true, _) => Verdict::Dead,
            (false, true) => Verdict::Reused(token.family),
            (false, false) => Verdict::Good(token.family),
        }
    }

    /// Restarts the idle window; the absolute one runs on.
    pub(crate) fn used(&mut self, id: FamilyId, now: i64) {
        self.families[id.0].last_used = now;
    }

    /// Mints a refresh token beside those that the family has.
    pub(crate) fn mint_refresh_token(&mut self, family: FamilyId) -> String {
        let text = bodies::random();
        self.refresh_tokens.insert(
            text.clone(),
            RefreshToken {
                family,
                replaced_at: None,
            },
        );
        text
    }

    /// Mints a successor: from now on every other token of the family has only the leeway left.
    ///
    /// That holds for the first successor too when the previous token came a second time: Okta does not say, and a
    /// client must keep what came last.
    pub(crate) fn rotate(&mut self, family: FamilyId, now: i64) -> String {
        for token in self
            .refresh_tokens
            .values_mut()
            .filter(|token| token.family == family)
        {
            token.replaced_at.get_or_insert(now);
        }
        self.mint_refresh_token(family)
    }

    pub(crate) fn keep_access_token(&mut self, text: &str, issued: Issued) {
        self.access_tokens.insert(text.to_owned(), issued);
    }

    pub(crate) fn keep_id_token(&mut self, text: &str, issued: Issued) {
        self.id_tokens.insert(text.to_owned(), issued);
    }

    /// Returns an ID token that was issued, expired or not.
    pub(crate) fn id_token(&self, text: &str) -> Option<&Issued> {
        self.id_tokens.get(text)
    }

    /// Returns an access token that is good now.
    pub(crate) fn live_access_token(&self, text: &str, now: i64) -> Option<&Issued> {
        self.access_tokens
            .get(text)
            .filter(|token| self.is_live(token, now))
    }

    /// Returns an ID token that is good now.
    pub(crate) fn live_id_token(&self, text: &str, now: i64) -> Option<&Issued> {
        self.id_tokens.get(text).filter(|token| self.is_live(token, now))
    }

    /// Revokes a client's own token; a refresh token takes the access tokens along, not the other way round.
    pub(crate) fn revoke(&mut self, text: &str, client_id: &str) {
        if let Some(id) = self.refresh_tokens.get(text).map(|token| token.family)
            && self.family(id).grant.client_id == client_id
        {
            self.end(id);
        }
        if let Some(id) = self.access_tokens.get(text).map(|token| token.family)
            && self.family(id).grant.client_id == client_id
            && let Some(token) = self.access_tokens.get_mut(text)
        {
            token.revoked = true;
        }
    }

    /// Ends every family and browser session.
    pub(crate) fn end_all(&mut self) {
        for family in &mut self.families {
            family.ended = true;
        }
        self.browsers.end_all();
    }

    fn is_live(&self, token: &Issued, now: i64) -> bool {
        !token.revoked && now < token.expires && !self.family(token.family).ended
    }

    fn end(&mut self, id: FamilyId) {
        self.families[id.0].ended = true;
    }
}
