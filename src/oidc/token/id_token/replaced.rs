//! Whether a refreshed access token is of the same person, for the same audience and client as the one that it replaces.
//!
//! Only what both of them say is compared: RFC 9068 is followed by few, and an opaque token says nothing.

use serde_json::{Map, Value};

use super::payload;
use crate::oidc::json;
use crate::oidc::token::verification_error::Error;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// The claims that name the client: RFC 9068 2.2, Okta, Microsoft. (`azp` may change with a refresh.)
const CLIENT: [&str; 3] = ["client_id", "cid", "appid"];

/// The claims that may name a person as the ID token's `sub` does (`uid` at Okta, whose `sub` is a login name that may change).
const PERSON: [&str; 2] = ["sub", "uid"];

/// Compares the claims of a new token with those of the token that was verified before.
///
/// Beside an ID token, whose subject is given, that one is what ties the session to its person: the access token's person counts where it
/// was named in the same way before, and for whom it is does not, since that may change with the provider's settings.
pub(super) fn check(
    new: &Map<String, Value>,
    replaced: &Secret,
    id_token_subject: Option<&str>,
) -> Result<(), Error> {
    let Some(old) = payload(replaced.expose()) else {
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
    if let Some((expected, got)) = PERSON.into_iter().filter(is_comparable).find_map(differs) {
        return Err(Error::OtherSubject { expected, got });
    }
    if let Some((_, got)) = CLIENT.into_iter().find_map(differs) {
        return Err(Error::AuthorizedParty(got));
    }
    match (json::texts(&old, "aud"), json::texts(new, "aud")) {
        // One that was added or taken away is a change of the settings; a token for somebody else has none of them.
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
    fn what_both_tokens_say_of_person_client_and_audience_is_the_same() {
        let old = json!({"sub": "s", "aud": ["api", "other"], "cid": "c"});
        for (new, accepted) in [
            (json!({"sub": "s", "aud": "api", "cid": "c"}), true),
            (json!({}), true),
            (json!({"aud": ["more", "other"]}), true),
            (json!({"sub": "mallory", "aud": "api"}), false),
            (json!({"sub": "s", "aud": "kubernetes"}), false),
            (json!({"sub": "s", "aud": "api", "cid": "d"}), false),
            (json!({"sub": "s", "aud": "api", "azp": "d"}), true),
            // Said by one of them alone.
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
    fn beside_an_id_token_the_person_counts_where_both_name_it_in_the_same_way() {
        let old = json!({"sub": "s", "uid": "u", "aud": "api", "cid": "c"});
        for (new, subject, accepted) in [
            (json!({"sub": "s", "uid": "u", "cid": "c"}), "s", true),
            (json!({"sub": "mallory"}), "s", false),
            // A login name, which was changed.
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
}
