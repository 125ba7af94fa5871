//! What is demanded of the sign-in that an ID token tells of (OpenID Connect Core 3.1.3.7, 12 and 13). Pure.
//!
//! Of the user's own parameters `max_age` demands a recent `auth_time`, and an essential `acr` in the parameter `claims` one of its values.
//! `acr_values` demands nothing, since it is voluntary (5.5.1.1), and `prompt` has no claim that could be checked. What the provider itself has
//! demanded (RFC 9470) is its own to enforce: it may issue tokens below that level (RFC 9470 5), and these are used. A remark says so, since the
//! provider may refuse the session again.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::oidc::json;
use crate::oidc::token::claims::Claims;
use crate::oidc::token::id_token::{Remark, VerificationContext};
use crate::oidc::token::verification_error::{CLOCK_LEEWAY_SECS, Error};
use crate::settings::Provider;
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

/// The demands of one authorization request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::oidc) struct SignInDemands {
    /// How long ago the person may have signed in at the provider.
    max_age_secs: Option<i64>,
    /// The values of an essential `acr`. Empty: none is demanded.
    acr: Vec<String>,
    /// What the provider demanded.
    step_up: Option<StepUp>,
}

impl SignInDemands {
    /// The demands of a grant without an authorization request: none of the user's own parameters are in its request.
    pub(in crate::oidc) fn of_step_up(step_up: Option<&StepUp>) -> Self {
        Self {
            step_up: step_up.cloned(),
            ..Self::default()
        }
    }

    /// The demands of an authorization request.
    pub(in crate::oidc) fn of_request(provider: &Provider, step_up: Option<&StepUp>) -> Self {
        let max_age = provider.extra_parameter("max_age");
        Self {
            // A value that is no number is the provider's to refuse.
            max_age_secs: max_age.and_then(|text| text.parse::<u32>().ok()).map(i64::from),
            acr: provider
                .extra_parameter("claims")
                .map(essential_acr)
                .unwrap_or_default(),
            step_up: step_up.cloned(),
        }
    }

    /// Checks the claims of an ID token that was just issued.
    pub(in crate::oidc) fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), Error> {
        if let Some(max_age_secs) = self.max_age_secs {
            let secs_ago = now.secs_since(claims.auth_time()?);
            if secs_ago > max_age_secs.saturating_add(CLOCK_LEEWAY_SECS) {
                return Err(Error::SignInTooOld {
                    secs_ago,
                    max_age_secs,
                });
            }
        }
        if self.acr.is_empty() {
            return Ok(());
        }
        let acr = json::text(&claims.all, "acr").unwrap_or_default();
        if self.acr.iter().any(|wanted| wanted == acr) {
            return Ok(());
        }
        Err(Error::Acr(UntrustedText::with_limit(acr, 80)))
    }
}

/// Returns a remark if the ID token of a sign-in does not show what the provider itself demanded.
pub(super) fn step_up_remark(
    claims: &Claims,
    context: &VerificationContext<'_>,
    now: Timestamp,
) -> Option<Remark> {
    let (VerificationContext::Login { demands, .. } | VerificationContext::Direct { demands }) = context
    else {
        return None;
    };
    let step_up = demands.step_up.as_ref()?;
    let acr = json::text(&claims.all, "acr");
    let unmet = |found: String| Remark::StepUpUnmet {
        demanded: step_up.shown(),
        found: UntrustedText::with_limit(&found, 120),
        is_level_met: step_up.is_met_by(acr),
    };
    if !step_up.is_met_by(acr) {
        return Some(unmet(acr.map_or_else(
            || "no `acr` claim".to_owned(),
            |acr| format!("the `acr` claim `{acr}`"),
        )));
    }
    let max_age_secs = step_up.max_age_secs()?;
    let Ok(auth_time) = claims.auth_time() else {
        return Some(unmet("no usable `auth_time` claim".to_owned()));
    };
    let secs_ago = now.secs_since(auth_time);
    let is_too_old = secs_ago > i64::from(max_age_secs).saturating_add(CLOCK_LEEWAY_SECS);
    is_too_old.then(|| unmet(format!("a sign-in {secs_ago} s ago (claim `auth_time`)")))
}

/// Returns the values of an essential `acr` of the ID token in a parameter `claims` (OpenID Connect Core 5.5).
fn essential_acr(parameter: &str) -> Vec<String> {
    let object = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
    let parsed = json::object(parameter.as_bytes()).unwrap_or_default();
    let acr = object(&object(&Value::Object(parsed), "id_token"), "acr");
    if acr.get("essential") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let one = acr.get("value").into_iter();
    let several = acr.get("values").and_then(Value::as_array).into_iter().flatten();
    one.chain(several)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::at;

    fn claims(more: &Value) -> Claims {
        let mut all = json!({"iss": "https://i", "sub": "s", "aud": "c", "exp": 20_000, "iat": 10_000});
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Claims::parse(all.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_sign_in_is_recent_enough_within_the_tolerance_of_clocks() {
        let demands = SignInDemands {
            max_age_secs: Some(60),
            ..SignInDemands::default()
        };
        for (more, words) in [
            (json!({"auth_time": 10_000}), None),
            (json!({"auth_time": 9640}), None),
            (json!({"auth_time": 9639}), Some("361 s ago")),
            // A clock that is ahead of ours.
            (json!({"auth_time": 10_200}), None),
            (json!({"auth_time": "9999"}), None),
            (json!({"auth_time": 1.5}), Some("9999 s ago")),
            (json!({}), Some("no `auth_time` claim")),
            (json!({"auth_time": null}), Some("`auth_time` claim is not")),
            (json!({"auth_time": "then"}), Some("`auth_time` claim is not")),
        ] {
            let found = demands
                .check(&claims(&more), at(10_000))
                .map_err(|error| error.to_string());
            match words {
                None => assert_eq!(found, Ok(()), "{more}"),
                Some(words) => assert!(found.as_ref().unwrap_err().contains(words), "{more}: {found:?}"),
            }
            assert!(SignInDemands::default().check(&claims(&more), at(10_000)).is_ok());
        }
    }

    #[test]
    fn an_essential_acr_has_to_be_met_and_a_voluntary_one_does_not() {
        for (parameter, acr, is_met) in [
            (
                r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#,
                "b",
                true,
            ),
            (
                r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#,
                "c",
                false,
            ),
            (
                r#"{"id_token":{"acr":{"essential":true,"value":"a"}}}"#,
                "",
                false,
            ),
            (r#"{"id_token":{"acr":{"essential":true}}}"#, "c", true),
            (r#"{"id_token":{"acr":{"values":["a"]}}}"#, "c", true),
            (
                r#"{"userinfo":{"acr":{"essential":true,"value":"a"}}}"#,
                "c",
                true,
            ),
            ("no JSON", "c", true),
        ] {
            let demands = SignInDemands {
                acr: essential_acr(parameter),
                ..SignInDemands::default()
            };
            let found = demands.check(&claims(&json!({"acr": acr})), at(10_000));
            assert_eq!(found.is_ok(), is_met, "{parameter} {acr}");
        }
    }

    #[test]
    fn a_demand_of_the_provider_that_it_does_not_meet_is_a_remark_and_no_error() {
        for (acr_values, max_age, more, words) in [
            (Some("a b"), None, json!({"acr": "b"}), None),
            (
                Some("a b"),
                None,
                json!({"acr": "c"}),
                Some("the `acr` claim `c`"),
            ),
            (Some("a b"), None, json!({"acr": 2}), Some("no `acr` claim")),
            (Some("a b"), None, json!({}), Some("no `acr` claim")),
            (None, Some("60"), json!({"auth_time": 9640}), None),
            (
                None,
                Some("60"),
                json!({"auth_time": 9639}),
                Some("a sign-in 361 s ago"),
            ),
            (None, Some("60"), json!({}), Some("no usable `auth_time` claim")),
            (
                Some("a"),
                Some("0"),
                json!({"acr": "a", "auth_time": 10_000}),
                None,
            ),
        ] {
            let step_up = StepUp::read(acr_values, max_age);
            let demands = SignInDemands::of_step_up(step_up.as_ref());
            let claims = claims(&more);
            assert!(demands.check(&claims, at(10_000)).is_ok(), "{more}");
            let remark = |demands| {
                let context = VerificationContext::Direct { demands };
                step_up_remark(&claims, &context, at(10_000))
            };
            let found = remark(&demands).map(|remark| format!("{remark:?}"));
            assert_eq!(found.is_some(), words.is_some(), "{more}: {found:?}");
            assert!(words.is_none_or(|words| found.unwrap().contains(words)), "{more}");
            assert_eq!(remark(&SignInDemands::default()), None);
        }
    }
}
