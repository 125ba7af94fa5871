//! Checks of the API server, as the user's kubectl reaches it.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, WhoamiResult};
use crate::untrusted_text::UntrustedText;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "api-server",
        about: "The API server of the context answers within five seconds. kubectl asks it, with the stored token and without running a plugin.",
        fix: "Check network, VPN and the cluster's entry (`server`, `proxy-url`). If its certificate is not trusted, correct \
              `certificate-authority-data`.",
        run: reachable,
    },
    Check {
        name: "cluster-user",
        about: "The API server accepts the stored token, and says who the user is (`kubectl auth whoami`). If it does not, its answer \
                has no reason: compare its settings with the token. Where `--username-claim` or `--username-prefix` are given, the name is \
                the one that they give.",
        fix: "Compare byte for byte: `--oidc-issuer-url` with `iss`, `--oidc-client-id` with `aud`, and whether the token has \
                 `--oidc-username-claim`. The API server's log has the reason, except for a differing issuer: then it says only \
                 `invalid bearer token`.",
        run: user,
    },
];

fn reachable(facts: &Facts) -> Outcome {
    let api_server = &facts.api_server;
    let server = api_server.server.as_deref().unwrap_or("the API server");
    match &api_server.whoami {
        WhoamiResult::NotAsked(reason) => Outcome::Skipped(reason),
        WhoamiResult::NoKubectl(why) => Outcome::Warning(
            Fault::new("kubectl cannot be run", "put kubectl on the PATH").because(why.clone()),
        ),
        WhoamiResult::TimedOut => Outcome::Failure(Fault::new(
            format!("{server} does not answer within five seconds"),
            "check network, VPN and proxy (`proxy-url` of the cluster, HTTPS_PROXY)",
        )),
        WhoamiResult::Unreachable(why) => Outcome::Failure(
            Fault::new(
                format!("{server} is not reached"),
                "check network, VPN and the cluster's entry in the kubeconfig",
            )
            .because(why.clone()),
        ),
        WhoamiResult::UnknownAuthority(why) => Outcome::Failure(
            Fault::new(
                format!("the certificate of {server} is not trusted"),
                "correct `certificate-authority-data` (or `certificate-authority`) of the cluster's entry in the kubeconfig: it is missing, \
                 or of another cluster",
            )
            .because(why.clone()),
        ),
        WhoamiResult::BadCertificate(why) => Outcome::Failure(
            Fault::new(
                format!("the certificate of {server} is refused"),
                "compare its names and dates with the cluster's entry in the kubeconfig (`server`, `tls-server-name`) and with the clock",
            )
            .because(why.clone()),
        ),
        WhoamiResult::Reached(_) | WhoamiResult::Unauthorized | WhoamiResult::Known { .. } => {
            Outcome::PassedNotable(format!("{server} answers"))
        }
    }
}

fn user(facts: &Facts) -> Outcome {
    if !facts.api_server.was_token_sent {
        return Outcome::Skipped("no token was sent to the API server");
    }
    match &facts.api_server.whoami {
        WhoamiResult::Known { username, groups } => known(facts, username, *groups),
        WhoamiResult::Unauthorized => Outcome::Failure(
            Fault::new(
                "the API server refuses the token, and does not say why",
                compared(facts),
            )
            .because("its settings differ from the token, or it cannot reach the provider"),
        ),
        WhoamiResult::Reached(why) => Outcome::Warning(
            Fault::new(
                "the API server did not say who the user is",
                "kubectl auth whoami shows its answer",
            )
            .because(why.clone()),
        ),
        WhoamiResult::NotAsked(_)
        | WhoamiResult::NoKubectl(_)
        | WhoamiResult::TimedOut
        | WhoamiResult::Unreachable(_)
        | WhoamiResult::UnknownAuthority(_)
        | WhoamiResult::BadCertificate(_) => Outcome::Skipped("the API server did not answer"),
    }
}

/// Compares the name that the API server says with the one that flags give.
fn known(facts: &Facts, username: &str, groups: usize) -> Outcome {
    let shown = UntrustedText::with_limit(username, 100);
    match super::token::username_of_flags(facts) {
        Some(expected) if expected != username => Outcome::Warning(Fault::new(
            format!(
                "the API server calls you `{shown}`, and these flags give `{}`",
                UntrustedText::with_limit(&expected, 100)
            ),
            "its settings are others: correct --username-claim and --username-prefix, or leave them out",
        )),
        _ => Outcome::PassedNotable(format!("`{shown}`, in {groups} groups")),
    }
}

/// What has to be compared with the API server's settings.
fn compared(facts: &Facts) -> String {
    let Some(Ok(settings)) = &facts.settings else {
        return "compare issuer and client id with the API server's settings".to_owned();
    };
    let provider = &settings.sign_in.provider;
    let stored = facts.session.as_ref().and_then(|session| session.stored.as_ref());
    let claim = stored.map_or("sub", |stored| stored.expected.mapping.username_claim.as_str());
    format!(
        "compare byte for byte with the API server: --oidc-issuer-url={}, --oidc-client-id={}, \
         --oidc-username-claim={claim}. Its log has the reason; `invalid bearer token` alone means another issuer",
        provider.issuer.shown(),
        UntrustedText::with_limit(&provider.client_id, 60)
    )
}
