//! The nonces that servers want in the next proof (RFC 9449 8).
//!
//! A nonce belongs to the server that sent it, and the newest counts (8.2).

use url::{Origin, Url};

/// A longer nonce is not kept: it would be in each request.
const MAX_NONCE_BYTES: usize = 1024;

/// So many servers are remembered. One provider has its endpoints at one or two.
const MAX_ORIGINS: usize = 4;

/// The newest nonce of each server, the latest server last.
#[derive(Debug, Default)]
pub(in crate::oidc) struct Nonces {
    known: Vec<(Origin, String)>,
}

impl Nonces {
    /// Keeps the nonce of a response. One that is too long, or that could not be sent, is ignored.
    pub(in crate::oidc) fn keep(&mut self, url: &Url, nonce: &str) {
        // NQCHAR (RFC 9449 8.1, RFC 6749 A).
        let is_text = nonce
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if nonce.is_empty() || nonce.len() > MAX_NONCE_BYTES || !is_text {
            return;
        }
        let origin = url.origin();
        self.known.retain(|(known, _)| *known != origin);
        if self.known.len() == MAX_ORIGINS {
            self.known.remove(0);
        }
        self.known.push((origin, nonce.to_owned()));
    }

    /// Returns the newest nonce of the server of `url`.
    pub(in crate::oidc) fn of(&self, url: &Url) -> Option<&str> {
        let origin = url.origin();
        let found = self.known.iter().find(|(known, _)| *known == origin);
        found.map(|(_, nonce)| nonce.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_newest_nonce_of_each_server_is_kept() {
        let mut nonces = Nonces::default();
        nonces.keep(&url("https://a/token"), "one");
        nonces.keep(&url("https://a/par"), "two");
        nonces.keep(&url("https://a:444/token"), "three");
        assert_eq!(nonces.of(&url("https://a/token")), Some("two"));
        assert_eq!(nonces.of(&url("https://a:444/")), Some("three"));
        assert_eq!(nonces.of(&url("https://b/token")), None);
        for number in 0..MAX_ORIGINS {
            nonces.keep(&url(&format!("https://h{number}/")), "n");
        }
        assert_eq!(nonces.of(&url("https://a/token")), None);
        assert_eq!(nonces.known.len(), MAX_ORIGINS);
    }

    #[test]
    fn a_nonce_that_cannot_be_sent_is_ignored() {
        let mut nonces = Nonces::default();
        for nonce in [
            "",
            "a b",
            "a\"b",
            "a\\b",
            "ä",
            "a\r\nb",
            &"n".repeat(MAX_NONCE_BYTES + 1),
        ] {
            nonces.keep(&url("https://a/"), nonce);
            assert_eq!(nonces.of(&url("https://a/")), None, "{nonce:?}");
        }
    }
}
