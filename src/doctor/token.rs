//! Checks of the stored token, as the API server judges it.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, Settings, WhoamiResult};
use crate::cluster::{Judgement, Presented, State, judge};
use crate::oidc::UnverifiedToken;
use crate::settings::TokenKind;
use crate::untrusted_text::UntrustedText;

const NO_TOKEN: &str = "there is no token";
const NOT_JUDGED: &str = "the token was not judged on this";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "token-issuer",
        about: "`iss` of the stored token is byte for byte the issuer. If the API server has another one, its log says only `invalid \
                bearer token`, and nothing of OIDC.",
        fix: "Use the token's `iss` in the kubeconfig and as `--oidc-issuer-url` of the API server.",
        run: issuer,
    },
    Check {
        name: "token-audience",
        about: "`aud` of the stored token has the client id, which the API server compares with `--oidc-client-id`.",
        fix: "Use the same client id in the kubeconfig and in the API server. For access tokens, the API server needs the audience of \
                 the token.",
        run: audience,
    },
    Check {
        name: "token-algorithm",
        about: "The stored token is a JSON Web Token with a signature that an API server accepts; by default only RS256.",
        fix: "Set the app to RS256, or the API server's flag `--oidc-signing-algs`.",
        run: algorithm,
    },
    Check {
        name: "username",
        about: "The token has the claim that the API server takes the user name from (`--username-claim`). For `email`, `email_verified` may \
                not be false. Not looked at without such a flag if the API server says who the user is (`cluster-user`).",
        fix: "Ask for the scope that has the claim (`email`, `profile`), or give the claim that the API server is configured with: \
                 `kubesesame doctor --username-claim=email`.",
        run: username,
    },
    Check {
        name: "groups",
        about: "The token has a groups claim that the API server can read, with no name that begins with `system:`, and not too many.",
        fix: "At Okta, add a groups claim to the ID token and filter it. Give the API server a groups prefix.",
        run: groups,
    },
    Check {
        name: "token-size",
        about: "The token fits the limits of load balancers in front of clusters, often 8 KiB of headers.",
        fix: "Let the groups claim match fewer groups.",
        run: size,
    },
];

/// Applies a check to the stored token and what the API server makes of it.
fn judged(facts: &Facts, check: impl FnOnce(&Settings, &UnverifiedToken, &Judgement) -> Outcome) -> Outcome {
    let session = facts.session.as_ref().and_then(|session| session.stored.as_ref());
    let (Some(Ok(settings)), Some(stored)) = (&facts.settings, session) else {
        return Outcome::Skipped(NO_TOKEN);
    };
    let Some(token) = &stored.token else {
        return Outcome::Skipped("the token is opaque");
    };
    let provider = &settings.sign_in.provider;
    let presented = Presented {
        claims: &token.claims,
        algorithm: token.algorithm.as_deref(),
        bytes: token.bytes,
        issuer: provider.issuer.as_str(),
        client_id: &provider.client_id,
    };
    check(settings, token, &judge(presented, &stored.expected.mapping))
}

/// Returns the user name that flags give for the stored token. `None` if there are none, or they give no name.
pub(super) fn username_of_flags(facts: &Facts) -> Option<String> {
    is_username_given(facts).then_some(())?;
    let mut name = None;
    judged(facts, |_, _, judgement| {
        name.clone_from(&judgement.username);
        Outcome::Passed(String::new())
    });
    name
}

fn is_username_given(facts: &Facts) -> bool {
    let stored = facts.session.as_ref().and_then(|session| session.stored.as_ref());
    stored.is_some_and(|stored| stored.expected.is_username_given)
}

/// Returns the verdict on one part of the token as an outcome, with this fix if the verdict has none. `None` if there is no verdict.
fn outcome(judgement: &Judgement, subject: &str, fix: Option<&str>) -> Option<Outcome> {
    let verdicts = &judgement.verdicts;
    let verdict = verdicts.iter().find(|verdict| verdict.subject == subject)?;
    let finding = UntrustedText::new(&verdict.finding).to_string();
    let own_fix = verdict.fix.as_deref();
    let fix = own_fix
        .map(|fix| UntrustedText::new(fix).to_string())
        .or_else(|| fix.map(str::to_owned));
    Some(match verdict.state {
        State::Ok => Outcome::PassedNotable(finding),
        State::Note | State::Warning => Outcome::Warning(Fault {
            summary: finding,
            cause: None,
            fix,
        }),
        State::Refused => Outcome::Failure(Fault {
            summary: "the API server refuses the token".to_owned(),
            cause: Some(finding),
            fix,
        }),
    })
}

fn issuer(facts: &Facts) -> Outcome {
    judged(facts, |_, _, judgement| {
        match outcome(judgement, "issuer", None) {
            Some(failure @ Outcome::Failure(_)) => failure,
            // `issuer-url` warns of http.
            _ => Outcome::Passed("the same as the issuer".to_owned()),
        }
    })
}

fn audience(facts: &Facts) -> Outcome {
    judged(facts, |settings, _, judgement| {
        let provider = &settings.sign_in.provider;
        let shown = UntrustedText::with_limit(&judgement.audience, 80);
        if judgement.audience != provider.client_id && provider.token == TokenKind::Id {
            return Outcome::Failure(Fault::new(
                format!("the token is for `{shown}`, not for the client"),
                "use the same client id in the kubeconfig and in the API server",
            ));
        }
        match outcome(judgement, "audience", None) {
            Some(failure @ Outcome::Failure(_)) => failure,
            _ => Outcome::Passed(format!("`{shown}`, which the API server needs as its client id")),
        }
    })
}

fn algorithm(facts: &Facts) -> Outcome {
    let stored = facts.session.as_ref().and_then(|session| session.stored.as_ref());
    if stored.is_some_and(|stored| stored.token.is_none()) {
        return Outcome::Failure(Fault::new(
            "the token is opaque, so no API server can read it",
            "leave --oidc-use-access-token out: the ID token is a JSON Web Token",
        ));
    }
    judged(facts, |_, token, judgement| {
        let fix = "give the API server the flag --oidc-signing-algs, or set the app to RS256";
        let name = token.algorithm.as_deref().unwrap_or("no algorithm");
        match outcome(judgement, "signature", Some(fix)) {
            Some(fault @ (Outcome::Failure(_) | Outcome::Warning(_))) => fault,
            _ => Outcome::Passed(UntrustedText::with_limit(name, 20).to_string()),
        }
    })
}

/// Returns the verdict on a claim as an outcome.
fn claim_outcome(judgement: &Judgement, subject: &str) -> Outcome {
    outcome(judgement, subject, None).unwrap_or(Outcome::Skipped(NOT_JUDGED))
}

fn username(facts: &Facts) -> Outcome {
    // Without flags the name is a guess, and the API server has said the true one.
    if matches!(facts.api_server.whoami, WhoamiResult::Known { .. }) && !is_username_given(facts) {
        return Outcome::Passed("the API server says it".to_owned());
    }
    judged(facts, |_, _, judgement| claim_outcome(judgement, "username"))
}

fn groups(facts: &Facts) -> Outcome {
    judged(facts, |_, _, judgement| claim_outcome(judgement, "groups"))
}

fn size(facts: &Facts) -> Outcome {
    judged(facts, |_, token, judgement| {
        outcome(judgement, "size", None).unwrap_or_else(|| Outcome::Passed(format!("{} bytes", token.bytes)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_a_verdict_is_not_called_absent() {
        let judgement = Judgement {
            audience: String::new(),
            username: None,
            groups: Vec::new(),
            verdicts: Vec::new(),
        };
        for subject in ["username", "groups"] {
            let skipped = Outcome::Skipped("the token was not judged on this");
            assert_eq!(claim_outcome(&judgement, subject), skipped);
        }
    }
}
