//! Cases that the suite lacks: the refresh, and what is printed and stored.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, elsewhere, play, refuses};
use super::found::{Found, of_refresh, of_sign_in};
use super::plays::{refresh, refreshed_token};
use crate::support::Sandbox;
use okta::{Defect, DeviceVerification, Endpoint, Fault, FaultBody, FaultKind};

const ESCAPE: char = '\u{1b}';

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = claims();
    cases.extend(sessions());
    cases.extend(output());
    cases.extend(elsewhere_played());
    cases
}

fn claims() -> Vec<Case> {
    const ONE_SESSION_PER_BROWSER: &str = "Keycloak has one session for each person and browser, and a sign-in elsewhere changes the claim (F6 to F8)";
    vec![
        refuses(
            "ours: a refreshed token with another `aud`",
            "reject it (OpenID Connect Core 12.2)",
            "its audience is",
            refreshed_token(Defect::OtherAudience),
        ),
        refuses(
            "ours: a refreshed token with an `azp` of another client",
            "reject it",
            "claim `azp`",
            refreshed_token(Defect::WrongAzp),
        ),
        refuses(
            "ours: a refreshed token with a wrong signature",
            "reject it",
            "its signature is wrong",
            refreshed_token(Defect::BadSignature),
        ),
        refuses(
            "ours: a refreshed token without `iat`",
            "reject it",
            "no `iat` claim",
            refreshed_token(Defect::MissingIat),
        ),
        accepts(
            "ours: a refreshed token with another `auth_time`",
            "reject it (OpenID Connect Core 12.2)",
            refreshed_token(Defect::OtherAuthTime),
        )
        .differs(ONE_SESSION_PER_BROWSER),
        accepts(
            "ours: a refreshed token with another `nonce`",
            "reject it (OpenID Connect Core 12.2)",
            refreshed_token(Defect::OtherNonce),
        )
        .differs(ONE_SESSION_PER_BROWSER),
        accepts(
            "ours: a refreshed token with an `azp` where there was none",
            "reject it (OpenID Connect Core 12.2)",
            refreshed_token(Defect::Azp),
        )
        .differs(ONE_SESSION_PER_BROWSER),
        accepts(
            "ours: a refreshed token without groups",
            "use it: the API server decides by the claims that are there",
            refresh(|behaviour| behaviour.groups_after_refresh = false),
        ),
    ]
}

fn sessions() -> Vec<Case> {
    vec![
        refuses(
            "ours: a session that was revoked",
            "end the session; a sign-in follows",
            "the session has ended",
            || session_is_over(|sandbox| sandbox.okta.end_sessions()),
        ),
        refuses(
            "ours: a refresh token that ended unused",
            "end the session; a sign-in follows",
            "the session has ended",
            || {
                session_is_over(|sandbox| {
                    sandbox.okta.behave(|behaviour| behaviour.refresh_idle_secs = -1);
                })
            },
        ),
        refuses(
            "ours: a refresh token that was replaced, after the leeway",
            "end the session; a sign-in follows",
            "the session has ended",
            replaced_refresh_token,
        ),
        refuses(
            "ours: a clock that is three hours behind",
            "keep the session, and name the clock",
            "by this machine's clock",
            refresh(|behaviour| behaviour.clock_offset_secs = 3 * 3600),
        ),
    ]
}

fn output() -> Vec<Case> {
    vec![
        refuses(
            "ours: an escape sequence in `error_description`",
            "print none",
            "invalid_grant",
            escape_in_an_error,
        ),
        accepts("ours: an escape sequence in `user_code`", "print none", || {
            escape_in_a_device_response("user_code")
        }),
        accepts(
            "ours: an escape sequence in `verification_uri`",
            "print none",
            || escape_in_a_device_response("verification_uri"),
        ),
    ]
}

fn elsewhere_played() -> Vec<Case> {
    let played = [
        (
            "ours: two processes refresh at once",
            "send one request",
            "parallel::fifty_callers_with_an_expired_token_need_one_refresh_under_strict_rotation",
        ),
        (
            "ours: a crash between response and write",
            "lose no session while the provider's leeway lasts",
            "refresh::kills_during_refreshes_cost_no_login",
        ),
        (
            "ours: a refresh that is refused with `insufficient_user_authentication`",
            "sign in with the `acr_values` and `max_age` of the error (RFC 9470 4)",
            "step_up::a_refresh_that_is_refused_for_the_sign_in_leads_to_one_that_has_what_is_demanded",
        ),
        (
            "ours: a sign-in below the level that the provider demanded",
            "use it and warn, since the provider enforces its own demand (RFC 9470 5)",
            "step_up::a_token_of_a_provider_that_does_not_meet_its_own_demand_is_used",
        ),
        (
            "ours: a full disk",
            "keep the session, and return the token",
            "unusable_cache::a_full_disk_costs_a_warning_and_not_the_token",
        ),
        (
            "ours: a clock that is put forward and back",
            "keep the session",
            "survival::a_clock_that_is_put_forward_and_back_costs_no_login",
        ),
        (
            "ours: a response that comes late",
            "not send the same refresh token again while it may come",
            "refresh_answers::a_slow_answer_is_waited_for_and_not_asked_for_again",
        ),
        (
            "ours: escape sequences in names of files, flags and variables",
            "print none",
            "strangers::control_characters_in_flags_and_variables_are_not_printed",
        ),
        (
            "ours: secrets at the highest verbosity",
            "print none",
            "secrets::bad_days_tell_no_secret",
        ),
        (
            "ours: secrets that the provider repeats",
            "print none",
            "secrets_echoed::a_secret_that_the_provider_repeats_is_told_and_kept_nowhere",
        ),
    ];
    played
        .map(|(name, must, test)| elsewhere(name, must, test))
        .into()
}

/// A backup of the session brings back a refresh token that was used since.
fn replaced_refresh_token() -> Found {
    session_is_over(|sandbox| {
        let old = sandbox.session()["refresh_token"].clone();
        sandbox.okta.behave(|behaviour| behaviour.leeway_secs = -1);
        sandbox.get_token().run().token();
        sandbox.expire();
        sandbox.change_session(|session| session["refresh_token"] = old);
    })
}

/// An error whose description would turn a terminal red.
fn escape_in_an_error() -> Found {
    let sandbox = Sandbox::new();
    let refusal = FaultKind::status(
        400,
        FaultBody::OAuth {
            error: "invalid_grant".to_owned(),
            description: format!("{ESCAPE}[31mred"),
        },
    );
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, refusal)]);
    let outcome = sandbox.get_token().run();
    assert!(!outcome.stderr.contains(ESCAPE), "{outcome}");
    of_sign_in(&sandbox, &outcome)
}

/// A code for a person, or the address for it, with such a sequence.
fn escape_in_a_device_response(field: &str) -> Found {
    let sandbox = Sandbox::unattended();
    let spoilt = FaultKind::Replace {
        field: field.to_owned(),
        value: format!("https://login.example.com/{ESCAPE}[31mred").into(),
    };
    sandbox.okta.behave(|behaviour| {
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
        behaviour.device_interval_secs = Some(0);
        behaviour.faults = vec![Fault::always(Endpoint::DeviceAuthorize, spoilt)];
    });
    let outcome = sandbox.get_token().arg("--grant-type=device-code").run();
    assert!(!outcome.stderr.contains(ESCAPE), "{outcome}");
    of_sign_in(&sandbox, &outcome)
}

fn session_is_over(end: fn(&Sandbox)) -> Found {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token();
    call.run().token();
    sandbox.expire();
    end(&sandbox);
    let outcome = call.run();
    of_refresh(&sandbox, &outcome)
}

#[test]
fn refreshes_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
