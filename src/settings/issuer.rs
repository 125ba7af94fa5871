//! The issuer: whose tokens the API server accepts.

use url::{Host, Url};

use super::Error;
use crate::foreign_text::ForeignText;

/// The issuer's text as it was given: compared to the letter everywhere (OpenID Connect Discovery 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    pub(super) fn parse(text: String) -> Result<Self, Error> {
        let shown = ForeignText::new(&text);
        let url = Url::parse(&text).map_err(|error| Error::IssuerNotUrl(shown.clone(), error))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(Error::IssuerNotHttps(shown));
        }
        let excess = [
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

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

/// Whether a URL stays on this machine, where http is no risk.
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
    fn an_issuer_is_https_or_stays_on_this_machine() {
        assert!(issuer("https://example.okta.com/oauth2/default").is_ok());
        assert!(issuer("http://127.0.0.1:9000").is_ok());
        assert!(issuer("http://[::1]:9000/x").is_ok());
        assert!(issuer("http://localhost:9000").is_ok());
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
    fn an_issuer_keeps_its_spelling() {
        assert_eq!(
            issuer("https://Example.com:443/a/").unwrap().as_str(),
            "https://Example.com:443/a/"
        );
    }
}
