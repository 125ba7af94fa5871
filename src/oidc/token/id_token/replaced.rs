//! Checks that a refreshed access token has the same subject, audience and client as the token that it replaces.
//!
//! Only claims that both tokens have are compared: few providers follow RFC 9068, and an opaque token has no readable claims.

use serde_json::{Map, Value};

use super::unverified_claims;
use crate::oidc::json;
use crate::oidc::token::verification_error::Error;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// The claims that name the client: RFC 9068 2.2, Okta, Microsoft. (`azp` may change with a refresh.)
const CLIENT_CLAIMS: [&str; 3] = ["client_id", "cid", "appid"];

/// The claims that may contain the same subject as the ID token's `sub`. Okta has it in `uid`; its `sub` is a login name, which may change.
const SUBJECT_CLAIMS: [&str; 2] = ["sub", "uid"];

/// Compares the claims of a new access token with those of the token that it replaces, which was verified before.
///
/// If there is an ID token (with the subject `id_token_subject`), it identifies the session; then a subject claim is compared only if it had
/// that value in the replaced token, and the audience is not compared, because the provider's settings may change it.
pub(super) fn check(
    new: &Map<String, Value>,
    replaced: &Secret,
    id_token_subject: Option<&str>,
) -> Result<(), Error> {
    let Some(old) = unverified_claims(replaced.expose()) else {
        return Ok(());
    };
    let differs = |name: &str| match (json::text(&old, name), json::text(new, name)) {
        (Some(old), Some(new)) if old != new => Some((shown(old), shown(new))),
        _ => None,
    };
    let is_comparable = |name: &&str| match id_token_subject {
        Some(subject) => json::text(&old, name) == Some(subject),
        None => *name == "sub",
    };
    if let Some((expected, got)) = SUBJECT_CLAIMS.into_iter().filter(is_comparable).find_map(differs) {
        return Err(Error::OtherSubject { expected, got });
    }
    let other_client = CLIENT_CLAIMS
        .into_iter()
        .find_map(|claim| Some((claim, differs(claim)?)));
    if let Some((claim, (expected, got))) = other_client {
        return Err(Error::OtherClient { claim, expected, got });
    }
    match (json::texts(&old, "aud"), json::texts(new, "aud")) {
        // A changed setting adds or removes some members of the audience. A token for another audience has none of the previous members.
        (Some(old), Some(new))
            if id_token_subject.is_none() && !new.iter().any(|audience| old.contains(audience)) =>
        {
            Err(Error::OtherAudience {
                expected: shown(&old.join(", ")),
                got: shown(&new.join(", ")),
            })
        }
        _ => Ok(()),
    }
}

fn shown(text: &str) -> UntrustedText {
    UntrustedText::with_limit(text, 80)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> Secret {
        let payload = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        Secret::new(format!("e30.{payload}.c2ln"))
    }

    #[test]
    fn claims_that_both_tokens_have_must_agree() {
        let old = json!({"sub": "s", "aud": ["api", "other"], "cid": "c"});
        for (new, accepted) in [
            (json!({"sub": "s", "aud": "api", "cid": "c"}), true),
            (json!({}), true),
            (json!({"aud": ["more", "other"]}), true),
            (json!({"sub": "mallory", "aud": "api"}), false),
            (json!({"sub": "s", "aud": "kubernetes"}), false),
            (json!({"sub": "s", "aud": "api", "cid": "d"}), false),
            (json!({"sub": "s", "aud": "api", "azp": "d"}), true),
            // Claims that only one of them has.
            (json!({"client_id": "c", "appid": "x"}), true),
        ] {
            let result = check(new.as_object().unwrap(), &token(&old), None);
            assert_eq!(result.is_ok(), accepted, "{new} {result:?}");
        }
        for opaque in ["", "opaque", "a.b.c"] {
            let new = json!({"sub": "anybody"});
            assert!(check(new.as_object().unwrap(), &Secret::new(opaque), None).is_ok());
        }
    }

    #[test]
    fn with_an_id_token_only_claims_that_had_its_subject_are_compared() {
        let old = json!({"sub": "s", "uid": "u", "aud": "api", "cid": "c"});
        for (new, subject, accepted) in [
            (json!({"sub": "s", "uid": "u", "cid": "c"}), "s", true),
            (json!({"sub": "mallory"}), "s", false),
            // The login name was changed.
            (json!({"sub": "married", "uid": "u"}), "u", true),
            (json!({"sub": "mallory", "uid": "m"}), "u", false),
            (json!({"sub": "anybody", "uid": "m"}), "pairwise", true),
            (json!({"cid": "d"}), "u", false),
            (json!({"aud": "kubernetes"}), "u", true),
            (json!({}), "s", true),
        ] {
            let result = check(new.as_object().unwrap(), &token(&old), Some(subject));
            assert_eq!(result.is_ok(), accepted, "{new} {subject} {result:?}");
        }
    }

    #[test]
    fn a_changed_client_is_named_with_its_claim() {
        for claim in CLIENT_CLAIMS {
            let (old, new) = (json!({ claim: "ours" }), json!({ claim: "another" }));
            let error = check(new.as_object().unwrap(), &token(&old), None).unwrap_err();
            let text = error.to_string();
            let expected = format!(
                "it was issued to `another` (claim `{claim}`), and the session's was issued to `ours`"
            );
            assert_eq!(text, expected);
        }
    }
}
