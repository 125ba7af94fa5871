//! Checks of the session, and of the failures that are remembered beside it.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, Note, SessionFacts, SessionProblem};
use super::machine::with_settings;
use crate::duration_words::{in_words, relative};

const NO_SESSION_FACTS: &str = "no session is looked for";
/// An older note says nothing about now.
const MAX_NOTE_AGE_SECS: i64 = 3600;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "session",
        about: "Whether there is a session, whose it is, and until when its token is valid. None is no fault: the next command signs in.",
        fix: "A file that cannot be read says why. kubesesame uses no file that other users can read: the fix names the command. A record that was put aside was broken or of a newer version; it can be removed.",
        run: session,
    },
    Check {
        name: "refresh",
        about: "The session can be refreshed without a person. That needs a refresh token, which providers give for the scope \
                `offline_access`.",
        fix: "Add `--oidc-extra-scope=offline_access` to the entry. At Okta the app also needs the grant Refresh Token, and the access policy's \
                 rule has to allow the scope.",
        run: refresh,
    },
    Check {
        name: "last-sign-in",
        about: "The last sign-in did not fail. After a failure, programs get it again for 1, 5, then 15 minutes, and no tab opens; a command \
                that a person types always tries anew.",
        fix: "Correct what the failure names, and run a command at a terminal.",
        run: last_sign_in,
    },
    Check {
        name: "provider-outage",
        about: "The provider did not fail or ask callers to wait within the last hour.",
        fix: "Wait; the session is kept. If it stays so, look at the provider's status page.",
        run: outage,
    },
    Check {
        name: "background-refresh",
        about: "The refresh in the background, before a token ends, did not fail.",
        fix: "Correct what the failure names. Commands refresh the token themselves until then.",
        run: background_refresh,
    },
];

fn with_session(facts: &Facts, check: impl FnOnce(&SessionFacts) -> Outcome) -> Outcome {
    match &facts.session {
        Some(session) => check(session),
        None => Outcome::Skipped(NO_SESSION_FACTS),
    }
}

fn session(facts: &Facts) -> Outcome {
    with_session(facts, |session| {
        match &session.problem {
            Some(SessionProblem::Blocking(problem)) => {
                let summary = "the stored session cannot be used, so kubectl gets no token";
                return Outcome::Failure(Fault::of(summary, problem));
            }
            Some(SessionProblem::Replaceable(problem)) => {
                return Outcome::Warning(Fault::of("the stored session cannot be used", problem));
            }
            None => {}
        }
        let Some(stored) = &session.stored else {
            return if session.is_quarantined {
                Outcome::Warning(Fault::new(
                    "there is none; a record that could not be used was put aside",
                    "nothing has to be done: the next command signs in. kubesesame clean removes the record",
                ))
            } else {
                Outcome::PassedNotable("none; the next command signs in".to_owned())
            };
        };
        let account = stored
            .token
            .as_ref()
            .and_then(crate::oidc::UnverifiedToken::account);
        let account = account.map_or_else(
            || "an account without a name".to_owned(),
            |name| format!("`{name}`"),
        );
        let time = relative(stored.expires_at, facts.now);
        Outcome::PassedNotable(match (stored.is_unexpired, stored.has_refresh_token) {
            (true, _) => {
                let until = stored.expires_at.rfc3339();
                format!("{account}, valid until {until} ({time})")
            }
            (false, true) => format!("{account}, ended {time}; the next command refreshes it"),
            (false, false) => format!("{account}, ended {time}; the next command signs in"),
        })
    })
}

fn refresh(facts: &Facts) -> Outcome {
    with_settings(facts, |settings| {
        if !settings.sign_in.login.grant.is_interactive() {
            return Outcome::Skipped("a program signs in again instead");
        }
        let asks = settings
            .sign_in
            .provider
            .scopes
            .iter()
            .any(|scope| scope == "offline_access");
        let stored = facts.session.as_ref().and_then(|session| session.stored.as_ref());
        let fault = |summary: &str, fix: &str| Outcome::Warning(Fault::new(summary, fix));
        match (stored.map(|stored| stored.has_refresh_token), asks) {
            (Some(true), _) => Outcome::Passed("possible".to_owned()),
            (None, true) => Outcome::Passed("`offline_access` is asked for".to_owned()),
            (Some(false), true) => fault(
                "the provider sent no refresh token, so you sign in again when the token ends",
                "at Okta, enable the grant Refresh Token in the app, and allow `offline_access` in the access policy's rule",
            ),
            (Some(false) | None, false) => fault(
                "the scope `offline_access` is not asked for, so you sign in again when the token ends",
                "add --oidc-extra-scope=offline_access",
            ),
        }
    })
}

/// Whether a failure is recent enough to matter. One from the future is not: the clock was set back.
fn is_recent(note: &Note, facts: &Facts) -> bool {
    let age_secs = facts.now.secs_since(note.at);
    (0..MAX_NOTE_AGE_SECS).contains(&age_secs) || note.until.is_some_and(|until| until > facts.now)
}

fn noted(facts: &Facts, note: Option<&Note>, summary: &str, ok: &str, fix: &str) -> Outcome {
    let Some(note) = note.filter(|note| is_recent(note, facts)) else {
        return Outcome::Passed(ok.to_owned());
    };
    let ago = relative(note.at, facts.now);
    let left_secs = note.until.map_or(0, |until| until.secs_since(facts.now));
    let wait = match left_secs {
        1.. => format!("; programs get this failure for {} more", in_words(left_secs)),
        _ => String::new(),
    };
    let fix = note.hint.clone().unwrap_or_else(|| fix.to_owned());
    Outcome::Warning(Fault::new(format!("{summary} {ago}{wait}"), fix).because(note.error.clone()))
}

fn last_sign_in(facts: &Facts) -> Outcome {
    with_session(facts, |session| {
        let note = session.failed_sign_in.as_ref();
        noted(
            facts,
            note,
            "the last sign-in failed",
            "did not fail",
            "sign in again at a terminal",
        )
    })
}

fn outage(facts: &Facts) -> Outcome {
    with_session(facts, |session| {
        let note = session.outage.as_ref();
        noted(
            facts,
            note,
            "the provider failed",
            "none is known",
            "try again; the session is kept",
        )
    })
}

fn background_refresh(facts: &Facts) -> Outcome {
    with_session(facts, |session| {
        let note = session.failed_background_refresh.as_ref();
        let summary = "the refresh in the background failed";
        noted(
            facts,
            note,
            summary,
            "did not fail",
            "the next command refreshes the token itself",
        )
    })
}
