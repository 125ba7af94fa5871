//! Files with a version: JSON objects with a member `version`.
//!
//! A file of another version, and a broken one, count as absent. Sessions tell these two apart ([`super::Record::parse`]).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A value that is stored in a file of its own.
pub(crate) trait Versioned: Serialize + DeserializeOwned {
    /// The version of its format.
    const VERSION: u32;

    /// Parses a file. `None` if it is broken or of another version.
    fn parse(json: &[u8]) -> Option<Self> {
        let Version { version } = serde_json::from_slice(json).ok()?;
        if version != Self::VERSION {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    /// Serializes the value with its version.
    ///
    /// # Errors
    /// If the value has no JSON form.
    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Envelope {
            version: Self::VERSION,
            content: self,
        })
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    version: u32,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        name: String,
    }

    impl Versioned for Sample {
        const VERSION: u32 = 2;
    }

    #[test]
    fn only_a_whole_file_of_this_version_is_read() {
        let sample = Sample { name: "n".to_owned() };
        let json = sample.to_json().unwrap();
        assert_eq!(json, br#"{"version":2,"name":"n"}"#);
        assert_eq!(Sample::parse(&json), Some(sample));
        for other in [
            &br#"{"version":1,"name":"n"}"#[..],
            br#"{"name":"n"}"#,
            br#"{"version":2}"#,
            br#"{"version":2,"name":"#,
            b"",
        ] {
            assert_eq!(Sample::parse(other), None);
        }
    }
}
