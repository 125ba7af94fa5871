//! The issued authorization codes, families of refresh tokens, and access tokens.
//!
//! A family has all tokens of one login. The rules are Okta's: a code is valid once; rotation keeps the previous
//! token valid for the grace period; the use of a rotated token after that ends the family with its access tokens.
//! Pure: the caller passes the time. Signs nothing.

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

/// The id of a family.
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
    /// When the next refresh token was issued. The grace period starts then.
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

/// Whether a refresh token is valid.
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

    /// Uses a code, which is invalid afterwards. A second use of a code ends the family of the first use (RFC 6749 4.1.2).
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

    /// Creates a family for a code that was verified.
    pub(crate) fn begin_by_code(&mut self, code: &str, grant: Grant, now: i64) -> FamilyId {
        let id = self.begin(grant, now);
        if let Some(code) = self.codes.get_mut(code) {
            code.used_for = Some(id);
        }
        id
    }

    /// Creates a family.
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

    /// Returns the family of a valid refresh token. A rotated token that is used after the grace period ends its family.
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

    /// Returns the family of a valid refresh token, without any change.
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

    /// Binds a family to a key (RFC 9449 5), unless it is bound already.
    pub(crate) fn bind(&mut self, id: FamilyId, jkt: Option<String>) {
        let bound = &mut self.families[id.0].grant.jkt;
        *bound = bound.take().or(jkt);
    }

    /// Restarts the idle lifetime. The absolute lifetime is not changed.
    pub(crate) fn used(&mut self, id: FamilyId, now: i64) {
        self.families[id.0].last_used = now;
    }

    /// Issues a refresh token in addition to those of the family.
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

    /// Issues the next refresh token. From now on, all other refresh tokens of the family are valid only for the grace period.
    ///
    /// If the previous token was used twice, that applies to the first new token too. Okta does not document this case, and a
    /// client must store the last token.
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

    /// Returns a valid access token.
    pub(crate) fn live_access_token(&self, text: &str, now: i64) -> Option<&Issued> {
        self.access_tokens
            .get(text)
            .filter(|token| self.is_live(token, now))
    }

    /// Returns a valid ID token.
    pub(crate) fn live_id_token(&self, text: &str, now: i64) -> Option<&Issued> {
        self.id_tokens.get(text).filter(|token| self.is_live(token, now))
    }

    /// Revokes a token of a client. With a refresh token, its access tokens are revoked too, but not vice versa.
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
