//! Which of the two placements of a client secret is tried first, if no method was chosen. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How the secret is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SecretPlacement {
    /// `client_secret_basic`.
    #[serde(rename = "basic")]
    Basic,
    /// `client_secret_post`.
    #[serde(rename = "post")]
    Post,
}

impl SecretPlacement {
    fn other(self) -> Self {
        match self {
            Self::Basic => Self::Post,
            Self::Post => Self::Basic,
        }
    }
}

/// The endpoint of a request. Many device authorization endpoints read only the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndpointKind {
    Token,
    DeviceAuthorization,
}

/// The authentication method to try first, and the method to try if the provider refuses the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodOrder {
    pub(crate) first: SecretPlacement,
    pub(crate) second: Option<SecretPlacement>,
}

/// The result of trying the methods for a client. It is cached, so that the next call needs one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MethodResult {
    pub(crate) client: String,
    pub(crate) endpoint: EndpointKind,
    /// Two bytes of a hash of the secret. They are enough to notice that the secret was changed, and too few to guess the secret.
    pub(crate) secret_tag: u16,
    /// The method that was accepted, or `None` if neither was.
    pub(crate) accepted: Option<SecretPlacement>,
}

/// What earlier calls found out about a client with the same secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct History {
    /// The method that was accepted last, if any.
    pub(crate) accepted: Option<SecretPlacement>,
    /// Whether both methods were refused a short time ago.
    pub(crate) is_refused: bool,
}

impl MethodOrder {
    /// Chooses the order from the announced methods and the results of earlier calls.
    pub(crate) fn new(kind: EndpointKind, announced: Option<&[String]>, history: Option<History>) -> Self {
        let lists = |name: &str| announced.is_some_and(|methods| methods.iter().any(|method| method == name));
        let (basic, post) = (lists("client_secret_basic"), lists("client_secret_post"));
        let first = match (kind, basic, post) {
            // OpenID Connect Discovery 3: the default is `client_secret_basic`.
            (_, true, false) | (EndpointKind::Token, true, true) | (EndpointKind::Token, false, false) => {
                SecretPlacement::Basic
            }
            (_, false, true) | (EndpointKind::DeviceAuthorization, ..) => SecretPlacement::Post,
        };
        // An accepted method has priority over the announced ones: a provider may announce one method and register the client for the
        // other. The setting may change, so the other method is still tried second.
        let first = history.and_then(|history| history.accepted).unwrap_or(first);
        // A wrong secret must not count as two failed attempts in every call.
        let is_refused = history.is_some_and(|history| history.is_refused);
        Self {
            first,
            second: (!is_refused).then_some(first.other()),
        }
    }
}

impl MethodResult {
    pub(crate) fn new(
        kind: EndpointKind,
        client_id: &str,
        secret: &Secret,
        accepted: Option<SecretPlacement>,
    ) -> Self {
        Self {
            client: HEXLOWER.encode(digest(&SHA256, client_id.as_bytes()).as_ref()),
            endpoint: kind,
            secret_tag: secret_tag(client_id, secret),
            accepted,
        }
    }

    /// Whether both are about the same endpoint, client and secret.
    pub(crate) fn has_same_subject(&self, other: &Self) -> bool {
        (self.endpoint, &self.client, self.secret_tag) == (other.endpoint, &other.client, other.secret_tag)
    }
}

fn secret_tag(client_id: &str, secret: &Secret) -> u16 {
    let text = Secret::new(format!("{client_id}\n{}", secret.expose()));
    let hash = digest(&SHA256, text.expose().as_bytes());
    u16::from_be_bytes([hash.as_ref()[0], hash.as_ref()[1]])
}

#[cfg(test)]
mod tests {
    use super::SecretPlacement::{Basic, Post};
    use super::*;

    type Row<'r> = (
        EndpointKind,
        Option<&'r [&'r str]>,
        Option<History>,
        SecretPlacement,
        Option<SecretPlacement>,
    );

    fn history(accepted: Option<SecretPlacement>, is_refused: bool) -> History {
        History { accepted, is_refused }
    }

    #[test]
    fn the_order_of_the_methods_depends_on_the_announced_and_the_accepted_ones() {
        use EndpointKind::{DeviceAuthorization as Device, Token};
        let table: &[Row<'_>] = &[
            (Token, None, None, Basic, Some(Post)),
            (Token, Some(&["none", "private_key_jwt"]), None, Basic, Some(Post)),
            (
                Token,
                Some(&["client_secret_post", "client_secret_basic"]),
                None,
                Basic,
                Some(Post),
            ),
            (
                Token,
                Some(&["client_secret_post", "none"]),
                None,
                Post,
                Some(Basic),
            ),
            (Token, Some(&["client_secret_basic"]), None, Basic, Some(Post)),
            (Token, None, Some(history(Some(Post), false)), Post, Some(Basic)),
            (Token, None, Some(history(Some(Basic), false)), Basic, Some(Post)),
            (Token, None, Some(history(None, true)), Basic, None),
            (Token, None, Some(history(Some(Post), true)), Post, None),
            // An accepted method has priority over the announced ones.
            (
                Token,
                Some(&["client_secret_basic"]),
                Some(history(Some(Post), false)),
                Post,
                Some(Basic),
            ),
            (
                Token,
                Some(&["client_secret_post"]),
                Some(history(None, true)),
                Post,
                None,
            ),
            (Device, None, None, Post, Some(Basic)),
            (
                Device,
                Some(&["client_secret_post", "client_secret_basic"]),
                None,
                Post,
                Some(Basic),
            ),
            (Device, Some(&["client_secret_basic"]), None, Basic, Some(Post)),
            (Device, None, Some(history(Some(Basic), false)), Basic, Some(Post)),
        ];
        for (kind, announced, history, first, second) in table {
            let announced: Option<Vec<String>> =
                announced.map(|methods| methods.iter().map(|&method| method.to_owned()).collect());
            let plan = MethodOrder::new(*kind, announced.as_deref(), *history);
            assert_eq!(
                (plan.first, plan.second),
                (*first, *second),
                "{kind:?} {announced:?} {history:?}"
            );
        }
    }

    #[test]
    fn a_changed_secret_is_another_subject() {
        let result = |secret: &str| MethodResult::new(EndpointKind::Token, "c", &Secret::new(secret), None);
        assert!(result("one").has_same_subject(&result("one")));
        assert!(!result("one").has_same_subject(&result("two")));
    }
}
