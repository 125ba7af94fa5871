//! What keeps a code of another provider from an issuer that a stranger has named (RFC 9700 4.4). Pure.
//!
//! Such an issuer could hand the browser on to a provider where the person has a session; the code that comes back from there, with our
//! state, would then be sent to the stranger's token endpoint. The user's own issuers do no such thing.
//!
//! What the issuer promises of itself (RFC 9207) is no defence against it: it can name itself in the redirect URI that it hands on, and a
//! provider that compares redirect URIs without their query sends the code with that name. A promise is checked besides.

use std::borrow::Cow;

use crate::settings::Redirect;

/// How it shows whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Defence {
    /// The user has named the issuer.
    Unneeded,
    /// By a redirect URI that is this issuer's alone (RFC 9700 4.4.2.2).
    OwnRedirect,
    /// Not at all: the user has named the redirect URI, whoever else answers there.
    UsersRedirect,
}

impl Defence {
    pub(in crate::oidc) fn new(named_by_cluster: bool, redirect: &Redirect) -> Self {
        match (named_by_cluster, redirect) {
            (false, _) => Self::Unneeded,
            (true, Redirect::Host { .. }) => Self::OwnRedirect,
            (true, Redirect::Fixed(..)) => Self::UsersRedirect,
        }
    }

    /// A code alone shows nothing of where it is from.
    pub(in crate::oidc) fn needs_address(self) -> bool {
        self != Self::Unneeded
    }

    /// What the provider redirects to.
    pub(in crate::oidc) fn redirect<'a>(self, redirect: &'a Redirect, issuer: &str) -> Cow<'a, Redirect> {
        match self {
            Self::OwnRedirect => Cow::Owned(redirect.of_issuer(issuer)),
            Self::Unneeded | Self::UsersRedirect => Cow::Borrowed(redirect),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::extract::Request;
    use url::Url;

    use super::*;
    use crate::oidc::grants::paste::Pasted;
    use crate::oidc::loopback::authorization_response::{Answer, CallbackExpectation, Verdict, examine};
    use crate::secret::Secret;

    fn expected(defence: Defence) -> CallbackExpectation {
        expected_with(defence, false)
    }

    fn expected_with(defence: Defence, iss_required: bool) -> CallbackExpectation {
        CallbackExpectation {
            authority: "localhost:8000".into(),
            path: "/issuer/1".into(),
            state: Secret::new("right"),
            issuer: "https://i".into(),
            iss_required,
            defence,
        }
    }

    fn shown(answer: Answer) -> String {
        match answer {
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
    fn an_issuer_of_a_cluster_has_a_redirect_uri_of_its_own() {
        let text = "http://localhost:7/cb";
        let fixed = Redirect::Fixed(text.into(), Url::parse(text).unwrap());
        let issuer = "https://i.example";
        let own = host("/issuer/efcd62f5576850350d35f5a1fc2b5298");
        for (named_by_cluster, redirect, defence, asked) in [
            (false, &host(""), Defence::Unneeded, &host("")),
            (false, &fixed, Defence::Unneeded, &fixed),
            (true, &host(""), Defence::OwnRedirect, &own),
            (true, &fixed, Defence::UsersRedirect, &fixed),
        ] {
            let found = Defence::new(named_by_cluster, redirect);
            assert_eq!(found, defence, "{redirect:?}");
            assert_eq!(&*found.redirect(redirect, issuer), asked);
            assert_eq!(found.needs_address(), named_by_cluster);
        }
        // To the letter, as an issuer is compared.
        let other = Defence::OwnRedirect
            .redirect(&own, "https://i.example/")
            .into_owned();
        assert_ne!(other, own);
    }

    fn verdict(defence: Defence, host: &str, uri: &str) -> String {
        let request = Request::get(uri).header("host", host).body(());
        let (parts, ()) = request.unwrap().into_parts();
        let verdict = examine(&parts, &expected(defence));
        if let Verdict::Answer(answer) = verdict {
            shown(answer)
        } else {
            format!("{verdict:?}")
        }
    }

    #[test]
    fn where_the_redirect_uri_is_the_issuer_s_alone_no_other_path_brings_an_answer() {
        for (uri, found) in [
            ("/issuer/1?code=c&state=right", "code c"),
            ("/?code=c&state=right", "OtherRedirect"),
            ("/issuer/1/?code=c&state=right", "OtherRedirect"),
            ("/?error=x&state=right", "OtherRedirect"),
            ("/?code=c&state=wrong", "Stranger(404)"),
            ("/?code=c", "Stranger(404)"),
            ("/favicon.ico", "Stranger(404)"),
        ] {
            let verdict = verdict(Defence::OwnRedirect, "localhost:8000", uri);
            assert_eq!(verdict, found, "{uri}");
        }
        let slash = "/?code=c&state=right";
        let elsewhere = verdict(Defence::OwnRedirect, "evil.example", slash);
        assert_eq!(elsewhere, "Stranger(421)");
        for defence in [Defence::Unneeded, Defence::UsersRedirect] {
            assert_eq!(verdict(defence, "localhost:8000", slash), "Stranger(404)");
        }
    }

    #[test]
    fn what_is_pasted_shows_whose_answer_it_is() {
        let whole = "http://localhost:8000/issuer/1?code=c&state=right";
        let slash = "http://localhost:8000/?code=c&state=right";
        let alone = "a code alone does not show";
        let other = "not the redirect URI of the issuer";
        for (defence, text, found) in [
            (Defence::OwnRedirect, whole, "code c"),
            (
                Defence::OwnRedirect,
                "localhost:8000/issuer/1?code=c&state=right",
                "code c",
            ),
            (Defence::OwnRedirect, "/issuer/1?code=c&state=right", "code c"),
            (Defence::OwnRedirect, slash, other),
            (
                Defence::OwnRedirect,
                "localhost:8000/issuer/2?code=c&state=right",
                other,
            ),
            (
                Defence::OwnRedirect,
                "http://localhost:8000/?/issuer/1&code=c&state=right",
                other,
            ),
            (
                Defence::OwnRedirect,
                "http://localhost:8000?code=c&state=right#/issuer/1",
                other,
            ),
            (Defence::OwnRedirect, "?code=c&state=right", other),
            (Defence::OwnRedirect, "code=c&state=right", other),
            (Defence::OwnRedirect, "c", alone),
            (Defence::UsersRedirect, "c", alone),
            (Defence::UsersRedirect, slash, "code c"),
            (Defence::Unneeded, slash, "code c"),
            (Defence::Unneeded, "c", "code c"),
        ] {
            let read = shown(Pasted::default().line(text, &expected(defence), Instant::now()));
            assert!(read.contains(found), "{defence:?} {text}: {read}");
        }
        // A promise to name itself is kept besides, and takes the place of nothing.
        for (text, found) in [
            ("http://localhost:8000/?code=c&state=right&iss=https://i", other),
            (whole, "does not name its issuer"),
            (
                "http://localhost:8000/issuer/1?code=c&state=right&iss=https://i",
                "code c",
            ),
        ] {
            let expected = expected_with(Defence::OwnRedirect, true);
            let read = shown(Pasted::default().line(text, &expected, Instant::now()));
            assert!(read.contains(found), "{text}: {read}");
        }
        // Broken over lines, it is put together.
        let expected = expected(Defence::OwnRedirect);
        for first in 8..whole.len() - 1 {
            let mut pasted = Pasted::default();
            let (start, end) = whole.split_at(first);
            let now = Instant::now();
            assert!(pasted.line(start, &expected, now).is_err(), "{start}");
            assert_eq!(shown(pasted.line(end, &expected, now)), "code c", "{start}");
        }
    }
}
