//! Creates a certificate authority, and a server certificate for the loopback names.
//!
//! The certificate is not self-signed: webpki refuses a server certificate that is a CA, and a Kubernetes
//! API server needs a CA for `--oidc-ca-file`. The keys are ECDSA P-256, which are generated in a millisecond.

use std::{sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::behaviour::since_epoch;

/// The server's certificate and key.
pub(crate) struct Identity {
    pub(crate) ca_pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

/// Apple and Chromium accept server certificates for at most 398 days.
const LEAF_DAYS: u32 = 397;

impl Identity {
    /// `host` is the issuer's host, if it is no loopback name.
    pub(crate) fn generate(host: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut ca = CertificateParams::default();
        ca.distinguished_name
            .push(DnType::CommonName, "Mock Okta test CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid_for(&mut ca, 10 * 365);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

        let names = ["localhost", "127.0.0.1", "::1", host].map(str::to_owned);
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "Mock Okta");
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        valid_for(&mut leaf, LEAF_DAYS);
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &ca)?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem: ca.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

/// Makes a certificate valid since yesterday, for clients whose clock is behind.
fn valid_for(params: &mut CertificateParams, days: u32) {
    let day = Duration::from_hours(24);
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch().saturating_sub(day);
    params.not_after = params.not_before + day * days;
}
