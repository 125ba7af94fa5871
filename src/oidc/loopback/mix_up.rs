//! The defence against mix-up attacks (RFC 9700 4.4). Pure.
//!
//! An issuer that a cluster's entry named is not trusted. It could redirect the browser to another provider, at which the person has a
//! session. That provider's authorization code, with our `state`, would then be sent to the untrusted issuer's token endpoint. An issuer
//! that the user named is trusted not to do this.
//!
//! The parameter `iss` (RFC 9207) is no defence against such an issuer: it can add `iss` with its own name to the query of the redirect URI
//! that it passes on, and a provider that ignores the query when it compares redirect URIs sends the code to our listener,
//! with the attacker's `iss`. If the metadata promises
//! `iss`, it is verified in addition.

use std::borrow::Cow;

use crate::settings::Redirect;

/// How an authorization response shows which issuer it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum MixUpDefence {
    /// It need not show it: the user named the issuer.
    NotNeeded,
    /// By a redirect URI that only this issuer uses (RFC 9700 4.4.2.2).
    DistinctRedirectUri,
    /// It cannot: the user configured the redirect URI, and other issuers may use the same one. A pasted address still shows the state.
    Unavailable,
}

impl MixUpDefence {
    pub(in crate::oidc) fn new(named_by_cluster: bool, redirect: &Redirect) -> Self {
        match (named_by_cluster, redirect) {
            (false, _) => Self::NotNeeded,
            (true, Redirect::Host { .. }) => Self::DistinctRedirectUri,
            (true, Redirect::Fixed(..)) => Self::Unavailable,
        }
    }

    /// Whether a person must paste the whole address. A code alone shows neither the state nor the redirect URI.
    pub(in crate::oidc) fn requires_address(self) -> bool {
        self != Self::NotNeeded
    }

    /// Returns the redirect URI to use with this issuer.
    pub(in crate::oidc) fn redirect<'a>(self, redirect: &'a Redirect, issuer: &str) -> Cow<'a, Redirect> {
        match self {
            Self::DistinctRedirectUri => Cow::Owned(redirect.of_issuer(issuer)),
            Self::NotNeeded | Self::Unavailable => Cow::Borrowed(redirect),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::extract::Request;
    use url::Url;

    use super::*;
    use crate::oidc::grants::paste::PasteReader;
    use crate::oidc::loopback::authorization_response::{
        AuthorizationResult, CallbackExpectation, RequestKind, classify_request,
    };
    use crate::secret::Secret;

    fn expected(defence: MixUpDefence) -> CallbackExpectation {
        expected_with(defence, false)
    }

    fn expected_with(defence: MixUpDefence, iss_required: bool) -> CallbackExpectation {
        CallbackExpectation {
            authority: "localhost:8000".into(),
            path: "/issuer/1".into(),
            state: Secret::new("right"),
            issuer: "https://i".into(),
            iss_required,
            defence,
        }
    }

    fn shown(response: AuthorizationResult) -> String {
        match response {
            Ok(code) => format!("code {}", code.expose()),
            Err(error) => error.to_string(),
        }
    }

    fn host(path: &str) -> Redirect {
        Redirect::Host {
            scheme: "http",
            host: "localhost".into(),
            path: path.into(),
        }
    }

    #[test]
    fn an_issuer_that_a_cluster_named_has_a_distinct_redirect_uri() {
        let text = "http://localhost:7/cb";
        let fixed = Redirect::Fixed(text.into(), Url::parse(text).unwrap());
        let issuer = "https://i.example";
        let own = host("/issuer/efcd62f5576850350d35f5a1fc2b5298");
        for (named_by_cluster, redirect, defence, expected) in [
            (false, &host(""), MixUpDefence::NotNeeded, &host("")),
            (false, &fixed, MixUpDefence::NotNeeded, &fixed),
            (true, &host(""), MixUpDefence::DistinctRedirectUri, &own),
            (true, &fixed, MixUpDefence::Unavailable, &fixed),
        ] {
            let found = MixUpDefence::new(named_by_cluster, redirect);
            assert_eq!(found, defence, "{redirect:?}");
            assert_eq!(&*found.redirect(redirect, issuer), expected);
            assert_eq!(found.requires_address(), named_by_cluster);
        }
        // Issuers are compared exactly, including a slash at the end.
        let other = MixUpDefence::DistinctRedirectUri
            .redirect(&own, "https://i.example/")
            .into_owned();
        assert_ne!(other, own);
    }

    fn kind_of(defence: MixUpDefence, host: &str, uri: &str) -> String {
        let request = Request::get(uri).header("host", host).body(());
        let (parts, ()) = request.unwrap().into_parts();
        match classify_request(&parts, &expected(defence)) {
            RequestKind::Response(response) => shown(response),
            kind => format!("{kind:?}"),
        }
    }

    #[test]
    fn with_a_distinct_redirect_uri_a_response_at_another_path_is_refused() {
        for (uri, found) in [
            ("/issuer/1?code=c&state=right", "code c"),
            ("/?code=c&state=right", "OtherRedirect"),
            ("/issuer/1/?code=c&state=right", "OtherRedirect"),
            ("/?error=x&state=right", "OtherRedirect"),
            ("/?code=c&state=wrong", "Unexpected(404)"),
            ("/?code=c", "Unexpected(404)"),
            ("/favicon.ico", "Unexpected(404)"),
        ] {
            let kind = kind_of(MixUpDefence::DistinctRedirectUri, "localhost:8000", uri);
            assert_eq!(kind, found, "{uri}");
        }
        let slash = "/?code=c&state=right";
        let elsewhere = kind_of(MixUpDefence::DistinctRedirectUri, "evil.example", slash);
        assert_eq!(elsewhere, "Unexpected(421)");
        for defence in [MixUpDefence::NotNeeded, MixUpDefence::Unavailable] {
            assert_eq!(kind_of(defence, "localhost:8000", slash), "Unexpected(404)");
        }
    }

    #[test]
    fn a_pasted_response_must_show_its_issuer() {
        use MixUpDefence::{DistinctRedirectUri, NotNeeded, Unavailable};
        let whole = "http://localhost:8000/issuer/1?code=c&state=right";
        let slash = "http://localhost:8000/?code=c&state=right";
        let alone = "a code alone does not show";
        let other = "not the redirect URI of the issuer";
        for (defence, text, found) in [
            (DistinctRedirectUri, whole, "code c"),
            (
                DistinctRedirectUri,
                "localhost:8000/issuer/1?code=c&state=right",
                "code c",
            ),
            (DistinctRedirectUri, "/issuer/1?code=c&state=right", "code c"),
            (DistinctRedirectUri, slash, other),
            (
                DistinctRedirectUri,
                "localhost:8000/issuer/2?code=c&state=right",
                other,
            ),
            (
                DistinctRedirectUri,
                "http://localhost:8000/?/issuer/1&code=c&state=right",
                other,
            ),
            (
                DistinctRedirectUri,
                "http://localhost:8000?code=c&state=right#/issuer/1",
                other,
            ),
            (DistinctRedirectUri, "?code=c&state=right", other),
            (DistinctRedirectUri, "code=c&state=right", other),
            (DistinctRedirectUri, "c", alone),
            (Unavailable, "c", alone),
            (Unavailable, slash, "code c"),
            (NotNeeded, slash, "code c"),
            (NotNeeded, "c", "code c"),
        ] {
            let read = shown(PasteReader::default().read_line(text, &expected(defence), Instant::now()));
            assert!(read.contains(found), "{defence:?} {text}: {read}");
        }
        // If `iss` is required, it is verified in addition. It does not replace the check of the redirect URI.
        for (text, found) in [
            ("http://localhost:8000/?code=c&state=right&iss=https://i", other),
            (whole, "does not name its issuer"),
            (
                "http://localhost:8000/issuer/1?code=c&state=right&iss=https://i",
                "code c",
            ),
        ] {
            let expected = expected_with(DistinctRedirectUri, true);
            let read = shown(PasteReader::default().read_line(text, &expected, Instant::now()));
            assert!(read.contains(found), "{text}: {read}");
        }
        // An address that is broken into several lines is joined.
        let expected = expected(DistinctRedirectUri);
        for first in 8..whole.len() - 1 {
            let mut reader = PasteReader::default();
            let (start, end) = whole.split_at(first);
            let now = Instant::now();
            assert!(reader.read_line(start, &expected, now).is_err(), "{start}");
            assert_eq!(shown(reader.read_line(end, &expected, now)), "code c", "{start}");
        }
    }
}
