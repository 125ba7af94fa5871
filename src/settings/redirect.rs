//! What the provider redirects to, and where to listen for it.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use url::Url;

use super::issuer::is_dotted_localhost;
use super::{Error, is_loopback};
use crate::untrusted_text::UntrustedText;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    /// Without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The redirect URI that the provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// `SCHEME://HOST:PORT`, with the port that we listen on; `localhost` unless something else was asked for.
    Host {
        scheme: &'static str,
        host: String,
        /// Empty, or with a slash before it.
        path: String,
    },
    /// Sent to the letter.
    Fixed(String, Url),
}

impl Redirect {
    /// `scheme` is what we wait with.
    pub(super) fn parse(text: String, scheme: &str) -> Result<Self, Error> {
        let refused = |why| Error::RedirectUrl(UntrustedText::new(&text), why);
        let url = Url::parse(&text).map_err(|_| refused("it is not a URL"))?;
        if is_dotted_localhost(&url) {
            return Err(refused(
                "the dot at the end of `localhost.` makes it another name",
            ));
        }
        match url.scheme() {
            known if known == scheme => {}
            // Another machine ends TLS there and hands the plain request on to us.
            "https" if !is_loopback(&url) => {}
            "https" => return Err(refused("https needs --local-server-cert and --local-server-key")),
            "http" => return Err(refused("with --local-server-cert it has to be https")),
            _ => return Err(refused("only http and https URLs can be")),
        }
        if url.host().is_none() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(refused("it has a fragment or a user name"));
        }
        Ok(Self::Fixed(text, url))
    }

    pub(super) fn host(scheme: &'static str, name: &str) -> Result<Self, Error> {
        match url::Host::parse(name) {
            Ok(host) if host != url::Host::Domain("localhost.".to_owned()) => Ok(Self::Host {
                scheme,
                host: name.to_owned(),
                path: String::new(),
            }),
            _ => Err(Error::RedirectHost(UntrustedText::with_limit(name, 60))),
        }
    }

    /// The same for one issuer alone (RFC 9700 4.4.2.2): a path that no other issuer has. What the user has named stays.
    pub(crate) fn of_issuer(&self, issuer: &str) -> Self {
        match self {
            Self::Fixed(..) => self.clone(),
            Self::Host { scheme, host, .. } => {
                // The stranger chooses what is hashed: 128 bits are too many to find an issuer that has another's path.
                let hash = HEXLOWER.encode(digest(&SHA256, issuer.as_bytes()).as_ref());
                Self::Host {
                    scheme,
                    host: host.clone(),
                    path: format!("/issuer/{}", &hash[..32]),
                }
            }
        }
    }

    /// Where a browser on this machine would come back to.
    pub(super) fn default_addresses(&self) -> Vec<ListenAddress> {
        let local = |port| ListenAddress {
            host: "127.0.0.1".to_owned(),
            port,
        };
        match self {
            Self::Fixed(_, url) if is_loopback(url) => {
                let host = url.host_str().unwrap_or("127.0.0.1");
                let host = if host == "localhost" { "127.0.0.1" } else { host };
                let host = host.trim_matches(['[', ']']).to_owned();
                vec![ListenAddress {
                    host,
                    port: url.port_or_known_default().unwrap_or(80),
                }]
            }
            Self::Host { .. } | Self::Fixed(..) => vec![local(8000), local(18000)],
        }
    }
}

impl ListenAddress {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refused = || Error::ListenAddress(UntrustedText::new(text));
        let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let port = port.parse().map_err(|_| refused())?;
        if host.contains(['/', '[', ']', ' ']) {
            return Err(refused());
        }
        // An empty host means every address to Go's listener; here it means this machine.
        let host = if host.is_empty() { "127.0.0.1" } else { host };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a browser comes back to this machine, and to which family of addresses, would be a guess.
    #[test]
    fn a_localhost_with_a_dot_at_its_end_is_refused() {
        for url in [
            "http://localhost.:8000",
            "http://LOCALHOST./cb",
            "https://localhost.:8000",
        ] {
            let error = Redirect::parse(url.to_owned(), &url[..url.find(':').unwrap()]).unwrap_err();
            assert!(error.to_string().contains("`localhost.`"), "{error}");
        }
        assert!(Redirect::host("http", "localhost.").is_err());
        assert!(Redirect::host("http", "localhost").is_ok());
        assert!(Redirect::parse("http://localhost:8000".to_owned(), "http").is_ok());
    }
}
