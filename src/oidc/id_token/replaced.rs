//! Whether a refreshed access token is of the same person, for the same audience and client as the one that it replaces.
//!
//! Only what both of them say is compared: RFC 9068 is followed by few, and an opaque token says nothing.

use serde_json::{Map, Value};

use super::payload;
use crate::foreign_text::ForeignText;
use crate::oidc::distrust::Error;
use crate::oidc::json;
use crate::secret::Secret;

/// The claims that name the client: RFC 9068 2.2, Okta, Microsoft. (`azp` may change with a refresh.)
const CLIENT: [&str; 3] = ["client_id", "cid", "appid"];

/// Compares the claims of a new token with those of the token that was verified before.
pub(super) fn check(new: &Map<String, Value>, replaced: &Secret) -> Result<(), Error> {
    let Some(old) = payload(replaced.expose()) else {
        return Ok(());
    };
    let differs = |name: &str| match (json::text(&old, name), json::text(new, name)) {
        (Some(old), Some(new)) if old != new => Some((shown(old), shown(new))),
        _ => None,
    };
    if let Some((expected, got)) = differs("sub") {
        return Err(Error::OtherSubject { expected, got });
    }
    if let Some((_, got)) = CLIENT.into_iter().find_map(differs) {
        return Err(Error::AuthorizedParty(got));
    }
    match (json::texts(&old, "aud"), json::texts(new, "aud")) {
        // One that was added or taken away is a change of the settings; a token for somebody else has none of them.
        (Some(old), Some(new)) if !new.iter().any(|audience| old.contains(audience)) => {
            Err(Error::OtherAudience {
                expected: shown(&old.join(", ")),
                got: shown(&new.join(", ")),
            })
        }
        _ => Ok(()),
    }
}

fn shown(text: &str) -> ForeignText {
    ForeignText::with_limit(text, 80)
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
            let result = check(new.as_object().unwrap(), &token(&old));
            assert_eq!(result.is_ok(), accepted, "{new} {result:?}");
        }
        for opaque in ["", "opaque", "a.b.c"] {
            let new = json!({"sub": "anybody"});
            assert!(check(new.as_object().unwrap(), &Secret::new(opaque)).is_ok());
        }
    }
}
