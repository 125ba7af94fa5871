//! Why a TLS connection failed, with a hint for each fault.
//!
//! Pure. Classifies an error by its type, and contains the texts that a person reads: the texts of the library may change with each
//! release.

use std::fmt;

use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, OtherError, PeerMisbehaved,
};

use crate::catalogue::Id;
use crate::clock::Timestamp;
use crate::error_chain::chain;
use crate::untrusted_text::UntrustedText;

/// What `tls_trust` knows of a certificate that no trusted authority has signed.
#[derive(Debug)]
pub(in crate::oidc) struct UntrustedChain {
    /// A trusted authority has the name of the issuer, but a different key.
    pub(in crate::oidc) other_key: bool,
    pub(in crate::oidc) self_signed: bool,
    /// The issuer of the last certificate that the server sent.
    pub(in crate::oidc) issuer: Option<UntrustedText>,
}

impl fmt::Display for UntrustedChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no trusted authority has signed it")
    }
}

impl std::error::Error for UntrustedChain {}

/// Why a TLS connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsFault {
    UnknownAuthority {
        issuer: Option<UntrustedText>,
    },
    /// A trusted authority has the name of the issuer, but a different key.
    OtherKey {
        issuer: Option<UntrustedText>,
    },
    SelfSigned,
    Expired {
        ended: Option<Timestamp>,
        now: Option<Timestamp>,
    },
    NotYetValid {
        begins: Option<Timestamp>,
        now: Option<Timestamp>,
    },
    /// The certificate is for these other names.
    OtherName(Vec<UntrustedText>),
    /// The certificate has no subjectAltName. A common name is not used any more (RFC 9525 6.2).
    NoName,
    /// Another fault of the certificate.
    Certificate(UntrustedText),
    /// The server and this client have no TLS version, cipher suite or key exchange in common.
    NothingInCommon(UntrustedText),
    /// The server does not use TLS.
    NotTls,
    /// The server closed the connection during the handshake.
    Closed,
    /// The server requires a client certificate.
    WantsClientCertificate,
    Other(UntrustedText),
}

impl TlsFault {
    /// Finds a TLS failure among the causes of an error.
    pub(in crate::oidc) fn find(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        chain(error).find_map(|error| error.downcast_ref().map(Self::from_tls_error))
    }

    fn from_tls_error(error: &TlsError) -> Self {
        match error {
            TlsError::InvalidCertificate(error) => Self::from_certificate_error(error),
            TlsError::PeerIncompatible(_)
            | TlsError::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => {
                Self::NothingInCommon(UntrustedText::new(&error.to_string()))
            }
            TlsError::AlertReceived(
                alert @ (AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity),
            ) => Self::NothingInCommon(UntrustedText::new(&format!(
                "it answered with the alert {alert:?}"
            ))),
            TlsError::AlertReceived(AlertDescription::CertificateRequired) => Self::WantsClientCertificate,
            TlsError::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            other => Self::Other(UntrustedText::new(&other.to_string())),
        }
    }

    fn from_certificate_error(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired {
                ended: None,
                now: None,
            },
            CertificateError::ExpiredContext { time, not_after } => Self::Expired {
                ended: Some(timestamp(*not_after)),
                now: Some(timestamp(*time)),
            },
            CertificateError::NotValidYet => Self::NotYetValid {
                begins: None,
                now: None,
            },
            CertificateError::NotValidYetContext { time, not_before } => Self::NotYetValid {
                begins: Some(timestamp(*not_before)),
                now: Some(timestamp(*time)),
            },
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::NoName
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherName(presented.iter().map(|name| presented_name(name)).collect())
            }
            CertificateError::NotValidForName => Self::OtherName(Vec::new()),
            CertificateError::UnknownIssuer => Self::UnknownAuthority { issuer: None },
            CertificateError::Other(OtherError(other)) => match other.downcast_ref::<UntrustedChain>() {
                Some(UntrustedChain {
                    other_key: true,
                    issuer,
                    ..
                }) => Self::OtherKey {
                    issuer: issuer.clone(),
                },
                Some(UntrustedChain {
                    self_signed: true, ..
                }) => Self::SelfSigned,
                Some(UntrustedChain { issuer, .. }) => Self::UnknownAuthority {
                    issuer: issuer.clone(),
                },
                None => Self::Certificate(UntrustedText::new(&other.to_string())),
            },
            other => Self::Certificate(UntrustedText::new(&other.to_string())),
        }
    }

    /// Describes the fault in one line that names the URL.
    pub(in crate::oidc) fn about(&self, url: &UntrustedText) -> String {
        let certificate = |what: &str| format!("the certificate of {url} is not trusted: {what}");
        let handshake = |what: &str| format!("no TLS connection with {url}: {what}");
        match self {
            Self::UnknownAuthority { issuer: Some(issuer) } => {
                certificate(&format!("its authority `{issuer}` is not known here"))
            }
            Self::UnknownAuthority { issuer: None } => certificate("its authority is not known here"),
            Self::OtherKey { issuer } => {
                let name = issuer.as_ref().map(|issuer| format!(", `{issuer}`,"));
                certificate(&format!(
                    "no trusted authority signed it; one of the same name{} has another key",
                    name.unwrap_or_default()
                ))
            }
            Self::SelfSigned => certificate("it is signed by itself"),
            Self::Expired {
                ended: Some(ended), ..
            } => certificate(&format!("it expired on {}", ended.rfc3339())),
            Self::Expired { .. } => certificate("it has expired"),
            Self::NotYetValid {
                begins: Some(begins), ..
            } => certificate(&format!("it is valid only from {}", begins.rfc3339())),
            Self::NotYetValid { .. } => certificate("it is not valid yet"),
            Self::OtherName(names) if names.is_empty() => certificate("it is for another name"),
            Self::OtherName(names) => {
                let shown: Vec<_> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
                let more = if names.len() > 5 { " and others" } else { "" };
                certificate(&format!(
                    "it is for {}{more}, not for this name",
                    shown.join(", ")
                ))
            }
            Self::NoName => certificate("it has no subjectAltName, and a common name does not count"),
            Self::Certificate(what) => certificate(what.as_str()),
            Self::NothingInCommon(what) => handshake(&format!(
                "the server offers no TLS version or cipher suite that kubesesame has ({what})"
            )),
            Self::NotTls => handshake("the server does not speak TLS on this port"),
            Self::Closed => handshake("the connection was closed during the handshake"),
            Self::WantsClientCertificate => handshake("the server asks for a client certificate"),
            Self::Other(what) => handshake(what.as_str()),
        }
    }

    /// Returns the id by which the fault is explained.
    pub(in crate::oidc) fn id(&self) -> Id {
        match self {
            Self::UnknownAuthority { .. } | Self::OtherKey { .. } | Self::SelfSigned => {
                Id::TLS_UNKNOWN_AUTHORITY
            }
            Self::Expired { .. } | Self::NotYetValid { .. } => Id::TLS_EXPIRED,
            Self::OtherName(_) | Self::NoName => Id::TLS_NAME,
            Self::Certificate(_)
            | Self::NothingInCommon(_)
            | Self::NotTls
            | Self::Closed
            | Self::WantsClientCertificate
            | Self::Other(_) => Id::TLS_HANDSHAKE,
        }
    }

    pub(in crate::oidc) fn hint(&self) -> String {
        match self {
            Self::UnknownAuthority { .. } => "if your company inspects TLS traffic or the provider has an authority of its own, \
                 name that authority's certificate with --certificate-authority"
                .to_owned(),
            Self::OtherKey { .. } => "the authority may have been renewed with another key: ask whoever runs the provider for its \
                 present certificate, and name that with --certificate-authority"
                .to_owned(),
            Self::SelfSigned => {
                "if this certificate is the provider's own, name it with --certificate-authority".to_owned()
            }
            Self::Expired { now, .. } => format!(
                "{}; otherwise the provider, or the proxy in front of it, needs a new certificate",
                clock_hint(*now)
            ),
            Self::NotYetValid { now, .. } => clock_hint(*now),
            Self::OtherName(_) => "check the host name in --oidc-issuer-url; if it is right, the provider needs a certificate \
                 with this name"
                .to_owned(),
            Self::NoName => {
                "the provider needs a certificate with its host name as subjectAltName (openssl req -addext \
                 subjectAltName=DNS:NAME)"
                    .to_owned()
            }
            Self::Certificate(_) => "ask whoever runs the provider for a certificate that follows RFC 5280".to_owned(),
            Self::NothingInCommon(_) => "kubesesame offers TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305: \
                 enable one of these on the server, or put a proxy in front of it that has them"
                .to_owned(),
            Self::NotTls => "check the port in --oidc-issuer-url; an issuer has to be served by https".to_owned(),
            Self::Closed => "a firewall or proxy may block this host, or the server may have only TLS 1.1 and older; kubesesame \
                 needs TLS 1.2 or 1.3"
                .to_owned(),
            Self::WantsClientCertificate => {
                "kubesesame has no client certificates: give the provider's address that works without one".to_owned()
            }
            Self::Other(_) => "ask whoever runs the server, or the proxy in front of it, what it logged".to_owned(),
        }
    }
}

/// Extracts a name from webpki's form `DnsName("example.com")`.
fn presented_name(shown: &str) -> UntrustedText {
    let name = shown
        .split_once('(')
        .map_or(shown, |(_, rest)| rest.trim_end_matches(')'));
    UntrustedText::with_limit(name.trim_matches('"'), 80)
}

fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn clock_hint(now: Option<Timestamp>) -> String {
    match now {
        Some(now) => format!(
            "this machine's clock says {}: correct it if that is wrong",
            now.rfc3339()
        ),
        None => "correct this machine's clock if it is wrong".to_owned(),
    }
}
