//! Cases that the suite lacks: claims of an ID token.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, play, refuses};
use super::found::{Found, of_sign_in};
use super::plays::{access_token, id_token, with};
use crate::support::Sandbox;
use okta::{Defect, DeviceVerification};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = times();
    cases.extend(audiences());
    cases.extend(persons());
    cases.extend(sign_in());
    cases
}

fn times() -> Vec<Case> {
    const AS_API_SERVER: &str = "The API server reads text that holds a number, so the token is of use (T12)";
    const NO_TIME: &str = "its `exp` claim is not a time in seconds";
    vec![
        accepts(
            "ours: `exp` as text",
            "reject an `exp` that is no number (RFC 7519 2)",
            id_token(Defect::ExpString),
        )
        .differs(AS_API_SERVER),
        accepts(
            "ours: `iat` as text",
            "reject an `iat` that is no number (RFC 7519 2)",
            id_token(Defect::IatString),
        )
        .differs(AS_API_SERVER),
        accepts(
            "ours: `exp` with a fraction",
            "accept an `exp` with a fraction (RFC 7519 2)",
            id_token(Defect::ExpFloat),
        ),
        refuses(
            "ours: `exp` 1e30",
            "reject an `exp` that is no time",
            NO_TIME,
            id_token(Defect::ExpHuge),
        ),
        refuses(
            "ours: `exp` negative",
            "reject an `exp` before 1970",
            NO_TIME,
            id_token(Defect::ExpNegative),
        ),
        refuses(
            "ours: `exp` 0",
            "reject an `exp` of 0",
            NO_TIME,
            id_token(Defect::ExpZero),
        ),
        refuses(
            "ours: `iat` ahead",
            "reject an `iat` that is ten minutes ahead",
            "it is valid only in",
            id_token(Defect::IatFuture),
        ),
        accepts(
            "ours: `iat` of yesterday",
            "accept an old `iat` while `exp` is ahead: the nonce ties the token to the sign-in",
            id_token(Defect::IatOld),
        ),
        refuses(
            "ours: `nbf` ahead",
            "reject an `nbf` that is ten minutes ahead",
            "it is valid only in",
            id_token(Defect::NbfFuture),
        ),
    ]
}

fn audiences() -> Vec<Case> {
    const NO_AUDIENCE: &str = "its `aud` claim is not a string or a list of strings";
    vec![
        refuses(
            "ours: `aud` a number",
            "reject an `aud` that is no text and no list",
            NO_AUDIENCE,
            id_token(Defect::AudNumber),
        ),
        refuses(
            "ours: `aud` an object",
            "reject an `aud` that is no text and no list",
            NO_AUDIENCE,
            id_token(Defect::AudObject),
        ),
        refuses(
            "ours: `aud` an empty list",
            "reject an `aud` without the client",
            "its audience is empty",
            id_token(Defect::AudEmptyArray),
        ),
        accepts(
            "ours: `aud` a list with a number",
            "reject an `aud` whose entries are not all text (RFC 7519 4.1.3)",
            id_token(Defect::AudArrayWithNumber),
        )
        .differs("An entry that is no text is left out, as for the API server, and the client is among the others (T19)"),
        refuses(
            "ours: `azp` of another client",
            "reject an `azp` that is not the client, also with a single `aud`",
            "claim `azp`",
            id_token(Defect::WrongAzp),
        ),
        accepts(
            "ours: `azp` of this client",
            "accept it",
            id_token(Defect::Azp),
        ),
        refuses(
            "ours: `iss` twice",
            "reject a claim that occurs twice",
            "its member `iss` occurs twice",
            id_token(Defect::DuplicateIss),
        ),
    ]
}

fn persons() -> Vec<Case> {
    vec![
        refuses(
            "ours: `sub` twice",
            "reject a claim that occurs twice",
            "its member `sub` occurs twice",
            id_token(Defect::DuplicateSub),
        ),
        refuses(
            "ours: `sub` empty",
            "reject it",
            "its `sub` claim",
            id_token(Defect::EmptySub),
        ),
        refuses(
            "ours: `sub` a number",
            "reject it",
            "its `sub` claim",
            id_token(Defect::NumberSub),
        ),
        accepts(
            "ours: `sub` of 256 characters",
            "reject a `sub` of more than 255 characters (OpenID Connect Core 2)",
            id_token(Defect::LongSub),
        )
        .differs("The limit binds the provider, and an API server accepts a longer one; it harms nobody here (T18)"),
        accepts(
            "ours: `email_verified` as text",
            "leave it to the API server, which refuses it for an e-mail address as the user's name",
            with(&["--oidc-extra-scope=email"], |behaviour| {
                behaviour.id_token_defect = Defect::EmailVerifiedString;
            }),
        ),
    ]
}

fn sign_in() -> Vec<Case> {
    const MAX_AGE: &[&str] = &["--oidc-auth-request-extra-params=max_age=60"];
    vec![
        refuses(
            "ours: `max_age` sent, `auth_time` missing",
            "reject a token without `auth_time` after `max_age` (OpenID Connect Core 3.1.3.7)",
            "no `auth_time` claim",
            with(MAX_AGE, |behaviour| {
                behaviour.id_token_defect = Defect::MissingAuthTime;
            }),
        ),
        refuses(
            "ours: `max_age` sent, `auth_time` too old",
            "reject an `auth_time` that is older than `max_age`",
            "and `max_age` allows",
            with(MAX_AGE, |behaviour| {
                behaviour.id_token_defect = Defect::OldAuthTime;
            }),
        ),
        accepts(
            "ours: `acr` asked for and not met",
            "accept it: a request by `acr_values` is voluntary (OpenID Connect Core 5.5.1.1)",
            with(
                &["--oidc-auth-request-extra-params=acr_values=urn:okta:loa:2fa:any"],
                |_| (),
            ),
        ),
        accepts(
            "ours: `nonce` although none was sent",
            "ignore the claim after a device code",
            nonce_after_a_device_code,
        ),
        refuses(
            "ours: `at_hash` of another length",
            "reject an `at_hash` that does not fit the access token",
            "claim `at_hash`",
            access_token(Defect::LongAtHash),
        ),
        accepts(
            "ours: `at_hash` missing",
            "accept it in the code flow, where the claim is optional",
            access_token(Defect::MissingAtHash),
        ),
        accepts(
            "ours: `at_hash` wrong, access token not used",
            "reject an `at_hash` that does not fit the access token",
            id_token(Defect::WrongAtHash),
        )
        .differs("Only the ID token is used, so that the access token protects and endangers nobody (T17)"),
    ]
}

fn nonce_after_a_device_code() -> Found {
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
        behaviour.device_interval_secs = Some(0);
        behaviour.id_token_defect = Defect::WrongNonce;
    });
    let call = sandbox.get_token().arg("--grant-type=device-code");
    of_sign_in(&sandbox, &call.run())
}

#[test]
fn claims_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
