//! The TLS certificate of the loopback listener, for providers that redirect only to https.
//!
//! Reads the certificate and the key before a browser opens. Does not check whether a browser trusts the certificate.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};
use zeroize::Zeroizing;

use crate::files;
use crate::oidc::errors::setup::SetupError;
use crate::settings::CallbackTls;
use crate::untrusted_text::UntrustedText;

/// Reads the certificate and the key, and creates a TLS acceptor with them.
pub(in crate::oidc) fn acceptor(local: &CallbackTls) -> Result<TlsAcceptor, SetupError> {
    let unreadable = |flag| move |source| SetupError::FlagFile { flag, source };
    let certificate = files::read_named(&local.certificate).map_err(unreadable("local-server-cert"))?;
    let key = files::read_secret(&local.key).map_err(unreadable("local-server-key"))?;
    let key = Zeroizing::new(key);

    let unusable = |flag, why: &str| SetupError::CallbackTls {
        flag,
        why: UntrustedText::with_limit(why, 120),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate).collect();
    let chain = chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| unusable("local-server-cert", "it has no certificate in PEM"))?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| unusable("local-server-key", "it has no private key in PEM"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| unusable("local-server-cert", &error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
