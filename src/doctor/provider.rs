//! Checks of the way to the provider and of its identity: proxy, connection, TLS, discovery document, issuer, clock, keys.

use std::cmp::Ordering;

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, Problem, Settings};
use crate::error_chain::in_one_line;
use crate::oidc::{self, ProxyChoice, Stage, Survey};
use crate::settings::is_okta;
use crate::untrusted_text::UntrustedText;

/// A smaller difference of the clocks does no harm.
const MAX_UNREPORTED_CLOCK_SECS: i64 = 10;

pub(super) const NO_SETTINGS: &str = "the settings are not known";
const OFFLINE: &str = "offline";
const NOT_REACHED: &str = "the provider was not reached";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "issuer-url",
        about: "The issuer is an address that an API server accepts: https, and not the address of Okta's admin console. At Okta, an issuer \
                without `/oauth2/…` is the org authorization server, which has no groups claim of its own and no custom scopes.",
        fix: "Take the issuer from Okta's console (Security > API > Authorization Servers), mostly \
                 `https://ORG.okta.com/oauth2/default`, and set it in the API server too.",
        run: issuer_url,
    },
    Check {
        name: "proxy",
        about: "Which proxy the environment chooses for the provider (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).",
        fix: "Correct the variable: an address such as `http://proxy.example.com:3128`. Name the provider's host in `NO_PROXY` if it is \
                 reached without the proxy.",
        run: proxy,
    },
    Check {
        name: "connection",
        about: "The host of the issuer has an address and answers within five seconds.",
        fix: "Check the issuer for a typo, then network, VPN and proxy. The cause says whether the name, the proxy, the connection or the answer \
                 was missing.",
        run: connection,
    },
    Check {
        name: "tls",
        about: "The provider's certificate is of a trusted authority, for its name, and valid now.",
        fix: "Behind a proxy that opens TLS, or with a private authority, name it with `--certificate-authority`. Do not switch the \
                 verification off.",
        run: tls,
    },
    Check {
        name: "discovery",
        about: "The discovery document is at ISSUER`/.well-known/openid-configuration`, and it is JSON with the members that a sign-in needs. A \
                page of HTML is mostly of a portal or a proxy.",
        fix: "Check the issuer: at Okta, `default` in `/oauth2/default` may not exist. On a network with a sign-in page, sign in \
                 there first.",
        run: discovery,
    },
    Check {
        name: "issuer-spelling",
        about: "The issuer is byte for byte the `issuer` of the discovery document. The API server compares the same texts; a slash at \
                the end is enough to differ.",
        fix: "Use the spelling of the discovery document, in the kubeconfig and in the API server.",
        run: issuer_spelling,
    },
    Check {
        name: "clock",
        about: "This machine's clock agrees with the provider's (header `Date`): a warning from ten seconds on, a failure where tokens are \
                refused.",
        fix: "Synchronize the clock: `timedatectl set-ntp true`, or the settings of the system.",
        run: clock,
    },
    Check {
        name: "key-set",
        about: "The provider's keys can be fetched, and one of them can verify a signature.",
        fix: "Ask whoever runs the provider, or the proxy in front of it.",
        run: key_set,
    },
];

/// What was found out about the provider, and the settings, or why nothing was. It may be why the provider was not reached.
pub(super) fn surveyed(facts: &Facts) -> Result<(&Settings, &Survey), Outcome> {
    let (Some(Ok(settings)), Some(provider)) = (&facts.settings, &facts.provider) else {
        return Err(Outcome::Skipped(NO_SETTINGS));
    };
    match &provider.survey {
        Some(survey) => Ok((settings, survey)),
        None if facts.offline => Err(Outcome::Skipped(OFFLINE)),
        None => Err(Outcome::Skipped(NOT_REACHED)),
    }
}

/// What was found out about a provider that answered, and the settings.
pub(super) fn reached(facts: &Facts) -> Result<(&Settings, &Survey), Outcome> {
    let (settings, survey) = surveyed(facts)?;
    match &survey.metadata {
        Err(error) if rank(error.stage()) < rank(Stage::Response) => Err(Outcome::Skipped(NOT_REACHED)),
        _ => Ok((settings, survey)),
    }
}

pub(super) fn problem_of(error: &oidc::Error) -> Problem {
    Problem {
        what: in_one_line(error),
        fix: error.hint(),
    }
}

/// The order in which a request can fail.
fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Setup => 0,
        Stage::Connection => 1,
        Stage::Tls => 2,
        Stage::Response | Stage::Document | Stage::Other => 3,
        Stage::Issuer => 4,
    }
}

/// Fails if the request failed at this stage, and says `ok` if it came further.
fn at_stage(facts: &Facts, stage: Stage, ok: impl FnOnce(&Settings) -> String, failed: &str) -> Outcome {
    let (settings, survey) = match surveyed(facts) {
        Ok(known) => known,
        Err(skipped) => return skipped,
    };
    let Err(error) = &survey.metadata else {
        return Outcome::Passed(ok(settings));
    };
    let failed = || Outcome::Failure(Fault::of(failed, &problem_of(error)));
    match error.stage() {
        // What is wrong with a file of authorities is a fault of TLS; a secret is looked at by `client-auth`.
        Stage::Setup if stage == Stage::Tls && !names_secret(error) => failed(),
        Stage::Setup => Outcome::Skipped(NOT_REACHED),
        failed_at => match rank(failed_at).cmp(&rank(stage)) {
            Ordering::Less => Outcome::Skipped(NOT_REACHED),
            Ordering::Equal => failed(),
            Ordering::Greater => Outcome::Passed(ok(settings)),
        },
    }
}

/// Whether the error is about a client's secret or key, or a password.
pub(super) fn names_secret(error: &oidc::Error) -> bool {
    error.flag().is_some_and(|flag| {
        ["secret", "password", "header", "private-key"]
            .iter()
            .any(|word| flag.contains(word))
    })
}

fn issuer_url(facts: &Facts) -> Outcome {
    let Some(Ok(settings)) = &facts.settings else {
        return Outcome::Skipped(NO_SETTINGS);
    };
    let issuer = &settings.sign_in.provider.issuer;
    let (shown, url) = (issuer.shown(), issuer.url());
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" {
        return Outcome::Warning(Fault::new(
            format!("`{shown}` is not https, and an API server accepts only https"),
            "use the provider's https address, here and in the API server",
        ));
    }
    if let Some((org, domain)) = host.split_once("-admin.")
        && is_okta(url)
    {
        return Outcome::Failure(Fault::new(
            format!("`{shown}` is the address of Okta's admin console, which issues no tokens"),
            format!(
                "use --oidc-issuer-url=https://{org}.{domain}/oauth2/default, here and in the API server"
            ),
        ));
    }
    if is_okta(url) && url.path().trim_end_matches('/').is_empty() {
        return Outcome::Warning(Fault::new(
            format!(
                "`{shown}` is Okta's org authorization server, whose tokens can have no claims of your own"
            ),
            format!("if the API server has it too, use https://{host}/oauth2/default in both"),
        ));
    }
    Outcome::PassedNotable(shown.to_string())
}

fn proxy(facts: &Facts) -> Outcome {
    let Some(provider) = &facts.provider else {
        return Outcome::Skipped(NO_SETTINGS);
    };
    match &provider.proxy {
        ProxyChoice::None => Outcome::Passed("no variable names one".to_owned()),
        ProxyChoice::Excepted(proxy) => {
            Outcome::PassedNotable(format!("{proxy}, and the provider is reached without it"))
        }
        ProxyChoice::Used(proxy) => Outcome::PassedNotable(format!("{proxy}")),
        ProxyChoice::Unusable => Outcome::Warning(Fault::new(
            "HTTPS_PROXY or ALL_PROXY is set, and is not the address of a proxy",
            "correct it (http://proxy.example.com:3128), or unset it",
        )),
    }
}

fn connection(facts: &Facts) -> Outcome {
    let host = |settings: &Settings| {
        let url = settings.sign_in.provider.issuer.url();
        let host = UntrustedText::with_limit(url.host_str().unwrap_or_default(), 80);
        format!("{host} answers")
    };
    at_stage(facts, Stage::Connection, host, "the provider does not answer")
}

fn tls(facts: &Facts) -> Outcome {
    if let Ok((settings, _)) = surveyed(facts) {
        if settings.sign_in.trust.insecure {
            return Outcome::Warning(Fault::new(
                "--insecure-skip-tls-verify: anybody on the way can read and change everything",
                "name the provider's authority instead: --certificate-authority=FILE",
            ));
        }
        if settings.sign_in.provider.issuer.url().scheme() != "https" {
            return Outcome::Skipped("the issuer is not https");
        }
    }
    let trusted = |_: &Settings| "the certificate is trusted".to_owned();
    at_stage(
        facts,
        Stage::Tls,
        trusted,
        "there is no trusted connection to the provider",
    )
}

fn discovery(facts: &Facts) -> Outcome {
    let found = |_: &Settings| "the discovery document can be used".to_owned();
    at_stage(
        facts,
        Stage::Document,
        found,
        "the provider has no usable discovery document",
    )
}

fn issuer_spelling(facts: &Facts) -> Outcome {
    let same = |_: &Settings| "the same as in the discovery document".to_owned();
    at_stage(
        facts,
        Stage::Issuer,
        same,
        "the provider spells its issuer in another way",
    )
}

fn clock(facts: &Facts) -> Outcome {
    let survey = match reached(facts) {
        Ok((_, survey)) => survey,
        Err(skipped) => return skipped,
    };
    let Some(ahead_secs) = survey.clock_ahead_secs else {
        return Outcome::Skipped("the provider did not say what time it is");
    };
    let way = if ahead_secs >= 0 { "behind" } else { "ahead of" };
    let difference = ahead_secs.saturating_abs();
    let fault = || {
        Fault::new(
            format!("this machine is {difference} s {way} the provider"),
            "synchronize the clock (timedatectl set-ntp true)",
        )
    };
    match difference {
        ..=MAX_UNREPORTED_CLOCK_SECS => Outcome::Passed("the same as the provider's".to_owned()),
        difference if difference > oidc::CLOCK_LEEWAY_SECS => {
            Outcome::Failure(fault().because("tokens are refused at more than five minutes"))
        }
        _ => Outcome::Warning(fault()),
    }
}

fn key_set(facts: &Facts) -> Outcome {
    match reached(facts) {
        Err(skipped) => skipped,
        Ok((_, survey)) => match &survey.keys {
            None => Outcome::Skipped("the address of the keys is not known"),
            Some(Ok(())) => Outcome::Passed("the keys can be fetched".to_owned()),
            Some(Err(error)) => Outcome::Failure(Fault::of(
                "the provider's keys cannot be used, so no token can be verified",
                &problem_of(error),
            )),
        },
    }
}
