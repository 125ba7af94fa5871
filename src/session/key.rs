//! The key that identifies a session.
//!
//! Owns the canonical text and its hash. The text contains everything that decides whose token is returned or which claims it has. It does
//! not contain how a login is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file_kind::{self, FileKind};

/// The hash that names a session's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Key(String);

impl Key {
    /// Hashes the canonical text.
    ///
    /// A field that is added later must be left out of the text when it has its default value, so that existing keys do not change.
    /// The order of scopes does not count, and `openid` is always requested. `variant_tags` name how a session differs from that of a
    /// person with an ID token.
    pub(crate) fn new<'a>(
        issuer: &str,
        client_id: &str,
        scopes: impl IntoIterator<Item = &'a str>,
        extra_parameters: &[(String, String)],
        account: Option<&str>,
        variant_tags: &[&str],
    ) -> Self {
        let scopes: BTreeSet<&str> = scopes.into_iter().filter(|scope| *scope != "openid").collect();
        let mut fields = vec![
            json!("kubesesame session"),
            json!(issuer),
            json!(client_id),
            json!(scopes),
        ];
        if !extra_parameters.is_empty() {
            let parameters: BTreeMap<_, _> = extra_parameters.iter().cloned().collect();
            fields.push(json!({ "parameters": parameters }));
        }
        if let Some(account) = account {
            fields.push(json!({ "account": account }));
        }
        if !variant_tags.is_empty() {
            fields.push(json!({ "marks": variant_tags }));
        }
        let canonical = Value::Array(fields).to_string();
        Self(HEXLOWER.encode(digest(&SHA256, canonical.as_bytes()).as_ref()))
    }

    /// The key in the name of a file.
    pub(super) fn of_hash(hash: &str) -> Self {
        Self(hash.to_owned())
    }

    /// Returns the name of a file of this session.
    pub(crate) fn file(&self, kind: FileKind) -> String {
        kind.name(self)
    }

    /// Whether a key that was read from a file is a hash. It becomes part of file names, so it must not contain a path.
    pub(crate) fn is_valid(&self) -> bool {
        file_kind::is_hash(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::properties;

    /// These values must never change: they name the session files that users have on disk.
    #[test]
    fn the_key_of_a_session_never_changes() {
        let key = Key::new(
            "https://example.okta.com/oauth2/default",
            "0oa1",
            ["openid"],
            &[],
            None,
            &[],
        );
        assert_eq!(
            key.to_string(),
            "e0c54678425f630cf8503163ef02df2839b75624cc1416bd507909ef7d9fd50d"
        );
        let key = Key::new(
            "https://example.okta.com",
            "0oa1",
            ["openid", "email", "groups"],
            &[],
            None,
            &[],
        );
        assert_eq!(
            key.to_string(),
            "ea7356a295f7574b96579d2683ea2ffe9c54873f680b1f5b4eb47b8ddb113d4d"
        );
    }

    /// The same for all optional fields.
    #[test]
    fn the_key_of_a_session_with_optional_fields_never_changes() {
        let parameters =
            [("ttl", "86400"), ("acr_values", "phr")].map(|(name, value)| (name.into(), value.into()));
        let key = |parameters: &[(String, String)], account, variant_tags: &[&str]| {
            let key = Key::new(
                "https://example.okta.com",
                "0oa1",
                ["openid"],
                parameters,
                account,
                variant_tags,
            );
            key.to_string()
        };
        let both = ["access token", "client credentials"];
        assert_eq!(
            key(&parameters, None, &[]),
            "6904aa725ac30689a59eefaef67d2af354d4ddae62680f8964ba2972709dc1d6"
        );
        assert_eq!(
            key(&[], Some("alice@example.com"), &[]),
            "956090580d6c4164fa46de8960b0d1a768618a7ca827966d82e216591b6c3aa4"
        );
        assert_eq!(
            key(&[], None, &["resource https://api.example.com"]),
            "49cf64d302596cf3b9400327f02b0e66df1860341665a41f7da4f049c595671b"
        );
        assert_eq!(
            key(&[], None, &both),
            "8eb1f2a8dfd61e6e655d136a76c9d1b2b7d2c5d69c33451eaf2513be603231a9"
        );
        assert_eq!(
            key(&parameters, Some("alice@example.com"), &both[..1]),
            "4e86fec356c70bd3b76363bbe2c268023d83cb2c2e92ff2fac6a6b66665d3326"
        );
    }

    #[test]
    fn order_and_repetition_of_scopes_do_not_count() {
        let key = |scopes: &[&str]| Key::new("https://i", "c", scopes.iter().copied(), &[], None, &[]);
        assert_eq!(key(&["openid", "a", "b"]), key(&["b", "a", "a"]));
        assert_ne!(key(&["a"]), key(&["a b"]));
    }

    #[test]
    fn no_field_runs_into_the_next() {
        assert_ne!(
            Key::new("https://i\",\"c", "x", [], &[], None, &[]),
            Key::new("https://i", "c\",\"x", [], &[], None, &[])
        );
    }

    /// What a key is made of, after what does not count is taken away.
    #[derive(Debug, Clone, Default, PartialEq)]
    struct Inputs {
        issuer: String,
        client_id: String,
        scopes: BTreeSet<String>,
        parameters: BTreeMap<String, String>,
        account: Option<String>,
        variant_tags: Vec<String>,
    }

    impl Inputs {
        /// Puts each piece of text into the field of its number.
        fn of<'a>(pieces: impl Iterator<Item = (&'a str, usize)>) -> Self {
            let mut inputs = Self::default();
            for (piece, field) in pieces {
                match field {
                    0 => inputs.issuer.push_str(piece),
                    1 => inputs.client_id.push_str(piece),
                    2 => drop(inputs.scopes.insert(piece.to_owned())),
                    3 => drop(inputs.parameters.insert(piece.to_owned(), "v".to_owned())),
                    4 => drop(inputs.parameters.insert("n".to_owned(), piece.to_owned())),
                    5 => inputs.account.get_or_insert_default().push_str(piece),
                    _ => inputs.variant_tags.push(piece.to_owned()),
                }
            }
            inputs
        }

        fn key(&self) -> Key {
            Key::new(
                &self.issuer,
                &self.client_id,
                self.scopes.iter().map(String::as_str),
                &self.parameters.clone().into_iter().collect::<Vec<_>>(),
                self.account.as_deref(),
                &self.variant_tags.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        }
    }

    proptest! {
        #![proptest_config(properties::config())]

        /// The same pieces of text, many of them with separators of the canonical text, in the same or in other fields.
        #[test]
        fn different_inputs_have_different_keys(
            pieces in prop::collection::vec(("[\"\\\\,:\\[\\]{} n]{0,3}", 0..7_usize, prop::option::of(0..7_usize)), 1..6),
        ) {
            let first = Inputs::of(pieces.iter().map(|(piece, field, _)| (piece.as_str(), *field)));
            let second = Inputs::of(pieces.iter().map(|(piece, field, other)| (piece.as_str(), other.unwrap_or(*field))));
            prop_assert_eq!(first.key() == second.key(), first == second, "{:?} {:?}", first, second);
        }
    }

    #[test]
    fn parameters_make_another_session_in_any_order() {
        let key = |parameters: &[(&str, &str)]| {
            let parameters: Vec<_> = parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            Key::new("https://i", "c", [], &parameters, None, &[])
        };
        assert_ne!(key(&[]), key(&[("a", "1")]));
        assert_ne!(
            key(&[]),
            Key::new("https://i", "c", [], &[], None, &["access token"])
        );
        assert_eq!(key(&[("a", "1"), ("b", "2")]), key(&[("b", "2"), ("a", "1")]));
    }
}
