//! A failure as text, which can be printed, and stored to be reported again.

use serde::{Deserialize, Serialize};

/// A failure as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) causes: Vec<String>,
    #[serde(default)]
    pub(crate) hint: Option<String>,
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[serde(rename = "exit")]
    pub(crate) exit_code: u8,
    /// The id by which `explain` and `docs/troubleshooting.md` know it. Reports that older versions stored have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

#[cfg(test)]
impl Report {
    /// A failure with exit code 1 and nothing but this text.
    pub(crate) fn sample(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            causes: vec![],
            hint: None,
            note: None,
            exit_code: 1,
            id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_older_version_is_read_and_one_of_this_version_keeps_its_id() {
        let older = r#"{"error":"down","causes":[],"hint":null,"note":null,"exit":1}"#;
        assert_eq!(
            serde_json::from_str::<Report>(older).unwrap(),
            Report::sample("down")
        );
        let report = Report {
            id: Some("provider-unreachable".to_owned()),
            ..Report::sample("down")
        };
        let stored = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
    }
}
