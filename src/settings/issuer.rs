//! The issuer, whose tokens the API server accepts.

use url::{Host, Url};

use super::Error;
use super::mistaken_issuer::custom_server;
use crate::untrusted_text::UntrustedText;

/// The issuer. Its text stays as it was given, because it is compared exactly everywhere (OpenID Connect Discovery 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    text: String,
    url: Url,
}

/// Okta's own domains. A custom domain of an Okta org is not recognized.
const OKTA_DOMAINS: [&str; 5] = [
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
];

impl Issuer {
    /// Parses and checks an issuer.
    ///
    /// # Errors
    /// If the text is not an https URL (http only on loopback) without query, fragment and user, or is misleading for a reader.
    pub(crate) fn parse(text: String) -> Result<Self, Error> {
        // White space is collapsed, so that the limit does not cut off the faulty part.
        let words: Vec<_> = text.split_whitespace().collect();
        let shown = UntrustedText::with_limit(&without_userinfo(&words.join(" ")), 200);
        if let Some(placeholder) = find_placeholder(&text) {
            return Err(Error::IssuerPlaceholder(
                shown,
                UntrustedText::with_limit(placeholder, 60),
            ));
        }
        let url = Url::parse(&text).map_err(|error| Error::IssuerNotUrl(shown.clone(), error.into()))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(Error::IssuerNotHttps(shown));
        }
        let inside = text.trim();
        let excess = [
            // The URL parser ignores or changes some of these, so the text would not show the host that is contacted. No valid issuer
            // has them, because `iss` is compared exactly.
            (
                "space or control character",
                inside.contains(|c: char| c.is_whitespace() || c.is_control()),
            ),
            ("backslash", inside.contains('\\')),
            ("host name that is not ASCII", !authority(inside).is_ascii()),
            ("query", url.query().is_some()),
            ("fragment", url.fragment().is_some()),
            (
                "user name or password",
                !url.username().is_empty() || url.password().is_some(),
            ),
        ];
        if let Some((part, _)) = excess.into_iter().find(|(_, found)| *found) {
            return Err(Error::IssuerHas(shown, part));
        }
        Ok(Self { text, url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the issuer for display. A person who is about to type a secret sees the whole host that is contacted, whatever its length.
    pub(crate) fn shown(&self) -> UntrustedText {
        const REST: usize = 100;
        let text = self.text.trim();
        let origin = format!(
            "{}://{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        );
        let (start, rest) = text.split_at_checked(origin.len()).unwrap_or_default();
        let is_unchanged =
            start.eq_ignore_ascii_case(&origin) && (rest.is_empty() || rest.starts_with([':', '/']));
        let text = if is_unchanged { text } else { self.url.as_str() };
        UntrustedText::with_limit(text, origin.len() + REST)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the issuer of Okta's server `default`, if this one is Okta's org authorization server.
    pub(crate) fn custom_server_of_org(&self) -> Option<String> {
        custom_server(&self.url)
    }

    /// Whether the issuer is certainly Okta's, so that a hint can name Okta's console.
    pub(crate) fn is_okta(&self) -> bool {
        is_okta(&self.url)
    }
}

/// Returns the part of a URL between scheme and path (RFC 3986, section 3.2).
fn authority(text: &str) -> &str {
    let (_, rest) = text.split_once(':').unwrap_or_default();
    let rest = rest.trim_start_matches('/');
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Returns the text of a URL without user and password, which must not be shown.
fn without_userinfo(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        None => text.to_owned(),
        Some((user, _)) => format!("{scheme}://…{}", &rest[user.len()..]),
    }
}

/// Whether the host is `localhost.`, with the dot.
pub(super) fn is_dotted_localhost(url: &Url) -> bool {
    url.domain() == Some("localhost.")
}

/// Whether a URL is at one of Okta's own domains.
pub(crate) fn is_okta(url: &Url) -> bool {
    let Some(host) = url.domain() else {
        return false;
    };
    let host = host.trim_end_matches('.');
    let is_below = |domain: &str| {
        let name = host.strip_suffix(domain);
        name.is_some_and(|name| name.len() > 1 && name.ends_with('.'))
    };
    OKTA_DOMAINS.into_iter().any(is_below)
}

/// Finds a placeholder of an example or a template: `{tenantid}`, `<your-org>`, `${ISSUER}`, `$ISSUER`, `YOUR-ORG`, and `ORG` of our own help.
///
/// Braces and angle brackets cannot be in an issuer, because they are not characters of a URL (RFC 3986, section 2).
pub(super) fn find_placeholder(text: &str) -> Option<&str> {
    if text.contains("://ORG.") {
        return Some("ORG");
    }
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        let closing = match c {
            '{' => Some('}'),
            '<' => Some('>'),
            '$' if rest.starts_with("${") => Some('}'),
            _ => None,
        };
        if let Some(closing) = closing {
            let end = rest.find(closing).map_or(rest.len(), |end| end + 1);
            return Some(&rest[..end]);
        }
        let begins_word = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let name = rest.strip_prefix('$').unwrap_or(rest);
        let is_variable = c == '$' && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
        if is_variable || (begins_word && (rest.starts_with("YOUR-") || rest.starts_with("YOUR_"))) {
            let end = rest.len() - name.trim_start_matches(is_name).len();
            return Some(&rest[..end]);
        }
    }
    None
}

/// Whether the host of a URL is this machine, so that http is no risk. `localhost.` is not: a C library asks DNS for it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Result<Issuer, Error> {
        Issuer::parse(text.to_owned())
    }

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        assert!(issuer("https://example.okta.com/oauth2/default").is_ok());
        assert!(issuer("http://127.0.0.1:9000").is_ok());
        assert!(issuer("http://[::1]:9000/x").is_ok());
        assert!(issuer("http://localhost:9000").is_ok());
        // A C library asks DNS for this name, and so the network.
        let dotted = issuer("http://localhost.:9000").unwrap_err();
        assert!(matches!(dotted, Error::IssuerNotHttps(_)));
        assert!(dotted.hint().contains("without the dot"), "{}", dotted.hint());
        assert!(matches!(
            issuer("http://localhost.example.com"),
            Err(Error::IssuerNotHttps(_))
        ));
        assert!(matches!(
            issuer("http://example.okta.com"),
            Err(Error::IssuerNotHttps(_))
        ));
        assert!(matches!(issuer("file:///etc"), Err(Error::IssuerNotHttps(_))));
        assert!(matches!(issuer("example.okta.com"), Err(Error::IssuerNotUrl(..))));
    }

    #[test]
    fn an_issuer_has_no_query_fragment_or_user() {
        for text in [
            "https://i/?a=b",
            "https://i/#x",
            "https://me@i/",
            "https://me:pw@i",
        ] {
            assert!(matches!(issuer(text), Err(Error::IssuerHas(..))), "{text}");
        }
    }

    #[test]
    fn a_misleading_issuer_is_refused() {
        for text in [
            "https://login.example\t.evil.example",
            "https://login.example\n/x",
            "https://login.example/a b",
            "https://login.example/a\u{a0}b",
            "https://login.example/\u{7f}x",
            "https://login.example\\.evil.example",
            "https://login.example/a\\b",
            "https://\u{430}ccounts.example",
            "https://login.example\u{2044}oauth2.evil.example",
            "https://login.example\u{ad}.evil.example",
            "https:login.example\u{2215}x.evil.example",
            "https:///\u{430}ccounts.example",
        ] {
            let found = issuer(text);
            assert!(matches!(found, Err(Error::IssuerHas(..))), "{text:?}: {found:?}");
        }
        for text in [
            " https://login.example/a ",
            "https://login.example/\u{430}\n",
            "https://xn--80ak6aa92e.example",
        ] {
            assert!(issuer(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn the_whole_host_is_shown_as_it_is_contacted() {
        let long = format!("https://login.example{}.evil.example", ".a".repeat(400));
        let path = format!("https://login.example/{}", "a".repeat(400));
        let before = format!("{}https://login.example", " ".repeat(400));
        for (text, shown) in [
            ("https://Login.example:443/a", "https://Login.example:443/a"),
            ("https://login.example", "https://login.example"),
            ("http://[::1]:9/x", "http://[::1]:9/x"),
            (&long, &long),
            (&path, &format!("{}…", &path[..121])),
            (&before, "https://login.example"),
            // If the URL parser changes the text, its result is shown.
            ("https:login.example", "https://login.example/"),
            ("https:////login.example/a", "https://login.example/a"),
            ("https://login%2eexample", "https://login.example/"),
            ("http://2130706433:9", "http://127.0.0.1:9/"),
        ] {
            assert_eq!(issuer(text).unwrap().shown().as_str(), shown, "{text}");
        }
    }

    #[test]
    fn a_placeholder_is_found() {
        for (text, found) in [
            ("https://login.microsoftonline.com/{tenantid}/v2.0", "{tenantid}"),
            ("https://<your-org>.okta.com", "<your-org>"),
            ("https://YOUR-ORG.okta.com/oauth2/default", "YOUR-ORG"),
            ("https://ORG.okta.com/oauth2/default", "ORG"),
            ("https://sso.example.com/realms/YOUR_REALM", "YOUR_REALM"),
            ("${OIDC_ISSUER}", "${OIDC_ISSUER}"),
            ("https://$HOST/realms/x", "$HOST"),
            ("https://${yourOktaDomain}/oauth2", "${yourOktaDomain}"),
            ("https://{org", "{org"),
        ] {
            assert_eq!(find_placeholder(text), Some(found), "{text}");
            assert!(
                matches!(issuer(text), Err(Error::IssuerPlaceholder(..))),
                "{text}"
            );
        }
        for text in [
            "https://your-org.okta.com",
            "https://org.okta.com",
            "https://example.com/realms/YOURS",
            "https://example.com/NOT_YOUR-ORG/x$1/$metadata",
        ] {
            assert_eq!(find_placeholder(text), None, "{text}");
        }
    }

    #[test]
    fn okta_is_known_by_its_domains() {
        for (text, is_okta) in [
            ("https://example.okta.com/oauth2/default", true),
            ("https://EXAMPLE.Okta.com", true),
            ("https://example.oktapreview.com", true),
            ("https://example.okta-emea.com", true),
            ("https://example.okta-gov.com", true),
            ("https://example.okta.mil", true),
            ("https://okta.com", false),
            ("https://example-okta.com", false),
            ("https://okta.com.example.org", false),
            ("https://login.example.com/oauth2/default", false),
            ("http://127.0.0.1:8080", false),
        ] {
            assert_eq!(issuer(text).unwrap().is_okta(), is_okta, "{text}");
        }
    }

    #[test]
    fn an_issuer_keeps_its_spelling() {
        assert_eq!(
            issuer("https://Example.com:443/a/").unwrap().as_str(),
            "https://Example.com:443/a/"
        );
    }
}
