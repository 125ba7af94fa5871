//! Decides which certificates of the provider are trusted.
//!
//! Reads the certificate authorities that the settings name, and verifies the server's certificate. The named authorities replace those of
//! the system. `transport` decides which request needs TLS.

use std::env::split_paths;
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::environment;
use crate::files;
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::{Interaction, LogEvent, Warning};
use crate::oidc::http::tls_fault::UntrustedChain;
use crate::settings::{Authority, TlsTrust};
use crate::untrusted_text::UntrustedText;

/// The first line of a certificate in PEM (RFC 7468 5).
const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Whether the system's certificates are those that variables name, as OpenSSL does it.
const READS_VARIABLES: bool = cfg!(all(unix, not(target_vendor = "apple")));

/// The certificate authorities that the settings name.
#[derive(Debug)]
pub(in crate::oidc) struct NamedCas {
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl NamedCas {
    fn none() -> Self {
        Self {
            roots: RootCertStore::empty(),
            certificates: Vec::new(),
        }
    }

    /// Reads the authorities. A certificate that cannot be used is reported and skipped, as in Go. A source without any usable certificate
    /// is an error.
    pub(in crate::oidc) fn read(trust: &TlsTrust, interaction: Interaction<'_>) -> Result<Self, SetupError> {
        let mut all = Self::none();
        for authority in &trust.authorities {
            let (flag, name, pem) = read_source(authority)?;
            if let Authority::File(path) = authority {
                interaction.log(LogEvent::FileRead(path));
            }
            let unusable = all.add(&pem);
            if unusable.len() == split_bundle(&pem).count() {
                return Err(SetupError::AuthorityNotPem {
                    flag,
                    name,
                    why: if unusable.is_empty() {
                        "no PEM certificate in it"
                    } else {
                        "no PEM certificate in it can be read"
                    },
                });
            }
            report_unusable(&name, unusable, interaction);
        }
        Ok(all)
    }

    pub(in crate::oidc) fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// Adds the certificates of a bundle. Returns the positions, starting at 1, of those that cannot be used.
    fn add(&mut self, pem: &[u8]) -> Vec<usize> {
        let mut unusable = Vec::new();
        for (index, entry) in split_bundle(pem).enumerate() {
            let certificate = CertificateDer::from_pem_slice(entry).ok();
            let added = certificate.filter(|certificate| self.roots.add(certificate.clone()).is_ok());
            match added {
                Some(certificate) => self.certificates.push(certificate),
                None => unusable.push(index + 1),
            }
        }
        unusable
    }
}

/// Reports certificates of `SSL_CERT_FILE` that cannot be used, because the library that reads the system's certificates skips them
/// silently. If none can be used, another error says so.
pub(in crate::oidc) fn report_unusable_system_certificates(interaction: Interaction<'_>) {
    // A pipe that is passed as a file descriptor can be read only once.
    let is_file = |path: &String| !path.starts_with("/dev/") && !path.starts_with("/proc/");
    let Some(path) = environment::first_nonempty_value(&["SSL_CERT_FILE"]).filter(is_file) else {
        return;
    };
    let Ok(pem) = files::read_named(Path::new(&path)) else {
        return;
    };
    let unusable = NamedCas::none().add(&pem);
    if unusable.len() < split_bundle(&pem).count() {
        report_unusable(&format!("SSL_CERT_FILE `{path}`"), unusable, interaction);
    }
}

/// Whether what reads the system's certificates comes to an end: it reads what `SSL_CERT_FILE` and `SSL_CERT_DIR` name without a limit, and a
/// FIFO or a device may have no end.
pub(in crate::oidc) fn system_certificates_are_finite() -> bool {
    if !READS_VARIABLES {
        return true;
    }
    let file = environment::first_nonempty_value(&["SSL_CERT_FILE"]);
    let dirs = environment::first_nonempty_value(&["SSL_CERT_DIR"]).unwrap_or_default();
    file.is_none_or(|file| files::ends_soon(Path::new(&file)))
        && split_paths(&dirs).all(|dir| files::all_end_soon(&dir))
}

fn report_unusable(source: &str, positions: Vec<usize>, interaction: Interaction<'_>) {
    for position in positions {
        interaction.warn(Warning::CertificateSkipped { source, position });
    }
}

/// Reads one source. Returns its name for messages, and its content.
fn read_source(authority: &Authority) -> Result<(&'static str, String, Vec<u8>), SetupError> {
    match authority {
        Authority::File(path) => {
            let flag = "certificate-authority";
            let pem = files::read_named(path).map_err(SetupError::AuthorityFile)?;
            Ok((flag, format!("--{flag} `{}`", path.display()), pem))
        }
        Authority::Data(text) => {
            let flag = "certificate-authority-data";
            let name = format!("--{flag}");
            if text.trim_start().starts_with("-----BEGIN") {
                return Ok((flag, name, text.clone().into_bytes()));
            }
            let base64: String = text.split_whitespace().collect();
            match BASE64.decode(base64.as_bytes()) {
                Ok(pem) => Ok((flag, name, pem)),
                Err(_) => Err(SetupError::AuthorityNotPem {
                    flag,
                    name,
                    why: "not base64",
                }),
            }
        }
    }
}

/// Splits a bundle before each certificate, so that a broken certificate does not affect the others.
fn split_bundle(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts: Vec<usize> = pem
        .windows(PEM_BEGIN.len())
        .enumerate()
        .filter(|(_, window)| *window == PEM_BEGIN)
        .map(|(start, _)| start)
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([pem.len()]).collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(|(start, end)| pem.get(start..end))
}

/// Creates the TLS configuration: TLS 1.2 and 1.3, with the named authorities, or else those of the system.
pub(in crate::oidc) fn client_config(named: NamedCas) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = ExplainingVerifier::new(named, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The standard verifier with two additions: it trusts a server certificate that the user has named, and its errors contain the issuer of
/// the refused certificate.
#[derive(Debug)]
struct ExplainingVerifier {
    standard: Arc<dyn ServerCertVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ExplainingVerifier {
    fn new(named: NamedCas, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let standard: Arc<dyn ServerCertVerifier> = if named.is_empty() {
            Arc::new(rustls_platform_verifier::Verifier::new(provider)?)
        } else {
            let roots = Arc::new(named.roots);
            WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| TlsError::General(error.to_string()))?
        };
        Ok(Self {
            standard,
            named: named.certificates,
        })
    }

    /// Whether the user has named exactly this certificate, and so trusts it without its authority. Go, curl and OpenSSL accept it too,
    /// even if the certificate may sign others, like those of `openssl req -x509`, which webpki refuses for a server.
    fn is_named(&self, end_entity: &CertificateDer<'_>, refusal: &TlsError) -> bool {
        !is_fault_of_certificate(refusal)
            && self
                .named
                .iter()
                .any(|named| named.as_ref() == end_entity.as_ref())
    }
}

/// Whether a refusal also applies to a certificate that is trusted. webpki checks the validity period first, so any other refusal means
/// that the period is valid.
fn is_fault_of_certificate(refusal: &TlsError) -> bool {
    let TlsError::InvalidCertificate(refusal) = refusal else {
        return true;
    };
    matches!(
        refusal,
        CertificateError::BadEncoding
            | CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
            | CertificateError::InvalidPurpose
            | CertificateError::InvalidPurposeContext { .. }
            | CertificateError::Revoked
    )
}

impl ServerCertVerifier for ExplainingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let checked =
            self.standard
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match checked {
            Err(refusal) if self.is_named(end_entity, &refusal) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(refusal) => Err(explain_refusal(refusal, end_entity, intermediates)),
            Ok(verified) => Ok(verified),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.standard
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.standard
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.standard.supported_verify_schemes()
    }
}

/// Adds the issuer of the certificates to a refusal because of an unknown authority.
fn explain_refusal(
    refusal: TlsError,
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> TlsError {
    // webpki finds an authority by its name, and then verifies the signature with its key.
    let other_key = refusal == TlsError::InvalidCertificate(CertificateError::BadSignature);
    let is_unknown_authority = match &refusal {
        _ if other_key => true,
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        TlsError::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            matches!(other.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    };
    let last = intermediates.last().unwrap_or(end_entity);
    let names = |certificate: &CertificateDer<'_>| {
        let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
        Some((certificate.subject().to_vec(), certificate.issuer().to_vec()))
    };
    if !is_unknown_authority {
        return refusal;
    }
    let chain = UntrustedChain {
        other_key,
        self_signed: names(end_entity).is_some_and(|(subject, issuer)| subject == issuer),
        issuer: names(last).and_then(|(_, issuer)| common_name(&issuer)),
    };
    CertificateError::Other(OtherError(Arc::new(chain))).into()
}

/// Finds the last common name in a distinguished name (DER), or else the last organization (RFC 5280, appendix A.1).
fn common_name(name: &[u8]) -> Option<UntrustedText> {
    let value_after = |attribute: &[u8]| {
        let start = name
            .windows(attribute.len())
            .rposition(|window| window == attribute)?;
        let [_tag, length, text @ ..] = name.get(start + attribute.len()..)? else {
            return None;
        };
        let text = text.get(..usize::from(*length))?;
        Some(UntrustedText::with_limit(&String::from_utf8_lossy(text), 80))
    };
    value_after(&[0x06, 0x03, 0x55, 0x04, 0x03]).or_else(|| value_after(&[0x06, 0x03, 0x55, 0x04, 0x0a]))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(name: &str) -> rcgen::Certificate {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_broken_certificate_does_not_affect_the_others_of_a_bundle() {
        let (first, second) = (certificate("first").pem(), certificate("second").pem());
        let not_base64 = "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";
        let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let no_end = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n";
        for (bundle, unusable) in [
            (format!("{first}{second}"), vec![]),
            (format!("text\n{first}{not_base64}{second}"), vec![2]),
            (format!("{not_der}{first}{no_end}{second}"), vec![1, 3]),
            (not_der.to_owned(), vec![1]),
            ("text".to_owned(), vec![]),
        ] {
            let mut named = NamedCas {
                roots: RootCertStore::empty(),
                certificates: Vec::new(),
            };
            assert_eq!(named.add(bundle.as_bytes()), unusable, "{bundle}");
            let usable = split_bundle(bundle.as_bytes()).count() - unusable.len();
            assert_eq!(named.certificates.len(), usable, "{bundle}");
        }
    }

    #[test]
    fn the_issuer_s_common_name_is_found() {
        let der = certificate("Corp Proxy CA").der().clone();
        let parsed = webpki::EndEntityCert::try_from(&der).unwrap();
        assert_eq!(common_name(parsed.issuer()).unwrap().as_str(), "Corp Proxy CA");
        assert!(common_name(&[0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 9, b'x']).is_none());
    }
}
