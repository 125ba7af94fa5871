//! How the client proves who it is (RFC 6749 2.3, OpenID Connect Core 9).
//!
//! `client_id` is always in the form, since some device endpoints read nothing else; the secret is in one place only. Which
//! place is decided by what the provider announces, and learned where that is not enough. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

mod form;

pub(super) use form::Form;

/// Where the secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AuthMethod {
    /// `client_secret_basic`.
    #[serde(rename = "basic")]
    Basic,
    /// `client_secret_post`.
    #[serde(rename = "post")]
    Post,
}

impl AuthMethod {
    fn other(self) -> Self {
        match self {
            Self::Basic => Self::Post,
            Self::Post => Self::Basic,
        }
    }
}

/// Which endpoint is asked: a device endpoint is no token endpoint, and many read only the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndpointKind {
    Token,
    DeviceAuthorization,
}

/// Where to put the secret first, and where once more if the provider does not accept the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) first: AuthMethod,
    pub(crate) second: Option<AuthMethod>,
}

/// What a provider taught about a client: kept, so that the next call asks once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lesson {
    pub(crate) client: String,
    pub(crate) endpoint: EndpointKind,
    /// Two bytes of a hash of the secret: enough to notice that it was changed, too little to help a guess.
    pub(crate) secret_tag: u16,
    /// The place that was accepted; `None` if neither was.
    pub(crate) accepted: Option<AuthMethod>,
}

/// What is known of a client with this very secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The place that was accepted last, if one was.
    pub(crate) accepted: Option<AuthMethod>,
    /// Neither place was accepted a short while ago.
    pub(crate) is_refused: bool,
}

impl Plan {
    /// Decides from the announced methods and from what was learned about this very secret.
    pub(crate) fn new(kind: EndpointKind, announced: Option<&[String]>, known: Option<Known>) -> Self {
        let lists = |name: &str| announced.is_some_and(|methods| methods.iter().any(|method| method == name));
        let (basic, post) = (lists("client_secret_basic"), lists("client_secret_post"));
        let first = match (kind, basic, post) {
            // Discovery 3: nothing said means `client_secret_basic`.
            (_, true, false) | (EndpointKind::Token, true, true) | (EndpointKind::Token, false, false) => {
                AuthMethod::Basic
            }
            (_, false, true) | (EndpointKind::DeviceAuthorization, ..) => AuthMethod::Post,
        };
        // What was accepted counts for more than what is announced. A provider may announce one method and register the client for
        // the other, and the app's setting may change, so the other place stays the second.
        let first = known.and_then(|known| known.accepted).unwrap_or(first);
        // One wrong secret must not count as two failures for ever.
        let is_refused = known.is_some_and(|known| known.is_refused);
        Self {
            first,
            second: (!is_refused).then_some(first.other()),
        }
    }
}

/// Puts the client and its secret into a request; returns the value of the `Authorization` header, if there has to be one.
pub(crate) fn authenticate(
    form: &mut Form,
    client_id: &str,
    secret: Option<&Secret>,
    place: AuthMethod,
) -> Option<Secret> {
    form.add("client_id", client_id);
    match (secret?, place) {
        (secret, AuthMethod::Basic) => {
            // RFC 6749 2.3.1: encoded as in a form before they are joined.
            let secret = form::query_escape(secret.expose());
            let joined = Secret::new(format!(
                "{}:{}",
                form::query_escape(client_id).expose(),
                secret.expose()
            ));
            Some(Secret::new(format!(
                "Basic {}",
                BASE64.encode(joined.expose().as_bytes())
            )))
        }
        (secret, AuthMethod::Post) => {
            form.add("client_secret", secret.expose());
            None
        }
    }
}

impl Lesson {
    pub(crate) fn new(
        kind: EndpointKind,
        client_id: &str,
        secret: &Secret,
        accepted: Option<AuthMethod>,
    ) -> Self {
        Self {
            client: HEXLOWER.encode(digest(&SHA256, client_id.as_bytes()).as_ref()),
            endpoint: kind,
            secret_tag: tag(client_id, secret),
            accepted,
        }
    }

    /// Whether it is about this endpoint, client and secret.
    pub(crate) fn is_about(&self, other: &Self) -> bool {
        (self.endpoint, &self.client, self.secret_tag) == (other.endpoint, &other.client, other.secret_tag)
    }
}

fn tag(client_id: &str, secret: &Secret) -> u16 {
    let text = Secret::new(format!("{client_id}\n{}", secret.expose()));
    let hash = digest(&SHA256, text.expose().as_bytes());
    u16::from_be_bytes([hash.as_ref()[0], hash.as_ref()[1]])
}

#[cfg(test)]
mod tests {
    use super::AuthMethod::{Basic, Post};
    use super::*;

    type Row<'r> = (
        EndpointKind,
        Option<&'r [&'r str]>,
        Option<Known>,
        AuthMethod,
        Option<AuthMethod>,
    );

    fn known(accepted: Option<AuthMethod>, is_refused: bool) -> Known {
        Known { accepted, is_refused }
    }

    #[test]
    fn the_place_of_the_secret_follows_what_is_announced_and_learned() {
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
            (Token, None, Some(known(Some(Post), false)), Post, Some(Basic)),
            (Token, None, Some(known(Some(Basic), false)), Basic, Some(Post)),
            (Token, None, Some(known(None, true)), Basic, None),
            (Token, None, Some(known(Some(Post), true)), Post, None),
            // What the provider accepts counts for more than what it announces.
            (
                Token,
                Some(&["client_secret_basic"]),
                Some(known(Some(Post), false)),
                Post,
                Some(Basic),
            ),
            (
                Token,
                Some(&["client_secret_post"]),
                Some(known(None, true)),
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
            (Device, None, Some(known(Some(Basic), false)), Basic, Some(Post)),
        ];
        for (kind, announced, learned, first, second) in table {
            let announced: Option<Vec<String>> =
                announced.map(|methods| methods.iter().map(|&method| method.to_owned()).collect());
            let plan = Plan::new(*kind, announced.as_deref(), *learned);
            assert_eq!(
                (plan.first, plan.second),
                (*first, *second),
                "{kind:?} {announced:?} {learned:?}"
            );
        }
    }

    #[test]
    fn the_secret_is_in_one_place_and_the_client_always_in_the_form() {
        let secret = Secret::new("a b&c:d");
        let sent = |secret: Option<&Secret>, place| {
            let mut form = Form::default();
            let header = authenticate(&mut form, "my/app", secret, place);
            (
                form.into_text().expose().to_owned(),
                header.map(|header| header.expose().to_owned()),
            )
        };
        assert_eq!(sent(None, Basic), ("client_id=my%2Fapp".to_owned(), None));
        assert_eq!(
            sent(Some(&secret), Post),
            ("client_id=my%2Fapp&client_secret=a+b%26c%3Ad".to_owned(), None)
        );
        let basic = format!("Basic {}", BASE64.encode(b"my%2Fapp:a+b%26c%3Ad"));
        assert_eq!(
            sent(Some(&secret), Basic),
            ("client_id=my%2Fapp".to_owned(), Some(basic))
        );
    }

    /// A provider may compare the header as it is, and Go's clients leave `~` as it is and encode `*`.
    #[test]
    fn the_header_is_encoded_as_go_encodes_it() {
        let sent = |secret: &str| {
            let header = authenticate(&mut Form::default(), "a*b", Some(&Secret::new(secret)), Basic);
            let header = header.unwrap().expose().to_owned();
            String::from_utf8(
                BASE64
                    .decode(header.trim_start_matches("Basic ").as_bytes())
                    .unwrap(),
            )
            .unwrap()
        };
        assert_eq!(sent("abc8Q~x-y_z.w"), "a%2Ab:abc8Q~x-y_z.w");
        assert_eq!(sent("* +/=\u{e9}"), "a%2Ab:%2A+%2B%2F%3D%C3%A9");
    }

    #[test]
    fn a_changed_secret_is_another_lesson() {
        let lesson = |secret: &str| Lesson::new(EndpointKind::Token, "c", &Secret::new(secret), None);
        assert!(lesson("one").is_about(&lesson("one")));
        assert!(!lesson("one").is_about(&lesson("two")));
    }
}
