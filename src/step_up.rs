//! What a provider demands of the next sign-in before it issues or refreshes tokens (RFC 9470 3).
//!
//! Pure. The provider chooses the values, and they go into an address, to a terminal and into the session's record, so they are bounded and have
//! plain characters only. What a person configured is not among them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::untrusted_text::UntrustedText;

/// The most levels that are taken, in the provider's order of preference.
const MAX_ACR_VALUES: usize = 8;
/// The longest level. Okta's longest has 33 characters.
const MAX_ACR_BYTES: usize = 120;
/// The longest age in seconds that providers take (Okta; OpenID Connect has no limit).
const MAX_AGE_LIMIT_SECS: u32 = i32::MAX.unsigned_abs();

/// The error codes of a step-up: that of RFC 9470 3, and that of Okta's own APIs.
const CODES: [&str; 2] = [
    "insufficient_user_authentication",
    "insufficient_authentication_context",
];

/// A demand on a sign-in. It demands at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepUp {
    /// The levels (`acr`), one of which the sign-in has to have. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    acr_values: Vec<String>,
    /// How long ago the person may have signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age_secs: Option<u32>,
}

impl StepUp {
    /// Whether an error code, in the spelling of the RFC, demands another sign-in.
    pub(crate) fn is_code(code: &str) -> bool {
        CODES.contains(&code)
    }

    /// Reads the parameters of the error. `None` if they demand nothing that a request could ask for.
    pub(crate) fn read(acr_values: Option<&str>, max_age: Option<&str>) -> Option<Self> {
        let is_plain = |value: &&str| {
            value.len() <= MAX_ACR_BYTES
                // In a header, this is in place of a secret of the request.
                && !value.contains("...")
                && value
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
        };
        let acr_values = acr_values.unwrap_or_default().split_whitespace();
        let acr_values: Vec<String> = acr_values
            .filter(is_plain)
            .take(MAX_ACR_VALUES)
            .map(str::to_owned)
            .collect();
        let max_age_secs = max_age
            .and_then(|text| text.trim().parse().ok())
            .filter(|secs| *secs <= MAX_AGE_LIMIT_SECS);
        let demand = Self {
            acr_values,
            max_age_secs,
        };
        (!demand.acr_values.is_empty() || demand.max_age_secs.is_some()).then_some(demand)
    }

    /// Returns the value of the parameter `acr_values`, if a level is demanded.
    pub(crate) fn acr_values(&self) -> Option<String> {
        (!self.acr_values.is_empty()).then(|| self.acr_values.join(" "))
    }

    pub(crate) fn max_age_secs(&self) -> Option<u32> {
        self.max_age_secs
    }

    /// Whether a sign-in of this level meets the demand.
    pub(crate) fn is_met_by(&self, acr: Option<&str>) -> bool {
        self.acr_values.is_empty() || self.acr_values.iter().any(|wanted| Some(wanted.as_str()) == acr)
    }

    pub(crate) fn shown(&self) -> UntrustedText {
        UntrustedText::with_limit(&self.to_string(), 200)
    }
}

impl fmt::Display for StepUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acr = self.acr_values().map(|values| format!("acr_values={values}"));
        let age = self.max_age_secs.map(|secs| format!("max_age={secs}"));
        let both: Vec<String> = acr.into_iter().chain(age).collect();
        f.write_str(&both.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::properties;

    #[test]
    fn a_demand_is_bounded_and_has_plain_characters_only() {
        let long = "x".repeat(MAX_ACR_BYTES + 1);
        let many = "a b c d e f g h i j".to_owned();
        for (acr_values, max_age, expected) in [
            (Some("phr phrh"), None, Some("acr_values=phr phrh")),
            (
                Some("urn:okta:loa:2fa:any"),
                Some("300"),
                Some("acr_values=urn:okta:loa:2fa:any, max_age=300"),
            ),
            (None, Some("0"), Some("max_age=0")),
            (None, Some("2147483647"), Some("max_age=2147483647")),
            (None, Some("2147483648"), None),
            (None, Some("-1"), None),
            (None, Some("5 minutes"), None),
            (Some("\u{1b}[2J phr\" a\\b ä phr"), None, Some("acr_values=phr")),
            (Some(&long), None, None),
            (Some(&many), None, Some("acr_values=a b c d e f g h")),
            (Some("... a...b phr"), None, Some("acr_values=phr")),
            (Some("  "), None, None),
            (None, None, None),
        ] {
            let read = StepUp::read(acr_values, max_age).map(|demand| demand.to_string());
            assert_eq!(read.as_deref(), expected, "{acr_values:?} {max_age:?}");
        }
    }

    #[test]
    fn one_of_the_levels_has_to_be_met() {
        let demand = StepUp::read(Some("a b"), None).unwrap();
        for (acr, is_met) in [(Some("b"), true), (Some("c"), false), (None, false)] {
            assert_eq!(demand.is_met_by(acr), is_met, "{acr:?}");
        }
        let recent = StepUp::read(None, Some("60")).unwrap();
        assert!(recent.is_met_by(None));
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_demand_is_plain_and_is_stored_as_it_is(acr_values in properties::text(), max_age in properties::text()) {
            if let Some(demand) = StepUp::read(Some(&acr_values), Some(&max_age)) {
                let shown = demand.to_string();
                prop_assert!(shown.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{shown}");
                let stored = serde_json::to_vec(&demand).unwrap();
                prop_assert_eq!(serde_json::from_slice::<StepUp>(&stored).unwrap(), demand);
            }
        }
    }
}
